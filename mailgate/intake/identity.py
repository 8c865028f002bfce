"""What tells one mail of a mailbox from all others, wherever it lies there."""

import re
from hashlib import sha256

from mailgate.imap.link import Overview
from mailgate.mail.parse import Limits
from mailgate.mail.prescan import prescan

OF_MBSYNC = re.compile(rb"^X-TUID:[^\r\n]*\r?\n", re.MULTILINE | re.IGNORECASE)
"""By this line mbsync finds a mail again that it has put into a folder; it is no part of it."""
_IDENTIFYING = frozenset({"message-id", "from", "date", "subject"})


def identity_of(seen: Overview, limits: Limits) -> tuple[str, bool]:
    """Return what tells one mail under whatever UID, and whether it has a Message-ID.

    Without one, when it came tells it too, which a mail keeps wherever it is moved.
    """
    own = sum(map(len, OF_MBSYNC.findall(seen.header)))
    digest = sha256(b"%d\n" % (seen.size - own))
    scanned = prescan(seen.header, limits).fields
    fields = sorted((f.name, f.value) for f in scanned if f.name in _IDENTIFYING)
    for name, value in fields:
        digest.update(name.encode() + b":" + b" ".join(value.split()) + b"\n")
    has_name = any(name == "message-id" for name, _ in fields)
    if not has_name:
        digest.update(seen.at.isoformat().encode())
    return digest.hexdigest(), has_name
