"""Tickets are given to agents by themselves, if the desk is set so: when they begin, and later.

Later is for what nobody could take at first, or what was put back.
"""

from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from mailgate.desk.door import Desk
from mailgate.desk.ledger import Ledger
from mailgate.domain.assignment import Load, candidates, choose
from mailgate.domain.events import Assign
from mailgate.domain.model import GATEWAY, Side, Ticket
from mailgate.errors import Conflict
from mailgate.store import holding

_AT_ONCE = 100  # tickets


@dataclass(frozen=True, slots=True)
class Result:
    """How many tickets got somebody, how many are held by nobody still, and how many agents are."""

    assigned: int
    waiting: int
    agents: int


def held(ledger: Ledger) -> Mapping[str, Load]:
    """Return agent -> what the store says they hold; to be asked once for a batch."""
    settings = ledger.settings
    if not settings.assigns:
        return {}
    names = [agent.name for agent in settings.staff.agents]
    rows = holding.loads(ledger.connection, settings.tenant_id, names)
    return {name: Load(count, newest) for name, (count, newest) in rows.items()}


def give(ledger: Ledger, stored: Mapping[str, Load], ticket_id: int, at: datetime) -> str:
    """Give a ticket that nobody holds to an agent; return what was decided, empty where it is off.

    `stored` is what `held` told. Nothing happens where nobody can take it: the job tries again.
    """
    settings, ticket = ledger.settings, ledger.ticket(ticket_id)
    if not settings.assigns or ticket.assignee is not None or ticket.side is not Side.SYSTEM:
        return ""
    agent, why = choose(candidates(settings.staff, ticket.team), _loads(ledger, stored))
    if agent is not None:
        ledger.apply(ticket_id, Assign(at=at, actor=GATEWAY, assignee=agent.name, reason=why))
    return why


def _loads(ledger: Ledger, stored: Mapping[str, Load]) -> Mapping[str, Load]:
    """Return what agents hold with what this ledger has changed."""
    found = defaultdict(Load, stored)
    for before, after in ledger.changed():
        if (holder := _holder(before)) is not None:
            found[holder] = replace(found[holder], held=found[holder].held - 1)
        if (holder := _holder(after)) is not None:
            newest = max(found[holder].newest, after.id)
            found[holder] = Load(found[holder].held + 1, newest)
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
        able: list[str] | None = None
        if staff.teams:
            able = [team for team in staff.teams if choose(candidates(staff, team), stored)[0]]
        elif choose(staff.agents, stored)[0] is None:
            able = []
        ids = holding.unheld(ledger.connection, tenant_id, able, _AT_ONCE)
        ledger.load(ids)
        for ticket_id in ids:
            give(ledger, stored, ticket_id, now)
        return sum(ledger.ticket(ticket_id).assignee is not None for ticket_id in ids)
