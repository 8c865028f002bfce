"""One value for one mail, whichever way and however often it comes.

A mail that arrives by SMTP and is seen again in a mailbox differs in Received, Delivered-To, marks
of filters and line ends. None of these enters the digest.
"""

import hashlib
from collections.abc import Sequence

from mailgate.mail.headers import Field

_STABLE = ("from", "date", "message-id", "subject")


def fingerprint(raw: bytes, body: int, fields: Sequence[Field]) -> str:
    """Return the hexadecimal SHA-256 of the body, from the offset `body`, and the stable fields.

    Line ends, the folding of fields and line ends at the end of the body do not matter.
    """
    digest = hashlib.sha256()
    for name in _STABLE:
        for field in fields:
            if field.name == name:
                digest.update(name.encode() + b":" + b" ".join(field.value.split()) + b"\n")
    content = raw[body:]
    if b"\r" in content:
        content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    digest.update(b"\n" + content.rstrip(b"\n"))
    return digest.hexdigest()
