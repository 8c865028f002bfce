"""Databases of both kinds: migrated and empty of rows, or with no table at all."""

from collections.abc import Iterator

import pytest
from sqlalchemy import event

from mailgate.store.db import Database
from tests.store.databases import BOTH, POSTGRESQL, SQLITE, migrated


@pytest.fixture(params=BOTH)
def database(request) -> Iterator[Database]:
    """A migrated database, once of each kind."""
    with migrated(request, request.param) as database:
        yield database


@pytest.fixture
def sqlite(request) -> Iterator[Database]:
    """A migrated SQLite database, for what only one process can do to it."""
    with migrated(request, SQLITE) as database:
        yield database


@pytest.fixture
def postgresql(request, postgresql_server) -> Iterator[Database]:
    """A migrated PostgreSQL database, for what only several transactions at once can show."""
    with migrated(request, POSTGRESQL) as database:
        yield database


@pytest.fixture(params=BOTH)
def bare(request, tmp_path) -> Iterator[Database]:
    """A database without any table, once of each kind."""
    if request.param == SQLITE:
        url = f"sqlite:///{tmp_path / 'bare.db'}"
    else:
        url = request.getfixturevalue("postgresql_url")
    database = Database(url)
    yield database
    database.close()


@pytest.fixture
def statements(database) -> Iterator[list[str]]:
    """Every statement that the database is given during the test."""
    found: list[str] = []

    def note(_connection, _cursor, statement, *_rest) -> None:
        found.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield found
    event.remove(database.engine, "before_cursor_execute", note)
