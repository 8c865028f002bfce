"""Quiet hours: what need not wake one of the staff waits until these end, and is then sent.

Whatever is about a ticket that presses does not wait, nor does an escalation, nor what answers a
mail that they have just sent. What waits is in the outbox like everything else: it is sent once.
"""

from datetime import datetime

from mailgate.desk.settings import Settings
from mailgate.domain.model import Priority, Ticket
from mailgate.domain.notices import NOTICES
from mailgate.domain.people import Recipient, Role

PRESSING = frozenset({Priority.CRITICAL, Priority.URGENT})


def until(
    settings: Settings, notice: str, ticket: Ticket, to: Recipient, now: datetime
) -> datetime | None:
    """Return when the quiet hours end for which a notice waits; None if it can be sent at once."""
    awake = settings.awake.get(to.address)
    if awake is None or to.role is Role.CUSTOMER or not NOTICES[notice].waits:
        return None
    if ticket.priority in PRESSING:
        return None
    opening = awake.opening(now)
    return opening if opening > now else None
