"""Header fields, as bytes and as words.

Splitting follows RFC 5322 section 2.2 and, where that is broken, what the standard library and
the MTAs do: the first line that is no field ends the block. Encoded words follow RFC 2047, read
leniently. All of it is linear in its input and raises nothing.
"""

import binascii
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mailgate.mail import charset, plain

# A line goes on with a field when it is indented; or, as some programs write it, when it is a
# parameter and the line before it ends with a semicolon.
_PARAMETER = rb"(?:(?<=;\r\n)|(?<=;[\r\n]))(?=[A-Za-z0-9*_.-]{1,60}+=)"
_FIELD = re.compile(
    rb"([!-9;-~]*+)[ \t]*+:([^\r\n]*+(?>(?:(?:\r\n|\n|\r)(?:[ \t]|"
    + _PARAMETER
    + rb")[^\r\n]*+)*))(?:\r\n|\n|\r|\Z)"
)
_NO_FIELD_YET = re.compile(rb"(?:>?From (?![ \t]*+:)|[ \t])[^\r\n]*+(?:\r\n|\n|\r|\Z)")
_BLANK = re.compile(rb"\r\n|\n|\r")
_END_OF_BLOCK = re.compile(rb"\r\n\r\n|\n\r?\n|\r\r")
_WORD = re.compile(r"=\?([^?\s]{1,80})\?([bq])\?([^?]*)\?=", re.IGNORECASE)
LONGEST_ID = 990
"""Octets of a message id; a longer one fits no line (RFC 5322 section 2.1.1) and no index."""
_MESSAGE_ID = re.compile(r"<([^<>]{1,990})>")
_BARE_ID = re.compile(r"[^<>@]{1,500}@[^<>@]{1,480}")
_NOT_BASE64 = re.sub(rb"[A-Za-z0-9+/]", b"", bytes(range(256)))


@dataclass(frozen=True, slots=True)
class Field:
    """One header field: its name in lower case, its value in the bytes and folds it came with."""

    name: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Block:
    """The fields of a header block, the offset at which the body begins, and what was too much."""

    fields: tuple[Field, ...]
    body: int
    over: tuple[str, ...]


def split(raw: bytes, start: int, end: int, *, size: int, count: int) -> Block:
    """Read the header block of `raw[start:end]`, at most `size` octets and `count` fields of it.

    A line of an mbox file (`From `) or a continuation in front of the first field is passed over.
    """
    last = min(end, start + size)
    if raw[last - 1 : last + 1] == b"\r\n":
        last -= 1
    at = start
    while skipped := _NO_FIELD_YET.match(raw, at, last):
        at = skipped.end()
    fields: list[Field] = []
    while (match := _FIELD.match(raw, at, last)) and len(fields) < count:
        fields.append(Field(match[1].decode("ascii").lower(), match[2]))
        at = match.end()
    over = _over(raw, at, last, end, more=match is not None, size=size, count=count)
    if over:
        found = _END_OF_BLOCK.search(raw, max(start, at - 2), end)
        return Block(tuple(fields), found.end() if found else end, (over,))
    blank = _BLANK.match(raw, at, end)
    return Block(tuple(fields), blank.end() if blank else at, ())


def _over(raw: bytes, at: int, last: int, end: int, *, more: bool, size: int, count: int) -> str:
    """Return which limit ended the reading at `at`, "" for none."""
    if more:
        return f"more than {count} header fields"
    ended = raw[at - 1 : at] in (b"\r", b"\n") and _BLANK.match(raw, at, end)
    return f"header block over {size} octets" if at == last < end and not ended else ""


def text(value: bytes, limit: int = 65_536, label: str | None = None) -> str:
    """Return a field's value unfolded, decoded and on one clean line of at most `limit`.

    `label` is the charset of the mail's body, for octets that stand in the header undeclared.
    """
    if b"=?" not in value and value.isascii():
        line = b" ".join(value.split()).decode("ascii")
        if line.isprintable() and len(line) <= limit:
            return line  # nearly every field: nothing in it needs more than unfolding
    return plain.one_line(words(characters(value, label)), limit)


def characters(value: bytes, label: str | None = None) -> str:
    """Return a field's value as characters, its encoded words left as they are.

    Octets beyond ASCII are UTF-8 (RFC 6532) or, from old programs, of the body's charset.
    """
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return charset.decode(value, label).text


def words(value: str) -> str:
    """Return `value` with its encoded words decoded (RFC 2047), white space between them dropped.

    Neighbours of one charset are joined before decoding: programs split characters of several
    octets between two words.
    """
    if "=?" not in value:
        return value
    out: list[str] = []
    label, octets, at = "", bytearray(), 0
    for word in _WORD.finditer(value):
        gap = value[at : word.start()]
        adjacent = at > 0 and not gap.strip()
        charset_now = word[1].lower().partition("*")[0]  # RFC 2231 section 5 adds a language
        if not adjacent or charset_now != label:
            out.append(charset.decode(bytes(octets), label).text)
            octets.clear()
        if not adjacent:
            out.append(gap)
        label, at = charset_now, word.end()
        octets += _octets(word[2], word[3].encode("utf-8", "replace"))
    out += (charset.decode(bytes(octets), label).text, value[at:])
    return "".join(out)


def _octets(encoding: str, data: bytes) -> bytes:
    if encoding in "qQ":
        return binascii.a2b_qp(data, header=True)
    digits = data.translate(None, _NOT_BASE64)
    whole = len(digits) - (len(digits) % 4 == 1)
    return binascii.a2b_base64(digits[:whole] + b"==")


def message_ids(values: Iterable[str]) -> Iterator[str]:
    """Yield the message ids in decoded values of Message-ID, In-Reply-To or References.

    Each comes with its angle brackets (RFC 5322 section 3.6.4), without the blanks that folding
    left inside; an id that lacks the brackets gets them.
    """
    for value in values:
        bracketed = [inner[1] for inner in _MESSAGE_ID.finditer(value)]
        for found in bracketed or filter(_BARE_ID.fullmatch, value.split()):
            inner = "".join(found.split())
            if inner and len(inner.encode("utf-8", "replace")) <= LONGEST_ID:
                yield f"<{inner}>"
