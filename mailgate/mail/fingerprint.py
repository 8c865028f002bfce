"""One value for one mail, whichever way and however often it comes.

A mail that arrives by SMTP and is seen again in a mailbox differs in Received, Delivered-To, marks
of filters and line ends. None of these enters the digest.
"""

import hashlib
from collections.abc import Iterator, Sequence

from mailgate.mail.headers import Field

_BLOCK = 32 * 1024  # octets: what fits into a processor's nearest memory
_STABLE = ("from", "date", "message-id", "subject")


def fingerprint(raw: bytes, body: int, fields: Sequence[Field]) -> str:
    """Return the hexadecimal SHA-256 of the body, from the offset `body`, and the stable fields.

    A CR, the folding of fields and line ends at the end of the body do not matter.
    """
    digest = hashlib.sha256()
    for name in _STABLE:
        for field in fields:
            if field.name == name:
                digest.update(name.encode() + b":" + b" ".join(field.value.split()) + b"\n")
    digest.update(b"\n")
    ends = 0  # line ends not digested yet: they count only where something follows
    for block in _normalised(raw, body):
        content = block.rstrip(b"\n")
        if content:
            digest.update(b"\n" * ends)
            digest.update(content)
            ends = 0
        ends += len(block) - len(content)
    return digest.hexdigest()


def _normalised(raw: bytes, start: int) -> Iterator[bytes]:
    """Yield `raw` from `start` without any CR, in blocks, so as not to copy a large mail."""
    for at in range(start, len(raw), _BLOCK):
        yield raw[at : at + _BLOCK].translate(None, b"\r")
