"""The only place that knows local time: zones in, aware UTC out; and what of it is worked.

A calendar is open while the clock on its wall shows a time within an interval of the day. So an
hour that the clocks skip is not worked, and one that they show twice is worked twice.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from mailgate.errors import Refused

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(\d{1,9})\s{0,3}([smhdw])", re.ASCII | re.IGNORECASE)

Span = tuple[int, int]
"""From, until: minutes after the midnight with which the day begins; an end beyond 1440 lies in
the next day."""

DAY_MINUTES = 1440
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)  # whole numbers of it are exact at any distance
_LATER = timedelta(days=1)
_SECOND = 1_000_000
_MINUTE = 60 * _SECOND
_DAY = DAY_MINUTES * _MINUTE
_YEARS_AHEAD = 50  # ten reminders of 72 h, each after twice the time, at 40 h a week: 35 years


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


def write_duration(length: timedelta) -> str:
    """Write a duration in the largest unit, up to hours, that it fills without rest."""
    seconds = round(length.total_seconds())
    for unit, size in (("h", 3600), ("m", 60)):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


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


# --- working time -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Year:
    """The stretches of work in one year of UTC, in microseconds since 1970.

    `before` has, for each stretch, the work of the year that lies before it; so where an instant
    stands, and where so much work is done, is found by bisection.
    """

    starts: tuple[int, ...]
    ends: tuple[int, ...]
    before: tuple[int, ...]
    total: int
    end: int

    def worked(self, point: int) -> int:
        """Return how much of the year's work lies before `point`."""
        index = bisect_right(self.starts, point) - 1
        if index < 0:
            return 0
        return self.before[index] + min(point, self.ends[index]) - self.starts[index]

    def reach(self, work: int) -> int:
        """Return the first point before which so much of the year's work lies."""
        index = bisect_left(self.before, work) - 1
        return self.starts[index] + work - self.before[index]

    def opening(self, point: int) -> int | None:
        """Return the first point at or after `point` that is worked, if the year has one."""
        index = bisect_right(self.starts, point)
        if index and point < self.ends[index - 1]:
            return point
        return self.starts[index] if index < len(self.starts) else None


@dataclass(frozen=True, slots=True)
class Calendar:
    """When a desk works: what of each weekday, Monday first, by the clocks of an IANA zone.

    `days` are the dates that differ, with their own intervals; none means closed. An interval
    belongs to the day on which it begins: a closed day ends no night shift of the day before.
    """

    zone: str
    week: tuple[tuple[Span, ...], ...]
    days: Mapping[date, tuple[Span, ...]] = field(default_factory=dict)
    _years: dict[int, _Year] = field(default_factory=dict, init=False, compare=False, repr=False)

    def add(self, at: datetime, distance: timedelta) -> datetime:
        """Return the first instant by which `distance` has been worked since `at`.

        What is not reached within 50 years is put there.
        """
        point, left = _point(at), distance // _TICK
        if left <= 0:
            return at
        for number in range(at.year, at.year + _YEARS_AHEAD):
            year = self._year(number)
            left += year.worked(point)
            if left <= year.total:
                return _instant(year.reach(left))
            left -= year.total
            point = year.end
        return _instant(point)

    def between(self, since: datetime, until: datetime) -> timedelta:
        """Return how much is worked from one instant to a later one; nothing if it is earlier."""
        if until <= since:
            return timedelta()
        whole = sum(self._year(number).total for number in range(since.year, until.year))
        first, last = self._year(since.year), self._year(until.year)
        return (whole + last.worked(_point(until)) - first.worked(_point(since))) * _TICK

    def opening(self, at: datetime) -> datetime:
        """Return the first instant at or after `at` that is worked; `at` if none ever comes."""
        for number in range(at.year, at.year + _YEARS_AHEAD):
            found = self._year(number).opening(_point(at))
            if found is not None:
                return _instant(found)
        return at

    def _year(self, number: int) -> _Year:
        """Return the stretches of a year of UTC, worked out once."""
        year = self._years.get(number)
        if year is None:
            year = self._years[number] = self._worked_out(number)
        return year

    def _worked_out(self, number: int) -> _Year:
        begin = _point(datetime(number, 1, 1, tzinfo=UTC))
        end = begin + (date(number, 12, 31).timetuple().tm_yday) * _DAY
        walls = list(_joined(self._walls(number)))
        stretches = _joined(
            (max(low, start - offset), min(high, stop - offset))
            for low, high, offset in _offsets(ZoneInfo(self.zone), begin, end)
            for start, stop in walls
            if start - offset < high and stop - offset > low
        )
        starts, ends, before, total = [], [], [], 0
        for start, stop in stretches:
            starts.append(start)
            ends.append(stop)
            before.append(total)
            total += stop - start
        return _Year(tuple(starts), tuple(ends), tuple(before), total, end)

    def _walls(self, number: int) -> Iterator[tuple[int, int]]:
        """Yield the intervals of a year and of what zones and nights add, as clocks show them."""
        first = date(number, 1, 1) - timedelta(days=2)
        begun, weekday = (first - _EPOCH.date()).days, first.weekday()
        for n in range(370):
            day, midnight = first + timedelta(days=n), (begun + n) * _DAY
            for start, stop in self.days.get(day, self.week[(weekday + n) % 7]):
                yield midnight + start * _MINUTE, midnight + stop * _MINUTE


def outside(zone: str, start: int, stop: int) -> Calendar:
    """Return the calendar that is open but for one interval of each day, in minutes as a `Span`."""
    over = max(0, stop - DAY_MINUTES)
    spans = ((over, start), (stop, DAY_MINUTES))
    return Calendar(zone, (tuple(span for span in spans if span[0] < span[1]),) * 7)


def _point(at: datetime) -> int:
    return (at - _EPOCH) // _TICK


def _instant(point: int) -> datetime:
    return _EPOCH + point * _TICK


def _joined(intervals: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield intervals in their order, those that touch or overlap as one."""
    begun: tuple[int, int] | None = None
    for start, stop in sorted(intervals):
        if begun is not None and start <= begun[1]:
            begun = (begun[0], max(begun[1], stop))
            continue
        if begun is not None:
            yield begun
        begun = (start, stop)
    if begun is not None:
        yield begun


def _offsets(zone: ZoneInfo, begin: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield (from, until, what the clocks are ahead of UTC) for a stretch of time.

    Clocks are looked at once a day: nowhere have they been changed and changed back within one.
    """
    since, offset, at = begin, _ahead(zone, begin), _instant(begin)
    shown = at.astimezone(zone).utcoffset()
    for point in range(begin + _DAY, end + _DAY, _DAY):
        at += _LATER
        last, shown = shown, at.astimezone(zone).utcoffset()
        if shown == last:
            continue
        low, high = (point - _DAY) // _SECOND, point // _SECOND
        while high - low > 1:
            middle = (low + high) // 2
            same = _ahead(zone, middle * _SECOND) == offset
            low, high = (middle, high) if same else (low, middle)
        yield since, high * _SECOND, offset
        since, offset = high * _SECOND, _ahead(zone, point)
    yield since, end, offset


def _ahead(zone: ZoneInfo, point: int) -> int:
    offset = _instant(point).astimezone(zone).utcoffset()
    return 0 if offset is None else offset // _TICK
