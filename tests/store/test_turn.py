"""The turn to write: in the order in which it was asked for."""

import threading

from mailgate.errors import Temporary
from mailgate.store import db, schema
from mailgate.store.turn import Turn
from tests.peers.waiting import wait_until
from tests.store.databases import TENANT
from tests.store.rows import plant


def test_nobody_who_has_just_given_it_up_has_it_before_those_who_wait():
    turn, order = Turn(), []
    assert turn.take(0)
    assert not turn.wanted

    def work(number):
        assert turn.take(10)
        order.append(number)
        turn.give()

    threads = []
    for number in range(5):
        threads.append(threading.Thread(target=work, args=(number,)))
        threads[-1].start()
        wait_until(lambda: len(turn._waiting) == len(threads), "one more to wait")
    assert turn.wanted
    turn.give()
    assert turn.take(10)
    assert order == [0, 1, 2, 3, 4]
    turn.give()
    for thread in threads:
        thread.join()
    assert turn.take(0)


def test_who_has_waited_long_enough_goes_without_it_and_is_not_counted_on():
    turn = Turn()
    assert turn.take(0)
    assert not turn.take(0.01)
    assert not turn.wanted
    turn.give()
    assert turn.take(0)


def test_a_turn_that_comes_as_the_patience_ends_is_taken(monkeypatch):
    turn = Turn()
    assert turn.take(0)

    class Late:
        """A lock that is opened, but not in time."""

        def acquire(self, timeout=None):
            if timeout is not None:
                turn.give()
            return timeout is None

        def release(self):
            """Come too late to be noticed."""

    with monkeypatch.context() as patched:
        patched.setattr("mailgate.store.turn.threading.Lock", Late)
        assert turn.take(0.01)
    assert not turn.take(0)


def test_a_writer_that_waits_is_seen_by_who_writes_and_gives_up_in_the_end(sqlite, monkeypatch):
    monkeypatch.setattr(db, "BUSY", db.timedelta(seconds=0.2))
    faults = []

    def write():
        try:
            with sqlite.write() as connection:
                plant(connection, schema.contact, TENANT)
        except Temporary as error:
            faults.append(str(error))

    with sqlite.write():
        assert not sqlite.wanted
        thread = threading.Thread(target=write)
        thread.start()
        wait_until(lambda: sqlite.wanted, "the other to wait")
        thread.join()
    assert faults == ["too much is being written to the database at once"]
    assert not sqlite.wanted
