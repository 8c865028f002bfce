"""The days of the all-day entries of an iCalendar file (RFC 5545), and nothing else of it.

What has a time of day is no day off and is passed over, and so is what was cancelled. Of
recurrences those that come on the same day of each year are understood; another one is an error,
not a holiday that is missed, and so are exceptions from one.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from mailgate.config.errors import Wrong

_FOLD = re.compile(r"\r?\n[ \t]")  # RFC 5545 3.1
_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_LENGTH = re.compile(r"\+?P(\d{1,4})([DW])", re.ASCII | re.IGNORECASE)  # RFC 5545 3.6.1
_TIMED = re.compile(r"\d{8}T", re.ASCII | re.IGNORECASE)
_MOST_DAYS = 366  # of one entry
_LEAP = 4
_WEEK = 7


def all_day(text: str, years: Sequence[int]) -> frozenset[date]:
    """Return the days of every all-day entry, yearly ones in each of `years`.

    Raises `Wrong` with the entry for what cannot be read.
    """
    return frozenset(day for entry in _entries(text) for day in _days(entry, years))


def _entries(text: str) -> Iterator[dict[str, tuple[str, str]]]:
    """Yield property -> (parameters, value) of every VEVENT, without those of alarms in it."""
    entry: dict[str, tuple[str, str]] | None = None
    within = ""
    for line in _FOLD.sub("", text).splitlines():
        head, _colon, value = line.partition(":")
        name, _semicolon, parameters = head.upper().partition(";")
        what = value.strip().upper()
        if entry is None:
            entry = {} if (name, what) == ("BEGIN", "VEVENT") else None
        elif within:
            within = "" if (name, what) == ("END", within) else within
        elif name == "BEGIN":
            within = what
        elif (name, what) == ("END", "VEVENT"):
            yield entry
            entry = None
        else:
            entry.setdefault(name, (parameters, value.strip()))


def _days(entry: dict[str, tuple[str, str]], years: Sequence[int]) -> Iterator[date]:
    name = entry.get("SUMMARY", ("", "an entry"))[1]
    first = _date(entry.get("DTSTART"), name)
    if first is None or entry.get("STATUS", ("", ""))[1].upper() == "CANCELLED":
        return
    for further in entry.keys() & {"RDATE", "EXDATE", "RECURRENCE-ID"}:
        raise Wrong(f"{name!r} has {further}: only the same day of each year is read")
    length = _length(entry, first, name)
    if length > _MOST_DAYS:
        raise Wrong(f"{name!r} lasts for more than a year")
    for begin in _begins(first, entry.get("RRULE", ("", ""))[1], name, years):
        yield from (begin + timedelta(days=n) for n in range(length))


def _length(entry: dict[str, tuple[str, str]], first: date, name: str) -> int:
    """Return how many days an entry lasts: one without more (RFC 5545 3.6.1)."""
    end = _date(entry.get("DTEND"), name)  # not included
    if end is not None:
        return max(1, (end - first).days)
    if "DURATION" not in entry:
        return 1
    said = entry["DURATION"][1]
    found = _LENGTH.fullmatch(said)
    if found is None:
        raise Wrong(f"{name!r} lasts {said[:20]!r}, which is no number of days or weeks")
    return max(1, int(found[1]) * (_WEEK if found[2].upper() == "W" else 1))


def _date(found: tuple[str, str] | None, name: str) -> date | None:
    """Return a date; None where there is none, or one with a time of day."""
    if found is None or _TIMED.match(found[1]):
        return None
    figures = _DATE.fullmatch(found[1])
    try:
        if figures is not None:
            return date(*map(int, figures.groups()))
    except ValueError:
        pass
    raise Wrong(f"{name!r} has the date {found[1][:20]!r}, which is none")


def _begins(first: date, rule: str, name: str, years: Sequence[int]) -> Iterator[date]:
    """Yield the days on which an entry begins."""
    if not rule:
        yield first
        return
    parts = dict(part.partition("=")[::2] for part in rule.upper().split(";"))
    same_day = parts.get("BYMONTH", str(first.month)) == str(first.month) and parts.get(
        "BYMONTHDAY", str(first.day)
    ) == str(first.day)
    known = parts.keys() <= {"FREQ", "INTERVAL", "BYMONTH", "BYMONTHDAY", "UNTIL", "WKST"}
    each = parts.get("FREQ") == "YEARLY" and parts.get("INTERVAL", "1") == "1"
    if not (each and same_day and known):
        raise Wrong(
            f"{name!r} comes again by {rule[:60]!r}: only the same day of each year is read"
        )
    last = _date(("", parts["UNTIL"][:8]), name) if "UNTIL" in parts else None
    for year in years:
        leap = year % _LEAP == 0  # as of 1901 to 2099
        if (first.month, first.day) == (2, 29) and not leap:
            continue
        day = first.replace(year=year)
        if first <= day and (last is None or day <= last):
            yield day
