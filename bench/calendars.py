"""What a year of working time costs: counted forwards, counted between, and worked out anew.

Each calendar has a zone of its own, breaks at noon and a week of holidays. Only the domain is at
work: no desk, no store.
"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType

from bench.goals import Line
from bench.runs import Figures, compared
from mailgate.domain.hours import Calendar

_OFFICE = ((540, 720), (780, 1020))
_WEEK = (*(_OFFICE,) * 5, (), ())
_HOLIDAYS: Mapping[date, tuple[tuple[int, int], ...]] = MappingProxyType(
    {date(2026, 12, 24) + timedelta(days=n): () for n in range(7)}
)
_BEGIN = datetime(2026, 3, 2, 9, 1, tzinfo=UTC)
_YEAR = timedelta(hours=1800)  # of work; it ends in the next year of the calendar
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
TIMES = 20_000

MEASURES: Mapping[str, str] = MappingProxyType(
    {
        "calendar, a year ahead": "ahead_us",
        "calendar, between two years": "between_us",
        "calendar, a year worked out anew": "anew_us",
    }
)


def measure(zone: str, times: int) -> Figures:
    """Return the means of so many calls in a zone, in microseconds of CPU."""
    calendar = Calendar(zone, _WEEK, _HOLIDAYS)
    end = calendar.add(_BEGIN, _YEAR)
    assert end.year > _BEGIN.year
    assert calendar.between(_BEGIN, end) == _YEAR
    return {
        "ahead_us": _mean(lambda: calendar.add(_BEGIN, _YEAR), times),
        "between_us": _mean(lambda: calendar.between(_BEGIN, end), times),
        "anew_us": _mean(lambda: _anew(zone), max(1, times // 200)),
    }


def _anew(zone: str) -> datetime:
    """Ask a calendar that has not been asked yet; it works one year out."""
    return Calendar(zone, _WEEK, _HOLIDAYS).opening(_BEGIN)


def _mean(call: Callable[[], object], times: int) -> float:
    began = time.process_time()
    for _ in range(times):
        call()
    return (time.process_time() - began) / times * 1e6


def lines(runs: int) -> list[Line]:
    """Measure all zones in turn."""

    def part(zone: str) -> Callable[[int], Figures]:
        return lambda _: measure(zone, TIMES)

    found = compared(runs, {zone: part(zone) for zone in ZONES})
    return [
        Line(measured, figures[name], detail=zone)
        for measured, name in MEASURES.items()
        for zone, figures in found.items()
    ]
