"""Agents drag, customers write, connections break around our moves: nothing is out of place."""

import random
from collections import Counter

import pytest

from mailgate.errors import Temporary
from mailgate.imap.link import Link
from tests.board.played import ALICE, BOB, CLOSED, FOLDERS, INBOX, RESOLVED, WAITING, Played
from tests.intake.shared import mails, written

NAMED, TICKETS, STEPS = 4, 5, 16  # one begins with a mail without a Message-ID
WHOLE = ["move", "copy and strike", "copy and expunge", "append and expunge", "copy"]
STANDS = {
    ALICE: {("in_progress", "alice"), ("reopened", "alice")},
    BOB: {("in_progress", "bob"), ("reopened", "bob")},
    INBOX: {("new", None), ("open", None), ("reopened", None)},
}
STATUS = {WAITING: "waiting_on_customer", RESOLVED: "resolved", CLOSED: "closed"}


class Stormy(Played):
    """A mailbox whose connection breaks before or after every other move, as long as it storms."""

    def __init__(self, gateway, port, dice) -> None:
        super().__init__(gateway, port)
        self.dice, self.storms, self.broken = dice, True, 0
        self.of: dict[str, int] = {}
        self.goes_on = True

    def connect(self) -> Link:
        link = super().connect()
        move = link.move

        def moving(*given):
            luck = self.dice.random() if self.storms else 1.0
            if luck < 0.3:
                raise Temporary("broken before")
            landed = move(*given)
            if luck < 0.6:
                raise Temporary("broken after")
            return landed

        link.move = moving
        return link

    def blow(self) -> None:
        """Let one thing happen."""
        what = self.dice.choice(["drag", "drag", "write", "assign"])
        n = self.dice.randrange(NAMED if what == "write" else TICKETS)
        if what == "write":
            name = f"r{len(self.of)}"
            self.of[name] = n
            thread = {"Subject": f"Re: Matter {n}", "In_Reply_To": f"<m{n}@customer.example>"}
            self.put(written(name, Message_ID=f"<{name}@customer.example>", **thread))
        elif what == "assign":
            self.assign(n, self.dice.choice(["alice", "bob", None]))
        else:
            self.throw(n, self.dice.choice(FOLDERS))
        try:
            self.pass_by(self.dice.choice([0, 4]))
        except Temporary:  # with the next connection everything is prepared again
            self.broken += 1
            self.states = None

    def throw(self, n: int, target: str) -> None:
        """Drag some mail of Matter n, from wherever it lies."""
        lie = [(name, f) for f, names in self.lie().items() for name in names if self.of[name] == n]
        name, source = self.dice.choice(lie)
        if source != target:
            self.drag(name, source, target, self.dice.choice(WHOLE))

    def places(self) -> dict[int, str]:
        """Return Matter -> the one folder in which every mail of it lies once."""
        lie = self.lie()
        count = Counter(name for names in lie.values() for name in names)
        assert count == dict.fromkeys(self.of, 1)
        found = {(self.of[name], folder) for folder, names in lie.items() for name in names}
        assert len(found) == TICKETS
        return dict(found)


@pytest.fixture
def database(sqlite_database):
    return sqlite_database


@pytest.mark.parametrize("seed", [23])
def test_after_a_storm_every_mail_lies_once_and_in_place(gateway, dovecot, seed):
    stormy = Stormy(gateway, dovecot.imap_port, random.Random(seed))  # noqa: S311 - only to be the same each time
    stormy.begin()
    stormy.of = {f"m{n}": n for n in range(NAMED)} | {f"Matter {NAMED}": NAMED}
    stormy.put(*mails(NAMED), written(Message_ID=None, Subject=f"Matter {NAMED}"))
    stormy.pass_by()
    stormy.pass_by()
    for _ in range(STEPS):
        stormy.blow()
    assert stormy.broken > 1
    stormy.storms = False
    stormy.rest()
    stormy.places()
    wanted = {n: stormy.dice.choice(FOLDERS) for n in range(TICKETS)}
    for n, target in wanted.items():
        stormy.throw(n, target)
    stormy.rest()
    assert stormy.places() == wanted
    for (status, assignee), target in zip(stormy.tickets(), wanted.values(), strict=True):
        assert (
            status == STATUS[target] if target in STATUS else (status, assignee) in STANDS[target]
        )
