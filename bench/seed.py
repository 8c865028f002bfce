"""A desk with any number of open tickets, quickly: rows written in sets, from patterns.

    python -m bench.seed DIR --tickets 1000000 [--database postgresql://...]

What is made is a desk like any other, with its configuration: `mailgate verify` finds nothing to
complain of. Each ticket has its customer, its mails, history, deadlines and notices that were sent.
They were opened one after the other, 5 seconds apart; with deadlines in three years, so that
nothing comes due while it is being measured.
"""

import argparse
import os
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from bench import process, stories
from bench.gateway import AGENT, Gateway
from mailgate.app import App
from mailgate.cli import printing
from mailgate.cli.opening import opened
from mailgate.store import schema

APART = timedelta(seconds=5)
DEADLINE = "1000d"
SETTINGS = {
    "desk.number_format": "TKT-{seq:07d}",  # of no year: the oldest are of an earlier one
    "sla.global": dict.fromkeys(
        ("system", "client", "auto_close", "first_response", "resolution"), DEADLINE
    ),
}
_BATCH = 2000  # tickets

Rows = dict[str, list[list[Any]]]


class _Load(Protocol):
    """Takes rows in sets, past everything that would look at each of them."""

    def stored(self, at: datetime) -> Any:
        """Return an instant as it is kept."""
        ...

    def add(self, rows: Rows) -> None:
        """Write rows, by table."""
        ...

    def finish(self) -> None:
        """Make the indexes, and have everything on the disk."""
        ...


def seed(folder: Path, tickets: int, database: str | None = None) -> Gateway:
    """Make a desk with so many open tickets, at least four; return it, not started."""
    gateway = Gateway(folder, database, SETTINGS)
    gateway.set_up()
    with opened(folder / "config.toml") as app:
        told = stories.tell(app, AGENT)
        patterns = stories.patterns(app, told)
        shares = [patterns[story] for story in stories.SHARES]
        more = tickets - told
        ids = sum(shares[at % len(shares)].ids for at in range(more))
        with app.database.write() as connection:
            first_id = next(app.database.ids(connection, 1)) + 1
            app.database.skip_ids(connection, ids)
        load = _load(app)
        with printing.progress("Tickets") as progress:
            for done, rows in enumerate(_rows(shares, more, first_id, load)):
                progress(done * _BATCH, more)
                load.add(rows)
        load.finish()
    return gateway


def _load(app: App) -> _Load:
    app.database.close()
    if app.database.path:
        return _SqliteLoad(app.database.path)
    return _PostgresqlLoad(app.database.url.render_as_string(hide_password=False))


def _rows(
    shares: Sequence[stories.Pattern], count: int, next_id: int, load: _Load
) -> Iterator[Rows]:
    """Yield the rows of so many tickets, the oldest first, in batches."""
    rows: Rows = defaultdict(list)
    for at in range(count):
        pattern = shares[at % len(shares)]
        for table, row in pattern.write(at + 1, next_id, APART * (count - at), load.stored):
            rows[table].append(row)
        next_id += pattern.ids
        if (at + 1) % _BATCH == 0:
            yield rows
            rows = defaultdict(list)
    yield rows


def _columns(table: str) -> list[str]:
    return [column.name for column in schema.metadata.tables[table].columns]


class _SqliteLoad:
    """Loads a file that nobody else has open."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = sqlite3.connect(path, isolation_level=None)
        for pragma in (
            "journal_mode = OFF", "synchronous = OFF", "foreign_keys = OFF",
            "cache_size = -2000000", "temp_store = MEMORY",
        ):  # fmt: skip
            self._connection.execute(f"PRAGMA {pragma}")
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        self._indexes = self._connection.execute(query).fetchall()
        for name, _ in self._indexes:
            self._connection.execute(f'DROP INDEX "{name}"')
        self._connection.execute("BEGIN")

    @staticmethod
    def stored(at: datetime) -> int:
        return stories.as_microseconds(at)

    def add(self, rows: Rows) -> None:
        for table, some in rows.items():
            places = ", ".join("?" * len(_columns(table)))
            self._connection.executemany(f"INSERT INTO {table} VALUES ({places})", some)  # noqa: S608 - names of our own

    def finish(self) -> None:
        for _, sql in self._indexes:
            self._connection.execute(sql)
        self._connection.execute("COMMIT")
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.close()
        with self._path.open("rb+") as file:
            os.fsync(file.fileno())


class _PostgresqlLoad:
    """Loads a database by COPY, as the superuser, who may leave out looking at references."""

    def __init__(self, url: str) -> None:
        import psycopg

        self._connection = psycopg.connect(url.replace("postgresql+psycopg:", "postgresql:", 1))
        self._connection.execute("SET session_replication_role = replica")
        self._connection.execute("SET maintenance_work_mem = '512MB'")
        query = (
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexname"
            " NOT IN (SELECT conname FROM pg_constraint) AND tablename <> 'alembic_version'"
        )
        self._indexes = self._connection.execute(query).fetchall()
        for name, _ in self._indexes:
            self._connection.execute(f'DROP INDEX "{name}"')

    @staticmethod
    def stored(at: datetime) -> datetime:
        return at

    def add(self, rows: Rows) -> None:
        with self._connection.cursor() as cursor:
            for table, some in rows.items():
                names = ", ".join(_columns(table))
                with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                    for row in some:
                        copy.write_row(row)

    def finish(self) -> None:
        for _, definition in self._indexes:
            self._connection.execute(definition)
        self._connection.commit()
        self._connection.autocommit = True
        self._connection.execute("VACUUM ANALYZE")  # as autovacuum has done of one that grew
        self._connection.execute("CHECKPOINT")
        self._connection.close()


def main() -> None:
    """Make a desk in a folder, and tell how long that took."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("folder", type=Path)
    options.add_argument("--tickets", type=int, default=1_000_000)
    options.add_argument("--database", help="URL of an empty PostgreSQL database; else SQLite")
    given = options.parse_args()
    began = process.now()
    seed(given.folder, given.tickets, given.database)
    print(f"{given.tickets} tickets in {process.now() - began:.0f} s: {given.folder}")


if __name__ == "__main__":
    main()
