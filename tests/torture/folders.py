"""A shared mailbox as the people see it who work in it: what lies where, and how they move it.

Every call is a connection of its own. What somebody else has moved meanwhile is not there, and
nothing is made of it, as in any mail program.
"""

import imaplib
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from mailgate.domain import board as rules
from mailgate.domain.board import Layout, Names
from tests.peers.dovecot import PASSWORD
from tests.peers.places import LOOPBACK

AGENTS = ("alice", "bob")
_MID = re.compile(rb"Message-ID: *(<[^>\r\n]*>)", re.IGNORECASE)
_UID = re.compile(rb"UID (\d+)")
Link = imaplib.IMAP4


@dataclass(frozen=True, slots=True)
class Lies:
    """A mail in a folder."""

    mid: str
    folder: str
    uid: str
    struck: bool


class Folders:
    """The folders of one user of a server, as a board with `AGENTS` has them."""

    def __init__(self, port: int, user: str, prefix: str = "", separator: str = "/") -> None:
        self.port, self.user = port, user
        self.layout: Layout = rules.layout(Names(), AGENTS, "INBOX", prefix, separator)

    @contextmanager
    def client(self) -> Iterator[Link]:
        """Log in."""
        link = imaplib.IMAP4(LOOPBACK, self.port, timeout=60)
        link.login(self.user, PASSWORD)
        try:
            yield link
        finally:
            link.logout()

    def lie(self, *, struck: bool = False) -> list[Lies]:
        """Return what lies in the folders of the board; with `struck`, what is marked too."""
        with self.client() as link:
            found = [lies for folder in self.layout.all for lies in _listed(link, folder)]
        return [lies for lies in found if struck or not lies.struck]

    def lie_in(self, folder: str) -> list[Lies]:
        """Return what lies in one of them and is not marked."""
        with self.client() as link:
            return [lies for lies in _listed(link, folder) if not lies.struck]

    def put(self, raw: bytes, folder: str = "INBOX") -> None:
        """Put a mail there, as a server does that fetches it from elsewhere."""
        with self.client() as link:
            assert link.append(folder, None, None, raw)[0] == "OK"

    def flag(self, lies: Lies, *, on: bool) -> None:
        """Put the star on a mail, or take it off."""
        with self.client() as link:
            link.select(f'"{lies.folder}"')
            link.uid("STORE", lies.uid, "+FLAGS" if on else "-FLAGS", r"(\Flagged)")

    def drag(self, mails: Sequence[Lies], target: str, how: str, pause: float = 0) -> None:
        """Move mails of one folder to another, in one of the `SHAPES`.

        `pause`: seconds between the two halves of what is done in two.
        """
        with self.client() as link:
            link.select(f'"{mails[0].folder}"')
            uids = ",".join(lies.uid for lies in mails)
            SHAPES[how](link, uids, f'"{target}"', pause)

    def undo(self, mails: Sequence[Lies], target: str, pause: float) -> None:
        """Drop mails of one folder in the wrong place, see it, and put them back."""
        self.drag(mails, target, "move")
        _idly(pause)
        mids = {lies.mid for lies in mails}
        back = [lies for lies in self.lie_in(target) if lies.mid in mids]
        if back:
            self.drag(back, mails[0].folder, "move")


def _idly(seconds: float) -> None:
    threading.Event().wait(seconds)


def _listed(link: Link, folder: str) -> Iterator[Lies]:
    """Yield what lies in a folder; nothing where there is none yet."""
    if link.select(f'"{folder}"', readonly=True)[0] != "OK":
        return
    items = "(UID FLAGS BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])"
    for part in link.uid("FETCH", "1:*", items)[1]:
        if isinstance(part, tuple):
            mid, uid = _MID.search(part[1]), _UID.search(part[0])
            assert mid, part
            assert uid, part
            struck = rb"\Deleted" in part[0]
            yield Lies(mid[1].decode(), folder, uid[1].decode(), struck)


def _moved(link: Link, uids: str, target: str, _pause: float) -> None:
    link.uid("MOVE", uids, target)


def _copied(link: Link, uids: str, target: str, _pause: float) -> None:
    link.uid("COPY", uids, target)


def _struck(link: Link, uids: str, target: str, pause: float) -> None:
    """Of what has gone meanwhile nothing was copied, and nothing will be marked."""
    _copied(link, uids, target, pause)
    link.uid("STORE", uids, "+FLAGS.SILENT", r"(\Deleted)")


def _expunged(link: Link, uids: str, target: str, pause: float) -> None:
    _struck(link, uids, target, pause)
    link.expunge()


def _appended(link: Link, uids: str, target: str, pause: float) -> None:
    """An offline client: it sends up what it has there, and takes the old away a little later."""
    done = []
    for uid in uids.split(","):
        found = link.uid("FETCH", uid, "(INTERNALDATE BODY.PEEK[])")[1][0]
        if isinstance(found, tuple):
            came = re.search(rb'"[^"]*"', found[0])
            assert came
            assert link.append(target, None, came[0].decode(), found[1])[0] == "OK"
            done.append(uid)
    if done:
        _idly(pause)
        link.uid("STORE", ",".join(done), "+FLAGS.SILENT", r"(\Deleted)")
        link.expunge()


SHAPES: dict[str, Callable[[Link, str, str, float], None]] = {
    "move": _moved,
    "copy and expunge": _expunged,
    "copy and strike": _struck,
    "copy": _copied,
    "append and expunge": _appended,
}
