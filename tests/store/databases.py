"""Databases for tests: empty, at the newest schema, of either kind; migrated once a run."""

import functools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from mailgate.store import migrate, schema
from mailgate.store.db import Database
from tests.peers.postgresql import PostgreSQL

SQLITE, POSTGRESQL = "sqlite", "postgresql"

BOTH = [SQLITE, pytest.param(POSTGRESQL, marks=pytest.mark.peers)]
"""The parameters of a fixture by which a test runs once on each kind."""

TENANT, OTHER = 1, 2


@contextmanager
def migrated(request: pytest.FixtureRequest, kind: str) -> Iterator[Database]:
    """Open a database of a kind that nobody else uses, at the newest schema, without rows."""
    if kind == SQLITE:
        path = request.getfixturevalue("tmp_path") / "test.db"
        shutil.copy(_template(request.getfixturevalue("tmp_path_factory").getbasetemp()), path)
        database = Database(f"sqlite:///{path}")
    else:
        database = Database(_shared(request.getfixturevalue("postgresql_server")))
        _empty(database)
    yield database
    database.close()


def add_other_tenant(database: Database) -> None:
    """Add a second tenant, `OTHER`."""
    with database.write() as connection:
        connection.execute(schema.tenant.insert().values(id=OTHER, name="other"))


@functools.cache
def _template(folder: Path) -> Path:
    path = folder / "migrated.db"
    _migrate(f"sqlite:///{path}")
    return path


@functools.cache
def _shared(server: PostgreSQL) -> str:
    """Return the URL of one database for the run: to empty it takes a hundredth of a new one."""
    url = server.url(server.create())
    _migrate(url)
    return url


def _migrate(url: str) -> None:
    database = Database(url)
    migrate.upgrade(database)
    database.close()


def _empty(database: Database) -> None:
    """Make a database as it is after the migrations, whoever of an earlier test still holds it."""
    with database.write() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
        for table in reversed(schema.metadata.sorted_tables):
            if table not in (schema.tenant, schema.sequence):
                connection.execute(table.delete())
        connection.execute(schema.tenant.delete().where(schema.tenant.c.id != TENANT))
        connection.execute(text("ALTER SEQUENCE mailgate_id RESTART"))


def without_waiting_for_the_disk(database: Database) -> None:
    """Have a SQLite file that outlives no test be written as fast as memory."""
    if database.sqlite:
        event.listen(database.engine, "connect", _trust_the_cache)
        database.engine.dispose()


def _trust_the_cache(driver: Any, _record: object) -> None:
    driver.execute("PRAGMA synchronous = OFF")
