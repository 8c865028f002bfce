"""Tickets are given to agents by themselves, if the desk is set so: when they begin, and later.

Later is for what nobody could take at first, or what was put back.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime

from mailgate.desk.door import Desk
from mailgate.desk.ledger import Ledger
from mailgate.domain.assignment import Load, candidates, choose
from mailgate.domain.events import Assign
from mailgate.domain.model import GATEWAY, Side, Ticket
from mailgate.errors import Conflict
from mailgate.store import tickets

_AT_ONCE = 100  # tickets


@dataclass(frozen=True, slots=True)
class Result:
    """How many of the tickets that nobody held got somebody, of how many agents."""

    assigned: int
    waiting: int
    agents: int


def give(ledger: Ledger, ticket_id: int, at: datetime) -> str:
    """Give a ticket that nobody holds to an agent; return what was decided, empty where it is off.

    Nothing happens where nobody can take it: the job tries again.
    """
    settings, ticket = ledger.settings, ledger.ticket(ticket_id)
    if not settings.assigns or ticket.assignee is not None or ticket.side is not Side.SYSTEM:
        return ""
    agent, why = choose(candidates(settings.staff, ticket.team), loads(ledger))
    if agent is not None:
        event = Assign(at=at, actor=GATEWAY, assignee=agent.name, reason=why)
        ledger.apply(ticket_id, event)
    return why


def loads(ledger: Ledger) -> dict[str, Load]:
    """Return agent -> what they hold, with what this ledger has changed."""
    names = [agent.name for agent in ledger.settings.staff.agents]
    found: defaultdict[str, Load] = defaultdict(Load)
    rows = tickets.loads(ledger.connection, ledger.settings.tenant_id, names)
    found |= {name: Load(held, newest) for name, (held, newest) in rows.items()}
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
    """Give what nobody holds to agents, the oldest first, a hundred at most; safe at any time."""
    agents = len(desk.settings.staff.agents)
    try:
        with desk.writing(now, _AT_ONCE) as ledger:
            ids = tickets.unheld(ledger.connection, desk.settings.tenant_id, _AT_ONCE)
            ledger.load(ids)
            for ticket_id in ids:
                give(ledger, ticket_id, now)
            assigned = sum(ledger.ticket(ticket_id).assignee is not None for ticket_id in ids)
    except Conflict:  # agents were first: what is left waits for the next time
        return Result(0, 0, agents)
    return Result(assigned, len(ids), agents)
