"""Brings a database to the schema that this version of the program needs, and no other."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from mailgate.errors import Permanent
from mailgate.store.db import Database
from mailgate.store.revision import present
from mailgate.store.schema import metadata

_PLACE = Path(__file__).parent / "migrations"
_LOCK = 0x6D61696C  # any constant: one migration at a time on PostgreSQL


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_PLACE).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(_PLACE))


def newest() -> str:
    """Return the revision that this version of the program needs."""
    head = _scripts().get_current_head()
    if head is None:
        raise Permanent("no migrations were installed with this program")
    return head


def known() -> frozenset[str]:
    """Return every revision that this version of the program can start from."""
    return frozenset(script.revision for script in _scripts().walk_revisions())


@contextmanager
def _alone(database: Database) -> Iterator[Connection]:
    with database.rebuild() as connection:
        if not database.sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        yield connection


def see_that_known(revision: str) -> None:
    """Raise `Permanent` for a revision that this version of the program does not know."""
    if revision not in known():
        raise Permanent(
            f"the database is at schema revision {revision}, made by a newer mailgate than this "
            "one: run that version, or restore the backup that was made before upgrading "
            "(`mailgate restore`)"
        )


def upgrade(database: Database, keep: Callable[[str], None] = lambda _revision: None) -> str:
    """Migrate to the newest revision and return it; safe to call at every start, on any node.

    `keep` is called with the revision of a database that holds something, before it is changed and
    while nobody else can write to it: what it raises ends the matter. Raises `Permanent` for a
    database that a newer version of the program has migrated, which is not touched.
    """
    head = newest()
    with database.read() as connection:
        current = present(connection)
    if current == head:  # nearly always: no lock, no write
        return head
    if current is not None:
        see_that_known(current)
    database.write_ahead()
    with _alone(database) as connection:
        current = present(connection)  # another node may have been first
        if current is not None and current != head:
            see_that_known(current)
            keep(current)
        if current != head:
            command.upgrade(_config(connection), "head")
    return head


def differences(connection: Connection) -> list[object]:
    """Return how a database differs from the schema, as alembic describes it."""
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, metadata))
