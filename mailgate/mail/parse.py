"""The bytes of a mail become a `ParsedMail`, whatever they are; nothing here raises.

Each reader does one thing: `prescan` cuts the header to size, `origin` lets mail-parser read
addresses, dates and the last hop, `parts` finds the structure, `display` chooses what is text,
`texts` reads it, `body` finds what is new in it. What one of them cannot read is noted.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from mailgate.mail import (
    attachments,
    body,
    bounce,
    display,
    headers,
    origin,
    parts,
    plain,
    quotes,
    texts,
)
from mailgate.mail.display import Display
from mailgate.mail.fingerprint import fingerprint
from mailgate.mail.guard import guard
from mailgate.mail.parsed import Attachment, Hop, Mailbox, ParsedMail
from mailgate.mail.parts import Part
from mailgate.mail.prescan import DEFAULTS, Limits, Scan, prescan

__all__ = ["Attachment", "Hop", "Limits", "Mailbox", "ParsedMail", "parse"]

_OLDEST = timedelta(days=3653)  # a Date that is further from the receipt is wrong
_LATEST = timedelta(days=1)
_LONGEST_METHOD = 40  # characters


def parse(raw: bytes, received_at: datetime, limits: Limits = DEFAULTS) -> ParsedMail:
    """Read a mail; `received_at` is aware. Never raises: what fails is named in `degraded`."""
    notes: list[str] = []
    return guard(
        "reading the mail",
        lambda: _read(raw, received_at, limits),
        lambda: _unread(raw, limits, notes),
        notes,
    )


def _read(raw: bytes, received_at: datetime, limits: Limits) -> ParsedMail:
    scan = prescan(raw, limits)
    notes = list(scan.over)
    found = origin.read(scan, notes)
    top = _decoded(scan)
    structure = parts.read(raw, scan, limits)
    notes += (*structure.over, *structure.defects)
    leaves = tuple(structure.root.leaves())
    shown = display.arrange(structure.root)
    if scan.too_big or structure.over:
        shown = _reduced(raw, scan, shown)
    text = texts.read(raw, shown, limits, notes)
    subject = plain.one_line("".join(top.get("subject", ())[:1]), limits.subject)
    in_reply_to = _ids(top, "in-reply-to", limits)
    references = _ids(top, "references", limits)
    low = subject.lower()
    return ParsedMail(
        message_id=next(headers.message_ids(top.get("message-id", ())), None),
        subject=subject,
        from_=found.from_,
        strict_from=found.strict_from,
        to=found.to,
        cc=found.cc,
        reply_to=found.reply_to,
        date=_believable(found.date, received_at),
        arrival=found.arrival,
        in_reply_to=in_reply_to,
        references=references,
        headers=top,
        text="\n".join(text.lines).strip(),
        new_text=body.new_text(
            text.lines,
            text.cues,
            reply=bool(in_reply_to or references or quotes.REPLY.match(low)),
            forwarded=bool(quotes.FORWARD.match(low)),
        ),
        html=text.html,
        attachments=attachments.read(raw, shown.files, limits, notes),
        report=bounce.read(
            bounce.Letter(
                raw,
                leaves,
                top,
                subject,
                tuple(box.address for box in (*found.from_, *found.reply_to)),
                text.lines,
            ),
            notes,
        ),
        calendar=_calendar(leaves),
        fingerprint=fingerprint(raw, scan.body, scan.fields),
        defects=found.defects,
        degraded=tuple(dict.fromkeys(notes)),
    )


def _reduced(raw: bytes, scan: Scan, shown: Display) -> Display:
    """Return what is shown of a mail over a limit: its text, or the first found, and no files."""
    if shown.text or shown.html:
        return Display(shown.text, shown.html, ())
    found = parts.first_text(raw, scan.body, scan.end)
    chosen = (found,) if found else ()
    return Display(chosen, chosen, ())


def _unread(raw: bytes, limits: Limits, notes: Sequence[str]) -> ParsedMail:
    """Return a mail of which nothing but its bytes could be had, shown as rough text."""
    text = plain.many_lines(raw[: limits.text].decode("utf-8", "replace")).strip()
    return ParsedMail(
        message_id=None,
        subject="",
        from_=(),
        strict_from=None,
        to=(),
        cc=(),
        reply_to=(),
        date=None,
        arrival=None,
        in_reply_to=(),
        references=(),
        headers=MappingProxyType({}),
        text=text,
        new_text=text,
        html=None,
        attachments=(),
        report=None,
        calendar=None,
        fingerprint=hashlib.sha256(raw).hexdigest(),
        defects=(),
        degraded=tuple(notes),
    )


def _decoded(scan: Scan) -> Mapping[str, tuple[str, ...]]:
    values: dict[str, list[str]] = {}
    for field in scan.fields:
        values.setdefault(field.name, []).append(headers.text(field.value, label=scan.charset))
    return MappingProxyType({name: tuple(found) for name, found in values.items()})


def _ids(top: Mapping[str, tuple[str, ...]], name: str, limits: Limits) -> tuple[str, ...]:
    return tuple(dict.fromkeys(headers.message_ids(top.get(name, ()))))[-limits.references :]


def _calendar(leaves: Sequence[Part]) -> str | None:
    for part in leaves:
        if part.type == "text/calendar" and "method" in part.parameters:
            return part.parameters["method"].text().strip().upper()[:_LONGEST_METHOD]
    return None


def _believable(date: datetime | None, received_at: datetime) -> datetime | None:
    if date is None or not received_at - _OLDEST <= date <= received_at + _LATEST:
        return None
    return date
