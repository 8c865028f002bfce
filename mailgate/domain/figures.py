"""Figures that are kept ready: when they are to be worked out anew, and whose day it is."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from mailgate.domain.hours import local_date

BUCKET = timedelta(minutes=15)
"""Instants are counted by quarters of an hour: in no zone does a day begin within one."""
LEAST = timedelta(seconds=10)
"""How long figures stand at least, whatever changes meanwhile."""
SHARE = 50
"""Working figures out because of changes takes at most this part of the time: one in so many."""
_SKEW = timedelta(minutes=5)  # by which the clocks of nodes may differ


@dataclass(frozen=True, slots=True)
class Built:
    """Of which state figures are, and what they cost. `built_at` is aware, in UTC.

    `zone` is that of their days, an IANA name; `last_event` the id of the newest event then.
    """

    built_at: datetime
    took: timedelta
    last_event: int
    zone: str
    version: int


def is_stale(built: Built | None, now: datetime, every: timedelta) -> bool:
    """Whether figures are older than they may be, or of a time that has not come yet.

    The latter are left by a clock that was wrong.
    """
    return built is None or not -_SKEW <= now - built.built_at < every


def follows(built: Built | None, now: datetime, newest: int) -> bool:
    """Whether figures are to follow what has happened since, of which `newest` is the last event.

    The longer it takes to work them out, the rarer it is done.
    """
    if built is None or newest == built.last_event:
        return built is None
    return now - built.built_at >= max(LEAST, SHARE * built.took)


def is_due(built: Built | None, at: time, now: datetime, zone: str) -> bool:
    """Whether the figures of the days before are to be worked out: once a day, from `at` on.

    That is a time of the day in `zone`, an IANA name. One that the clock leaves out comes when the
    hour is over that was left out; one that comes twice counts once.
    """
    if built is None or built.zone != zone:
        return True
    last = _instant(local_date(now, zone), at, zone)
    if last > now:
        last = _instant(local_date(now, zone) - timedelta(days=1), at, zone)
    return not last <= built.built_at <= now + _SKEW


def serves(built: Built | None, end: datetime, zone: str) -> bool:
    """Whether daily figures tell all that happened before `end`, the end of a day in `zone`."""
    return built is not None and built.zone == zone and built.built_at >= end


def day_begins(day: date, zone: str) -> datetime:
    """Return the instant, in UTC, at which a day begins in a zone."""
    return _instant(day, time(), zone)


def day_of(bucket: int, zone: ZoneInfo) -> int:
    """Return the day, as YYYYMMDD, of the n-th `BUCKET` since 1970 in UTC."""
    return as_number(datetime.fromtimestamp(bucket * BUCKET.total_seconds(), zone).date())


def as_number(day: date) -> int:
    """Return a day as a number such as 20261127."""
    return day.year * 10_000 + day.month * 100 + day.day


def as_day(number: int) -> date:
    """Return the day of such a number."""
    return date(number // 10_000, number // 100 % 100, number % 100)


def _instant(day: date, at: time, zone: str) -> datetime:
    return datetime.combine(day, at, ZoneInfo(zone)).astimezone(UTC)
