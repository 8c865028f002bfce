"""Files written into the text of a mail by uuencode (POSIX), as was usual before MIME."""

import binascii
import re
from dataclasses import dataclass

_BEGIN = re.compile(rb"^begin [0-7]{3,4} ([^\r\n]{1,300}?)[ \t]*\r?$", re.MULTILINE)
_END = re.compile(rb"\s*+end[ \t]*+\r?(?:\n|\Z)")
_MOST_PADDING = 4
_MOST = 200  # files in one text


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in a text, and whether its lines were well formed."""

    name: bytes
    data: bytes
    whole: bool


def split(text: bytes) -> tuple[bytes, tuple[Entry, ...]]:
    """Return `text` without the files written into it, and these.

    Only what has at least one well-formed line after `begin` is a file; one that breaks off ends
    where its lines do.
    """
    if b"begin" not in text:
        return text, ()
    kept: list[bytes] = []
    entries: list[Entry] = []
    at = 0
    while len(entries) < _MOST and (begin := _BEGIN.search(text, at)):
        data, end, whole = _lines(text, begin.end() + 1)
        if data:
            kept.append(text[at : begin.start()])
            entries.append(Entry(begin[1], data, whole))
        else:
            kept.append(text[at:end])
        at = end
    return b"".join([*kept, text[at:]]), tuple(entries)


def _lines(text: bytes, at: int) -> tuple[bytes, int, bool]:
    """Return the octets of the lines from `at`, where they end, and whether by `end`."""
    out = bytearray()
    while at < len(text):
        stop = text.find(b"\n", at)
        stop = len(text) if stop < 0 else stop
        octets = line_octets(text[at:stop].rstrip(b"\r"))
        if octets is None:
            break
        out += octets
        at = stop + 1
    end = _END.match(text, at)
    return bytes(out), end.end() if end else min(at, len(text)), end is not None


def line_octets(line: bytes) -> bytes | None:
    """Return what one line stands for; None for one that is not of this kind.

    Some writers pad the last group wrongly, and some relays cut blanks off the end.
    """
    bare = line.rstrip()
    if not bare or bare == b"end":
        return None
    length = (bare[0] - 32) & 63
    digits = (length + 2) // 3 * 4
    if len(bare) - 1 > digits + _MOST_PADDING or len(line) - 1 < digits - _MOST_PADDING:
        return None
    try:
        return binascii.a2b_uu(bare[: 1 + digits].ljust(1 + digits))
    except binascii.Error:
        return None
