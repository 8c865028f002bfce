"""Calls of other nodes by PostgreSQL: heard when committed, once, and again after a break."""

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from mailgate.store import calls
from mailgate.store.db import Database
from mailgate.wire import Wire
from tests.peers.waiting import wait_until

TENANT, OTHER = 1, 2

pytestmark = pytest.mark.peers


@pytest.fixture
def database(postgresql_url) -> Iterator[Database]:
    database = Database(postgresql_url)
    yield database
    database.close()


def call(database: Database, *roles: str, tenant_id: int = TENANT) -> None:
    with database.write() as connection:
        for role in roles:
            calls.call(connection, role, [tenant_id])


def test_what_one_transaction_calls_is_heard_once_and_when_it_is_committed(database):
    with calls.Listener(database) as listener:
        with database.write() as connection:
            calls.call(connection, calls.PROCESS, [TENANT, OTHER, TENANT])
            calls.call(connection, calls.PROCESS, [TENANT])
            assert listener.calls() == []
        heard = wait_until(listener.calls, "the calls")
        assert sorted(heard) == [("process", TENANT), ("process", OTHER)]


def test_nothing_is_called_by_a_transaction_that_is_taken_back(database):
    with calls.Listener(database) as listener:
        with database.rehearse() as connection:
            calls.call(connection, calls.PROCESS, [TENANT])
        call(database, calls.DELIVER)
        assert wait_until(listener.calls, "the later call") == [("deliver", TENANT)]


def test_a_wire_wakes_the_parts_that_are_called_and_others_not(database):
    reading, sending = threading.Event(), threading.Event()
    wire = Wire(database, TENANT, {calls.PROCESS: reading.set, calls.DELIVER: sending.set})
    wire.start()
    assert reading.wait(20)  # once at the start: something may wait already
    assert sending.wait(20)
    reading.clear()
    sending.clear()
    call(database, calls.DELIVER, tenant_id=OTHER)
    call(database, "unheard_of")
    call(database, calls.PROCESS)
    assert reading.wait(20)
    assert not sending.is_set()
    wire.stop()
    assert not wire.alive


def test_a_wire_that_is_cut_is_mended_and_wakes_for_what_it_missed(database, capsys):
    woken = threading.Semaphore(0)
    wire = Wire(database, TENANT, {calls.PROCESS: woken.release})
    wire.start()
    assert woken.acquire(timeout=20)
    with database.write() as connection:
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
        connection.execute(text(cut))
    assert woken.acquire(timeout=20)
    assert wire.alive
    wire.stop()
    said = capsys.readouterr().err
    assert said.count("calls.listening") == 2
    assert said.count("database.unavailable") == 1
