"""Intervals, days and holidays as people write them, read as plain minutes and dates."""

import re
from datetime import date, timedelta
from pathlib import Path

from mailgate.config.errors import Wrong, did_you_mean
from mailgate.config.ics import all_day
from mailgate.config.values import text_of
from mailgate.domain.hours import DAY_MINUTES, Span

HOLIDAY_YEARS = range(2020, 2041)
"""The years whose public holidays are looked up: a fixed stretch, so that the same configuration
means the same rules whenever it is read."""

_SPAN = re.compile(r"(\d{1,2}):(\d{2})\s?[-–]\s?(\d{1,2}):(\d{2})", re.ASCII)
_HOUR = 60
_MOST_DAYS = 366  # of one range: a longer one is a slip
_LARGEST_FILE = 4 << 20

Day = date
Intervals = tuple[Span, ...]


def read_span(value: object, _: Path) -> Span:
    """Read `09:00-17:30`; `22:00-06:00` ends on the next day, `00:00-24:00` is the whole day."""
    found = _SPAN.fullmatch(text_of(value))
    if found is None:
        raise Wrong
    figures = [int(figure) for figure in found.groups()]
    start, stop = figures[0] * 60 + figures[1], figures[2] * 60 + figures[3]
    if max(figures[1], figures[3]) >= _HOUR or start >= DAY_MINUTES or stop > DAY_MINUTES:
        raise Wrong("hours are 00 to 23, minutes 00 to 59; a day ends at 24:00")
    if start == stop:
        raise Wrong('the whole day is "00:00-24:00"')
    return start, stop if stop > start else stop + DAY_MINUTES


def read_maybe_span(value: object, path: Path) -> Span:
    """Read `22:00-07:00`; empty is an interval that never begins. The whole day is refused."""
    if value == "":
        return 0, 0
    start, stop = read_span(value, path)
    if stop - start == DAY_MINUTES:
        raise Wrong("a part of the day: nothing would ever be sent")
    return start, stop


def _read_day(value: object) -> date:
    if type(value) is date:
        return value
    try:
        return date.fromisoformat(text_of(value))
    except ValueError as error:
        raise error if isinstance(error, Wrong) else Wrong from None


def read_days(value: object, _: Path) -> tuple[Day, ...]:
    """Read one date, or a range of dates such as `2026-12-27..2026-12-31`, both ends included."""
    if isinstance(value, str) and ".." in value:
        first, _dots, last = value.partition("..")
        begin, end = _read_day(first.strip()), _read_day(last.strip())
        if not 0 <= (end - begin).days < _MOST_DAYS:
            raise Wrong("the later date comes last, at most a year after the first")
        return tuple(begin + timedelta(days=n) for n in range((end - begin).days + 1))
    return (_read_day(value),)


def read_opened(value: object, folder: Path) -> tuple[Day, Intervals]:
    """Read a date and the intervals of that day, divided by commas."""
    day, _space, rest = text_of(value).partition(" ")
    if not rest:
        raise Wrong("write its intervals after the date; a closed day stands in `closed`")
    spans = tuple(read_span(part.strip(), folder) for part in rest.split(","))
    return _read_day(day), spans


def read_region(value: object, _: Path) -> tuple[Day, ...]:
    """Read a country (ISO 3166-1) or a part of one (`DE-BY`) as the dates of its holidays."""
    import holidays  # 13 MB of dates, for those who want them

    country, _dash, part = text_of(value).partition("-")
    known = holidays.list_supported_countries()
    if country not in known:
        raise Wrong(did_you_mean(country.upper(), known) if country else "")
    if part and part not in known[country]:
        raise Wrong(
            did_you_mean(part.upper(), known[country])
            or f"of {country} there is {', '.join(known[country]) or 'no part, only the whole'}"
        )
    found = holidays.country_holidays(country, subdiv=part or None, years=HOLIDAY_YEARS)
    return tuple(sorted(found))


def read_file(value: object, folder: Path) -> tuple[Day, ...]:
    """Read an ICS file (RFC 5545): the days of its all-day entries."""
    text = text_of(value)
    if not text:
        raise Wrong("write a path, or leave the key out")
    place = folder / Path(text).expanduser()
    try:
        with place.open("rb") as file:
            data = file.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise Wrong((error.strerror or str(error)).lower()) from None
    if len(data) > _LARGEST_FILE:
        raise Wrong("it is larger than 4 MiB")
    days = all_day(data.decode(errors="replace"), HOLIDAY_YEARS)
    if not days:
        raise Wrong("there is no all-day entry in it")
    return tuple(sorted(days))
