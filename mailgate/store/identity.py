"""What tells one mail from another before it is read: its bytes, and the name it bears."""

import re
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

_HEADER = 64 * 1024  # octets in which a Message-ID is looked for
_NAMES_IT = b"\nmessage-id:"
_TRACES_IT = b"\nreceived:"
_ID = re.compile(rb"(?:\r?\n[ \t]|[ \t])*(<[!-;=?-~]{1,990}>)")
ANONYMOUS = 600
"""Seconds in which the same words without a Message-ID are the same mail."""


class Identity(NamedTuple):
    """`digest` tells two mails apart; `rfc_id` is the Message-ID as most programs write it."""

    digest: str
    rfc_id: str | None


def identify(raw: bytes, received_at: datetime) -> Identity:
    """Return what tells a mail from others.

    Bytes with a Message-ID are one mail whenever they come again. So are those with the trace of a
    server, which gives each mail another one, and sends one again after minutes or days. With
    neither they may be another alarm in the same words: only what comes again at once is a sender
    who heard no answer.
    """
    digest = sha256(raw)
    header = _header(raw)
    # In lower case and with a line end in front: a search that may ignore case takes 100 times as
    # long.
    lowered = (b"\n" + header).lower()
    at = lowered.find(_NAMES_IT)
    if at < 0:
        if _TRACES_IT not in lowered:
            digest.update(b"%d" % (received_at.timestamp() // ANONYMOUS))
        return Identity(digest.hexdigest(), None)
    found = _ID.match(header, at + len(_NAMES_IT) - 1)
    return Identity(digest.hexdigest(), None if found is None else found[1].decode("ascii"))


def _header(raw: bytes) -> bytes:
    """Return what stands before the first empty line, or as much of it as is looked at."""
    begin = raw[:_HEADER]
    end = begin.find(b"\n\r\n")
    other = begin.find(b"\n\n", 0, len(begin) if end < 0 else end)
    ends = [at for at in (end, other) if at >= 0]
    return begin[: min(ends)] if ends else begin
