"""One database behind the same calls: SQLite on one machine, or PostgreSQL.

A write on SQLite takes the lock of this process first and then the file's (`BEGIN IMMEDIATE`), so
that writers queue instead of failing. A fault of the database is `Temporary`.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from mailgate.errors import Temporary

BUSY = timedelta(seconds=15)
"""How long a writer waits for another process."""

_ID_SEQUENCE = "mailgate_id"


class Database:
    """The connection pool and the ways to open a transaction."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        if self.url.drivername == "postgresql":
            self.url = self.url.set(drivername="postgresql+psycopg")
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self._writing = threading.RLock()
        if self.sqlite:
            self.engine = create_engine(
                self.url,
                pool_size=8,
                max_overflow=24,
                connect_args={"timeout": BUSY.total_seconds(), "check_same_thread": False},
            )
            event.listen(self.engine, "connect", _configure_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        else:
            self.engine = create_engine(self.url, pool_size=8, max_overflow=24, pool_pre_ping=True)

    @property
    def path(self) -> Path | None:
        """The file of a SQLite database."""
        return Path(self.url.database) if self.sqlite and self.url.database else None

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction that writes; it commits at the end, durably.

        Raises `Temporary` when the database is busy, full or away.
        """
        with self._lock(), _as_temporary(), self.engine.connect() as raw:
            connection = raw.execution_options(mailgate_write=True)
            with connection.begin():
                yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that reads one consistent state. Raises `Temporary` likewise."""
        options = {} if self.sqlite else {"isolation_level": "REPEATABLE READ"}
        with _as_temporary(), self.engine.connect() as raw:
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

    def ids(self, connection: Connection, count: int) -> Iterator[int]:
        """Take `count` ids that nobody else gets, within a writing transaction."""
        if self.sqlite:
            after = connection.execute(
                text("UPDATE sequence SET next = next + :n WHERE name = 'id' RETURNING next"),
                {"n": count},
            ).scalar_one()
            return iter(range(after - count, after))
        rows = connection.execute(
            text(f"SELECT nextval('{_ID_SEQUENCE}') FROM generate_series(1, :n)"),  # noqa: S608 - a constant of ours
            {"n": count},
        )
        return iter(rows.scalars().all())

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


@contextmanager
def _as_temporary() -> Iterator[None]:
    """Turn what a driver reports of the database's state into `Temporary`, without its text."""
    try:
        yield
    except DBAPIError as error:
        if error.connection_invalidated or type(error).__name__ == "OperationalError":
            raise Temporary("the database cannot be used at the moment") from error
        raise


def _configure_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA cache_size = -16000")
    cursor.execute("PRAGMA journal_size_limit = 67108864")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get("mailgate_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
