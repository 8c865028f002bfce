"""The only place that knows local time: zones in, aware UTC out."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from mailgate.errors import Refused

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(\d{1,9})\s{0,3}([smhdw])", re.ASCII | re.IGNORECASE)


def local_date(at: datetime, zone: str) -> date:
    """Return the calendar day of the instant `at` in `zone` (an IANA name)."""
    return at.astimezone(ZoneInfo(zone)).date()


def morning(day: date, zone: str) -> datetime:
    """Return when work begins on `day` in `zone`: nine o'clock there, as UTC."""
    return datetime.combine(day, time(9), ZoneInfo(zone)).astimezone(UTC)


def duration(text: str) -> timedelta:
    """Read `90s`, `15m`, `4h`, `2d`, `1w` or a sum such as `1d12h`; raise `Refused` otherwise."""
    cleaned = text.strip()
    found = _DURATION.findall(cleaned)
    if not found or _DURATION.sub("", cleaned).strip():
        raise Refused(f"{text!r} is not a duration: write 90s, 15m, 4h, 2d or 1d12h")
    try:
        return timedelta(seconds=sum(int(n) * _UNITS[unit.lower()] for n, unit in found))
    except OverflowError:
        raise Refused(f"{text!r} is longer than any time to come") from None


def when(text: str, now: datetime, zone: str) -> datetime:
    """Read a point in time: ISO 8601 (without an offset it is local to `zone`) or `+4h`.

    Returns aware UTC. Raises `Refused` with the forms that are understood.
    """
    cleaned = text.strip()
    try:
        if cleaned.startswith("+"):
            return now + duration(cleaned[1:])
        at = datetime.fromisoformat(cleaned)
        if at.tzinfo is None:
            at = at.replace(tzinfo=ZoneInfo(zone))
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refused(
            f"{text!r} is not a time: write 2026-03-01T09:00, 2026-03-01T09:00+01:00 or +4h"
        ) from None
