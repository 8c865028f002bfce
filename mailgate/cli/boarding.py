"""`mailgate board`: what lies in the folders of a shared mailbox, and what would be moved."""

from typing import TYPE_CHECKING, Annotated

import typer

from mailgate.cli import printing
from mailgate.cli.opening import opened
from mailgate.cli.options import AsJson, ConfigFile
from mailgate.cli.program import command
from mailgate.errors import Temporary

if TYPE_CHECKING:
    from mailgate.app import App

_NO_MAILBOX = (
    "No shared mailbox is watched: add a [[mailbox]] with its name, host and password_file to the "
    "configuration, and [mailbox.board] with on = true below it."
)
_NO_BOARD = (
    "No board has been looked at yet: on = true below [mailbox.board] switches one on, and "
    "`mailgate board --dry-run` says what it would do."
)
_WORDS = {
    "make": "make the folder",
    "rename": "give its name back",
    "drop": "act on a drop",
    "move": "move",
}


@command("board", "mailgate board --dry-run", "mailgate board", "mailgate board --go-on support")
def board(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be done, on or off.")
    ] = False,
    go_on: Annotated[
        str | None,
        typer.Option(
            "--go-on",
            metavar="MAILBOX",
            help="Let a board go on from which very many mails have vanished, rightly.",
        ),
    ] = None,
    json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Show which mails of tickets lie where on the board of a mailbox.

    With --dry-run, log in to each mailbox and say which folders would be made, what of the mails
    that somebody has moved would count, and which mails would be moved: before a board is switched
    on, or while it is. Nothing is changed.

    With --go-on, a board that has stopped because very many mails have vanished takes that as it
    is, at its next look.
    """
    with opened(config) as app:
        if go_on is not None:
            app.board_goes_on(go_on)
            printing.line(f"The board of {go_on} goes on at its next look, as its mails lie now.")
            return
        watched = bool(app.mailboxes)
        rows, fault = _steps(app) if dry_run else (_lying(app), None)
    if json:
        printing.as_json(rows)
    elif not watched:
        printing.line(_NO_MAILBOX)
    elif dry_run:
        _print(rows, whole=fault is None)
    elif not rows:
        printing.line(_NO_BOARD)
    else:
        printing.table(
            ("MAILBOX", "FOLDER", "MAILS", "TICKETS"), (tuple(row.values()) for row in rows)
        )
    if fault is not None:
        raise fault


def _lying(app: "App") -> list[dict[str, object]]:
    return [
        {"mailbox": mailbox, "folder": folder, "mails": mails, "tickets": tickets}
        for mailbox, counts in app.boards()
        for folder, (mails, tickets) in counts.items()
    ]


def _steps(app: "App") -> tuple[list[dict[str, object]], Temporary | None]:
    """Return what would be done, and what is wrong with mailboxes that cannot be looked at."""
    rows: list[dict[str, object]] = []
    try:
        for mailbox, steps in app.previews():
            rows += (
                {
                    "mailbox": mailbox,
                    "would": step.what,
                    "number": step.ticket or None,
                    "subject": step.subject or None,
                    "source": step.source or None,
                    "folder": step.folder,
                    "mails": step.mails,
                    "events": list(step.does),
                }
                for step in steps
            )
    except Temporary as fault:
        return rows, fault
    return rows, None


def _print(rows: list[dict[str, object]], *, whole: bool) -> None:
    """Print what would be done; `whole`: all mailboxes could be looked at."""
    if not rows:
        if whole:
            printing.line("Everything lies where it belongs.")
        return
    printing.table(
        ("MAILBOX", "WOULD", "TICKET", "FROM", "FOLDER", "MAILS", "SUBJECT"),
        (
            (
                row["mailbox"],
                _WORDS[str(row["would"])],
                row["number"],
                row["source"],
                row["folder"],
                row["mails"] or None,
                row["subject"],
            )
            for row in rows
        ),
        long=("SUBJECT", "FOLDER", "FROM"),
        least=("SUBJECT", "MAILBOX"),
    )
