"""Tickets are given to agents by themselves, if the desk is set so: when they begin, and later.

Later is for what nobody could take at first, or what was put back. What a machine wrote that nobody
has named is told to the team, and takes no agent's place: an out-of-office reply is no work.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from mailgate.desk import shortage
from mailgate.desk.door import Desk
from mailgate.desk.ledger import Ledger
from mailgate.desk.settings import Settings
from mailgate.domain.assignment import Load, chosen
from mailgate.domain.caps import HOUR
from mailgate.domain.events import Assign
from mailgate.domain.hours import Calendar, local_date
from mailgate.domain.model import GATEWAY, Side, Ticket
from mailgate.domain.shortage import Shortage
from mailgate.errors import Conflict
from mailgate.store import agents, holding

_AT_ONCE = 100  # tickets
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Result:
    """How many tickets got somebody, how many are held by nobody still, how many agents are there.

    Who is away is not counted.
    """

    assigned: int
    waiting: int
    agents: int


@dataclass(frozen=True, slots=True)
class Moved:
    """How many tickets went from agents who give no sign to others, and how many found nobody."""

    moved: int
    staying: int
    inactive: int


def held(ledger: Ledger) -> Mapping[str, Load]:
    """Return agent -> what the store says they hold; to be asked once for a batch.

    From then on nobody else gives tickets away, or two workers would both take an agent's last one.
    """
    return _stored(ledger) if ledger.settings.assigns else {}


def _stored(ledger: Ledger) -> dict[str, Load]:
    ledger.lock_numbers()
    return _known(ledger.connection, ledger.settings, ledger.now)


def _known(connection: Connection, settings: Settings, now: datetime) -> dict[str, Load]:
    names = [agent.name for agent in settings.staff.agents]
    rows = holding.loads(connection, settings.tenant_id, names)
    found = {name: Load(count, newest) for name, (count, newest) in rows.items()}
    return with_away(connection, settings, now, found)


def with_away(
    connection: Connection, settings: Settings, now: datetime, loads: Mapping[str, Load]
) -> dict[str, Load]:
    """Return what agents hold, and who of them is away at an instant."""
    found = dict(loads)
    for name, known in agents.known(connection, settings.tenant_id).items():
        if (until := known.away_at(now)) is not None:
            day = f"is away until {local_date(until, settings.zone)}"
            found[name] = replace(found.get(name, Load()), away=day)
    return found


def begin(
    ledger: Ledger, stored: Mapping[str, Load], team: str | None, *, by_person: bool = True
) -> tuple[str | None, str]:
    """Return who holds a ticket that is about to begin, if anybody, and why.

    `stored` is what `held` told. `by_person`: a person wrote it, or a machine whose mails are work.
    """
    if not ledger.settings.assigns:
        return None, ""
    if not by_person:
        return None, "a machine wrote it: it is given to nobody before a person writes"
    agent, why = chosen(ledger.settings.staff, team, _loads(ledger, stored))
    return None if agent is None else agent.name, why


def _loads(ledger: Ledger, stored: Mapping[str, Load]) -> Mapping[str, Load]:
    """Return what agents hold with what this ledger has changed."""
    found = defaultdict(Load, stored)
    for before, after in ledger.changed():
        if (holder := _holder(before)) is not None:
            found[holder] = replace(found[holder], held=found[holder].held - 1)
        if (holder := _holder(after)) is not None:
            found[holder] = replace(found[holder], held=found[holder].held + 1)
        if after.assignee is not None and after.side is not None:
            newest = max(found[after.assignee].newest, after.id)
            found[after.assignee] = replace(found[after.assignee], newest=newest)
    return found


def _holder(ticket: Ticket | None) -> str | None:
    """Return who holds a ticket on the desk's turn."""
    return ticket.assignee if ticket is not None and ticket.side is Side.SYSTEM else None


def assign_waiting(desk: Desk, now: datetime) -> Result:
    """Give what nobody holds to agents, the oldest first, as far as they can take it.

    Safe at any time, and at once: where others are quicker again and again, what is left waits for
    the next time.
    """
    assigned, conflicts, given = 0, 0, 1
    while given and conflicts < _TRIES:
        try:
            given = _assign_some(desk, now)
        except Conflict:
            conflicts += 1
        else:
            assigned += given
    with desk.database.read() as connection:
        waiting = holding.unheld_count(connection, desk.settings.tenant_id)
        known = agents.known(connection, desk.settings.tenant_id)
        short = list(_short(connection, desk.settings, now)) if waiting else []
    shortage.tell(desk, "team", short, now)
    away = {name for name, sign in known.items() if sign.away_at(now)}
    there = [agent for agent in desk.settings.staff.agents if agent.name not in away]
    return Result(assigned, waiting, len(there))


def _short(connection: Connection, settings: Settings, now: datetime) -> Iterator[Shortage]:
    """Yield for the tickets of which teams nobody is free; a desk without teams is one.

    Where there are teams, tickets without one are given to nobody and wait for no agent.
    """
    stored, staff = _known(connection, settings, now), settings.staff
    for team in staff.teams or [None]:
        agent, why = chosen(staff, team, stored)
        if agent is None:
            teams = None if team is None else [team]
            most = shortage.MOST + 1
            if ids := holding.unheld(connection, settings.tenant_id, teams, most):
                yield Shortage(team or "", "", why, tuple(ids))


def _assign_some(desk: Desk, now: datetime) -> int:
    """Give a batch of tickets away; return how many were given.

    Only what somebody can take is looked at: what nobody can must not stand before the others.
    """
    with desk.writing(now, _AT_ONCE) as ledger:
        stored, staff, tenant_id = held(ledger), ledger.settings.staff, ledger.settings.tenant_id
        able = [team for team in staff.teams or [None] if chosen(staff, team, stored)[0]]
        teams = None if able == [None] else [team for team in able if team is not None]
        ids = holding.unheld(ledger.connection, tenant_id, teams, _AT_ONCE)
        assigned = 0
        for ticket in ledger.load(ids).values():
            agent, why = begin(ledger, stored, ticket.team)
            if agent is not None:
                event = Assign(at=now, actor=GATEWAY, assignee=agent, reason=why)
                ledger.apply(ticket.id, event)
                assigned += 1
        return assigned


@dataclass(frozen=True, slots=True)
class Patience:
    """How long without a sign is too long, in working time of a calendar if there is one."""

    after: timedelta
    calendar: Calendar | None = None

    def ends(self, since: datetime, now: datetime) -> bool:
        """Tell whether that much has passed."""
        if self.calendar is None:
            return now - since >= self.after
        return self.calendar.between(since, now) >= self.after


def reassign_inactive(desk: Desk, now: datetime, patience: Patience) -> Moved:
    """Give what agents hold who have given no sign for a while to others who are there.

    A ticket moves when that long has passed since its agent's last sign, since the turn of the desk
    began and since they got it. Of an agent who has never given a sign nothing is known; who has
    given some and is no agent any more gives none. Where nobody can take it, it stays. Safe at any
    time.
    """
    with desk.database.read() as connection:
        gone = _gone(connection, desk.settings, now, patience)
    moved, inactive = 0, 0
    short: list[Shortage] = []
    for name in sorted(gone):
        done = _pass_on_all(desk, now, patience, name)
        staying = tuple(id_ for id_, found in done.items() if not found)
        moved += len(done) - len(staying)
        inactive += bool(done)
        if staying:
            short.append(Shortage("", name, f"{name} {gone[name]}", staying))
    shortage.tell(desk, "agent", short, now)
    return Moved(moved, sum(len(each.tickets) for each in short), inactive)


def _gone(
    connection: Connection, settings: Settings, now: datetime, patience: Patience
) -> dict[str, str]:
    """Return who is not there, and why: the end of a sentence that begins with their name."""
    silent = f"has given no sign for {patience.after / HOUR:g} h"
    found = {}
    for name, known in agents.known(connection, settings.tenant_id).items():
        if name not in settings.staff.by_name:
            found[name] = "is no agent any more"
        elif known.seen_at is not None and patience.ends(known.seen_at, now):
            found[name] = silent
    return found


def _pass_on_all(desk: Desk, now: datetime, patience: Patience, name: str) -> dict[int, bool]:
    """Give away what an inactive agent holds; return of each ticket whether it found somebody.

    Where others are quicker again and again, the rest waits for the next time.
    """
    tenant_id, until = desk.settings.tenant_id, now - patience.after
    done: dict[int, bool] = {}
    last, conflicts = 0, 0
    while conflicts < _TRIES:
        with desk.database.read() as connection:
            ids = holding.held_since(connection, tenant_id, name, until, last, _AT_ONCE)
        try:
            done.update(_pass_on_some(desk, now, patience, name, ids))
        except Conflict:
            conflicts += 1
            continue
        if len(ids) < _AT_ONCE:
            break
        last = ids[-1]
    return done


def _pass_on_some(
    desk: Desk, now: datetime, patience: Patience, name: str, ids: Sequence[int]
) -> dict[int, bool]:
    """Give tickets of an agent away who is inactive; return for each whether it found somebody."""
    if not ids:
        return {}
    found: dict[int, bool] = {}
    with desk.writing(now, _AT_ONCE) as ledger:
        connection, settings = ledger.connection, ledger.settings
        gone = _gone(connection, settings, now, patience)
        since = holding.given_at(connection, settings.tenant_id, ids)
        stored = _stored(ledger)
        for ticket in ledger.load(ids).values():
            begun = max(ticket.waiting_since or now, since.get(ticket.id, now))
            if ticket.assignee == name and name in gone and patience.ends(begun, now):
                found[ticket.id] = _pass_on(ledger, stored, ticket, name, gone)
    return found


def _pass_on(
    ledger: Ledger,
    stored: Mapping[str, Load],
    ticket: Ticket,
    holder: str,
    gone: Mapping[str, str],
) -> bool:
    """Give a ticket of its holder to somebody who is there; tell whether there is one."""
    loads = dict(_loads(ledger, stored))
    for name, reason in gone.items():
        loads[name] = replace(loads.get(name, Load()), away=reason)
    agent, why = chosen(ledger.settings.staff, ticket.team, loads)
    if agent is None:
        return False
    told = f"{holder} {gone[holder]}; {why}"
    event = Assign(at=ledger.now, actor=GATEWAY, assignee=agent.name, reason=told)
    ledger.apply(ticket.id, event)
    return True
