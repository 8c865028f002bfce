"""Content-Transfer-Encodings undone (RFC 2045 section 6), for what is well and what is ill formed.

Nothing raises: what cannot be decoded is given as far as it goes.
"""

import binascii
import re

_TOKEN = re.compile(rb"[\s\"']*([A-Za-z0-9-]+)")
_NOT_BASE64 = re.sub(rb"[A-Za-z0-9+/]", b"", bytes(range(256)))
_WELL_FORMED = re.sub(rb"[^A-Za-z0-9+/=\s]", b"", bytes(range(256)))
_PADDED_BREAK = re.compile(rb"=[ \t]++(?=\r?\n|\Z)")  # blanks that a relay put there, section 6.7
_UU_BEGIN = re.compile(rb"^begin [0-7]{3,4} .*\r?\n", re.MULTILINE)
_UU = frozenset({"x-uuencode", "uuencode", "uue", "x-uue"})


def name(value: bytes) -> str:
    """Return the encoding that a Content-Transfer-Encoding field names, `7bit` when none does."""
    token = _TOKEN.match(value)
    return token[1].decode("ascii").lower() if token else "7bit"


def decode(data: bytes, encoding: str) -> tuple[bytes, bool]:
    """Return the decoded octets, and whether they were well formed.

    An unknown encoding is taken for none, as RFC 2045 section 6.4 leaves no better reading.
    """
    if encoding == "base64":
        return _base64(data)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(_PADDED_BREAK.sub(b"=", data)), True
    if encoding in _UU:
        return _uu(data)
    return data, True


def _base64(data: bytes) -> tuple[bytes, bool]:
    try:
        return binascii.a2b_base64(data), not data.translate(None, _WELL_FORMED)
    except binascii.Error:
        pass
    digits = data.partition(b"=")[0].translate(None, _NOT_BASE64)
    whole = len(digits) - (len(digits) % 4 == 1)
    return binascii.a2b_base64(digits[:whole] + b"=="), False


def _uu(data: bytes) -> tuple[bytes, bool]:
    begin = _UU_BEGIN.search(data)
    if begin is None:
        return data, False
    out = bytearray()
    for line in data[begin.end() :].splitlines():
        if line.strip() in (b"end", b"`", b""):
            break
        try:
            out += binascii.a2b_uu(line)
        except binascii.Error:
            # Some writers pad the last group wrongly; its first octets are still right.
            count = (((line[0] - 32) & 63) * 4 + 5) // 3
            try:
                out += binascii.a2b_uu(line[:count])
            except binascii.Error:
                return bytes(out), False
    return bytes(out), True
