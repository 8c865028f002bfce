"""Rows that are written many at a time are the same as those that are written one by one."""

from datetime import UTC, datetime, timedelta

import pytest
from psycopg import Cursor
from sqlalchemy import JSON, Boolean, Column, Integer, LargeBinary, MetaData, Table, Text, select
from sqlalchemy.exc import IntegrityError

from mailgate.store import prepared
from mailgate.store.types import Instant

START = datetime(2026, 3, 29, 0, 59, 59, 999_999, tzinfo=UTC)
# What a format with a sign for each column, and one for no value, could take for its own.
ODD = [
    "a\tb",
    "a\nb\r\n",
    "\\N",
    "\\",
    "\\.",
    "",
    "q\"u,o't",
    "Grüße 漢字 \U0001f4a1",
    "NULL",
    "{}",
]
TABLE = Table(
    "order",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("from", Text, nullable=False),
    Column("maybe", Text),
    Column("at", Instant, nullable=False),
    Column("said", JSON, nullable=False),
    Column("octets", LargeBinary, nullable=False),
    Column("yes", Boolean, nullable=False),
)


@pytest.fixture
def database(bare):
    """A database whose one table has a column of each kind, and names that must be quoted."""
    with bare.write() as connection:
        TABLE.metadata.create_all(connection)
    return bare


@pytest.fixture
def copies(monkeypatch):
    """The words of every COPY."""
    found = []
    copy = Cursor.copy

    def noted(self, words):
        found.append(words)
        return copy(self, words)

    monkeypatch.setattr(Cursor, "copy", noted)
    return found


def rows(count):
    return [
        {
            "id": n,
            "yes": n % 2 == 0,
            "from": ODD[n % len(ODD)],
            "maybe": ODD[n % len(ODD)] if n % 3 else None,
            "at": START + timedelta(microseconds=n),
            "said": {"odd": ODD[n % len(ODD)], "none": None, "list": [1.5, True, n]},
            "octets": bytes(range(n, n + 200)),
        }
        for n in range(count)
    ]


@pytest.mark.parametrize(("count", "copied"), [(1, 0), (3, 0), (50, 1)])
def test_few_rows_and_many_are_read_as_they_were_written(database, copies, count, copied):
    written = rows(count)
    with database.write() as connection:
        assert prepared.insert(connection, TABLE, written) == count
    with database.read() as connection:
        found = connection.execute(select(TABLE).order_by(TABLE.c.id)).mappings().all()
    assert list(map(dict, found)) == written
    columns = '(id, "from", maybe, at, said, octets, yes)'
    assert copies == ([] if database.sqlite else [f'COPY "order" {columns} FROM STDIN'] * copied)


def test_of_many_rows_none_is_there_when_one_is_refused(database):
    twice = [*rows(50), *rows(1)]
    with pytest.raises(IntegrityError), database.write() as connection:
        prepared.insert(connection, TABLE, twice)
    with database.read() as connection:
        assert connection.execute(select(TABLE)).all() == []


def test_many_rows_of_which_some_are_there_are_inserted_one_by_one(database, copies):
    with database.write() as connection:
        prepared.insert(connection, TABLE, rows(10))
        assert prepared.insert(connection, TABLE, rows(50), ignore=True) == 40
    assert copies == []
