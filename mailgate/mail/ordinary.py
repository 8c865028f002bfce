"""Header fields in the plain form that nearly every program writes, read by one expression each.

What is not in that form gives None, and mail-parser is asked. What is, means the same to both: the
tests hold every reading here against mail-parser's.
"""

import re
from datetime import UTC, datetime, timedelta

from mailgate.mail.parsed import Hop

MASK = "\ue000"
"""Stands for the "=?" of an encoded word, which is decoded afterwards."""

_ATOM = rf"[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~{MASK}-]++"
_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]++(?>(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]++)*)"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = (
    rf"(?=[^@]{{1,64}}@[A-Za-z0-9.-]{{1,180}}+(?:[> ,]|\Z)){_LOCAL}@{_LABEL}(?>(?:\.{_LABEL})*)"
)
_MAILBOX = re.compile(
    rf' *+(?:(?>(?:"([A-Za-z0-9 .,\'&/_-]*+)"|({_ATOM}(?>(?: ++{_ATOM})*)))?) *+<({_ADDRESS})>'
    rf"|({_ADDRESS})) *+(,|\Z)"
)

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1
    )
}
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DATE = re.compile(
    r" *+(?>(?:([MTWFS][a-z]{2}), ++)?)([0-9]{1,2}) ++([A-Z][a-z]{2}) ++((?:19|20)[0-9]{2}) ++"
    r"([0-9]{2}):([0-9]{2}):([0-5][0-9]) ++([+-])([0-9]{2})([0-5][0-9])"
    r"(?>(?: ++\([A-Z]{1,5}\))?) *+"
)

_COMMENT = r" ++\((?![^)]*?helo)[A-Za-z0-9.:_=/ \[\]-]*+\)"
_HOST = r"(?!(?:with|id|for|via)\b)[A-Za-z0-9._-]++"
_HOP = re.compile(
    rf" *+from ++({_HOST}(?>(?:{_COMMENT})?)) ++by ++({_HOST}(?>(?:{_COMMENT})?))"
    rf"(?>(?: ++(?:with|id|for) ++<?[A-Za-z0-9.@_+=:-]++>?(?:{_COMMENT})*)*) *+;([^;]*+)",
    re.IGNORECASE,
)


def mailboxes(value: str) -> list[tuple[str, str]] | None:
    """Return (name, address) for each mailbox of an address field, None unless all are plain."""
    found: list[tuple[str, str]] = []
    at, more = 0, True
    while more:
        match = _MAILBOX.match(value, at)
        if match is None:
            return None
        quoted, atoms, angle, bare, end = match.groups()
        found.append(((quoted or atoms or "").strip(), angle or bare))
        at, more = match.end(), bool(end)
    return found


def date(value: str) -> datetime | None:
    """Return the instant of a date-time (RFC 5322 section 3.3) in UTC, None unless it is plain."""
    match = _DATE.fullmatch(value)
    if match is None or match[3] not in _MONTHS:
        return None
    weekday, day, month, year, hour, minute, second, sign, hours, minutes = match.groups()
    try:
        local = datetime(
            int(year), _MONTHS[month], int(day), int(hour), int(minute), int(second), tzinfo=UTC
        )
    except ValueError:
        return None
    if weekday and weekday != _WEEKDAYS[local.weekday()]:
        return None
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return local + offset if sign == "-" else local - offset


def hop(value: str) -> Hop | None:
    """Return what a Received field says (RFC 5321 section 4.4), None unless it is plain."""
    match = _HOP.fullmatch(value)
    at = date(match[3]) if match else None
    return Hop(" ".join(match[1].split()), " ".join(match[2].split()), at) if match and at else None
