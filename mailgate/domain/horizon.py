"""How far the clock may act: it waits for the mail, and sends no bursts after an outage."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

OUTAGE = timedelta(minutes=15)
"""A gap in the heartbeat longer than this is an outage."""

SETTLING = timedelta(hours=1)
"""How long after an outage the steps wait that would be a burst: see `WAITING_AFTER_OUTAGE`."""

LONGEST_HOLD = timedelta(minutes=10)
"""How long an agent's answer may wait to be sent: the clock waits as long."""

UNSEEN = timedelta(hours=4)
"""How long the clock waits for a mailbox that cannot be looked at."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """When the clock last ran, and until when some steps wait after an outage.

    `late`: it had not run for longer than `OUTAGE` then.
    """

    seen_at: datetime | None = None
    hold_until: datetime | None = None
    late: bool = False


def beat(last: Heartbeat, now: datetime) -> Heartbeat:
    """Return the heartbeat after a tick at `now`; a first one ever is no end of an outage.

    A clock that is late each time is not coming back from an outage but driven rarely, by cron for
    example: it holds back once and not for ever.
    """
    late = last.seen_at is not None and now - last.seen_at > OUTAGE
    hold = now + SETTLING if late and not last.late else last.hold_until
    # Further ahead than any hold can be is one from a clock that was wrong.
    holds = hold is not None and now < hold <= now + SETTLING
    return Heartbeat(now, hold if holds else None, late)


def horizon(now: datetime, waiting: Iterable[datetime | None]) -> datetime:
    """Return the instant up to which deadlines may act: the earliest of now and what waits.

    `waiting` holds the receipt of the oldest accepted mail not yet processed, and the last full
    look at each watched mailbox.
    """
    return min((at for at in waiting if at is not None and at < now), default=now)


def awaited(now: datetime, looks: Iterable[datetime | None]) -> Iterable[datetime | None]:
    """Return the last full looks at mailboxes for which the clock waits still."""
    return (at for at in looks if at is None or now - at <= UNSEEN)
