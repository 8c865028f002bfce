"""How much automatic mail an address may get: the brake against loops and floods.

Only mail to people who are not of the staff counts; nothing is held back from agents.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Caps:
    """The ceilings: (count, window) for one ticket and address, and the others as named."""

    per_ticket: tuple[tuple[int, timedelta], ...] = (
        (10, timedelta(minutes=10)),
        (15, timedelta(minutes=30)),
        (25, timedelta(minutes=60)),
    )
    per_address_hour: int = 30
    per_address_day: int = 40
    strangers_hour: int = 100


@dataclass(frozen=True, slots=True)
class Recent:
    """One automatic mail that an address got."""

    address: str
    ticket_id: int | None
    at: datetime


DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def exceeded(
    caps: Caps, recent: Sequence[Recent], address: str, ticket_id: int | None, now: datetime
) -> str | None:
    """Return which ceiling one more automatic mail would break, or None.

    `recent` holds the automatic mail of the last day, of this address at least.
    """
    mine = [mail for mail in recent if mail.address == address and now - mail.at < DAY]
    if len(mine) >= caps.per_address_day:
        return f"{caps.per_address_day} automatic mails a day to one address"
    if sum(now - mail.at < HOUR for mail in mine) >= caps.per_address_hour:
        return f"{caps.per_address_hour} automatic mails an hour to one address"
    for count, window in caps.per_ticket:
        same = [mail for mail in mine if mail.ticket_id == ticket_id and now - mail.at < window]
        if len(same) >= count:
            minutes = int(window.total_seconds() // 60)
            return f"{count} automatic mails in {minutes} min for one ticket and address"
    return None
