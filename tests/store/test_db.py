"""Transactions: what is written stays, writers queue, readers see one state, ids are unique."""

import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FuturesTimeout

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from mailgate.errors import Permanent, Temporary
from mailgate.store import audit, schema
from mailgate.store.db import Database, _has_begun, _write_ahead
from tests.store.databases import TENANT
from tests.store.rows import plant, total

PROGRAM = """
import sys
from mailgate.store.db import Database
database = Database(sys.argv[1])
for _ in range(20):
    with database.write() as connection:
        print(*database.ids(connection, 5))
database.close()
"""


def contacts(database: Database) -> int:
    with database.read() as connection:
        return total(connection, schema.contact)


def add_contact(database: Database) -> None:
    with database.write() as connection:
        plant(connection, schema.contact, TENANT)


# --- another file ---------------------------------------------------------------------------------


@pytest.mark.parametrize("begin", ["read", "write"])
def test_a_file_that_is_not_at_its_place_any_more_is_not_used(sqlite, begin):
    """Else all that is committed would go into a file that ends with its last connection."""
    place, aside = sqlite.path, sqlite.path.with_name("aside")
    add_contact(sqlite)
    place.rename(aside)
    for another in (lambda: None, lambda: place.write_bytes(b"")):
        another()
        with pytest.raises(Temporary, match="removed or replaced"), getattr(sqlite, begin)():
            pass
    aside.rename(place)
    assert contacts(sqlite) == 1


def test_a_new_connection_does_not_make_the_file_that_was_removed(sqlite):
    with sqlite.read():
        sqlite.path.rename(sqlite.path.with_name("aside"))
        with pytest.raises(Temporary, match="removed or replaced"), sqlite.read():
            pass
    assert not sqlite.path.exists()


# --- connections ----------------------------------------------------------------------------------


def test_every_sqlite_connection_is_durable_and_checks_references(sqlite):
    with sqlite.read() as first, sqlite.read() as second, sqlite.write() as third:
        for connection in (first, second, third):
            found = {n: connection.exec_driver_sql(f"PRAGMA {n}").scalar() for n in audit.PRAGMAS}
            assert found == audit.PRAGMAS


def test_a_new_database_learns_once_what_is_in_its_tables(database):
    add_contact(database)
    with database.write() as connection:
        learnt = audit.learn(connection)
    with database.write() as connection:
        again = audit.learn(connection)
    assert "contact" not in again
    if database.sqlite:
        assert learnt == []
        return
    asked = "SELECT reltuples FROM pg_class WHERE oid = 'contact'::regclass"
    with database.read() as connection:  # by now, or by the server's own upkeep before
        assert connection.execute(text(asked)).scalar() == 1


def test_the_server_does_not_compress_what_is_compressed(postgresql):
    asked = "SELECT attstorage FROM pg_attribute WHERE attrelid = 'mail'::regclass AND attname = :c"
    with postgresql.read() as connection:
        found = {c: connection.execute(text(asked), {"c": c}).scalar() for c in ("raw", "digest")}
    assert (found["raw"], found["digest"]) == ("e", "x")


def test_commits_are_waited_for_even_where_the_server_would_not(postgresql):
    """The server of the tests is set to lose what it likes; the last word is the connection's."""
    with postgresql.read() as connection:
        assert audit.unsafe(connection) == ["fsync is off", "full_page_writes is off"]
    stricter = Database(
        postgresql.url.update_query_dict({"options": "-c synchronous_commit=remote_apply"})
    )
    with stricter.read() as connection:
        shown = connection.exec_driver_sql("SHOW synchronous_commit").scalar()
    stricter.close()
    assert shown == "remote_apply"


def test_a_sqlite_database_is_safe_as_we_set_it(sqlite):
    with sqlite.read() as connection:
        assert audit.unsafe(connection) == []


class Refusing:
    """A cursor on a file that SQLite refuses to change a number of times."""

    def __init__(self, code: int, refusals: int) -> None:
        self.code, self.refusals = code, refusals

    def execute(self, statement: str) -> None:
        assert statement == "PRAGMA journal_mode = WAL"
        if self.refusals:
            self.refusals -= 1
            error = sqlite3.OperationalError("no")
            error.sqlite_errorcode = self.code
            raise error


@pytest.mark.parametrize("code", [sqlite3.SQLITE_BUSY, sqlite3.SQLITE_BUSY_RECOVERY])
def test_a_new_file_that_another_process_makes_write_ahead_is_asked_again(code):
    cursor = Refusing(code, 2)
    _write_ahead(cursor)
    assert cursor.refusals == 0


def test_a_file_that_cannot_be_made_write_ahead_is_not_asked_again():
    cursor = Refusing(sqlite3.SQLITE_READONLY, 2)
    with pytest.raises(sqlite3.OperationalError):
        _write_ahead(cursor)
    assert cursor.refusals == 1


def test_postgresql_is_spoken_to_by_psycopg_and_only_sqlite_has_a_path(tmp_path):
    server = Database("postgresql://mailgate@127.0.0.1/desk")
    assert server.url.drivername == "postgresql+psycopg"
    assert (server.sqlite, server.path) == (False, None)
    file = Database(f"sqlite:///{tmp_path / 'desk.db'}")
    assert (file.sqlite, file.path) == (True, tmp_path / "desk.db")
    assert not file.path.exists()  # until somebody asks for something


# --- transactions ---------------------------------------------------------------------------------


def test_what_was_written_is_there_for_everybody_at_the_end_and_not_before(database):
    with database.write() as connection:
        plant(connection, schema.contact, TENANT)
        assert contacts(database) == 0
    assert contacts(database) == 1


def test_what_fails_half_way_leaves_nothing(database):
    def fail() -> None:
        with database.write() as connection:
            plant(connection, schema.contact, TENANT)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert contacts(database) == 0
    add_contact(database)
    assert contacts(database) == 1


def test_a_reader_sees_one_state_whatever_is_written_meanwhile(database):
    with database.read() as connection:
        assert total(connection, schema.contact) == 0
        add_contact(database)
        assert total(connection, schema.contact) == 0
        assert total(connection, schema.ticket) == 0
    assert contacts(database) == 1


def test_a_reader_keeps_no_writer_waiting(database):
    with database.read() as connection:
        assert total(connection, schema.contact) == 0
        with ThreadPoolExecutor(1) as pool:
            pool.submit(add_contact, database).result(10)


def test_a_writer_takes_the_lock_before_it_looks(sqlite):
    statements = []
    with sqlite.read() as connection:  # the one connection of the pool that is used from now on
        connection.connection.driver_connection.set_trace_callback(statements.append)
    with sqlite.write() as connection:
        total(connection, schema.contact)
    with sqlite.read() as connection:
        total(connection, schema.contact)
    wanted = ("BEGIN", "SELECT")
    told = [s.split("\n")[0].split(" count")[0] for s in statements if s.startswith(wanted)]
    assert told == ["BEGIN IMMEDIATE", "SELECT", "BEGIN", "SELECT"]


def test_the_file_of_a_database_is_for_its_owner_only(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'desk.db'}")
    assert not database.path.exists(), "nothing is made by looking"
    database.write_ahead()
    with database.write() as connection:
        connection.execute(text("CREATE TABLE words (word TEXT)"))
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    database.close()
    assert modes.keys() >= {"desk.db", "desk.db-wal"}
    assert set(modes.values()) == {0o600}


def test_a_writer_of_another_process_is_waited_for(sqlite):
    with sqlite3.connect(sqlite.path, check_same_thread=False) as other:
        other.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(add_contact, sqlite)
            with pytest.raises(FuturesTimeout):
                waiting.result(0.05)
            other.commit()
            waiting.result(10)
    other.close()
    assert contacts(sqlite) == 1


def test_a_file_that_another_process_puts_right_after_a_kill_is_waited_for():
    refused = [sqlite3.SQLITE_BUSY_RECOVERY, sqlite3.SQLITE_BUSY]

    class Driver:
        def execute(self, _statement):
            if refused:
                error = sqlite3.OperationalError("no")
                error.sqlite_errorcode = refused.pop()
                raise error

    assert _has_begun(Driver())
    assert refused == []


def test_writers_queue_so_that_none_fails_and_none_overwrites_another(sqlite):
    count = schema.number_sequence.c.next
    with sqlite.write() as connection:
        plant(connection, schema.number_sequence, TENANT, next=0)

    def raise_by_one() -> None:
        for _ in range(10):
            with sqlite.write() as connection:
                seen = connection.execute(count.table.select()).mappings().one()["next"]
                connection.execute(count.table.update().values(next=seen + 1))

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(raise_by_one) for _ in range(8)]:
            done.result(60)
    with sqlite.read() as connection:
        assert connection.execute(count.table.select()).mappings().one()["next"] == 80


def test_a_reference_that_leads_nowhere_is_refused_and_not_called_trouble(database):
    with pytest.raises(IntegrityError), database.write() as connection:
        plant(connection, schema.message, TENANT, ticket_id=12345)


def test_a_fault_of_ours_is_not_taken_for_trouble_that_passes(database):
    with pytest.raises(DBAPIError, match="no_such_table"), database.read() as connection:
        connection.execute(text("SELECT 1 FROM no_such_table"))


# --- rebuilding -----------------------------------------------------------------------------------


def test_while_tables_are_rebuilt_references_may_lead_nowhere_until_the_end(sqlite):
    with sqlite.rebuild() as connection:
        plant(connection, schema.message, TENANT, ticket_id=12345)
        plant(connection, schema.ticket, TENANT, id=12345)
    with sqlite.read() as connection:
        assert total(connection, schema.message) == 1


def test_after_rebuilding_references_are_checked_again_whatever_happened(sqlite):
    def leave_one_dangling() -> None:
        with sqlite.rebuild() as connection:
            plant(connection, schema.message, TENANT, ticket_id=12345)

    with pytest.raises(Permanent, match="lead nowhere"):
        leave_one_dangling()
    with sqlite.write() as connection:
        assert total(connection, schema.message) == 0
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


# --- ids ------------------------------------------------------------------------------------------


def test_ids_are_unique_over_threads(database):
    barrier = threading.Barrier(4)

    def take() -> list[int]:
        barrier.wait(10)
        found = []
        for count in (1, 2, 7, 30) * 5:
            with database.write() as connection:
                found += database.ids(connection, count)
        return found

    with ThreadPoolExecutor(4) as pool:
        taken = [done.result(60) for done in [pool.submit(take) for _ in range(4)]]
    flat = [id_ for ids in taken for id_ in ids]
    assert len(set(flat)) == len(flat) == 4 * 5 * 40
    assert min(flat) >= 1


def test_ids_are_unique_over_processes(database):
    url = database.url.render_as_string(hide_password=False)
    program = [sys.executable, "-W", "error", "-c", PROGRAM, url]
    running = [subprocess.Popen(program, text=True, stdout=subprocess.PIPE) for _ in range(2)]
    flat = [int(word) for process in running for word in process.communicate()[0].split()]
    with database.write() as connection:
        flat += database.ids(connection, 5)
    assert len(set(flat)) == len(flat) == 2 * 20 * 5 + 5


def test_an_id_that_was_taken_in_vain_stops_nobody(database):
    def take_in_vain() -> None:
        with database.write() as connection:
            list(database.ids(connection, 3))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        take_in_vain()
    with database.write() as connection:
        assert len(set(database.ids(connection, 3))) == 3
