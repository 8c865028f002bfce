"""Who of the agents is there, and what each holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from mailgate.desk.door import Desk
from mailgate.domain.people import Agent
from mailgate.errors import Refused
from mailgate.store import agents, holding


@dataclass(frozen=True, slots=True)
class Seat:
    """An agent, what they hold, their last sign, and until when they are away, if they are.

    `holds` is how many tickets on the desk's turn. Instants are aware.
    """

    agent: Agent
    teams: tuple[str, ...]
    holds: int
    seen_at: datetime | None
    away_until: datetime | None


def seats(desk: Desk, now: datetime) -> list[Seat]:
    """Return the agents, as they are configured."""
    staff, tenant_id = desk.settings.staff, desk.settings.tenant_id
    with desk.database.read() as connection:
        known = agents.known(connection, tenant_id)
        loads = holding.loads(connection, tenant_id, list(staff.by_name))
    return [_seat(agent, staff.teams, known, loads, now) for agent in staff.agents]


def _seat(
    agent: Agent,
    teams: Mapping[str, tuple[str, ...]],
    known: Mapping[str, agents.Known],
    loads: Mapping[str, tuple[int, int]],
    now: datetime,
) -> Seat:
    sign = known.get(agent.name, agents.Known(None, None))
    member_of = tuple(name for name, members in teams.items() if agent.name in members)
    return Seat(agent, member_of, loads.get(agent.name, (0, 0))[0], sign.seen_at, sign.away_at(now))


def away_until(desk: Desk, name: str, now: datetime) -> datetime | None:
    """Return until when somebody is away, None when they are there, or are no agent."""
    with desk.database.read() as connection:
        known = agents.known(connection, desk.settings.tenant_id)
    return known[name].away_at(now) if name in known else None


def note_away(desk: Desk, name: str, until: datetime | None, now: datetime) -> None:
    """Note until when an agent is away; None: they are back. Raises `Refused` for who is none."""
    staff = desk.settings.staff
    if name not in staff.by_name:
        raise Refused(f"there is no agent {name!r}; there are {', '.join(staff.by_name) or 'none'}")
    with desk.database.write() as connection:
        agents.note(connection, desk.settings.tenant_id, (), [(name, until, now)])
