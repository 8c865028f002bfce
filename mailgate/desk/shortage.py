"""Tells administrators that nobody is free for tickets that wait: once for each cause.

A cause lasts until none of its tickets waits any more: that an agent takes one of many in between
ends nothing, and so a desk that is short of people is not told so every quarter of an hour.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from mailgate.desk import notices
from mailgate.desk.door import Desk
from mailgate.desk.ledger import Ledger
from mailgate.domain.model import GATEWAY
from mailgate.domain.shortage import NobodyFree, Shortage
from mailgate.errors import Conflict
from mailgate.log import log
from mailgate.store import shortages

SUBJECT = "shortage"
"""The subject kind of the events."""
NOTICE = "nobody_free"
MOST = 50  # tickets named in one mail; to be asked for is one more


def tell(desk: Desk, kind: str, found: Sequence[Shortage], now: datetime) -> int:
    """Tell of what was found, unless that was done before, and forget what is over.

    `found` is all that there is now of a kind: `team` or `agent`. Returns of how many causes was
    told. Where somebody else was quicker, the rest waits for the next time.
    """
    with desk.database.read() as connection:
        known = shortages.known(connection, desk.settings.tenant_id)
    mine = {cause for cause in known if cause.startswith(f"{kind} ")}
    new = [shortage for shortage in found if shortage.cause not in mine]
    over = mine - {shortage.cause for shortage in found}
    if not new and not over:
        return 0
    try:
        with desk.writing(now) as ledger:
            shortages.over(ledger.connection, ledger.settings.tenant_id, over)
            return sum(_tell(ledger, shortage) for shortage in new)
    except Conflict:
        log("store.conflict", where="shortage")
        return 0


def _tell(ledger: Ledger, shortage: Shortage) -> bool:
    """Write to the administrators, unless another node does so."""
    tenant_id = ledger.settings.tenant_id
    if not shortages.begin(ledger.connection, tenant_id, shortage.cause, ledger.now):
        return False
    facts = _facts(ledger, shortage)
    ledger.announce(
        (SUBJECT, ledger.next_id(), 1),
        NobodyFree(
            at=ledger.now,
            actor=GATEWAY,
            cause=shortage.cause,
            count=len(shortage.tickets),
        ),
        [(admin, facts) for admin in ledger.settings.staff.administrators],
        NOTICE,
    )
    return True


def _facts(ledger: Ledger, shortage: Shortage) -> Mapping[str, Any]:
    staff = ledger.settings.staff
    holder = staff.find(shortage.agent)
    name = holder.display_name if holder else shortage.agent
    told = ledger.load(shortage.tickets[:MOST]).values()
    return {
        "ticket": notices.facts(notices.NO_TICKET, staff)
        | {"team": shortage.team or None, "assignee": name or None},
        "tickets": [notices.facts(ticket, staff) for ticket in told],
        "more": len(shortage.tickets) > MOST,
        "note": shortage.why or None,
    }
