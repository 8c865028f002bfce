"""The rich text of Outlook's mails: unpacked (MS-OXRTFCP), and its words without their looks.

Linear, and what is unpacked stays within a limit, however much a stream promises.
"""

import re
import struct

from mailgate.mail import charset

LARGEST = 4 * 1024 * 1024
"""Octets that are unpacked; the packing makes 17 of 2 at most, so a small stream is no bomb."""

_COMPRESSED, _PLAIN = b"LZFu", b"MELA"
_HEADER = struct.Struct("<II4sI")  # size, size unpacked, kind, checksum
_WINDOW = 4096
_FIRST_WORDS = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern "
    b"\\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0"
    b"\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)  # what the window holds to begin with, section 2.1.2.1

_TOKEN = re.compile(
    rb"\\(?:'([0-9a-fA-F]{2})|([a-zA-Z]{1,32})(-?\d{1,10})? ?|([^a-zA-Z']))|([{}])|([^\\{}]+)"
)
_BREAKS = {b"par": "\n", b"line": "\n", b"row": "\n", b"tab": "\t", b"cell": "\t"}
_NOT_TEXT = frozenset({b"fonttbl", b"colortbl", b"stylesheet", b"info", b"pict", b"object"})
_DEEPEST = 1000  # groups


def decompress(data: bytes) -> bytes:
    """Return the RTF in a PR_RTF_COMPRESSED value; as far as it goes where it is broken."""
    if len(data) < _HEADER.size:
        return b""
    _, size, kind, _ = _HEADER.unpack_from(data)
    size = min(size, LARGEST)
    if kind == _PLAIN:
        return data[_HEADER.size : _HEADER.size + size]
    if kind != _COMPRESSED:
        return b""
    out = bytearray(_FIRST_WORDS)
    start = len(out)
    at = _HEADER.size
    while at < len(data) and len(out) - start < size:
        flags = data[at]
        at += 1
        for bit in range(8):
            if not flags >> bit & 1:
                out += data[at : at + 1]
                at += 1
                continue
            if at + 2 > len(data):
                break
            offset, length = data[at] << 4 | data[at + 1] >> 4, (data[at + 1] & 0xF) + 2
            at += 2
            if not _copy(out, offset, length):
                return bytes(out[start : start + size])
    return bytes(out[start : start + size])


def _copy(out: bytearray, offset: int, length: int) -> bool:
    """Append `length` octets from the window's `offset`; False at the mark of the end."""
    back = (len(out) - offset) % _WINDOW
    if back == 0 or back > len(out):
        return False
    for _ in range(length):
        out.append(out[-back])
    return True


def text(data: bytes) -> str:
    """Return the words of an RTF document; where it wraps HTML, the words of that."""
    if not data.startswith(b"{\\rtf"):
        return ""
    reader = _Reader()
    for token in _TOKEN.finditer(data):
        reader.take(token)
    reader.flush()
    units = "".join(reader.out).encode("utf-16-le", "surrogatepass")
    return units.decode("utf-16-le", "replace").strip()  # characters may come as two halves


class _Reader:
    """Walks over tokens; a group that is no text is passed over with all in it."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self._octets = bytearray()
        self._codepage = "cp1252"
        self._depth = 0
        self._silent_from = _DEEPEST + 1
        self._after_unicode = 0

    def take(self, token: re.Match[bytes]) -> None:
        octet, word, number, symbol, brace, words = token.groups()
        if brace:
            self._group(brace)
        elif self._silent:
            return
        elif octet:
            self._add(bytes.fromhex(octet.decode()))
        elif word:
            self._control(word, number)
        elif symbol:
            self._symbol(symbol)
        else:
            self._add(words.replace(b"\r", b"").replace(b"\n", b""))

    @property
    def _silent(self) -> bool:
        return self._depth >= self._silent_from

    def _group(self, brace: bytes) -> None:
        self._depth += 1 if brace == b"{" else -1
        if self._depth < self._silent_from:
            self._silent_from = _DEEPEST + 1

    def _control(self, word: bytes, number: bytes | None) -> None:
        if word in _BREAKS:
            self.flush()
            self.out.append(_BREAKS[word])
        elif word == b"u" and number:
            self.flush()
            self.out.append(chr(int(number) & 0xFFFF))
            self._after_unicode = 1
        elif word == b"ansicpg" and number:
            self._codepage = f"cp{int(number)}"
        elif word in _NOT_TEXT:
            self._silent_from = self._depth

    def _symbol(self, symbol: bytes) -> None:
        if symbol == b"*":
            self._silent_from = self._depth
        elif symbol in b"\\{}":
            self._add(symbol)
        elif symbol == b"~":
            self._add(b" ")
        elif symbol in b"\r\n":
            self._control(b"par", None)

    def _add(self, octets: bytes) -> None:
        self._octets += octets[self._after_unicode :]
        self._after_unicode = 0

    def flush(self) -> None:
        """Turn the octets since the last break into characters."""
        if self._octets:
            self.out.append(charset.decode(bytes(self._octets), self._codepage).text)
            self._octets.clear()
