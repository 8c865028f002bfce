"""One fault at one call of the store: refused, done but not told, or the end of the process."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

from psycopg.errors import DiskFull
from sqlalchemy import event

from mailgate.store.db import Database

_NO_ROOM = "DO $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'; END $$"


class Death(BaseException):
    """The process ends here: nothing that comes after it happens."""


class Kind(StrEnum):
    """What goes wrong at the chosen call."""

    REFUSED = "refused"  # it does not happen
    LOST = "lost"  # a commit that happens, though its answer never comes
    DEATH = "death"  # it does not happen, and neither does anything else of this process


class Faulty:
    """Counts the calls of a database's store, statements and commits, and fails at one of them."""

    def __init__(self, database: Database) -> None:
        self.calls = 0
        self.commits: set[int] = set()
        self._counting = False
        self._at: tuple[int, Kind] | None = None
        self._sqlite = database.sqlite
        dialect: Any = database.engine.dialect
        commit = dialect.do_commit

        def faulty_commit(connection: Any) -> None:
            fault = self._next(commit=True)
            if fault is not Kind.LOST:
                self._raise(fault)
            commit(connection)
            self._raise(fault)

        def faulty_statement(_connection: Any, cursor: Any, *_: Any) -> None:
            fault = self._next()
            if fault is Kind.REFUSED and not self._sqlite:
                cursor.execute(_NO_ROOM)  # raises, and the server's transaction is lost
            self._raise(fault)

        event.listen(database.engine, "before_cursor_execute", faulty_statement)
        dialect.do_commit = faulty_commit

    def fail(self, call: int, kind: Kind) -> None:
        """Fail at the call of this number, counted from 1."""
        self._at = call, kind

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count, and fail at, the calls within this block only."""
        self._counting = True
        try:
            yield
        finally:
            self._counting = False

    def _next(self, *, commit: bool = False) -> Kind | None:
        if not self._counting:
            return None
        self.calls += 1
        if commit:
            self.commits.add(self.calls)
        return self._at[1] if self._at and self._at[0] == self.calls else None

    def _raise(self, fault: Kind | None) -> None:
        if fault is Kind.DEATH:
            raise Death
        if fault is None:
            return
        if not self._sqlite:
            raise DiskFull
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR
        raise error
