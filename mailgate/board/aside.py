"""The folders of a board that are not ours: spam, and what was thrown away.

A server and mail programs put mails there that are no tickets, and nobody takes mails from them.
Only those that have been seen elsewhere in the mailbox are known again, and only what has come
since the last look.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from mailgate.board.looking import Look
from mailgate.domain.board import ASIDE, Lane, Layout
from mailgate.imap import folders
from mailgate.imap.folders import Folder
from mailgate.imap.link import Link, Overview
from mailgate.store import mailboxes
from mailgate.store.board import Board
from mailgate.store.mailboxes import Copy

_MOST = 2000  # mails of a folder that are looked at, the newest
_FETCHED = 500  # at once


@dataclass(frozen=True, slots=True)
class Aside:
    """Which of these folders stand for something, and what they are called; empty: find it."""

    spam: bool = False
    withdrawn: bool = False
    junk: str = ""
    trash: str = ""

    def named(self, found: Sequence[Folder]) -> dict[Lane, str]:
        """Return the full names of those that stand for something and are there."""
        asked = {Lane.JUNK: self.spam, Lane.TRASH: self.withdrawn}
        there = {Lane.JUNK: self.junk_in(found), Lane.TRASH: self.trash_in(found)}
        return {lane: name for lane, name in there.items() if asked[lane] and name is not None}

    def junk_in(self, found: Sequence[Folder]) -> str | None:
        """Return the full name of the folder of spam."""
        folder = folders.named(found, self.junk) if self.junk else folders.junk(found)
        return None if folder is None else folder.name

    def trash_in(self, found: Sequence[Folder]) -> str | None:
        """Return the full name of the folder of what was thrown away."""
        folder = folders.named(found, self.trash) if self.trash else folders.trash(found)
        return None if folder is None else folder.name


def given_up(meanings: dict[str, str | None], layout: Layout) -> set[str]:
    """Return the folders that were such ones at the last look, and are not any more.

    What is in them is left there, and what nobody has ever seen is not taken.
    """
    words = {str(lane) for lane in ASIDE}
    return {name for name, word in meanings.items() if word in words} - layout.aside


def seen(
    link: Link, looks: Iterable[Look], layout: Layout, identity: Callable[[Overview], str]
) -> list[Copy]:
    """Return what has come into these folders since the last look, not yet known to be ours."""
    found = []
    for look in looks:
        if look.folder not in layout.aside or look.is_new:
            continue
        uids = sorted(uid for uid in look.found.entered if uid >= look.first_to_come)[-_MOST:]
        if not uids or link.examine(look.folder).uidvalidity != look.now.uidvalidity:
            continue
        for start in range(0, len(uids), _FETCHED):
            for each in link.overviews(uids[start : start + _FETCHED]):
                place = (look.folder, look.now.uidvalidity, each.uid)
                found.append(Copy(*place, identity(each), None))
    return found


def note(connection: Connection, board: Board, copies: Sequence[Copy]) -> None:
    """Write down what of it has been seen elsewhere, and is no history."""
    key = (connection, board.tenant_id, board.mailbox)
    known = mailboxes.known(*key, [copy.identity for copy in copies]) if copies else {}
    mailboxes.note(
        *key,
        [
            Copy(copy.folder, copy.uidvalidity, copy.uid, copy.identity, mail_id)
            for copy in copies
            if (mail_id := known.get(copy.identity)) is not None
        ],
    )
