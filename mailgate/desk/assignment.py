"""Tickets are given to agents by themselves, if the desk is set so: when they begin, and later.

Later is for what nobody could take at first, or what was put back. What a machine wrote that nobody
has named is told to the team, and takes no agent's place: an out-of-office reply is no work.
"""

from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from mailgate.desk.door import Desk
from mailgate.desk.ledger import Ledger
from mailgate.domain.assignment import Load, chosen
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
    """Return agent -> what the store says they hold; to be asked once for a batch.

    From then on nobody else gives tickets away, or two workers would both take an agent's last one.
    """
    settings = ledger.settings
    if not settings.assigns:
        return {}
    ledger.lock_numbers()
    names = [agent.name for agent in settings.staff.agents]
    rows = holding.loads(ledger.connection, settings.tenant_id, names)
    return {name: Load(count, newest) for name, (count, newest) in rows.items()}


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
