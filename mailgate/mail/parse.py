"""The bytes of a mail become a `ParsedMail`, whatever they are; nothing here raises.

Each reader does one thing: `prescan` cuts the header to size, `origin` lets mail-parser read
addresses, dates and the last hop, `parts` finds the structure, `display` chooses what is text,
`texts` reads it, `alternative` and `body` find what is new in it. What one of them cannot read is
noted.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType

from mailgate.mail import (
    alternative,
    attachments,
    bounce,
    cms,
    display,
    headers,
    invitation,
    layout,
    origin,
    parts,
    plain,
    quotes,
    sealed,
    texts,
)
from mailgate.mail.display import Display
from mailgate.mail.fingerprint import fingerprint
from mailgate.mail.guard import guard
from mailgate.mail.parsed import Attachment, Hop, Mailbox, ParsedMail, ResultsField
from mailgate.mail.parts import Part
from mailgate.mail.prescan import DEFAULTS, Limits, Scan, prescan
from mailgate.mail.texts import Texts

__all__ = ["Attachment", "Hop", "Limits", "Mailbox", "ParsedMail", "parse", "rough"]

_OLDEST = timedelta(days=3653)  # a Date that is further from the receipt is wrong
_LATEST = timedelta(days=1)
_CALENDARS = frozenset({"text/calendar", "application/ics"})
_MOST_CALENDARS = 5
_OPENING = 20  # lines within which a text shows that it is nothing but an encrypted message
_LONGEST_FIELD = 65_536  # characters
_RESULTS = "authentication-results"
_LONGEST_METHOD = 40  # characters

_NOTHING = ParsedMail(
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
    authentication_results=(),
    headers=MappingProxyType({}),
    text="",
    new_text="",
    reply_text="",
    signature="",
    html=None,
    attachments=(),
    report=None,
    calendar=None,
    fingerprint="",
    defects=(),
    degraded=(),
)


def parse(raw: bytes, received_at: datetime, limits: Limits = DEFAULTS) -> ParsedMail:
    """Read a mail; `received_at` is aware. Never raises: what fails is named in `degraded`."""
    notes: list[str] = []
    return guard(
        "reading the mail",
        lambda: _read(raw, received_at, limits),
        lambda: rough(raw, received_at, limits, *notes),
        notes,
    )


def rough(raw: bytes, received_at: datetime, limits: Limits, *why: str) -> ParsedMail:
    """Return what the header says of a mail that could not be read, its bytes as the text.

    `why` says so in words. The work is that of the header alone.
    """
    notes = list(why)
    return guard(
        "reading the header",
        lambda: _roughly(raw, received_at, limits, notes),
        lambda: _unread(raw, limits, notes),
        notes,
    )


def _read(raw: bytes, received_at: datetime, limits: Limits) -> ParsedMail:
    scan = prescan(raw, limits)
    notes: list[str] = []
    head = _headed(raw, scan, received_at, limits, notes)
    structure = parts.read(raw, scan, limits)
    notes += (*structure.over, *structure.defects)
    leaves = tuple(structure.root.leaves())
    shown = display.arrange(structure.root)
    if scan.too_big or structure.over:
        shown = _reduced(raw, scan, shown)
    text, files = _content(raw, shown, structure.root, limits, notes, wrapped=False)
    low = head.subject.lower()
    divided = alternative.divide(
        text,
        limits,
        reply=bool(head.in_reply_to or head.references or quotes.REPLY.match(low)),
        forwarded=bool(quotes.FORWARD.match(low)),
    )
    letter = bounce.Letter(
        raw,
        leaves,
        head.headers,
        head.subject,
        tuple(box.address for box in (*head.from_, *head.reply_to)),
        text.lines,
    )
    report = bounce.read(letter, notes)
    return replace(
        head,
        text="\n".join(text.lines).strip(),
        new_text=divided.new,
        reply_text=divided.reply,
        signature=divided.signature,
        html=text.html,
        attachments=files,
        report=report,
        calendar=_calendar(leaves),
        degraded=tuple(dict.fromkeys(notes)),
    )


def _roughly(raw: bytes, received_at: datetime, limits: Limits, notes: list[str]) -> ParsedMail:
    scan = prescan(raw, limits)
    head = _headed(raw, scan, received_at, limits, notes)
    text = _as_text(raw[scan.body :], limits)
    return replace(head, text=text, new_text=text, reply_text=text, degraded=tuple(notes))


def _headed(
    raw: bytes, scan: Scan, received_at: datetime, limits: Limits, notes: list[str]
) -> ParsedMail:
    """Return a mail as far as its header tells."""
    notes += scan.over
    found = origin.read(scan, notes)
    top = _decoded(scan)
    return replace(
        _NOTHING,
        message_id=next(headers.message_ids(top.get("message-id", ())), None),
        subject=plain.one_line("".join(top.get("subject", ())[:1]), limits.subject),
        from_=found.from_,
        strict_from=found.strict_from,
        to=found.to,
        cc=found.cc,
        reply_to=found.reply_to,
        date=_believable(found.date, received_at),
        arrival=found.arrival,
        in_reply_to=_ids(top, "in-reply-to", limits),
        references=_ids(top, "references", limits),
        authentication_results=tuple(_authentication_results(scan)) if _RESULTS in top else (),
        headers=top,
        fingerprint=fingerprint(raw, scan.body, scan.fields),
        defects=found.defects,
    )


def _unread(raw: bytes, limits: Limits, notes: Sequence[str]) -> ParsedMail:
    """Return a mail of which nothing but its bytes could be had, shown as rough text."""
    text = _as_text(raw, limits)
    return replace(
        _NOTHING,
        text=text,
        new_text=text,
        reply_text=text,
        fingerprint=hashlib.sha256(raw).hexdigest(),
        degraded=tuple(notes),
    )


def _as_text(octets: bytes, limits: Limits) -> str:
    return plain.many_lines(octets[: limits.text].decode("utf-8", "replace")).strip()


def _content(
    raw: bytes, shown: Display, root: Part, limits: Limits, notes: list[str], *, wrapped: bool
) -> tuple[Texts, tuple[Attachment, ...]]:
    """Return text and files; what has no text of its own is said in words where it can be.

    `wrapped` when the mail is itself out of the wrapping of a signature, which is not done twice.
    """
    text = texts.read(raw, shown, limits, notes)
    files = attachments.read(raw, shown.files, text.written, limits, notes)
    if text.blank and files.wrapped:
        text = texts.of_wrapped(files.wrapped, limits, notes)
    invitations = _invitations(raw, shown)
    if invitations:
        text = text.followed_by(invitations, limits, notes)
    if text.blank and not wrapped:
        for part in (file.part for file in shown.files if file.part.type in sealed.ENVELOPES):
            inner = cms.content(parts.decoded(raw, part)[0])
            if inner is not None:
                return _unwrapped(inner, part, limits, notes)
    if text.blank:
        line = sealed.says(raw, root)
    else:
        line = sealed.says_armored("\n".join(text.lines[:_OPENING]))
    if line:
        text = replace(
            text, lines=(line, "", *text.lines), cues=layout.NONE + layout.NONE + text.cues
        )
    return text, files.attachments


def _unwrapped(
    inner: bytes, part: Part, limits: Limits, notes: list[str]
) -> tuple[Texts, tuple[Attachment, ...]]:
    """Return text and files of the mail part `inner`, which `part` signs and holds."""
    structure = parts.read(inner, prescan(inner, limits), limits)
    notes += (*structure.over, *structure.defects)
    shown = display.arrange(structure.root)
    text, files = _content(inner, shown, structure.root, limits, notes, wrapped=True)
    return text, tuple(replace(each, part=f"{part.path}/p7m:{each.part}") for each in files)


def _invitations(raw: bytes, shown: Display) -> tuple[str, ...]:
    calendars = [file.part for file in shown.files if file.part.type in _CALENDARS]
    lines: list[str] = []
    for part in calendars[:_MOST_CALENDARS]:
        declared = part.parameters.get("charset")
        label = declared.value.decode("latin-1") if declared else ""
        found = invitation.read(parts.decoded(raw, part)[0], label)
        if found != tuple(lines[-len(found) :]):  # programs attach what they show, once more
            lines += ["", *found] if lines else found
    return tuple(lines)


def _reduced(raw: bytes, scan: Scan, shown: Display) -> Display:
    """Return what is shown of a mail over a limit: its text, or the first found, and no files."""
    if shown.text or shown.html:
        return Display(shown.text, shown.html, ())
    found = parts.first_text(raw, scan.body, scan.end)
    chosen = (found,) if found else ()
    return Display(chosen, chosen, ())


def _decoded(scan: Scan) -> Mapping[str, tuple[str, ...]]:
    values: dict[str, list[str]] = {}
    for field in scan.fields:
        values.setdefault(field.name, []).append(headers.text(field.value, label=scan.charset))
    return MappingProxyType({name: tuple(found) for name, found in values.items()})


def _authentication_results(scan: Scan) -> Iterator[ResultsField]:
    hops = 0
    for field in scan.fields:
        if field.name == "received":
            hops += 1
        elif field.name == _RESULTS:
            text = headers.characters(field.value, scan.charset)
            yield ResultsField(plain.one_line(text, _LONGEST_FIELD), hops)


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
