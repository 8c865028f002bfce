"""A look at what may hang: asked once, answered soon, and told from memory."""

import threading

import pytest

from mailgate.errors import Unreachable
from mailgate.web import watch
from mailgate.web.watch import FRESH, Seen, Watch
from tests.peers.waiting import wait_until


class Steady:
    """A clock that stands still."""

    def __init__(self):
        self.at = 100.0

    def __call__(self):
        return self.at


@pytest.fixture
def steady():
    return Steady()


def test_what_was_just_seen_is_not_looked_at_again(steady):
    looks = []
    watched = Watch(lambda: looks.append(1) or len(looks), steady)
    assert [watched.seen() for _ in range(10)] == [Seen(1)] * 10
    steady.at += FRESH
    assert watched.seen() == Seen(2)
    assert len(looks) == 2


def test_while_a_look_hangs_what_was_seen_before_is_told_with_its_age(steady, monkeypatch):
    monkeypatch.setattr(watch, "PATIENCE", 0.01)
    hangs, go_on, looks = threading.Event(), threading.Event(), []

    def look():
        looks.append(1)
        if hangs.is_set():
            go_on.wait(20)
        return len(looks)

    watched = Watch(look, steady)
    assert watched.seen() == Seen(1)
    hangs.set()
    steady.at += 5
    assert watched.seen() == Seen(1, 5.0, "it has not answered for 0 s")
    steady.at += 7
    assert [watched.seen() for _ in range(50)] == [
        Seen(1, 12.0, "it has not answered for 7 s")
    ] * 50
    assert len(looks) == 2, "only one look is under way"
    go_on.set()
    wait_until(lambda: watched.seen() == Seen(2), "the look to end")


def test_a_fault_of_the_store_is_told_in_its_words_and_passes(steady):
    answers = [1, Unreachable("the database cannot be reached", "at 10.0.0.7:5432"), 3]

    def look():
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    watched = Watch(look, steady)
    watched.seen()
    steady.at += 2
    assert watched.seen() == Seen(1, 2.0, "the database cannot be reached")
    steady.at += 2
    assert watched.seen() == Seen(3)


def test_a_fault_of_ours_is_raised_where_it_was_asked(steady):
    watched = Watch(lambda: 1 / 0, steady)
    with pytest.raises(ZeroDivisionError):
        watched.seen()
