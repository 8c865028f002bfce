"""winmail.dat: the body and the files that Outlook wraps into one part (MS-OXTNEF).

Every value is a slice of the stream at a length that is checked, so work and memory are linear in
its size; messages inside messages are read to a fixed depth. Nothing raises: a stream that breaks
off gives what came before.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from mailgate.mail import charset, rtf

SIGNATURE = b"\x78\x9f\x3e\x22"

_DEEPEST = 5  # messages inside each other
_MOST = 1000  # files of one stream

# The lower half of the attribute ids of MS-OXTNEF section 2.1.3.3; the upper half is their type.
_BODY, _MESSAGE_PROPERTIES, _CODEPAGE = 0x800C, 0x9003, 0x9007
_RENDERING, _TITLE, _DATA, _FILE_PROPERTIES = 0x9002, 0x8010, 0x800F, 0x9005

# Property ids of MS-OXPROPS.
_TEXT, _RTF, _HTML = 0x1000, 0x1009, 0x1013
_OBJECT, _NAME, _LONG_NAME, _MIME, _CONTENT_ID = 0x3701, 0x3704, 0x3707, 0x370E, 0x3712

_UNICODE, _EMBEDDED = 0x1F, 0x0D
_NAMED = 0x8000  # property ids from here on come with a name
_MULTIPLE = 0x1000
_SIZES = {0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4}
_SIZES |= {0x14: 8, 0x40: 8, 0x48: 16}
_IS_MESSAGE = bytes.fromhex("0703020000000000c000000000000046")  # IID_IMessage


@dataclass(frozen=True, slots=True)
class Entry:
    """A file: its name and type as the stream gives them, "" where it does not."""

    name: str
    type: str
    content_id: str | None
    data: bytes


@dataclass(frozen=True, slots=True)
class Contents:
    """What a stream holds; `text` and `html` are the message itself, `whole` if nothing broke."""

    files: tuple[Entry, ...] = ()
    text: str = ""
    html: str = ""
    whole: bool = False


@dataclass(slots=True)
class _File:
    name: str = ""
    long_name: str = ""
    type: str = ""
    content_id: str = ""
    data: bytes = b""
    message: bytes = b""


@dataclass(slots=True)
class _Message:
    files: list[_File] = field(default_factory=list)
    codepage: str = "cp1252"
    text: str = ""
    html: str = ""
    rtf: bytes = b""


class _BrokenOff(Exception):
    """The stream ends where something must follow."""


def read(data: bytes, depth: int = 0) -> Contents:
    """Return what the stream `data` holds, as far as it can be read."""
    if not data.startswith(SIGNATURE):
        return Contents()
    message = _Message()
    whole = True
    try:
        _read_attributes(data, message)
    except _BrokenOff:
        whole = False
    files: list[Entry] = []
    for found in message.files:
        files += _entries(found, depth)
    text, html = message.text, message.html
    if message.rtf and not (text.strip() or html):
        text = rtf.text(message.rtf)
    if message.rtf and not (text.strip() or html):
        files.append(Entry("body.rtf", "application/rtf", None, message.rtf))
    return Contents(tuple(files[:_MOST]), text, html, whole)


def _entries(found: _File, depth: int) -> list[Entry]:
    name = found.long_name or found.name
    if not found.message:
        return [Entry(name, found.type.lower(), found.content_id.strip("<> ") or None, found.data)]
    if depth == _DEEPEST:
        return [Entry(name, "application/ms-tnef", None, found.message)]
    inner = read(found.message, depth + 1)
    said = inner.text or inner.html
    entries = list(inner.files)
    if said:
        type_, ending = ("text/plain", ".txt") if inner.text else ("text/html", ".html")
        octets = said.encode("utf-8", "replace")
        entries.insert(0, Entry(f"{name or 'message'}{ending}", type_, None, octets))
    return entries


def _read_attributes(data: bytes, message: _Message) -> None:
    """Read level, id, length, value and checksum, over and over (section 2.1.3)."""
    at = len(SIGNATURE) + 2  # the key that follows says nothing
    while at < len(data):
        at, _ = _number(data, at, "<B")
        at, id_ = _number(data, at, "<I")
        at, value = _sized(data, at)
        _take_attribute(id_ & 0xFFFF, value, message)
        at += 2


def _take_attribute(id_: int, value: bytes, message: _Message) -> None:
    if id_ == _RENDERING:
        message.files.append(_File())
    elif id_ == _CODEPAGE and len(value) >= 4:  # noqa: PLR2004 - two numbers of four octets
        message.codepage = f"cp{struct.unpack_from('<I', value)[0]}"
    elif id_ == _BODY:
        message.text = message.text or _string(value, message.codepage)
    elif id_ == _MESSAGE_PROPERTIES:
        for number, kind, found in _properties(value):
            _take_of_message(number, kind, found, message)
    elif message.files:
        _take_file_attribute(id_, value, message.files[-1], message.codepage)


def _take_file_attribute(id_: int, value: bytes, file: _File, codepage: str) -> None:
    if id_ == _TITLE:
        file.name = _string(value, codepage)
    elif id_ == _DATA:
        file.data = value
    elif id_ == _FILE_PROPERTIES:
        for number, kind, found in _properties(value):
            _take_of_file(number, kind, found, file, codepage)


def _take_of_message(number: int, kind: int, value: bytes, message: _Message) -> None:
    if number == _TEXT:
        message.text = _words(kind, value, message.codepage)
    elif number == _HTML:
        message.html = _words(kind, value, message.codepage)
    elif number == _RTF:
        message.rtf = rtf.decompress(value)


def _take_of_file(number: int, kind: int, value: bytes, file: _File, codepage: str) -> None:
    if number == _OBJECT:
        if kind == _EMBEDDED and value.startswith(_IS_MESSAGE):
            file.message = value[len(_IS_MESSAGE) :]
        else:
            file.data = file.data or value
    elif number == _LONG_NAME:
        file.long_name = _words(kind, value, codepage)
    elif number == _NAME:
        file.name = file.name or _words(kind, value, codepage)
    elif number == _MIME:
        file.type = _words(kind, value, codepage)
    elif number == _CONTENT_ID:
        file.content_id = _words(kind, value, codepage)


def _properties(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield id, type and first value of each property of a list (section 2.1.3.4)."""
    at, count = _number(data, 0, "<I")
    for _ in range(count):
        at, kind = _number(data, at, "<H")
        at, id_ = _number(data, at, "<H")
        if id_ >= _NAMED:
            at = _past_name(data, at)
        at, value = _value(data, at, kind)
        yield id_, kind & ~_MULTIPLE, value


def _past_name(data: bytes, at: int) -> int:
    at, by_string = _number(data, at + 16, "<I")
    at, length = _number(data, at, "<I")
    return at + _padded(length) if by_string else at


def _value(data: bytes, at: int, kind: int) -> tuple[int, bytes]:
    count = 1
    size = _SIZES.get(kind & ~_MULTIPLE)
    if kind & _MULTIPLE or size is None:
        at, count = _number(data, at, "<I")
    if size is not None:
        end = at + size * count
        if end > len(data):
            raise _BrokenOff
        return end, data[at : at + size]
    first = b""
    for index in range(count):
        start = at
        at, value = _sized(data, at)
        first = first if index else value
        at = start + 4 + _padded(at - start - 4)
    return at, first


def _padded(length: int) -> int:
    return (length + 3) & ~3


def _number(data: bytes, at: int, form: str) -> tuple[int, int]:
    try:
        return at + struct.calcsize(form), struct.unpack_from(form, data, at)[0]
    except struct.error:
        raise _BrokenOff from None


def _sized(data: bytes, at: int) -> tuple[int, bytes]:
    at, length = _number(data, at, "<I")
    if at + length > len(data):
        raise _BrokenOff
    return at + length, data[at : at + length]


def _words(kind: int, value: bytes, codepage: str) -> str:
    return _string(value, "utf-16-le" if kind == _UNICODE else codepage)


def _string(value: bytes, label: str) -> str:
    return charset.decode(value, label).text.rstrip("\0")
