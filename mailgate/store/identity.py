"""What tells one mail from another before it is read: its bytes, and the name it bears."""

import re
from datetime import datetime
from hashlib import sha256

_HEADER = 64 * 1024  # octets in which a Message-ID is looked for
_NAMES_IT = b"\nmessage-id:"
_ID = re.compile(rb"(?:\r?\n[ \t]|[ \t])*(<[!-;=?-~]{1,990}>)")
ANONYMOUS = 600
"""Seconds in which the same words without a Message-ID are the same mail."""


def identity(raw: bytes, received_at: datetime) -> str:
    """Return what tells two mails apart.

    Bytes with a Message-ID are one mail whenever they come again. Without one they may be another
    alarm in the same words: only what comes again at once is a sender who heard no answer.
    """
    digest = sha256(raw)
    if _named_at(raw) < 0:
        digest.update(b"%d" % (received_at.timestamp() // ANONYMOUS))
    return digest.hexdigest()


def _named_at(raw: bytes) -> int:
    """Return where the first line ends that begins with Message-ID and a colon; -1: nowhere.

    In lower case and with a line end in front: a search that may ignore case takes 100 times as
    long.
    """
    found = (b"\n" + raw[:_HEADER]).lower().find(_NAMES_IT)
    return found if found < 0 else found + len(_NAMES_IT) - 1


def message_id(raw: bytes) -> str | None:
    """Return the Message-ID in a mail's header as most programs write it; else None."""
    at = _named_at(raw)
    found = _ID.match(raw, at) if at >= 0 else None
    if found is None or any(raw.find(end, 0, at) >= 0 for end in (b"\n\r\n", b"\n\n")):
        return None
    return found[1].decode("ascii")
