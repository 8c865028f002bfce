"""`mailgate agents`: what each holds, when they last gave a sign, and who is away."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from mailgate.cli import printing
from mailgate.cli.opening import opened
from mailgate.cli.options import AsJson, ConfigFile, reading
from mailgate.cli.program import command, group
from mailgate.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mailgate.desk.staffing import Seat

_SHORTEST = 8  # characters of a password (NIST SP 800-63B, 5.1.1.1)

Name = Annotated[str, typer.Argument(metavar="NAME", help="An agent, by short name or address.")]

agents = group(
    "agents",
    "Show the agents: what each holds, when they last gave a sign, and who is away.",
    "mailgate agents",
    "mailgate agents --json",
    "mailgate agents away alice --until 2026-12-24",
    "mailgate agents password alice",
)


@agents.callback(invoke_without_command=True)
def agents_start(ctx: typer.Context, json: AsJson = False, config: ConfigFile = None) -> None:
    """Remember the configuration for what follows, or list."""
    ctx.obj = config
    if ctx.invoked_subcommand is None:
        _list(config, json=json)


@command("list", "mailgate agents list", within=agents)
def agents_list(json: AsJson = False, config: ConfigFile = None) -> None:
    """List the agents."""
    _list(config, json=json)


@command(
    "away",
    "mailgate agents away alice --until 2026-12-24",
    "mailgate agents away alice --until +3d",
    within=agents,
)
def agents_away(
    name: Name,
    until: Annotated[
        str,
        typer.Option(
            metavar="WHEN",
            help="When they are back: 2026-12-24, 2026-12-24T09:00 (the desk's zone) or +3d.",
        ),
    ],
    config: ConfigFile = None,
) -> None:
    """Say until when an agent is away: they get no new tickets by themselves.

    What they hold stays with them. Their own out-of-office reply says the same where it names the
    day on which they are back.
    """
    from mailgate.app import now
    from mailgate.desk.commands import member
    from mailgate.desk.staffing import note_away, seats
    from mailgate.domain.hours import when

    with opened(config) as app:
        at, name = now(), member(app.settings.staff, name).name
        with reading("--until"):
            back_at = when(until, at, app.config.desk.timezone)
            if back_at <= at:
                raise Refused(f"{until} has passed: say when {name} is back")
        note_away(app.desk, name, back_at, at)
        found = seats(app.desk, at)
    (seat,) = (seat for seat in found if seat.agent.name == name)
    printing.line(f"{name} is away until {printing.moment(back_at)}, and is back then.")
    if seat.holds:
        ones = "ticket" if seat.holds == 1 else "tickets"
        printing.line(f"They go on holding {seat.holds} {ones}: `mailgate assign` gives them away.")
    _tell_of_empty(seat, found)


@command("back", "mailgate agents back alice", within=agents)
def agents_back(name: Name, config: ConfigFile = None) -> None:
    """Say that an agent is back before their time."""
    from mailgate.app import now
    from mailgate.desk.commands import member
    from mailgate.desk.staffing import note_away

    with opened(config) as app:
        name = member(app.settings.staff, name).name
        note_away(app.desk, name, None, now())
    printing.line(f"{name} is there.")


@command(
    "password",
    "mailgate agents password alice",
    "pass show desk/alice | mailgate agents password alice > alice.hash",
    within=agents,
)
def agents_password(name: Name) -> None:
    """Make what the configuration holds of an agent's password for the submission port.

    Asks for the password twice, or reads it as one line of standard input. Prints its argon2 hash,
    for password_hash of the [[agent]] or alone in the file that password_file names; the password
    itself is kept nowhere. Start the gateway anew afterwards. Needs no configuration.
    """
    from mailgate.passwords import hashed

    password = _password(name)
    if len(password) < _SHORTEST:
        raise Refused(f"a password has at least {_SHORTEST} characters")
    typer.echo(hashed(password))
    if sys.stdout.isatty():
        says = f'Put it into password_hash = "..." below [[agent]] {name}, and restart.'
        typer.echo(says, err=True)


def _password(name: str) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    answer: str = typer.prompt(
        f"Password of {name}", hide_input=True, confirmation_prompt=True, err=True
    )
    return answer


def _tell_of_empty(seat: "Seat", found: "Sequence[Seat]") -> None:
    """Say in which teams nobody is there any more, of those to which somebody belongs."""
    there = {team for other in found if other.away_until is None for team in other.teams}
    for team in seat.teams:
        if team not in there:
            printing.line(f"Nobody of team {team} is there now: its new tickets wait.")
    if not any(other.away_until is None for other in found):
        printing.line("No agent is there now: new tickets wait.")


def _list(config: "Path | None", *, json: bool) -> None:
    from mailgate.app import now
    from mailgate.desk.staffing import seats

    with opened(config) as app:
        found = seats(app.desk, now())
    if json:
        printing.as_json(list(map(_shape, found)))
    elif not found:
        printing.line("There are no agents: add an [[agent]] to the configuration.")
    else:
        printing.table(
            ("NAME", "ADDRESS", "TEAMS", "HOLDS", "LIMIT", "LAST SIGN", "AWAY UNTIL"),
            map(_row, found),
            least=("ADDRESS", "TEAMS"),
        )


def _shape(seat: "Seat") -> dict[str, object]:
    return {
        "name": seat.agent.name,
        "address": seat.agent.address,
        "teams": list(seat.teams),
        "holds": seat.holds,
        "limit": seat.agent.limit,
        "seen_at": seat.seen_at,
        "away_until": seat.away_until,
    }


def _row(seat: "Seat") -> tuple[object, ...]:
    return (
        seat.agent.name,
        seat.agent.address,
        ", ".join(seat.teams),
        seat.holds,
        seat.agent.limit,
        printing.moment(seat.seen_at),
        printing.moment(seat.away_until),
    )
