"""A board on a real server, looked at when the test says so, and what agents do there."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Self

from mailgate.board.aside import Aside
from mailgate.board.board import Board, Terms
from mailgate.domain.board import Names
from mailgate.domain.events import Assign
from mailgate.domain.model import GATEWAY
from mailgate.imap.link import Link
from mailgate.intake.catchup import LEASE
from mailgate.intake.identity import identity_of
from mailgate.intake.mailbox import places
from mailgate.mail.parse import Limits
from mailgate.store import mailboxes
from tests.intake.shared import Shared, mails, written

AGENTS = ("alice", "bob")
SETTLE = timedelta(seconds=3)
LIMITS = Limits()
INBOX, ALICE, BOB = "INBOX", "Tickets/@alice", "Tickets/@bob"
WAITING, RESOLVED = "Tickets/Waiting for customer", "Tickets/Resolved"
CLOSED = "Tickets/Closed"
JUNK, TRASH = "Junk", "Trash"
FOLDERS = (INBOX, ALICE, BOB, WAITING, RESOLVED, CLOSED)


class Played(Shared):
    """One mailbox with a board; the clock of the desk is ahead of the server's, and is moved."""

    def __init__(self, gateway, port: int, user: str = "", **names: str) -> None:
        super().__init__(gateway, port, user, board=True)
        self.folders = FOLDERS
        parts = (Names(**names), AGENTS, SETTLE, SETTLE, lambda seen: identity_of(seen, LIMITS)[0])
        self.terms = Terms("support", INBOX, *parts, aside=Aside(spam=True, withdrawn=True))
        self.ahead = timedelta()
        self.states: list[str] | None = None
        self.goes_on = False  # from one look to the next, as with one connection
        self.board = Board(gateway.desk, self.terms, self.now)

    def begin(self) -> Self:
        self.pass_by()
        return self

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def pass_by(self, seconds: float = 0) -> bool:
        """Let time pass, then look once with a connection of its own; tell if the board changed."""
        self.ahead += timedelta(seconds=seconds)
        with self.session() as look:
            moved = look()
        self.process()
        return moved

    @contextmanager
    def session(self) -> Iterator[Callable[[], bool]]:
        """Yield what looks once, each time with the same connection; see `pass_by`."""
        gateway = self.gateway
        gateway.now = self.now()
        with gateway.database.write() as connection:
            fence = mailboxes.take(connection, 1, "support", "me", gateway.now, LEASE, alone=True)
        catchup, board = self.catchup(), self.board
        link = self.connect()

        def look() -> bool:
            gateway.now = self.now()
            catchup.look(link, fence, watched, lambda: False, beside=board.aside)
            return board.look(link, partial(catchup.hold, fence=fence), catchup.standing)

        try:
            found = link.folders()
            if self.states is None or not self.goes_on:
                self.states = board.prepare(link, found)
            watched = places(self.mailbox, found, self.states)
            catchup.begin()
            yield look
        finally:
            link.close()

    def connect(self) -> Link:
        return Link.open(self.mailbox.account)

    def preview(self) -> list[tuple[str, str, str]]:
        """Return (what, from, to) of each step that a dry run tells of."""
        link = self.connect()
        try:
            steps = self.board.preview(link)
            return [(step.what, step.source, step.folder) for step in steps]
        finally:
            link.close()

    def called(self, **names: str) -> None:
        """Have the configuration name folders otherwise."""
        self.terms = replace(self.terms, names=replace(self.terms.names, **names))
        self.board = Board(self.gateway.desk, self.terms, self.now)

    def set_aside(self, **facts: object) -> None:
        """Have other folders that are not ours stand for something."""
        self.terms = replace(self.terms, aside=Aside(**facts))
        self.board = Board(self.gateway.desk, self.terms, self.now)
        self.states = None

    def rest(self) -> Self:
        """Look until nothing moves any more, drops included; that takes a few looks at most."""
        still = 0
        for _ in range(12):
            still = 0 if self.pass_by(4) else still + 1
            if still == 2:
                return self
        raise AssertionError(f"mails are moved again and again: {self.lie()}")

    def open(self, n: int = 1) -> Self:
        """Let customers open so many tickets, about Matter 0 and so on."""
        self.put(*mails(n))
        return self.rest()

    def say(self, n: int, text: str, name: str) -> Self:
        """Let the customer of Matter n write again."""
        thread = {"Subject": f"Re: Matter {n}", "In_Reply_To": f"<m{n}@customer.example>"}
        self.put(written(text, Message_ID=f"<{name}@customer.example>", **thread))
        return self.rest()

    def assign(self, n: int, to: str | None) -> None:
        """Give the ticket of Matter n to somebody, not in the mailbox."""
        (id_,) = (r["id"] for r in self.gateway.rows("ticket") if r["subject"] == f"Matter {n}")
        with self.gateway.desk.writing(self.gateway.now) as ledger:
            ledger.apply(id_, Assign(at=self.gateway.now, actor=GATEWAY, assignee=to))

    # --- what lies where ---

    def lie(self, *also: str) -> dict[str, list[str]]:
        """Return folder -> names of the mails that lie there and are not marked.

        What was thrown away is left out, but for folders `also` named.
        """
        found = {}
        with self.client() as link:
            for folder in (*self.folders, JUNK, *also):
                if link.select(f'"{folder}"', readonly=True)[0] != "OK":
                    assert folder not in self.folders
                    continue
                mids = [self.mid(link, uid) for uid in self.uids(link, "UNDELETED")]
                if mids:
                    found[folder] = sorted(mids)
        return found

    @staticmethod
    def uids(link, *criteria: str) -> list[bytes]:
        return link.uid("SEARCH", *criteria)[1][0].split()

    @staticmethod
    def mid(link, uid: bytes) -> str:
        """Return what a mail is called: by its Message-ID, or by its subject if it has none."""
        said = link.uid("FETCH", uid, "(BODY.PEEK[HEADER.FIELDS (MESSAGE-ID SUBJECT)])")[1][0][1]
        named = re.search(rb"<([^@]*)@", said) or re.search(rb"Subject: (.*)\r", said)
        return named.group(1).decode()

    def tickets(self) -> list[tuple[str, str | None]]:
        """Return (status, assignee) of each ticket."""
        return [(row["status"], row["assignee"]) for row in self.gateway.rows("ticket")]

    def as_what(self) -> list[tuple[str, str]]:
        """Return (status, disposition) of each ticket."""
        return [(row["status"], row["disposition"]) for row in self.gateway.rows("ticket")]

    def did(self) -> list[tuple[str, str]]:
        """Return (name, actor) of what was done in the mailbox."""
        return [
            (row["name"], row["actor_id"])
            for row in self.gateway.rows("event")
            if row["actor_kind"] == "mailbox"
        ]

    # --- what agents do ---

    def drag(self, name: str, source: str, target: str, how: str = "move") -> None:
        """Move the mail of that name from folder to folder, in one of the shapes."""
        with self.client() as link:
            link.select(f'"{source}"')
            uids = [u for u in self.uids(link, "UNDELETED") if self.mid(link, u) == name]
            assert uids, f"{name} does not lie in {source}"
            uid = uids[0]
            SHAPES[how](link, uid, f'"{target}"')


def _moved(link, uid, target):
    assert link.uid("MOVE", uid, target)[0] == "OK"


def _copied(link, uid, target):
    assert link.uid("COPY", uid, target)[0] == "OK"


def _struck(link, uid, target):
    _copied(link, uid, target)
    link.uid("STORE", uid, "+FLAGS.SILENT", r"(\Deleted)")


def _expunged(link, uid, target):
    _struck(link, uid, target)
    link.expunge()


def _appended(link, uid, target, more: bytes = b""):
    said, raw = link.uid("FETCH", uid, "(INTERNALDATE BODY.PEEK[])")[1][0]
    came = re.search(rb'"[^"]*"', said).group().decode()
    assert link.append(target, None, None if more else came, more + raw)[0] == "OK"
    link.uid("STORE", uid, "+FLAGS.SILENT", r"(\Deleted)")
    link.expunge()


def _marked(link, uid, target):
    """A program that finds its own uploads by a header of its own, and does not keep the time."""
    _appended(link, uid, target, b"X-TUID: abcdef\r\n")


SHAPES = {
    "move": _moved,
    "copy and expunge": _expunged,
    "copy and strike": _struck,
    "copy": _copied,
    "append and expunge": _appended,
    "append, with a mark": _marked,
}
