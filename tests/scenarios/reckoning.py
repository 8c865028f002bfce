"""Deadlines reckoned with nothing but a clock on the wall, minute by minute.

It knows a calendar as the configuration writes it, and shares no line with the program. What it
understands is what stands in the brackets of the table:

    24h since 03-02 09:00
    80% of 8h less 30m of office since 03-06 16:00
    4h since 03-06 15:00, then when office opens
    nine o'clock of 03-10
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from tests.scenarios.table import moment

MINUTE = timedelta(minutes=1)
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_UNITS = {"m": 1, "h": 60, "d": 1440}
_MORNING = "nine o'clock of "
_LONGEST = 800  # days walked
_CLAIM = re.compile(
    r"(?:(?P<percent>\d+)% of )?(?P<length>[\dhmd]+)"
    r"(?: less (?P<less>[\dhmd]+))?(?: of (?P<calendar>\w+))?"
    r" since (?P<since>[\d-]+ [\d:]+)(?P<again>b?)(?:, then when (?P<opens>\w+) opens)?"
)


class Wall:
    """A calendar as people keep one: which minutes of a day are worked, by the clock there."""

    def __init__(self, given: Mapping[str, Any], zone: str) -> None:
        self._zone = ZoneInfo(given.get("timezone", zone))
        self._week = [
            [_span(text) for text in given.get(day, ["09:00-17:00"] if n < 5 else [])]
            for n, day in enumerate(_DAYS)
        ]
        self._closed = {day for text in given.get("closed", []) for day in _dates(text)}
        self._opened = {
            date.fromisoformat(text.split(" ")[0]): [
                _span(part) for part in text.split(" ", 1)[1].split(",")
            ]
            for text in given.get("opened", [])
        }
        self.minutes = cache(self._minutes)

    def _spans(self, day: date) -> list[tuple[int, int]]:
        if day in self._opened:
            return self._opened[day]
        return [] if day in self._closed else self._week[day.weekday()]

    def _minutes(self, day: date) -> tuple[datetime, ...]:
        """Return the worked minutes of a day of UTC."""
        begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
        return tuple(at for n in range(1440) if self._works(at := begin + n * MINUTE))

    def _works(self, at: datetime) -> bool:
        local = at.astimezone(self._zone)
        shown, today = local.hour * 60 + local.minute, local.date()
        yesterday = today - timedelta(days=1)
        return any(low <= shown < high for low, high in self._spans(today)) or any(
            low <= shown + 1440 < high for low, high in self._spans(yesterday)
        )

    def after(self, since: datetime, minutes: int) -> datetime:
        """Return when so many minutes have been worked."""
        if minutes <= 0:
            return since
        for at in self._from(since):
            minutes -= 1
            if not minutes:
                return at + MINUTE
        raise AssertionError("that lies further ahead than anybody walks")

    def opens(self, since: datetime) -> datetime:
        """Return the first minute from then on that is worked."""
        return next(self._from(since))

    def _from(self, since: datetime) -> Iterator[datetime]:
        for n in range(_LONGEST):
            day = since.date() + timedelta(days=n)
            yield from (at for at in self.minutes(day) if at >= since)


def _span(text: str) -> tuple[int, int]:
    low, high = (int(part[:2]) * 60 + int(part[3:]) for part in text.strip().split("-"))
    return low, high if high > low else high + 1440


def _dates(text: str) -> list[date]:
    first, _, last = text.partition("..")
    begin, end = date.fromisoformat(first), date.fromisoformat(last or first)
    return [begin + timedelta(days=n) for n in range((end - begin).days + 1)]


def _length(text: str) -> int:
    return sum(int(n) * _UNITS[unit] for n, unit in re.findall(r"(\d+)([hmd])", text))


def reckoned(claim: str, walls: Mapping[str, Wall], zone: ZoneInfo) -> datetime:
    """Return when what is claimed comes true."""
    if claim.startswith(_MORNING):
        return moment(f"{claim.removeprefix(_MORNING)} 09:00", zone)
    found = _CLAIM.fullmatch(claim)
    assert found, f"no reckoning: {claim!r}"
    minutes = _length(found["length"]) * int(found["percent"] or 100) / 100
    minutes -= _length(found["less"] or "")
    assert minutes == int(minutes), f"seconds in {claim!r}"
    at = since = moment(found["since"], zone, again=bool(found["again"]))
    if found["calendar"]:
        at = walls[found["calendar"]].after(since, int(minutes))
    else:
        at += int(minutes) * MINUTE
    return walls[found["opens"]].opens(at) if found["opens"] else at
