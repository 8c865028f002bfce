"""Text made fit for a mail: one line for a header, many lines for a body, no control characters.

Whatever people or programs typed may pass through here; nothing raises, and what comes out can be
encoded as UTF-8.
"""

import re

from mailgate.errors import Refused
from mailgate.mail.address import domain_of

SUBJECT_LIMIT = 500  # characters: what the gateway keeps of a subject and ever sends as one

_LINE_ENDS = re.compile(r"[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_CONTROLS_OF_A_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# Overrides and isolates turn the order of what follows: in a name or a subject that is a disguise.
# The plain marks (U+200E, U+200F), which right-to-left languages need, stay.
_TURNS = re.compile(r"[\u202a-\u202e\u2066-\u2069\ufeff]")
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_REPLACEMENT = "\ufffd"
# The octets of UTF-8 in which there is nothing to be replaced, but for what is found among them.
_USUAL = bytes([*b"\t\n", *range(0x20, 0x7F), *range(0x80, 0x100)])
_HIGH_CONTROLS = re.compile(rb"\xc2[\x80-\x9f]")
_SEPARATORS = ("\u2028".encode(), "\u2029".encode())

# Wider than the grammar, since addresses that break it exist; but it can end neither the angle
# brackets around it nor the line that it stands in.
_NAME = r'[^\s"(),:;<>@\[\\\]\x00-\x1f\x7f-\x9f]+'
_QUOTED_NAME = r'"(?:[^"\\\x00-\x1f\x7f-\x9f\u2028\u2029]|\\[ -~])+"'
_CARRIABLE = re.compile(rf"(?:{_QUOTED_NAME}|{_NAME})@(?:{_NAME}|\[[A-Za-z0-9:.]+\])")


def one_line(text: str, limit: int = SUBJECT_LIMIT) -> str:
    """Return `text` as one line of at most `limit` characters, spaces run together.

    A cut shows as an ellipsis, which counts.
    """
    if not text.isprintable():  # no character that is replaced here counts as printable
        spaced = _CONTROLS_OF_A_LINE.sub(" ", _TURNS.sub("", text))
        text = _SURROGATES.sub(_REPLACEMENT, spaced)
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"


def many_lines(text: str) -> str:
    r"""Return `text` with every line end as `\n` and no control character but that and the tab."""
    text = text.replace("\r\n", "\n")
    if _is_usual(text):
        return text
    return _SURROGATES.sub(_REPLACEMENT, _CONTROLS.sub("", _LINE_ENDS.sub("\n", text)))


def _is_usual(text: str) -> bool:
    """Whether there is nothing left to be replaced, as in most mails."""
    try:
        octets = text.encode()
    except UnicodeEncodeError:  # surrogates
        return False
    if octets.translate(None, _USUAL) or _HIGH_CONTROLS.search(octets):
        return False
    return not any(separator in octets for separator in _SEPARATORS)


def carried(address: str) -> str:
    """Return `address` as a header or an SMTP command may carry it, its domain in ASCII.

    A local part beyond ASCII stays as it is (RFC 6531). Raises Refused for what could be read as
    more than one address, or as the end of the line.
    """
    if not _CARRIABLE.fullmatch(address) or _SURROGATES.search(address):
        raise Refused(f"{one_line(address)!r} is not an address that a mail can carry")
    local, _at, domain = address.rpartition("@")
    return address if domain.isascii() else f"{local}@{domain_of(address)}"
