"""The sentences of the SMTP dialogue that more than one place says, and their status codes.

Each reply carries an enhanced status code (RFC 3463) as ENHANCEDSTATUSCODES promises (RFC 2034).
"""

from mailgate.intake.data import Flaw

LATER = "451 4.3.0 Cannot take the mail now, please try again"
GOODBYE = "421 4.3.2 Going down, please come again"
TOO_MANY_ERRORS = "421 4.7.0 Too many errors, goodbye"
BARE_NEWLINE = "521 5.5.2 A line does not end with CR LF, goodbye"
IDLE = "421 4.4.2 Too long without a word"
TOO_BIG = "552 5.3.4 The mail is larger than the limit"
NO_ROOM = "452 4.3.1 Too much mail at once, please try again"
NO_DISK = "452 4.3.1 No room for mail now, please try again"

FLAWED = {
    Flaw.TOO_BIG: TOO_BIG,
    Flaw.BARE_NEWLINE: "550 5.6.11 A line of the mail does not end with CR LF",
    Flaw.NO_ROOM: NO_ROOM,
}

# Replies that aiosmtpd words itself have none: they get what fits their code.
_CODES = {
    b"221": b"2.0.0",
    b"250": b"2.0.0",
    b"454": b"4.7.0",
    b"500": b"5.5.2",
    b"501": b"5.5.4",
    b"503": b"5.5.1",
}
_TLS_READY = b"220 Ready to start TLS"  # the one 220 that is no greeting


def enhanced(reply: bytes) -> bytes:
    """Return a reply of one line with an enhanced status code, if it should have one."""
    if reply == _TLS_READY:
        return b"220 2.0.0 Ready to start TLS"
    code = _CODES.get(reply[:3])
    if code is None or reply[3:4] != b" " or reply[5:6] == b".":
        return reply
    return reply[:4] + code + reply[3:]
