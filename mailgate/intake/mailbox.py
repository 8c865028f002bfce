"""A shared mailbox as the watcher wants it, and the folders of it that are watched."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from mailgate.errors import Temporary
from mailgate.imap import folders
from mailgate.imap.account import Account
from mailgate.imap.folders import Folder

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mailgate.imap.link import Examined, Link

IMAP, SENT = "imap", "sent"
"""The roads of mail that came into the mailbox, and of what was sent from it."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One mailbox; as `[[mailbox]]` of the configuration says.

    address: whose mail it is where a mail does not tell.
    also: further folders into which mail is moved, perhaps before it was seen.
    sent: the name of the folder of what was sent; empty: find it.
    takes_history: mails that lie there at the first look are taken too.
    files: answers that the gateway has sent are filed among what was sent.
    drafts: drafts there that answer a mail of a ticket are told of.
    prepares: answers are begun there for agents.
    board: its folders stand for the states of tickets, among which agents move mails.
    """

    name: str
    account: Account
    address: str
    inbox: str = folders.INBOX
    also: tuple[str, ...] = ()
    sent: str = ""
    takes_history: bool = False
    board: bool = False
    files: bool = False
    drafts: bool = False
    prepares: bool = False
    every: timedelta = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that is watched, and the road by which its mails come.

    `state`: what is in it somebody has put there, as into a folder for a state of tickets.
    """

    folder: str
    road: str
    state: bool = False


class Board(Protocol):
    """What keeps the folders of a mailbox and the states of tickets the same."""

    every: timedelta

    @property
    def aside(self) -> Sequence[str]:
        """The folders of it from which nobody takes mails, known once it is prepared."""

    def prepare(self, link: "Link", found: Sequence[Folder]) -> Sequence[str]:
        """Make the folders that are missing; return all of them but the INBOX."""

    def unsettle(self, ticket_ids: Iterable[int]) -> None:
        """See to these tickets at the next look: something else is to be shown of them."""

    def look(
        self,
        link: "Link",
        hold: "Callable[[Connection], None]",
        standing: "Mapping[str, Examined]",
    ) -> bool:
        """Act on what was moved, and move what is to be; return whether anything is other now.

        `standing`: how folders stood a moment ago; since then nothing was done there.

        If not, the last command is an EXAMINE of the INBOX that showed nothing new.
        """


def places(
    mailbox: Mailbox, found: Sequence[Folder], states: Sequence[str] = ()
) -> tuple[Place, ...]:
    """Return the folders to watch, the INBOX last; `states` are those of the board.

    Of further ones those that are there. Raises `Temporary` when there is no INBOX.
    """
    inbox = folders.named(found, mailbox.inbox)
    if inbox is None:
        raise Temporary(f"there is no folder {mailbox.inbox}")
    sent = folders.named(found, mailbox.sent) if mailbox.sent else folders.sent(found)
    first = () if sent is None or sent == inbox else (Place(sent.name, SENT),)
    board = (Place(name, IMAP, state=True) for name in states)
    known = {inbox, sent, *(folders.named(found, name) for name in states), None}
    further = dict.fromkeys(folders.named(found, name) for name in mailbox.also)
    also = (
        Place(each.name, IMAP, state=True)
        for each in further
        if each is not None and each not in known
    )
    return (*first, *board, *also, Place(inbox.name, IMAP))
