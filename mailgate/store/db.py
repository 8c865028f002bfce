"""One database behind the same calls: SQLite on one machine, or PostgreSQL.

A write on SQLite takes the lock of this process first and then the file's (`BEGIN IMMEDIATE`), so
that writers queue instead of failing, and who is waited for goes first. Trouble with the database
is `Temporary`, a damaged file `Permanent`; neither repeats what the driver said. A SQLite file that
was removed or replaced while it is open is no longer used: what is written to it would be lost with
the last connection.
"""

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from pydantic_core import from_json, to_json
from sqlalchemy import Connection, Table, create_engine, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from mailgate.errors import Permanent, Temporary
from mailgate.store.faults import blamed
from mailgate.store.precedence import Precedence
from mailgate.store.servertime import ServerTime

BUSY = timedelta(seconds=15)
"""How long a writer waits for another process, and anybody for one of our own connections."""

# Of libpq, in seconds and, the last, in milliseconds: a server that vanished is noticed before a
# sender's patience ends, and not after the two hours that TCP itself would wait.
_NOTICING = {
    "connect_timeout": 4,
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
_PORT = 5432  # PostgreSQL's, where an address tells none
_READ_ONLY = "25006"  # SQLSTATE read_only_sql_transaction
_ID_SEQUENCE = "mailgate_id"
_TAKE_IDS = "UPDATE sequence SET next = next + ? WHERE name = 'id' RETURNING next"
COPY = "mailgate_copy"
"""The option of a statement whose rows may as well be copied in, by these words (PostgreSQL)."""
RAW = "mailgate_raw"
"""The option of a statement whose rows hold mails: these come as they are, and not in hex."""
_MANY = 20  # rows that are worth a COPY
_PAGES = "PRAGMA page_size = 8192"
"""Of a new file: in it mails are kept faster than in one of pages of half that size."""
_PAUSE = 0.05  # seconds
_GLANCE = 0.001  # seconds between two looks at a lock that is held for a few milliseconds
_ANOTHER = (
    "the file of the database was removed or replaced while it was in use: put the one from before "
    "back, or start the gateway anew"
)


class Database:
    """The connection pool and the ways to open a transaction."""

    def __init__(
        self, url: str, patience: timedelta = timedelta(seconds=60), *, shared: bool = False
    ) -> None:
        """`patience`: how long the locks of a node last that is frozen, on PostgreSQL.

        `shared`: other machines may use it, so that claims are timed by the server's clock.
        """
        self.url = make_url(url)
        if self.url.drivername == "postgresql":
            self.url = self.url.set(drivername="postgresql+psycopg")
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self._writing = threading.RLock()
        self._precedence = Precedence()
        self._file: tuple[int, int] | None = None  # which one `path` led to, of SQLite
        self._ahead = False
        self._time = ServerTime() if shared and not self.sqlite else None
        seconds = BUSY.total_seconds()
        # The last one used is used again: each connection has a cache of its own to be filled.
        pool: dict[str, Any] = {
            "pool_use_lifo": True,
            "pool_size": 8,
            "max_overflow": 24,
            "pool_timeout": seconds,
            "json_serializer": _json,
            "json_deserializer": from_json,
        }
        if self.sqlite:
            options: dict[str, Any] = {"timeout": seconds, "check_same_thread": False}
            self.engine = create_engine(
                self.url, connect_args=options, hide_parameters=True, **pool
            )
            event.listen(self.engine, "do_connect", lambda *_: self._found())
            event.listen(self.engine, "connect", self._configure_sqlite)
            event.listen(self.engine, "begin", self._begin_sqlite)
        else:
            options = {name: n for name, n in _NOTICING.items() if name not in self.url.query}
            self.engine = create_engine(
                self.url, connect_args=options, pool_pre_ping=True, hide_parameters=True, **pool
            )
            event.listen(self.engine, "connect", partial(_configure_postgresql, patience))
            event.listen(self.engine, "do_executemany", _copy)
            driver: Any = self.engine.dialect.dbapi
            event.listen(self.engine, "do_execute", partial(_as_it_is, driver.pq.Format.BINARY))

    @cached_property
    def path(self) -> Path | None:
        """The file of a SQLite database."""
        return Path(self.url.database) if self.sqlite and self.url.database else None

    def _found(self) -> None:
        """Make the file if there is none yet, and remember which one it is."""
        if self._file is None:
            _keep_private(self.path)
            self._file = _identity(self.path)
        self._unchanged()

    def _unchanged(self) -> None:
        """Raise `Temporary` when the path leads to another file than at first, or to none."""
        if _identity(self.path) != self._file:
            raise Temporary(_ANOTHER)

    def _configure_sqlite(self, connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        cursor = connection.cursor()
        cursor.execute(_PAGES)
        if self._ahead:
            _write_ahead(cursor)
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA cache_size = -16000")
        cursor.execute("PRAGMA journal_size_limit = 67108864")
        cursor.close()

    def _begin_sqlite(self, connection: Connection) -> None:
        self._unchanged()
        _begin_sqlite(connection)

    def write_ahead(self) -> None:
        """Have a SQLite file write ahead from now on.

        To be called once it is known that the file shall be used: one that is refused must stay as
        it is, and even an empty one would be written to.
        """
        if self.sqlite and not self._ahead:
            self._ahead = True
            self.engine.dispose()  # each connection sees to it when it is opened

    @contextmanager
    def write(self, *, urgent: bool = False) -> Iterator[Connection]:
        """Open a transaction that writes; it commits at the end, durably.

        An `urgent` one is short, and somebody waits for it: on SQLite it goes first. Raises
        `Temporary` when the database is busy, full or away.
        """
        if self.sqlite:
            self._precedence.wait(urgent=urgent)
        with self._lock(), self.trouble(), self.engine.connect() as raw:
            connection = raw.execution_options(mailgate_write=True)
            with connection.begin(), self._precedence.held(urgent=urgent):
                self.ask_server_time(connection)
                yield connection

    @contextmanager
    def rehearse(self) -> Iterator[Connection]:
        """As `write`, but whatever was written is taken back at the end."""
        with self._lock(), self.trouble(), self.engine.connect() as raw:
            connection = raw.execution_options(mailgate_write=True)
            transaction = connection.begin()
            try:
                yield connection
            finally:
                transaction.rollback()

    @contextmanager
    def rebuild(self) -> Iterator[Connection]:
        """As `write`, but whole tables may be replaced, as migrations do.

        SQLite changes most of a table by copying it and dropping the old one, which references to
        it would forbid: here they are looked at when all is done. Raises `Permanent` when one
        then leads nowhere, and nothing has changed.
        """
        with self._lock(), self.trouble(), self.engine.connect() as raw:
            connection = raw.execution_options(mailgate_write=True)
            with self._unchecked(connection), connection.begin():
                yield connection
                if self.sqlite and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                    raise Permanent("a migration would leave references that lead nowhere")

    @contextmanager
    def _unchecked(self, connection: Connection) -> Iterator[None]:
        """Leave references alone; this can be said to SQLite outside of transactions only."""
        driver = connection.connection.driver_connection
        if not self.sqlite or driver is None:
            yield
            return
        driver.execute("PRAGMA foreign_keys = OFF")
        try:
            yield
        finally:
            driver.execute("PRAGMA foreign_keys = ON")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that reads one consistent state. Raises `Temporary` likewise."""
        options = {} if self.sqlite else {"isolation_level": "REPEATABLE READ"}
        with self.trouble(), self.engine.connect() as raw:
            connection = raw.execution_options(**options)
            with connection.begin():
                yield connection

    @contextmanager
    def _lock(self) -> Iterator[None]:
        if self.sqlite:
            with self._writing:
                yield
        else:
            yield

    @contextmanager
    def trouble(self) -> Iterator[None]:
        """Turn what a driver reports of the database's state into our errors, without its text."""
        try:
            yield
        except DBAPIError as error:
            fault = blamed(error, self.place)
            if fault is None:
                raise
            raise fault from error
        except PoolExhausted as error:
            raise Temporary("too much is being asked of the database at once") from error

    @property
    def place(self) -> str:
        """Where a server is looked for: `host:port` of each."""
        given = self.url.translate_connect_args() | dict(self.url.query)
        hosts, ports = given.get("host", "localhost"), given.get("port", _PORT)
        if isinstance(hosts, tuple):  # each with its port
            return ", ".join(host if ":" in host else f"{host}:{_PORT}" for host in hosts)
        return ", ".join(f"{host}:{ports}" for host in str(hosts).split(","))

    def ask_server_time(self, connection: Connection) -> None:
        """Ask a server that is shared for its time, now and then."""
        if self._time is not None:
            self._time.ask(connection)

    def lease_time(self, local: datetime) -> datetime:
        """Return the time by which claims last, aware UTC.

        That is `local`, this machine's, where no other machine claims anything, or the server has
        not told its own yet.
        """
        return (self._time and self._time.now()) or local

    def ids(self, connection: Connection, count: int) -> Iterator[int]:
        """Take `count` ids that nobody else gets, within a writing transaction."""
        if self.sqlite:
            after = connection.exec_driver_sql(_TAKE_IDS, (count,)).scalar_one()
            return iter(range(after - count, after))
        rows = connection.execute(
            text(f"SELECT nextval('{_ID_SEQUENCE}') FROM generate_series(1, :n)"),  # noqa: S608 - a constant of ours
            {"n": count},
        )
        return iter(rows.scalars().all())

    def skip_ids(self, connection: Connection, count: int) -> None:
        """Leave out the next `count` ids, within a writing transaction."""
        if self.sqlite:
            next(self.ids(connection, count), None)
            return
        connection.execute(
            text(f"SELECT setval('{_ID_SEQUENCE}', nextval('{_ID_SEQUENCE}') + :n)"),
            {"n": count},
        )

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def _json(document: Any) -> str:
    """Write a document in a third of the time that the library's writer takes."""
    return to_json(document).decode()


def _keep_private(path: Path | None) -> None:
    """Make the file before SQLite does, which would let everybody read mails and signed addresses.

    A folder that is missing or closed to us is told of when the database is used.
    """
    if path is not None and not path.exists():
        with contextlib.suppress(OSError):
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))


def let_idle(connection: Connection) -> None:
    """Let a transaction that only reads do nothing in between for as long as it likes.

    It keeps nobody waiting, however long others work on what it reads; see `_configure_postgresql`.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))


@contextmanager
def sealed(connection: Connection) -> Iterator[None]:
    """Refuse whatever would be written meanwhile in a transaction that reads; see `would_write`."""
    sqlite = connection.dialect.name == "sqlite"
    connection.exec_driver_sql("PRAGMA query_only = ON" if sqlite else "SET TRANSACTION READ ONLY")
    try:
        yield
    finally:
        if sqlite:
            connection.exec_driver_sql("PRAGMA query_only = OFF")


def would_write(error: DBAPIError) -> bool:
    """Whether a statement was refused because the transaction is `sealed`."""
    code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
    return code == sqlite3.SQLITE_READONLY or getattr(error.orig, "sqlstate", "") == _READ_ONLY


def _identity(path: Path | None) -> tuple[int, int] | None:
    try:
        found = None if path is None else os.stat(path)  # noqa: PTH116 - before each transaction
    except OSError:
        return None
    return found and (found.st_dev, found.st_ino)


def inserting(connection: Connection, table: Table) -> "postgresql.Insert | sqlite.Insert":
    """Return an INSERT that can say what to do when the row is there already."""
    return insert_for(connection.dialect.name, table)


def insert_for(dialect: str, table: Table) -> "postgresql.Insert | sqlite.Insert":
    """Return the same for a dialect, so that the statement can be kept."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


def _write_ahead(cursor: sqlite3.Cursor) -> None:
    """Have the file write ahead.

    Of two processes that say so of a new file at the same time, SQLite refuses one at once, however
    long it may wait otherwise.
    """
    patience = time.monotonic() + BUSY.total_seconds()
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() > patience:
                raise
            time.sleep(_PAUSE)
        else:
            return


def is_busy(error: sqlite3.OperationalError) -> bool:
    """Whether another process has the file, be it to put right what a kill has left there.

    The code's last octet tells; SQLite says more in those before it.
    """
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY


def _configure_postgresql(patience: timedelta, connection: Any, _record: Any) -> None:
    """Have commits be on the disk when they are told; stricter settings of the server stand.

    A node that is frozen or vanishes in the middle of a transaction keeps its locks no longer than
    its claims: the server ends the connection, and the thawed node learns that it came too late.
    """
    connection.execute(
        "SELECT set_config('synchronous_commit', 'on', false)"
        " WHERE current_setting('synchronous_commit') = 'off'"
    )
    connection.execute(
        "SELECT set_config('idle_in_transaction_session_timeout', %s, false),"
        " set_config('tcp_keepalives_idle', '15', false),"
        " set_config('tcp_keepalives_interval', '5', false),"
        " set_config('tcp_keepalives_count', '3', false)",
        (f"{patience // timedelta(milliseconds=1)}ms",),
    )
    connection.commit()


def _copy(cursor: Any, _statement: str, rows: Sequence[Mapping[str, Any]], context: Any) -> bool:
    """Copy new rows in instead of inserting them one by one; False for few, and for what is none.

    For a row that is less work on both sides than a statement carried out for it alone; what a COPY
    costs at its begin and end, some dozen rows bring in again.
    """
    words = context.execution_options.get(COPY)
    if words is None or len(rows) < _MANY:
        return False
    with cursor.copy(words) as copy:
        for row in rows:
            copy.write_row(tuple(row.values()))
    return True


def _as_it_is(binary: object, cursor: Any, _statement: str, _values: Any, context: Any) -> None:
    """Have raw mails come octet by octet; all else reads the same either way."""
    if context.execution_options.get(RAW):
        cursor.format = binary


def _begin_sqlite(connection: Connection) -> None:
    if not connection.get_execution_options().get("mailgate_write"):
        _wait_for_others(connection, BUSY)
        connection.exec_driver_sql("BEGIN")
        return
    _wait_for_others(connection, timedelta(0))
    if not _has_begun(connection.connection.driver_connection):
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # for the last time: it tells the fault


def _wait_for_others(connection: Connection, patience: timedelta) -> None:
    """Say how long SQLite itself waits for a lock; a connection does mostly one kind of work."""
    if connection.info.get("patience", BUSY) != patience:
        driver: Any = connection.connection.driver_connection
        driver.execute(f"PRAGMA busy_timeout = {patience // timedelta(milliseconds=1)}")
        connection.info["patience"] = patience


def _has_begun(driver: Any) -> bool:
    """Take the file's lock as soon as no other process holds it; tell whether that came to pass.

    SQLite itself would look again after up to a tenth of a second, which whoever waits for the
    answer to a mail would feel.
    """
    patience = time.monotonic() + BUSY.total_seconds()
    while time.monotonic() < patience:
        try:
            driver.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if not is_busy(error):
                return False
            time.sleep(_GLANCE)
        else:
            return True
    return False
