"""A mail put together from its rendered text: bytes that any server takes and any program reads.

Nothing that a person typed can become a header, a part or an address of its own. The mail is 7-bit
with lines of at most 998 octets and CRLF at their ends; only an address that cannot be written in
ASCII makes its own header UTF-8 (RFC 6532).
"""

import base64
import binascii
import hashlib
import re
import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime

from mailgate.errors import Permanent, Refused
from mailgate.mail.plain import carried, many_lines, one_line
from mailgate.mail.render import Rendered

KEPT_FIRST, KEPT_LAST = 4, 6  # ids of References when there are more
LONGEST_ID = 900  # octets: with its header's name it must fit a line of 998 (RFC 5322 2.1.1)
LONGEST_NAME = 200  # characters of a display name
LONGEST_FILE_NAME = 255

_LINE = 76  # octets that a folded line is meant to have at most (RFC 2047 section 2)
_ID = re.compile(r"<[!-;=?-~]+>")
_TOKEN = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,127}")  # RFC 6838 section 4.2
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")  # RFC 5646, its shape
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")  # a display name that needs no quotes
_FOLDED = re.compile(r"(?:[^\r\n\x00]+(?:\r\n [^\r\n\x00]+)*)?")
_DENSE = 4 / 3  # octets a character above which quoted-printable is longer than base64
_ENCODED_WORD = "=?utf-8?q?{}?="
_Q = {char: char for char in string.ascii_letters + string.digits + "!*+-/"} | {" ": "_"}
_ENCODED = "=?"  # would be decoded by the reader: it is encoded so that it comes out as it was


@dataclass(frozen=True, slots=True)
class File:
    """An attachment. With `content_id` it is an image that the HTML shows in its place."""

    name: str
    type: str
    data: bytes
    content_id: str | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """Everything of a mail but its text. `date` is aware; ids stand in their angle brackets.

    `auto_submitted` is the value of RFC 3834, None for a mail that carries a person's words.
    """

    from_name: str
    from_address: str
    to_name: str
    to_address: str
    reply_to: str | None
    message_id: str
    in_reply_to: str | None
    references: tuple[str, ...]
    date: datetime
    auto_submitted: str | None
    loop_mark: str
    language: str
    attachments: Sequence[File] = ()
    cc: tuple[str, ...] = ()


class _Parts(EmailPolicy):
    """For the headers of files: 7-bit content, and a Content-ID that is never folded."""

    def fold_binary(self, name: str, value: str) -> bytes:
        if name.lower() == "content-id":
            return f"{name}: {value}\r\n".encode("ascii")
        return super().fold_binary(name, value)


_PARTS = _Parts(linesep="\r\n", cte_type="7bit", max_line_length=_LINE)


def compose(rendered: Rendered, frame: Frame) -> bytes:
    """Return the mail: the same bytes for the same arguments.

    Raises Permanent when an address or the Message-ID is not one.
    """
    fields = [_field(name, value) for name, value in _headers(rendered.subject, frame)]
    mark = hashlib.sha256(frame.message_id.encode()).hexdigest()[:16]
    head = "".join([*fields, "MIME-Version: 1.0\r\n"])
    return head.encode() + _content(rendered, frame.attachments, mark)


def _field(name: str, value: str) -> str:
    """Return one header field; the last gate, through which no second one passes."""
    if not _FOLDED.fullmatch(value):
        raise Permanent(f"{one_line(value)!r} cannot be the value of {name}")
    return f"{name}: {value}\r\n"


def _headers(subject: str, frame: Frame) -> Iterable[tuple[str, str]]:
    """Yield names and values, ready for the wire; each value is clean and folded."""
    if not _is_id(frame.message_id):
        raise Permanent(f"{one_line(frame.message_id)!r} is not a Message-ID")
    yield "Date", format_datetime(frame.date.astimezone(UTC))
    yield "From", _mailbox("From", frame.from_name, frame.from_address)
    yield "To", _mailbox("To", frame.to_name, frame.to_address)
    if frame.cc:
        yield "Cc", ",\r\n ".join(_mailbox("Cc", "", address) for address in frame.cc)
    if frame.reply_to:
        yield "Reply-To", _mailbox("Reply-To", "", frame.reply_to)
    yield "Subject", _words("Subject", one_line(subject))
    yield "Message-ID", frame.message_id
    if frame.in_reply_to and _is_id(frame.in_reply_to):
        yield "In-Reply-To", frame.in_reply_to
    references = _references(frame.references)
    if references:
        yield "References", "\r\n ".join(references)
    if frame.auto_submitted:
        yield "Auto-Submitted", _clean_token("Auto-Submitted", frame.auto_submitted)
        # Exchange heeds this instead; without it each reminder brings an out-of-office answer.
        yield "X-Auto-Response-Suppress", "DR, OOF, AutoReply"
    if frame.loop_mark:
        yield "X-Mailgate-Loop", _words("X-Mailgate-Loop", one_line(frame.loop_mark))
    if _LANGUAGE.fullmatch(frame.language):
        yield "Content-Language", frame.language


def _is_id(text: str) -> bool:
    return len(text) <= LONGEST_ID and _ID.fullmatch(text) is not None


def _references(ids: Sequence[str]) -> list[str]:
    """Return the thread's ids, each once; of many the first, which clients go by, and the last."""
    usable = list(dict.fromkeys(found for found in ids if _is_id(found)))
    if len(usable) <= KEPT_FIRST + KEPT_LAST:
        return usable
    return usable[:KEPT_FIRST] + usable[-KEPT_LAST:]


def _mailbox(header: str, name: str, address: str) -> str:
    """Return `Name <address>` with a name that is quoted or encoded where it must be."""
    try:
        path = carried(address)
    except Refused as refusal:
        raise Permanent(f"{header}: {refusal}") from refusal
    shown = one_line(name, LONGEST_NAME)
    if not shown:
        return path
    if not shown.isascii() or _ENCODED in shown:
        shown = _encoded(header, shown)
    elif not _ATOMS.fullmatch(shown):
        escaped = shown.replace("\\", r"\\").replace('"', r"\"")
        shown = f'"{escaped}"'
    room = _LINE - len(f"{header}: {path}") - len(" <>")
    gap = " " if len(shown) <= room else "\r\n "
    return f"{shown}{gap}<{path}>"


def _words(header: str, line: str) -> str:
    """Return unstructured text: encoded up to its last word that must be, the rest as it is."""
    words = line.split(" ")
    odd = [place for place, word in enumerate(words) if not word.isascii() or _ENCODED in word]
    if not odd:
        return "\r\n ".join(_wrapped(words, len(header) + 2))
    encoded = _encoded(header, " ".join(words[: odd[-1] + 1]))
    return "\r\n ".join([encoded, *_wrapped(words[odd[-1] + 1 :], 1)])


def _wrapped(words: Sequence[str], indent: int) -> list[str]:
    """Return words in lines of the usual length, the first of them `indent` shorter."""
    lines: list[str] = []
    room = 0
    for word in words:
        if lines and len(word) < room:
            lines[-1] += f" {word}"
            room -= len(word) + 1
        else:
            room = _LINE - (1 if lines else indent) - len(word)
            lines.append(word)
    return lines


def _encoded(header: str, line: str) -> str:
    """Return text as encoded words (RFC 2047, "Q"), none of them splitting a character."""
    words: list[str] = []
    room = 0
    for char in line:
        shown = _Q.get(char) or "".join(f"={octet:02X}" for octet in char.encode())
        if len(shown) > room:
            room = _LINE - len(_ENCODED_WORD) - (1 if words else len(header) + 2)
            words.append("")
        words[-1] += shown
        room -= len(shown)
    return "\r\n ".join(_ENCODED_WORD.format(word) for word in words)


def _clean_token(header: str, value: str) -> str:
    if not _TOKEN.fullmatch(value):
        raise Permanent(f"{one_line(value)!r} is not a value for {header}")
    return value


def _content(rendered: Rendered, files: Sequence[File], mark: str) -> bytes:
    """Return text and HTML as alternatives, images next to the HTML that shows them, files.

    Put together by hand: the headers of a text are always the same ones, and the email package
    takes a millisecond to find that out.
    """
    html = many_lines(rendered.html or "")
    shown = [file for file in files if _is_shown(file, html)]
    content = _text(many_lines(rendered.text), "plain")
    if html:
        page = _text(html, "html")
        if shown:
            page = _multipart("related", mark, [page, *(_file(f, "inline") for f in shown)])
        content = _multipart("alternative", mark, [content, page])
    others = [_file(file, "attachment") for file in files if file not in shown]
    return _multipart("mixed", mark, [content, *others]) if others else content


def _multipart(subtype: str, mark: str, parts: Sequence[bytes]) -> bytes:
    """Return parts as one (RFC 2046 section 5.1.1).

    "=_" stands in no quoted-printable and no base64 (RFC 2045 section 6.7), so that a boundary
    which begins with it needs no search through the content.
    """
    boundary = f"=_{subtype}_{mark}"
    kind, named = f"Content-Type: multipart/{subtype};", f' boundary="{boundary}"'
    gap = "" if len(kind + named) <= _LINE else "\r\n"
    between = f"\r\n--{boundary}".encode()
    head = f"{kind}{gap}{named}\r\n".encode()
    return b"".join([head, *(between + b"\r\n" + part for part in parts), between + b"--\r\n"])


def _file(file: File, disposition: str) -> bytes:
    """Return a file byte for byte, its name as RFC 2231 wants it."""
    bare = _bare_content_id(file)
    main, sub = _type(file.type)
    head = EmailMessage(_PARTS)
    head.set_content(
        b"",
        main,
        sub,
        disposition=disposition,
        filename=one_line(file.name, LONGEST_FILE_NAME) or None,
        cid=f"<{bare}>" if bare else None,
    )
    return head.as_bytes() + _base64(file.data)


def _text(text: str, subtype: str) -> bytes:
    """Encode so that no line is long and no space at the end of one is lost."""
    octets = text.encode()
    dense = len(octets) > len(text) * _DENSE
    canonical = octets.replace(b"\n", b"\r\n")  # what is encoded: RFC 2046 section 4.1.1
    encoding = "base64" if dense else "quoted-printable"
    head = (
        f'Content-Type: text/{subtype}; charset="utf-8"\r\n'
        f"Content-Transfer-Encoding: {encoding}\r\n\r\n"
    )
    return head.encode() + (_base64(canonical) if dense else _quoted_printable(canonical))


def _base64(octets: bytes) -> bytes:
    return base64.encodebytes(octets).replace(b"\n", b"\r\n")


def _quoted_printable(octets: bytes) -> bytes:
    """Encode text; b2a_qp breaks long lines as the first line ends, and with LF where none does."""
    made = binascii.b2a_qp(octets)
    return made if b"\n" in octets else made.replace(b"\n", b"\r\n")


def _is_shown(file: File, html: str) -> bool:
    """Whether the HTML shows this image: what it does not show would be hidden next to it."""
    bare = _bare_content_id(file)
    return bare is not None and f"cid:{bare}" in html


def _bare_content_id(file: File) -> str | None:
    bare = (file.content_id or "").strip("<>")
    return bare if bare and _is_id(f"<{bare}>") else None


def _type(declared: str) -> tuple[str, str]:
    """Return main and sub type; what may not be encoded, or is no type, goes as plain octets.

    RFC 2046 section 5.2 forbids base64 for messages, and without it the bytes would not survive.
    """
    main, _slash, sub = declared.lower().partition("/")
    usable = _TOKEN.fullmatch(main) and _TOKEN.fullmatch(sub)
    if not usable or main in {"message", "multipart"}:
        return "application", "octet-stream"
    return main, sub
