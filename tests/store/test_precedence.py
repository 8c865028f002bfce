"""Who writes first to a SQLite file."""

import contextlib
import os

import pytest

from mailgate.store.precedence import LATELY, LONGEST, Precedence


class Steady:
    """A clock that goes on when somebody sleeps; something may happen at each sleep."""

    def __init__(self):
        self.now = 1000.0
        self.slept = 0
        self.meanwhile = lambda: None

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept += 1
        self.now += seconds
        self.meanwhile()


@pytest.fixture
def clock():
    return Steady()


@pytest.fixture
def precedence(clock):
    return Precedence(clock, clock.sleep)


def write(precedence, clock, seconds, *, urgent=False):
    precedence.wait(urgent=urgent)
    with precedence.held(urgent=urgent):
        clock.now += seconds


def test_nobody_waits_where_nobody_is_in_a_hurry(precedence, clock):
    for _ in range(3):
        write(precedence, clock, 0.2)
    assert clock.slept == 0


def test_who_is_in_a_hurry_never_waits(precedence, clock):
    write(precedence, clock, 0.2)
    for _ in range(3):
        write(precedence, clock, 0.001, urgent=True)
    assert clock.slept == 0


def test_the_lock_is_left_free_as_long_as_it_was_held_while_urgent_commits_go_on(precedence, clock):
    clock.meanwhile = lambda: write(precedence, clock, 0.001, urgent=True)
    clock.meanwhile()
    write(precedence, clock, 0.2)
    clock.meanwhile()
    since = clock.now
    write(precedence, clock, 0.0)
    assert clock.now - since == pytest.approx(0.2, abs=0.01)


def test_it_is_not_left_free_for_longer_than_urgent_commits_go_on(precedence, clock):
    write(precedence, clock, 0.2)
    write(precedence, clock, 0.001, urgent=True)
    since = clock.now
    write(precedence, clock, 0.0)
    assert clock.now - since == pytest.approx(LATELY, abs=0.005)


def test_nobody_waits_for_longer_than_the_longest_time(precedence, clock):
    clock.meanwhile = lambda: write(precedence, clock, 0.001, urgent=True)
    write(precedence, clock, 60.0)
    clock.meanwhile()
    since = clock.now
    write(precedence, clock, 0.0)
    assert clock.now - since == pytest.approx(LONGEST, abs=0.01)


def test_a_transaction_that_failed_was_one_too(precedence, clock):
    with contextlib.suppress(KeyError), precedence.held(urgent=False):
        clock.now += 0.2
        raise KeyError
    write(precedence, clock, 0.001, urgent=True)
    write(precedence, clock, 0.0)
    assert clock.slept


def test_processes_that_were_forked_keep_to_one_order(clock):
    precedence = Precedence(clock, clock.sleep)
    child = os.fork()
    if not child:
        write(precedence, clock, 0.2)
        precedence.wait(urgent=True)
        os._exit(0)
    os.waitpid(child, 0)
    clock.now += 0.2
    write(precedence, clock, 0.0)
    assert clock.slept
