"""A shared mailbox as the watcher wants it, and the folders of it that are watched."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from mailgate.errors import Temporary
from mailgate.imap import folders
from mailgate.imap.account import Account
from mailgate.imap.folders import Folder

IMAP, SENT = "imap", "sent"
"""The roads of mail that came into the mailbox, and of what was sent from it."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One mailbox; as `[[mailbox]]` of the configuration says.

    address: whose mail it is where a mail does not tell.
    sent: the name of the folder of what was sent; empty: find it.
    takes_history: mails that lie there at the first look are taken too.
    """

    name: str
    account: Account
    address: str
    inbox: str = folders.INBOX
    sent: str = ""
    takes_history: bool = False
    every: timedelta = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that is watched, and the road by which its mails come."""

    folder: str
    road: str


def places(mailbox: Mailbox, found: Sequence[Folder]) -> tuple[Place, ...]:
    """Return the folders to watch, the INBOX last; without a folder of sent mail it is alone.

    Raises `Temporary` when there is no INBOX.
    """
    inbox = folders.named(found, mailbox.inbox)
    if inbox is None:
        raise Temporary(f"there is no folder {mailbox.inbox}")
    sent = folders.named(found, mailbox.sent) if mailbox.sent else folders.sent(found)
    first = () if sent is None or sent == inbox else (Place(sent.name, SENT),)
    return (*first, Place(inbox.name, IMAP))
