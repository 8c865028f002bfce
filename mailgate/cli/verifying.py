"""`mailgate verify`: whether everything in the database agrees. Reads and never writes."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from mailgate.cli import printing, shapes
from mailgate.cli.ending import NO
from mailgate.cli.opening import find, opened
from mailgate.cli.options import AsJson, ConfigFile
from mailgate.cli.program import command

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mailgate.app import App
    from mailgate.desk.verify import Fault, Progress
    from mailgate.store.audit import Scope


@command(
    "verify",
    "mailgate verify",
    "mailgate verify --deep",
    "mailgate verify --since 2026-03-01T00:00 --json",
    "mailgate verify --ticket TKT-2026-00042",
)
def verify(
    deep: Annotated[
        bool,
        typer.Option("--deep", help="Open every attachment and read every mail: takes longer."),
    ] = False,
    ticket: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="Look at this ticket only.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="WHEN",
            help="Tell only the history of tickets that changed since; a time in the desk's zone.",
        ),
    ] = None,
    json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Check that nothing is lost, doubled or rewritten.

    Every mail must have ended in one way, every ticket must be what its history says, every
    decision must come out the same again, and whatever is referred to must be there. Each fault is
    told with what to do about it. Ends with 0 when all is well, with 1 when there are faults.
    Works beside a gateway that runs, and sees one moment of it.
    """
    with opened(config) as app:
        scope = _scope(app, ticket, since)
        with app.database.read() as connection, printing.progress("Tickets") as progress:
            found = faults(app, connection, scope, progress, deep=deep)
            if json:
                count = printing.as_json_list(
                    {name: getattr(fault, name) for name in shapes.FAULT} for fault in found
                )
            else:
                count = told(found)
        if not (json or count):
            _agreed(app, scope)
    if count:
        raise typer.Exit(NO)


def _scope(app: "App", ticket: str | None, since: str | None) -> "Scope":
    from mailgate.app import now
    from mailgate.domain.hours import when
    from mailgate.store.audit import Scope

    number = None if ticket is None else find(app, ticket).number
    at: datetime | None = None if since is None else when(since, now(), app.config.desk.timezone)
    return Scope(number, at)


def faults(
    app: "App", connection: "Connection", scope: "Scope", progress: "Progress", *, deep: bool
) -> "Iterator[Fault]":
    """Yield what does not agree, as it is found."""
    from mailgate.desk.verify import verify as look
    from mailgate.mail.parts import content

    return look(connection, app.settings, content, deep=deep, scope=scope, progress=progress)


def told(found: "Iterator[Fault]") -> int:
    """Print each fault as it is found, and in the end what to do; return how many they were."""
    count, remedies = 0, {}
    for count, fault in enumerate(found, 1):  # noqa: B007 - counted, to be told in the end
        printing.line(f"{fault.check}: {fault}")
        remedies[fault.check] = fault.remedy
    if count:
        printing.line()
        printing.line(f"{count} {'fault' if count == 1 else 'faults'}. What to do:")
        printing.facts(remedies.items())
    return count


def _agreed(app: "App", scope: "Scope") -> None:
    from mailgate.desk.verify import EVERYTHING, accounted

    if scope == EVERYTHING:
        with app.database.read() as connection:
            printing.line(accounted(connection, app.settings.tenant_id))
    printing.line("Everything agrees.")
