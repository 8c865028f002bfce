"""The calendars of the desk whose year is lived, worked out minute by minute, on their own.

What is worked is what a clock on the wall shows. That clock is looked at once an hour: in the zone
of the desk it is whole hours ahead, and is changed when an hour is full.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import accumulate
from zoneinfo import ZoneInfo

from tests.torture.office import HOLIDAYS, WEEKS, YEAR, ZONE

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FIRST = datetime(YEAR - 1, 12, 30, tzinfo=UTC)
_DAYS = 530


class Wall:
    """The working minutes of a calendar, one after the other, from `FIRST` on."""

    def __init__(self, week: Iterable[Iterable[tuple[int, int]]]) -> None:
        zone, days = ZoneInfo(ZONE), [list(day) for day in week]
        self._worked = bytearray(_DAYS * 1440)
        for hour in range(_DAYS * 24):
            wall = (FIRST + hour * HOUR).astimezone(zone)
            assert not wall.minute
            for day, begun in ((wall.date(), 0), (wall.date() - DAY, 1440)):
                if day not in HOLIDAYS:
                    shown = wall.hour * 60 + begun
                    for low, high in days[day.weekday()]:
                        for minute in range(max(low, shown), min(high, shown + 60)):
                            self._worked[hour * 60 + minute - shown] = 1
        self._before = list(accumulate(self._worked, initial=0))

    def add(self, since: datetime, length: timedelta) -> datetime:
        """Return when so much has been worked, both in whole seconds."""
        minute, second = divmod(int((since - FIRST).total_seconds()), 60)
        left = int(length.total_seconds())
        if not left:
            return since
        wanted = self._before[minute] * 60 + second * self._worked[minute] + left
        last = bisect_left(self._before, -(-wanted // 60)) - 1  # the minute in which it is reached
        assert last < len(self._worked), "that lies beyond what was worked out"
        return FIRST + last * MINUTE + timedelta(seconds=wanted - self._before[last] * 60)

    def opening(self, at: datetime) -> datetime:
        """Return the first instant from `at` on that is worked."""
        minute = (at - FIRST) // MINUTE
        opens = self._worked.index(1, minute)
        return at if opens == minute else FIRST + opens * MINUTE


@cache
def walls() -> Mapping[str, Wall]:
    """Return the calendars of the desk, worked out once."""
    return {name: Wall(week) for name, week in WEEKS.items()}
