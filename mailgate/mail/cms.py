"""The content of an opaquely signed mail (S/MIME, RFC 8551 section 3.5.2) out of its wrapping.

One walk over tags and lengths (X.690) from the front, into everything that is constructed, so that
lengths left open need no care. No signature is checked, and what comes out is believed no more than
any mail. Linear; nothing raises.
"""

from collections.abc import Iterator

_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")  # RFC 5652 section 5.1
_DATA = bytes.fromhex("2a864886f70d010701")
_OID, _OCTETS, _CONSTRUCTED = 0x06, 0x04, 0x20
_WRAPPING = frozenset({0x00, 0xA0, _OCTETS | _CONSTRUCTED})  # around and between pieces of content
_OPEN = 0x80  # a length that is not said; in others, how many octets say it
_MOST_OF_LENGTH = 4


def content(data: bytes) -> bytes | None:
    """Return the mail part that the file `data` wraps; None if it is of another kind or empty."""
    pieces: list[bytes] = []
    kind = seen = False
    for tag, value in _values(data):
        if not kind:
            if tag == _OID and value != _SIGNED_DATA:
                return None
            kind = tag == _OID
        elif not seen:
            seen = tag == _OID and value == _DATA  # the digest algorithms come before
        elif tag == _OCTETS:
            pieces.append(value)
        elif tag not in _WRAPPING:
            break
    return b"".join(pieces) or None


def _values(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield each tag with its value, that of a constructed one empty: its parts follow."""
    at = 0
    while at + 2 <= len(data):
        tag, length, at = data[at], data[at + 1], at + 2
        if length > _OPEN:
            count = length & ~_OPEN
            length, at = int.from_bytes(data[at : at + min(count, _MOST_OF_LENGTH)]), at + count
            if count > _MOST_OF_LENGTH:
                return
        if tag & _CONSTRUCTED:
            yield tag, b""
        elif at + length <= len(data):
            yield tag, data[at : at + length]
            at += length
        else:
            return
