"""Who wrote to whom and when, as mail-parser reads it: the only module that calls mail-parser.

Fields in the plain form are read by `ordinary`, to the same result; where one is not, all go to
mail-parser. It gets a small header block made of the address fields, Date and the topmost
Received, already within the limits and in clean characters. Its view of bodies and attachments is
not used; why stands in docs/decisions/0002-parsing.md.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import mailparser

from mailgate.errors import Refused
from mailgate.mail import headers, ordinary, plain
from mailgate.mail.address import normalise
from mailgate.mail.guard import guard
from mailgate.mail.ordinary import MASK
from mailgate.mail.parsed import Hop, Mailbox
from mailgate.mail.prescan import ADDRESS_FIELDS, Scan

_FIELDS = frozenset({*ADDRESS_FIELDS, "date", "received"})
_LONGEST_NAME = 255  # characters
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_WEEKDAY = re.compile(r"^\s*[^\d\s,]{1,20},?\s*(?=\d)")
_ADDRESS = re.compile(r"<([^\s<>@]{1,64}@[^\s<>@]{1,255})>")
_BARE_ADDRESS = re.compile(
    r"(?<![^\s\"'(\[])([^\s<>@\"'()\[\],;:]{1,64}@[^\s<>@\"'()\[\],;:]{1,255})"
)
_LONGEST_FROM = 2000  # characters of a broken From that are looked at
# Stands in for "=?" while the fields are read: encoded words are decoded afterwards by `headers`,
# which takes any charset, and for which a broken one is no reason to lose the sender with it.


@dataclass(frozen=True, slots=True)
class Origin:
    """The correspondents of a mail, its date in UTC and where it came in; defects in words."""

    from_: tuple[Mailbox, ...] = ()
    strict_from: str | None = None
    to: tuple[Mailbox, ...] = ()
    cc: tuple[Mailbox, ...] = ()
    reply_to: tuple[Mailbox, ...] = ()
    date: datetime | None = None
    arrival: Hop | None = None
    defects: tuple[str, ...] = ()


def read(scan: Scan, notes: list[str]) -> Origin:
    """Return what the header of a mail says; a failure of mail-parser is noted.

    Several To, Cc or Reply-To fields, wrong but common, count as one. Several From fields are all
    shown, and then none is strict.
    """
    values: dict[str, list[str]] = {}
    for field in scan.fields:
        if field.name in _FIELDS:
            value = headers.characters(field.value, scan.charset).replace(MASK, "")
            masked = _CONTROLS.sub(" ", value).replace("=?", MASK)
            values.setdefault(field.name, []).append(masked)
    plain_form = _ordinary(values)
    if plain_form is not None:
        return plain_form
    return guard("reading addresses and date", lambda: _read(values), Origin, notes)


def _ordinary(values: Mapping[str, list[str]]) -> Origin | None:
    """Return what the header says if every field of it is in the plain form."""
    boxes: dict[str, tuple[Mailbox, ...]] = {}
    for name in ADDRESS_FIELDS:
        found: list[tuple[str, str]] = []
        for value in values.get(name, ()):
            some = ordinary.mailboxes(value)
            if some is None:
                return None
            found += some
        boxes[name] = _mailboxes(found)
    date = ordinary.date(values["date"][0]) if "date" in values else None
    hop = ordinary.hop(values["received"][0]) if "received" in values else None
    if ("date" in values and date is None) or ("received" in values and hop is None):
        return None
    from_ = boxes["from"]
    sure = len(values.get("from", ())) == 1 and len(from_) == 1
    return Origin(
        from_=from_,
        strict_from=_strict(from_[0].address) if sure else None,
        to=boxes["to"],
        cc=boxes["cc"],
        reply_to=boxes["reply-to"],
        date=date,
        arrival=hop,
    )


def _read(values: Mapping[str, list[str]]) -> Origin:
    parsed = mailparser.parse_from_string(_block(values))
    defects = tuple(
        f"{defect['header']}: {defect['reason']}"
        for found in (parsed.address_header_defects, parsed.date_header_defects)
        for defect in found
    )
    from_ = _mailboxes(parsed.from_)
    sure = len(values.get("from", ())) == 1 and len(from_) == 1
    doubts = any(map(_doubtful, parsed.address_header_defects))
    return Origin(
        from_=from_ or _salvaged(values.get("from", ())),
        strict_from=_strict(from_[0].address) if sure and not doubts else None,
        to=_mailboxes(parsed.to),
        cc=_mailboxes(parsed.cc),
        reply_to=_mailboxes(parsed.reply_to),
        date=parsed.date,
        arrival=_arrival(parsed.received),
        defects=defects,
    )


def _block(values: Mapping[str, list[str]]) -> str:
    """Return the header block for mail-parser, one field of each name.

    The day of the week goes: it adds nothing to a date, and a wrong or foreign one spoils it.
    """
    lines = [
        f"{name}: {', '.join(value.strip(' ,') for value in values[name])}\n"
        for name in ADDRESS_FIELDS
        if name in values
    ]
    if "date" in values:
        lines.append(f"date: {_WEEKDAY.sub('', values['date'][0])}\n")
    if "received" in values:
        lines.append(f"received: {values['received'][0]}\n")
    return "".join((*lines, "\n"))


def _mailboxes(found: Iterable[tuple[str, str]]) -> tuple[Mailbox, ...]:
    return tuple(_mailbox(name, address) for name, address in found)


def _mailbox(name: str, address: str) -> Mailbox:
    shown = plain.one_line(_decoded(name), _LONGEST_NAME)
    found = address.replace(MASK, "=?")
    return Mailbox(shown, _strict(found) or plain.one_line(found, _LONGEST_NAME))


def _decoded(name: str) -> str:
    return headers.words(name.replace(MASK, "=?"))


def _strict(address: str) -> str | None:
    try:
        return normalise(address)
    except Refused:
        return None


def _doubtful(defect: Mapping[str, Any]) -> bool:
    """Tell whether a defect lets the From be read in two ways.

    A piece without any address, such as the surname before an unquoted comma, does not.
    """
    return bool(defect["header"] == "from" and "@" in defect["raw"])


def _salvaged(values: Sequence[str]) -> tuple[Mailbox, ...]:
    """Return what a From that breaks the grammar shows, for showing, never for trust.

    That is its first address in angle brackets with the words before it, or else its one bare one;
    or words without an address, as in the `MAILER-DAEMON <>` of bounces.
    """
    decoded = " ".join(map(_decoded, values))[:_LONGEST_FROM]
    found = list(_ADDRESS.finditer(decoded))[:1] or list(_BARE_ADDRESS.finditer(decoded))
    if len(found) == 1:
        return (_mailbox(decoded[: found[0].start()].strip(' "'), found[0][1]),)
    words = plain.one_line(decoded.replace("<>", ""), _LONGEST_NAME).strip(' "')
    return (Mailbox(words, ""),) if words and "@" not in words else ()


def _arrival(received: Sequence[Mapping[str, Any]]) -> Hop | None:
    if not received:
        return None
    hop = received[0]
    at = hop.get("date_utc")
    return Hop(
        from_=plain.one_line(_decoded(str(hop.get("from") or "")), _LONGEST_NAME),
        by=plain.one_line(_decoded(str(hop.get("by") or "")), _LONGEST_NAME),
        at=datetime.fromisoformat(at) if isinstance(at, str) else None,
    )
