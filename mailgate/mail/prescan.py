"""The first look at a mail: one linear pass over its header, before any parser sees it.

What exceeds a limit is left out here and named, so that nothing after this module has to fear the
amount of anything in the header. Depth and parts are counted by the part reader, which stops by
itself at the same limits.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mailgate.mail import headers, params
from mailgate.mail.headers import Field

ADDRESS_FIELDS = ("from", "to", "cc", "reply-to")

_LEADING_BLANK_LINES = re.compile(rb"[\r\n]*+(?=[!-9;-~]+:)")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of one mail is read; octets unless said otherwise."""

    size: int = 25 * 1024 * 1024
    header_block: int = 256 * 1024
    header: int = 64 * 1024  # one field
    headers: int = 1000  # fields in one block
    parts: int = 1000
    depth: int = 50  # multiparts inside each other
    attachments: int = 200
    name: int = 255  # an attachment's, in UTF-8
    addresses: int = 2000  # in all address fields together
    encoded_words: int = 1000  # in one field
    references: int = 50  # message ids, the last ones
    subject: int = 500  # characters
    text: int = 1024 * 1024  # characters
    links: int = 5000  # in one HTML part: of which the text says where they lead


DEFAULTS = Limits()


# Counted before anything is read; a mail with more of one of them is read apart (`is_odd`). First
# comes a part of theirs: of a single octet there are nearly always too few, which is told sooner.
_MANY = (
    (b"-", (b"\n--", b"\r--"), 200),  # lines that may begin a part
    (b"?", (b"=?",), 1000),  # encoded words
    (b"<", (b"<",), 50_000),  # tags
)
_NO_MARKS = bytes(octet for octet in range(256) if octet not in b"-?<")
_WRITTEN_IN, _MOST_WRITTEN_IN = b"\nbegin ", 20  # files in the text itself
_LONG_HEADER = 65_536
_END_OF_HEADER = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_LARGE = 1024 * 1024
_WRAPPED = re.compile(rb"application/(?:vnd\.)?ms-tnef|winmail\.dat", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Scan:
    """The header fields within the limits, where the body lies, and what was left out, in words.

    `charset` is what the top Content-Type declares: a mail of one part has it for its header too,
    if anything there is beyond ASCII.
    """

    fields: tuple[Field, ...]
    body: int
    end: int
    over: tuple[str, ...]
    too_big: bool
    charset: str | None


def prescan(raw: bytes, limits: Limits) -> Scan:
    """Cut the header of `raw` down to `limits`."""
    over: list[str] = []
    end = min(len(raw), limits.size)
    if len(raw) > limits.size:
        over.append(f"mail over {limits.size} octets")
    leading = _LEADING_BLANK_LINES.match(raw, 0, end)
    start = leading.end() if leading else 0
    block = headers.split(raw, start, end, size=limits.header_block, count=limits.headers)
    over += block.over
    addresses = limits.addresses
    fields = []
    for field in block.fields:
        value = _cut(field, limits, over)
        if field.name in ADDRESS_FIELDS:
            value, addresses = _addresses(value, addresses, over, limits)
        fields.append(field if value is field.value else Field(field.name, value))
    return Scan(
        fields=tuple(fields),
        body=block.body,
        end=end,
        over=tuple(dict.fromkeys(over)),
        too_big=len(raw) > end,
        charset=None if all(field.value.isascii() for field in fields) else _charset(fields),
    )


def is_odd(raw: bytes) -> bool:
    """Tell whether reading `raw` might take long, from facts that are counted in no time.

    All readers are linear, so this is for what they may have wrong: many parts, encoded words, tags
    or embedded files, a huge header, a large winmail.dat (which is unpacked in Python).
    """
    marks = raw.translate(None, _NO_MARKS)  # few of all octets, and they are counted thrice
    for mark, tokens, most in _MANY:
        if marks.count(mark) > most and any(raw.count(token) > most for token in tokens):
            return True
    if raw.count(_WRITTEN_IN) > _MOST_WRITTEN_IN:
        return True
    if len(raw) > _LONG_HEADER and not _END_OF_HEADER.search(raw, 0, _LONG_HEADER):
        return True
    return len(raw) > _LARGE and _WRAPPED.search(raw) is not None


def _charset(fields: Sequence[Field]) -> str | None:
    for field in fields:
        if field.name == "content-type":
            declared = params.read(field.value)[1].get("charset")
            return declared.value.decode("latin-1") if declared else None
    return None


def _cut(field: Field, limits: Limits, over: list[str]) -> bytes:
    """Return the value of one field, cut to its size and number of encoded words."""
    value = field.value
    if len(value) > limits.header:
        over.append(f"header field over {limits.header} octets")
        value = value[: limits.header]
    if value.count(b"=?") > limits.encoded_words:
        over.append(f"more than {limits.encoded_words} encoded words in a field")
        value = value[: _nth(value, b"=?", limits.encoded_words)]
    return value


def _addresses(value: bytes, left: int, over: list[str], limits: Limits) -> tuple[bytes, int]:
    """Return an address field with at most `left` addresses, and how many may still come."""
    count = value.count(b"@")
    if count <= left:
        return value, left - count
    over.append(f"more than {limits.addresses} addresses")
    kept = value[: _nth(value, b"@", left)]
    return kept[: kept.rfind(b",") + 1], 0


def _nth(value: bytes, token: bytes, n: int) -> int:
    """Return the offset of the token that follows the first `n`."""
    at = -1
    for _ in range(n + 1):
        at = value.find(token, at + 1)
    return at
