"""Options and arguments that several commands share, each said once."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from mailgate.domain.model import Priority
from mailgate.errors import Refused


def _chosen(ctx: typer.Context, value: Path | None) -> Path | None:
    """Return the file named after the command, or else the one named before it."""
    return ctx.obj if value is None else value


ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="The configuration; else $MAILGATE_CONFIG, else ./config.toml.",
        callback=_chosen,
    ),
]

AsJson = Annotated[bool, typer.Option("--json", help="JSON for programs; see docs/json.md.")]

Limit = Annotated[int | None, typer.Option(metavar="N", min=1, help="At most so many, the newest.")]

Number = Annotated[
    str, typer.Argument(metavar="NUMBER", help="The ticket's number, such as TKT-2026-00042.")
]

Who = Annotated[
    str | None,
    typer.Option("--as", metavar="AGENT", help="Whose doing it is: an agent's name or address."),
]

Why = Annotated[str, typer.Option("--note", metavar="TEXT", help="Why; it is kept in the history.")]


def priority(text: str) -> Priority:
    """Read a priority; `medium` is normal. Raises a usage error."""
    try:
        return Priority(text)
    except ValueError:
        names = ", ".join(Priority)
        raise typer.BadParameter(f"{text!r} is no priority: {names}") from None


@contextmanager
def reading(option: str) -> Iterator[None]:
    """Raise a usage error where what was given for an option, or an argument, is refused."""
    try:
        yield
    except Refused as refusal:
        raise typer.BadParameter(str(refusal), param_hint=f"'{option}'") from None
