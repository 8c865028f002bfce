"""`mailgate verify`: whether everything in the database agrees. Reads and never writes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from mailgate.cli import printing, shapes
from mailgate.cli.ending import NO
from mailgate.cli.opening import opened
from mailgate.cli.options import AsJson, ConfigFile
from mailgate.cli.program import command

if TYPE_CHECKING:
    from mailgate.app import App
    from mailgate.desk.verify import Fault, Progress


@command("verify", "mailgate verify", "mailgate verify --deep", "mailgate verify --json")
def verify(
    deep: Annotated[
        bool,
        typer.Option("--deep", help="Open every attachment and read every mail: takes longer."),
    ] = False,
    json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Check that nothing is lost, doubled or rewritten.

    Every ticket must be what its history says, every decision must come out the same again, every
    mail must have ended somewhere. Ends with 0 when all is well, with 1 when there are faults.
    Works beside a gateway that runs.
    """
    with opened(config) as app:
        faults = _faults(app, deep=deep)
    if json:
        printing.as_json(
            [{name: getattr(fault, name) for name in shapes.FAULT} for fault in faults]
        )
    elif faults:
        rows = ((fault.check, fault.subject, fault.says) for fault in faults)
        printing.table(("CHECK", "ABOUT", "WHAT"), rows, long=("WHAT",))
    else:
        printing.line("Everything agrees.")
    if faults:
        raise typer.Exit(NO)


def _faults(app: "App", *, deep: bool) -> "list[Fault]":
    from mailgate.desk.verify import verify as look
    from mailgate.mail.parts import content

    with app.database.read() as connection, _progress() as progress:
        return list(look(connection, app.settings, content, deep=deep, progress=progress))


@contextmanager
def _progress() -> "Iterator[Progress]":
    """Show how far it is, where there is a terminal to show it on."""
    from rich.progress import Progress

    screen = printing.console(stderr=True)
    with Progress(console=screen, disable=not screen.is_terminal, transient=True) as shown:
        task = shown.add_task("Tickets", total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)
