"""`mailgate templates`: the notices as their readers will see them, and whether they are whole."""

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailgate.cli import printing
from mailgate.cli.ending import NO, say
from mailgate.cli.opening import opened
from mailgate.cli.options import ConfigFile
from mailgate.cli.program import command, group
from mailgate.errors import Refused

if TYPE_CHECKING:
    from mailgate.mail.render import Rendered, Renderer

_OF_THE_DESK = frozenset({"agent_reply", "waiting", "resolved"})

templates = group(
    "templates",
    "Show and check the templates of notices.",
    "mailgate templates check",
    "mailgate templates preview /tmp/notices",
)


@templates.callback()
def templates_start(ctx: typer.Context, config: ConfigFile = None) -> None:
    """Remember the configuration for what follows."""
    ctx.obj = config


@command("check", "mailgate templates check", within=templates)
def check(config: ConfigFile = None) -> None:
    """Render every notice in every language with sample contexts, and name the faults.

    Your own templates ([desk] templates) are looked at like those that come with mailgate; a fault
    is named with file and line. `mailgate check` and a start look for the same. Ends with 0 when
    all is well, with 1 when something is broken.
    """
    with opened(config) as app:
        renderer = app.renderer
        faults = renderer.check()
        for fault in faults:
            say(fault)
        if faults:
            raise typer.Exit(NO)
        languages = ", ".join(renderer.locales)
        printing.line(f"{len(renderer.notices)} notices in {languages}: all render")


@command("preview", "mailgate templates preview /tmp/notices", within=templates)
def preview(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write; made if needed.")],
    config: ConfigFile = None,
) -> None:
    """Write every notice in every language to files that a browser opens, and an index of them.

    Made of samples, not of real mail. DIR/index.html leads to LANGUAGE/NOTICE.html and .txt.
    Files of an earlier preview are written anew. Nothing is sent.
    """
    with opened(config) as app:
        renderer = app.renderer
        try:
            _write(renderer, folder)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise Refused(f"nothing can be written to {folder}: {reason}") from error
        printing.line(f"{len(renderer.notices)} notices are in {folder / 'index.html'}")


def _write(renderer: "Renderer", folder: Path) -> None:
    rows = []
    for language in renderer.locales:
        place = folder / language
        place.mkdir(parents=True, exist_ok=True)
        for notice in renderer.notices:
            mail = _sample(renderer, notice, language)
            text = f"{mail.subject}\n\n{mail.text}"
            (place / f"{notice}.txt").write_text(text, "utf-8")
            (place / f"{notice}.html").write_text(mail.html or "", "utf-8")
            rows.append(_row(language, notice, mail.subject))
    head = '<!doctype html>\n<meta charset="utf-8">\n<title>Notices</title>\n<table>\n'
    (folder / "index.html").write_text(f"{head}{''.join(rows)}</table>\n", "utf-8")


def _sample(renderer: "Renderer", notice: str, language: str) -> "Rendered":
    from mailgate.domain.notices import NOTICES
    from mailgate.mail.sample import full

    role = "customer" if NOTICES[notice].customers else "agent"
    side = "system" if notice in _OF_THE_DESK else "client"
    return renderer.render(notice, language, full(role, side))


def _row(language: str, notice: str, subject: str) -> str:
    at = f"{escape(language)}/{escape(notice)}"
    return (
        f'<tr><td>{escape(language)}</td><td><a href="{at}.html">{escape(notice)}</a></td>'
        f'<td><a href="{at}.txt">text</a></td><td dir="auto">{escape(subject)}</td></tr>\n'
    )
