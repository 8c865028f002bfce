"""Tickets are given to agents by themselves, if the desk is set so: when they begin, and later.

Later is for what nobody could take at first, or what was put back. What a machine wrote that nobody
has named is told to the team, and takes no agent's place: an out-of-office reply is no work.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mailgate.desk.door import Desk
from mailgate.desk.ledger import Ledger
from mailgate.domain.assignment import Load, chosen
from mailgate.domain.caps import HOUR
from mailgate.domain.events import Assign
from mailgate.domain.hours import local_date
from mailgate.domain.model import GATEWAY, Side, Ticket
from mailgate.errors import Conflict
from mailgate.store import agents, holding

_AT_ONCE = 100  # tickets


@dataclass(frozen=True, slots=True)
class Result:
    """How many tickets got somebody, how many are held by nobody still, and how many agents are."""

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
    connection, settings = ledger.connection, ledger.settings
    names = [agent.name for agent in settings.staff.agents]
    rows = holding.loads(connection, settings.tenant_id, names)
    found = {name: Load(count, newest) for name, (count, newest) in rows.items()}
    for name, known in agents.known(connection, settings.tenant_id).items():
        if known.away_until is not None and known.away_until > ledger.now:
            day = f"is away until {local_date(known.away_until, settings.zone)}"
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
            newest = max(found[holder].newest, after.id)
            found[holder] = replace(found[holder], held=found[holder].held + 1, newest=newest)
    return found


def _holder(ticket: Ticket | None) -> str | None:
    """Return who holds a ticket on the desk's turn."""
    return ticket.assignee if ticket is not None and ticket.side is Side.SYSTEM else None


def assign_waiting(desk: Desk, now: datetime) -> Result:
    """Give what nobody holds to agents, the oldest first, as far as they can take it.

    Safe at any time, and at once: where agents are quicker, what is left waits for the next time.
    """
    assigned = 0
    with suppress(Conflict):
        while given := _assign_some(desk, now):
            assigned += given
    with desk.database.read() as connection:
        waiting = holding.unheld_count(connection, desk.settings.tenant_id)
    return Result(assigned, waiting, len(desk.settings.staff.agents))


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


def reassign_inactive(desk: Desk, now: datetime, after: timedelta) -> Moved:
    """Give what agents hold who have given no sign for a while to others who are there.

    A ticket moves when both its agent's last sign and the begin of the desk's turn are `after` ago,
    as the time of its system threshold is counted. Of an agent who has never given one nothing is
    known. Where nobody can take it, it stays. Safe at any time.
    """
    with desk.database.read() as connection:
        signs = agents.known(connection, desk.settings.tenant_id)
    moved: Counter[bool] = Counter()
    inactive = 0
    for agent in desk.settings.staff.agents:
        sign = signs.get(agent.name)
        if sign is None or sign.seen_at is None or sign.seen_at > now - after:
            continue
        done = _pass_on_all(desk, now, after, agent.name)
        moved.update(done)
        inactive += bool(done.total())
    return Moved(moved[True], moved[False], inactive)


def _pass_on_all(desk: Desk, now: datetime, after: timedelta, name: str) -> Counter[bool]:
    """Give away what an agent holds who may be inactive; return how many did find somebody."""
    done: Counter[bool] = Counter()
    last = 0
    while True:
        with desk.writing(now, _AT_ONCE) as ledger:
            tenant_id, connection = ledger.settings.tenant_id, ledger.connection
            quiet = _quiet(ledger, now - after)
            ids = holding.held_since(connection, tenant_id, name, now - after, last, _AT_ONCE)
            stored = _stored(ledger)
            for ticket in ledger.load(ids).values():
                gone = _inactive(ledger, ticket, quiet, after)
                if name in gone:
                    done[_pass_on(ledger, stored, ticket, gone, after)] += 1
        if len(ids) < _AT_ONCE:
            return done
        last = ids[-1]


def _quiet(ledger: Ledger, before: datetime) -> dict[str, datetime]:
    """Return agent -> their last sign, of those whose last one is from `before` or older."""
    signs = agents.known(ledger.connection, ledger.settings.tenant_id)
    return {
        name: sign.seen_at
        for name, sign in signs.items()
        if sign.seen_at is not None and sign.seen_at <= before
    }


def _inactive(
    ledger: Ledger, ticket: Ticket, quiet: Mapping[str, datetime], after: timedelta
) -> set[str]:
    """Return who has given no sign for so long, as time is counted for this ticket."""
    policy, now = ledger.settings.policy, ledger.now
    row = policy.row(ticket)

    def lasts(since: datetime) -> bool:
        return policy.passed(row, "system", since, now) >= after

    if ticket.waiting_since is None or not lasts(ticket.waiting_since):
        return set()
    return {name for name, seen_at in quiet.items() if lasts(seen_at)}


def _pass_on(
    ledger: Ledger,
    stored: Mapping[str, Load],
    ticket: Ticket,
    gone: Collection[str],
    after: timedelta,
) -> bool:
    """Give a ticket to somebody who is there; tell whether there is one."""
    loads = dict(_loads(ledger, stored))
    hours = f"has given no sign for {after / HOUR:g} h"
    for name in gone:
        loads[name] = replace(loads.get(name, Load()), away=hours)
    agent, why = chosen(ledger.settings.staff, ticket.team, loads)
    if agent is None:
        return False
    reason = f"{ticket.assignee} {hours}; {why}"
    ledger.apply(
        ticket.id, Assign(at=ledger.now, actor=GATEWAY, assignee=agent.name, reason=reason)
    )
    return True
