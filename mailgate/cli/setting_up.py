"""`mailgate init`: a new desk in a folder, asked for or named on the command line."""

from pathlib import Path
from typing import Annotated

import typer

from mailgate.cli import printing
from mailgate.cli.program import command

_ADDRESS = "support@desk.example"


def _agents(pairs: list[str]) -> dict[str, str]:
    """Read `alice=alice@desk.example`. Raises a usage error."""
    found: dict[str, str] = {}
    for pair in pairs:
        name, sign, address = pair.partition("=")
        if not sign or not name.strip() or not address.strip():
            raise typer.BadParameter(f"{pair!r}: write NAME=ADDRESS, as alice=alice@desk.example")
        if name.strip() in found:
            raise typer.BadParameter(f"there are two agents called {name.strip()!r}")
        found[name.strip()] = address.strip()
    return found


def _ask_for_agents() -> dict[str, str]:
    found: dict[str, str] = {}
    while True:
        pair = typer.prompt(
            "An agent, as alice=alice@desk.example (empty: no more)", default="", show_default=False
        )
        if not pair.strip():
            return found
        try:
            found |= _agents([pair])
        except typer.BadParameter as wrong:
            typer.echo(wrong.message)


def lacking(agents: bool, admins: bool) -> list[str]:
    """Return who is missing at a desk, and what follows from that."""
    says = []
    if not agents:
        says.append("nobody can answer tickets by mail: add an [[agent]] with name and address")
    if not admins:
        says.append("nobody is told of new tickets and late answers: set [desk] admins")
    return says


@command(
    "init",
    "mailgate init",
    "mailgate init --yes --dir desk --address support@desk.example \\",
    "    --agent alice=alice@desk.example --admin admin@desk.example",
)
def init(
    folder: Annotated[
        Path | None, typer.Option("--dir", metavar="DIR", help="Where everything goes.")
    ] = None,
    address: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="The address customers write to.")
    ] = None,
    agent: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=ADDRESS", help="Who answers; may be given many times."),
    ] = None,
    admin: Annotated[
        list[str] | None,
        typer.Option(metavar="ADDRESS", help="Who is told when something is overdue; likewise."),
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(metavar="URL", help="A path for SQLite, or postgresql://...; else a file."),
    ] = None,
    smtp_port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="Where mail comes in; 0: any.")
    ] = 2525,
    http_port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="The HTTP port; 0: any.")
    ] = 8025,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing: defaults for the rest.")] = False,
) -> None:
    """Set up a desk in a folder.

    It gets a configuration that works, a key, and a Maildir for what goes out. Asks for what is
    not given, unless --yes is. Nothing that is there already is overwritten.
    """
    from mailgate import setup

    agents = _agents(agent or [])
    if not yes:
        folder = folder or Path(typer.prompt("Folder of the desk", default="."))
        address = address or typer.prompt("Address customers write to", default=_ADDRESS)
        agents = agents or _ask_for_agents()
        if not admin:
            told = typer.prompt(
                "Address to tell when something is overdue (empty: nobody)",
                default="",
                show_default=False,
            )
            admin = [told.strip()] if told.strip() else []
    path = setup.write(
        folder or Path(), address or _ADDRESS, agents, admin or [], database, smtp_port, http_port
    )
    printing.line(f"Wrote {path}.")
    for missing in lacking(bool(agents), bool(admin)):
        typer.echo(f"Warning: {missing}", err=True)
    printing.line(f"Look it over, then: mailgate check --config {path}")
    printing.line(f"To begin:           mailgate serve --config {path}")
