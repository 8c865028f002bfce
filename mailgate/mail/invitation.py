"""A calendar part said in words: what is asked, who, when and where (RFC 5545, RFC 5546).

Reads the few properties that a person wants to know, line by line. Times stay as they are written,
with the zone that is named beside them: nothing is converted that could be converted wrongly.
"""

import re
from collections.abc import Iterator

from mailgate.mail import charset, plain

_METHODS = {
    "REQUEST": "Invitation",
    "PUBLISH": "Event",
    "ADD": "Further date",
    "REPLY": "Answer to an invitation",
    "CANCEL": "Cancelled",
    "COUNTER": "Another time is proposed",
    "DECLINECOUNTER": "The proposed time is declined",
    "REFRESH": "The latest version is asked for",
}
_ANSWERS = {
    "ACCEPTED": "accepted",
    "DECLINED": "declined",
    "TENTATIVE": "tentatively accepted",
    "DELEGATED": "delegated",
}
_LARGEST = 262_144  # octets looked at
_MOST_LINES = 5000
_MOST_EVENTS = 5
_MOST_GUESTS = 20
_LONGEST = 500  # characters of one value
_LONGEST_DESCRIPTION = 4000

_FOLD = re.compile(r"\r?\n[ \t]")
_NAME = re.compile(r"([A-Za-z0-9-]{1,40})((?>(?:;[^:;\"]*+(?:\"[^\"]*+\"[^:;\"]*+)*)*)):")
_PARAMETER = re.compile(r";([A-Za-z0-9-]{1,40})=(\"[^\"]*+\"|[^;\"]*+)")
_ESCAPED = re.compile(r"\\([nN\\;,])")
_WHEN = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(?:\d\d)?(Z?))?")

_Property = tuple[str, dict[str, str], str]


def read(data: bytes, label: str) -> tuple[str, ...]:
    """Return lines that say what the calendar `data` is about, none if it holds no event."""
    text = charset.decode(data[:_LARGEST], label or "utf-8").text.lstrip("\ufeff")
    method, events = "", list[list[_Property]]()
    event: list[_Property] | None = None
    alarm = False
    for name, parameters, value in _properties(text):
        kind = value.upper()
        if name == "METHOD":
            method = kind
        elif name == "BEGIN" and kind in ("VEVENT", "VTODO") and len(events) < _MOST_EVENTS:
            event = []
            events.append(event)
        elif name in ("BEGIN", "END") and kind == "VALARM":
            alarm = name == "BEGIN"
        elif name == "END" and kind in ("VEVENT", "VTODO"):
            event = None
        elif event is not None and not alarm:
            event.append((name, parameters, value))
    lines: list[str] = []
    for each in events:
        lines += ["", *_event(method, each)] if lines else _event(method, each)
    return tuple(lines)


def _properties(text: str) -> Iterator[_Property]:
    for line in _FOLD.sub("", text).splitlines()[:_MOST_LINES]:
        found = _NAME.match(line)
        if found is None:
            continue
        parameters = {
            parameter[1].upper(): parameter[2].strip('"')
            for parameter in _PARAMETER.finditer(found[2])
        }
        yield found[1].upper(), parameters, line[found.end() :]


def _event(method: str, event: list[_Property]) -> list[str]:
    first: dict[str, _Property] = {}
    for each in event:
        first.setdefault(each[0], each)
    title = _METHODS.get(method, "Event")
    if first.get("STATUS", ("", {}, ""))[2].upper() == "CANCELLED":
        title = _METHODS["CANCEL"]
    lines = [f"{title}: {_value(first, 'SUMMARY')}".rstrip(": ")]
    lines += _labelled("When", _span(first))
    lines += _labelled("Repeats", _value(first, "RRULE"))
    lines += _labelled("Where", _value(first, "LOCATION"))
    lines += _labelled("Organizer", _person(first["ORGANIZER"]) if "ORGANIZER" in first else "")
    lines += _labelled("Who", ", ".join(_guests(event, answers=method == "REPLY")))
    description = _unescaped(first.get("DESCRIPTION", ("", {}, ""))[2])[:_LONGEST_DESCRIPTION]
    if description.strip():
        lines += ["", *plain.many_lines(description).strip().split("\n")]
    return lines


def _labelled(label: str, value: str) -> list[str]:
    return [f"{label}: {value}"] if value else []


def _value(first: dict[str, _Property], name: str) -> str:
    return plain.one_line(_unescaped(first[name][2]), _LONGEST) if name in first else ""


def _unescaped(value: str) -> str:
    return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)


def _guests(event: list[_Property], *, answers: bool) -> Iterator[str]:
    guests = [each for each in event if each[0] == "ATTENDEE"][:_MOST_GUESTS]
    for guest in guests:
        answer = _ANSWERS.get(guest[1].get("PARTSTAT", "").upper(), "")
        yield _person(guest) + (f" ({answer})" if answer and answers else "")


def _person(found: _Property) -> str:
    name = plain.one_line(found[1].get("CN", ""), _LONGEST)
    address = plain.one_line(found[2], _LONGEST)
    if address.lower().startswith("mailto:"):
        address = address[len("mailto:") :]
    return f"{name} <{address}>" if name and name != address else address


def _span(first: dict[str, _Property]) -> str:
    start, end = (_when(first[name]) if name in first else "" for name in ("DTSTART", "DTEND"))
    duration = _value(first, "DURATION")
    if not start:
        return _when(first["DUE"]) if "DUE" in first else ""
    if end:
        return f"{start} – {end}"
    return f"{start} ({duration})" if duration else start


def _when(found: _Property) -> str:
    when = _WHEN.match(found[2])
    if when is None:
        return plain.one_line(found[2], _LONGEST)
    year, month, day, hour, minute, utc = when.groups()
    if hour is None:
        return f"{year}-{month}-{day}"
    zone = "UTC" if utc else plain.one_line(found[1].get("TZID", ""), _LONGEST)
    return f"{year}-{month}-{day} {hour}:{minute} {zone}".rstrip()
