"""The lines that begin with `From ` in a file of many mails (mbox): which of them divide it.

There is no standard (RFC 4155 is one form of many). Programs write the sender, and the time as C
does; whatever else begins with `From ` is text that somebody forgot to quote.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_LONGEST = 500  # octets of a line that is looked at
_MONTHS = b"jan feb mar apr may jun jul aug sep oct nov dec".split()
_LINE = re.compile(
    rb"From ([^\r\n]{0,300}?)[ \t]+(?:mon|tue|wed|thu|fri|sat|sun),?[ \t]+"
    rb"(" + b"|".join(_MONTHS) + rb")[ \t]+(\d{1,2})[ \t]+(\d{1,2}):(\d{2})(?::(\d{2}))?"
    rb"(?:[ \t]+(?:[a-z]{1,5}|([+-]\d{4})))?[ \t]+(\d{4})(?:[ \t]+([+-]\d{4}))?[ \t]*\r?\n?",
    re.IGNORECASE,
)
_QUOTED = re.compile(rb"^>(>*+From )", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Postmark:
    """Who sent the mail that follows, as the line says, and when it came: None if it cannot be."""

    sender: str
    at: datetime | None


def read(line: bytes) -> Postmark | None:
    """Return what a line says that stands in front of a mail; None for one that is text."""
    found = _LINE.fullmatch(line) if line.startswith(b"From ") and len(line) <= _LONGEST else None
    if found is None:
        return None
    return Postmark(found[1].decode("ascii", "replace"), _time(found))


def _time(found: re.Match[bytes]) -> datetime | None:
    month = _MONTHS.index(found[2].lower()) + 1
    day, hour, minute, second, year = (int(found[n] or 0) for n in (3, 4, 5, 6, 8))
    zone = int(found[7] or found[9] or 0)
    ahead = timedelta(hours=int(zone / 100), minutes=zone - int(zone / 100) * 100)
    try:
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC) - ahead
    except (ValueError, OverflowError):
        return None


def unquoted(raw: bytes) -> bytes:
    """Return a mail as it was before lines that begin with `From ` were quoted with `>`."""
    return _QUOTED.sub(rb"\1", raw) if b">From " in raw else raw
