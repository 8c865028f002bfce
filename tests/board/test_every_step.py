"""Whoever tends the board is killed at each step of a day, before it and after it: nothing is lost.

A step is a word with the server, or a commit. The day has a drag, a mail that opens a ticket, and
an answer to what was resolved, which takes its mails back.
"""

from contextlib import contextmanager

import pytest

from mailgate.imap.link import Link
from mailgate.store.db import Database
from tests.board.played import ALICE, INBOX, RESOLVED
from tests.intake.shared import mails, written
from tests.torture.faults import Death

_WORDS = ("folders", "examine", "uids_after", "struck", "marked", "saved_at", "overviews")
_WORDS += ("bodies", "move", "standings", "uids")


class Steps:
    """Counts the steps, and ends the process at one of them: before it happens, or after it."""

    def __init__(self, monkeypatch) -> None:
        self.taken, self.at, self.after, self.works = 0, 0, False, True
        for name in _WORDS:
            monkeypatch.setattr(Link, name, self._word(getattr(Link, name)))
        monkeypatch.setattr(Database, "write", self._commit(Database.write))

    def die(self, at: int, *, after: bool) -> None:
        self.taken, self.at, self.after = 0, at, after

    def _word(self, method):
        def said(link, *given):
            here = self._next()
            if here and not self.after:
                raise Death
            answer = method(link, *given)
            if here:
                raise Death
            return answer

        return said

    def _commit(self, method):
        @contextmanager
        def written(database, **urgent):
            here = self._next()
            with method(database, **urgent) as connection:
                yield connection
                if here and not self.after:
                    raise Death
            if here:
                raise Death

        return written

    def _next(self) -> bool:
        self.taken += self.works
        return self.works and self.taken == self.at

    def leave_out(self, does):
        """Return the same, without counting its steps."""

        def left_out():
            self.works = False
            does()
            self.works = True

        return left_out


@pytest.fixture
def database(sqlite_database):
    return sqlite_database


def opened(n):
    """Return what opens the matter n: each customer may open few in an hour."""
    (raw,) = mails(1, start=n)
    return raw.replace(b"carol@", f"carol{n}@".encode())


def day(played, n):
    """Let the day happen to the matters n, n + 1 and n + 2, of which the first is resolved."""
    thread = {"Subject": f"Re: Matter {n}", "In_Reply_To": f"<m{n}@customer.example>"}
    thread |= {"From": f"carol{n}@customer.example", "Message_ID": f"<n{n}@customer.example>"}
    played.put(written("Again!", **thread))
    played.drag(f"m{n + 1}", INBOX, ALICE, "copy and expunge")
    played.put(opened(n + 2))


def survive(played):
    """Look until all is still, with another process after each death; tell of how many."""
    deaths = still = 0
    for _ in range(20):
        try:
            still = 0 if played.pass_by(4) else still + 1
        except Death:
            deaths += 1
            played.called()  # another process, which knows nothing
        if still == 2:
            return deaths
    raise AssertionError(f"no rest: {played.lie()}")


def stands(played, n):
    """Return where the mails of those matters lie, and how often each."""
    names = {f"m{n}", f"n{n}", f"m{n + 1}", f"m{n + 2}"}
    lie = {folder: [m for m in lie if m in names] for folder, lie in played.lie().items()}
    return {folder: lie for folder, lie in lie.items() if lie}


@pytest.mark.torture
@pytest.mark.timeout(3600)
def test_a_board_that_ends_at_any_step_loses_doubles_and_misplaces_nothing(
    played, monkeypatch, long_form
):
    steps = Steps(monkeypatch)
    played.process = steps.leave_out(played.process)  # others' work, with tests of its own
    at, n, ways = 1, 0, set()
    while True:
        steps.at = 0
        played.put(opened(n), opened(n + 1))
        played.rest().drag(f"m{n}", INBOX, RESOLVED)
        played.rest()
        day(played, n)
        steps.die(at, after=bool(at % 2) if not long_form else n % 2 == 1)
        deaths = survive(played)
        wanted = {INBOX: sorted([f"m{n}", f"m{n + 2}", f"n{n}"]), ALICE: [f"m{n + 1}"]}
        assert stands(played, n) == wanted
        assert played.tickets()[-3:] == [
            ("reopened", None),
            ("in_progress", "alice"),
            ("new", None),
        ]
        if not deaths:
            break
        ways.add((at, steps.after))
        at, n = at + (29 if not long_form else n % 2), n + 3
    assert len(ways) > 2
    assert len(played.gateway.rows("message")) == 4 * (n // 3 + 1)
