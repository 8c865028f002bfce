"""Trouble with the database: told from faults of ours, in words that give nothing away."""

import os
import sqlite3
from contextlib import ExitStack, closing
from datetime import timedelta

import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import DBAPIError, OperationalError

from mailgate.errors import Permanent, Temporary, Unreachable
from mailgate.store import db, schema
from mailgate.store.db import Database
from tests.peers.places import LOOPBACK, free_port
from tests.store.databases import TENANT
from tests.store.rows import plant, total


@pytest.fixture
def impatient(sqlite, monkeypatch):
    """The migrated SQLite database, opened by somebody who waits for nobody."""
    monkeypatch.setattr(db, "BUSY", timedelta(milliseconds=20))
    database = Database(str(sqlite.url))
    yield database
    database.close()


def use(database: Database) -> None:
    with database.write() as connection:
        plant(connection, schema.contact, TENANT)


def told(database: Database, kind: type[Exception] = Temporary) -> str:
    """Return what is said when the database is used."""
    with pytest.raises(kind) as caught:
        use(database)
    return str(caught.value)


# --- SQLite ---------------------------------------------------------------------------------------


def test_a_writer_in_another_process_is_waited_for_only_so_long(impatient):
    with closing(sqlite3.connect(impatient.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert told(impatient) == "the database is busy"
        with impatient.read() as connection:
            assert total(connection, schema.contact) == 0
    use(impatient)
    with impatient.read() as connection:
        assert total(connection, schema.contact) == 1


def test_a_full_disk_is_said_to_be_full_and_can_still_be_read(sqlite):
    def bound(connection, _record) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 2}")

    full = Database(str(sqlite.url))
    event.listen(full.engine, "connect", bound)
    with pytest.raises(Temporary) as caught, full.write() as connection:
        plant(connection, schema.mail, TENANT, raw=os.urandom(1_000_000))
    assert str(caught.value) == "the disk of the database is full"
    use(full)
    with full.read() as connection:
        assert (total(connection, schema.mail), total(connection, schema.contact)) == (0, 1)
    full.close()
    with sqlite.write() as connection:  # there is room again
        plant(connection, schema.mail, TENANT, raw=os.urandom(1_000_000))


def test_a_folder_that_is_not_there_is_trouble_that_may_pass(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'not' / 'there.db'}")
    assert told(database) == "the file of the database cannot be opened"
    (tmp_path / "not").mkdir()
    with database.read() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1
    database.close()


def test_a_file_that_may_only_be_read_is_trouble_that_may_pass(sqlite):
    readonly = Database(f"sqlite:///file:{sqlite.path}?mode=ro&uri=true")
    assert told(readonly) == "the file of the database cannot be written"
    readonly.close()


def test_what_is_no_database_is_a_fault_for_good(tmp_path):
    path = tmp_path / "letter.db"
    path.write_bytes(b"Dear Sir or Madam, " * 500)
    database = Database(f"sqlite:///{path}")
    assert (
        told(database, Permanent) == "the file of the database is damaged, or is none of SQLite's"
    )
    database.close()


def test_a_damaged_file_is_a_fault_for_good(sqlite):
    use(sqlite)
    sqlite.close()
    raw = sqlite.path.read_bytes()
    page = int.from_bytes(raw[16:18], "big")
    sqlite.path.write_bytes(raw[:page] + b"\xff" * (len(raw) - page))
    assert "damaged" in told(sqlite, Permanent)


def test_a_statement_with_too_many_values_is_a_fault_of_ours(sqlite):
    many = ", ".join("?" * 300_000)
    with pytest.raises(DBAPIError, match="too many SQL variables"), sqlite.read() as connection:
        connection.exec_driver_sql(f"SELECT 1 WHERE 1 IN ({many})", (1,) * 300_000)


def test_more_readers_than_connections_is_trouble_that_passes(impatient):
    with ExitStack() as stack:
        for _ in range(32):
            stack.enter_context(impatient.read())
        assert told(impatient) == "too much is being asked of the database at once"
    use(impatient)


# --- PostgreSQL -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ("08006", "the database cannot be reached"),
        ("25P03", "the database ended a transaction in which nothing happened for too long"),
        ("25006", "the database takes no writes at the moment"),
        ("40001", "the database is busy"),
        ("40P01", "the database is busy"),
        ("53100", "the disk of the database is full"),
        ("53200", "the database has no room for more"),
        ("53300", "the database has no room for more"),
        ("55P03", "the database is busy"),
        ("57014", "the database cannot be reached"),
        ("57P01", "the database cannot be reached"),
        ("58030", "the disk of the database does not work"),
    ],
)
def test_what_postgresql_reports_of_its_state_is_trouble_that_may_pass(postgresql, state, says):
    raising = f"DO $$ BEGIN RAISE EXCEPTION 'secret' USING ERRCODE = '{state}'; END $$"
    with pytest.raises(Temporary) as caught, postgresql.write() as connection:
        connection.execute(text(raising))
    assert str(caught.value) == says
    assert "secret" in str(caught.value.__cause__)  # for a traceback, and for nobody else


@pytest.mark.parametrize("state", ["54000", "22001", "42P01", "XX000", "P0001"])
def test_what_postgresql_reports_of_our_statement_is_a_fault_of_ours(postgresql, state):
    raising = f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$"
    with pytest.raises(DBAPIError), postgresql.write() as connection:
        connection.execute(text(raising))


def test_a_key_too_long_for_an_index_stops_one_row_and_not_the_gateway(postgresql):
    long = "".join(chr(0x4E00 + n * 7 % 20_000) for n in range(3000))
    with pytest.raises(OperationalError, match="index row"), postgresql.write() as connection:
        plant(connection, schema.contact, TENANT, address=long)


def test_a_server_that_is_away_is_trouble_that_may_pass():
    first, second = free_port(), free_port()
    database = Database(f"postgresql://mailgate:hunter2@{LOOPBACK}:{first}/desk")
    assert told(database).startswith(
        f"the database cannot be reached at {LOOPBACK}:{first}: see that it runs there"
    )
    with pytest.raises(Unreachable) as caught, database.read():
        pass
    assert caught.value.brief == "the database cannot be reached", "whoever asks /readyz is told"
    database.close()
    both = Database(
        f"postgresql://mailgate:hunter2@/desk?host={LOOPBACK}:{first}&host={LOOPBACK}:{second}"
    )
    assert f"at {LOOPBACK}:{first}, {LOOPBACK}:{second}: " in told(both)
    assert "hunter2" not in told(both)
    both.close()


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("postgresql:///desk", "localhost:5432"),
        ("postgresql://a,b/desk", "a:5432, b:5432"),
        ("postgresql:///desk?host=a&host=b:2", "a:5432, b:2"),
        ("postgresql:///desk?host=/run/postgresql&port=5433", "/run/postgresql:5433"),
    ],
)
def test_where_a_server_is_looked_for_is_told_as_host_and_port(url, place):
    assert Database(url).place == place


def test_a_transaction_of_a_frozen_node_is_ended_and_lets_go_of_its_locks(postgresql):
    use(postgresql)
    url = postgresql.url.render_as_string(hide_password=False)
    frozen = Database(url, timedelta(milliseconds=50))
    touch = schema.contact.update().values(name="x")

    def thaw_too_late() -> None:
        with frozen.write() as connection:
            connection.execute(touch)
            with postgresql.write() as other:
                other.execute(touch)  # waits until the server has ended the transaction above
            total(connection, schema.contact)

    with pytest.raises(Temporary):
        thaw_too_late()
    frozen.close()


@pytest.mark.parametrize("name", ["missing_database", "template0"])
def test_a_database_that_lets_nobody_in_is_trouble_that_may_pass(postgresql_server, name):
    database = Database(postgresql_server.url(name))
    assert told(database).startswith("the ")
    database.close()


def process(connection: Connection) -> int:
    """Return the number of the server's process behind a connection."""
    return connection.execute(text("SELECT pg_backend_pid()")).scalar_one()


def end(database: Database, pid: int) -> None:
    """Have the server end a process of its own, as when it is restarted."""
    other = Database(database.url.render_as_string(hide_password=False))
    with other.write() as link:
        link.execute(text("SELECT pg_terminate_backend(:pid, 10000)"), {"pid": pid})
    other.close()


def test_a_connection_that_breaks_in_the_middle_is_replaced_for_the_next(postgresql):
    def break_off() -> None:
        with postgresql.write() as connection:
            plant(connection, schema.contact, TENANT)
            end(postgresql, process(connection))
            total(connection, schema.contact)

    with pytest.raises(Temporary) as caught:
        break_off()
    assert str(caught.value) == "the database cannot be reached"
    use(postgresql)
    with postgresql.read() as connection:
        assert total(connection, schema.contact) == 1


def test_a_connection_that_broke_while_idle_is_not_noticed(postgresql):
    with postgresql.read() as connection:
        pid = process(connection)
    end(postgresql, pid)
    use(postgresql)
    with postgresql.read() as connection:
        assert process(connection) != pid
