"""`mailgate init`: a new desk in a folder, asked for or named on the command line."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from mailgate.cli import printing
from mailgate.cli.program import command

_ADDRESS = "support@desk.example"


def _taken(read: Callable[[Any, Path], str], text: str, allowed: str) -> str:
    """Return what a reader of the configuration makes of an answer. Raises a usage error."""
    from mailgate.config.errors import Wrong

    try:
        return read(text.strip(), Path())
    except Wrong as wrong:
        hint = f"; {wrong.hint}" if wrong.hint else ""
        raise typer.BadParameter(f"{text!r}: write {allowed}{hint}") from None


def _address(text: str) -> str:
    from mailgate.config.addresses import read_address

    return _taken(read_address, text, f"a mail address such as {_ADDRESS}")


def _zone(text: str) -> str:
    from mailgate.config.values import read_timezone

    return _taken(read_timezone, text, "a zone such as Europe/Berlin or UTC")


def _agents(pairs: list[str], known: Iterable[str] = ()) -> dict[str, str]:
    """Read `alice=alice@desk.example`. Raises a usage error."""
    from mailgate.config.values import read_word

    found: dict[str, str] = {}
    for pair in pairs:
        name, sign, address = pair.partition("=")
        if not sign or not name.strip() or not address.strip():
            raise typer.BadParameter(f"{pair!r}: write NAME=ADDRESS, as alice=alice@desk.example")
        short = _taken(read_word, name, "a short name: small letters, digits, . _ and -")
        if short in {*known, *found}:
            raise typer.BadParameter(f"there are two agents called {short!r}")
        found[short] = _address(address)
    return found


def _ask(what: str, read: Callable[[str], Any], default: str = "") -> Any:
    """Ask until the answer can be taken, so that no earlier one is lost by a slip."""
    return typer.prompt(what, default, show_default=bool(default), value_proc=read)


def _ask_for_agents() -> dict[str, str]:
    found: dict[str, str] = {}

    def read(pair: str) -> dict[str, str]:
        return _agents([pair], found) if pair.strip() else {}

    while more := _ask("An agent, as alice=alice@desk.example (empty: no more)", read):
        found |= more
    return found


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
    admins = [_address(each) for each in admin or ()]
    address, timezone = address and _address(address), "UTC"
    if not yes:
        folder = folder or Path(typer.prompt("Folder of the desk", default="."))
        address = address or _ask("Address customers write to", _address, _ADDRESS)
        timezone = _ask("Time zone of the desk, such as Europe/Berlin", _zone, "UTC")
        agents = agents or _ask_for_agents()
        if not admins:
            told = _ask(
                "Address to tell when something is overdue (empty: nobody)",
                lambda text: text.strip() and _address(text),
            )
            admins = [told] if told else []
    path = setup.write(
        *(folder or Path(), address or _ADDRESS, agents, admins, database, smtp_port, http_port),
        timezone=timezone,
    )
    printing.line(f"Wrote {path}.")
    for missing in lacking(bool(agents), bool(admins)):
        typer.echo(f"Warning: {missing}", err=True)
    printing.line(f"Look it over, then: mailgate check --config {path}")
    printing.line(f"To begin:           mailgate serve --config {path}")
