"""Times and documents come out of both stores exactly as they went in."""

from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import (
    Column,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    func,
    select,
    text,
    type_coerce,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import StatementError

from mailgate.store import zipping
from mailgate.store.types import Instant, Json, Packed, pack
from mailgate.store.zipping import PACKED
from tests.store.rows import NOW

kept = Table(
    "kept",
    MetaData(),
    Column("n", Integer, primary_key=True),
    Column("at", Instant),
    Column("document", Json),
    Column("octets", Packed),
)
AUCKLAND = timezone(timedelta(hours=13))
MICROSECOND = timedelta(microseconds=1)

INSTANTS = [
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(1582, 10, 15, 0, 0, 0, 1, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(2026, 3, 2, 9, 30, 15, 123456, tzinfo=UTC),
    datetime(2026, 3, 29, 2, 30, tzinfo=timezone(timedelta(hours=-9, minutes=-30))),
    datetime(2027, 1, 1, 0, 30, tzinfo=AUCKLAND),
    datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
]
DOCUMENTS = [
    {},
    [],
    "",
    0,
    False,
    {"a": [1, 2.5, None, True, {"b": []}]},
    ["äöü", "日本語", "🚒", '"quoted"\\', "line\nline\ttab", "\u2028"],
    9007199254740993,
    "x" * 100_000,
]


@pytest.fixture
def connection(database):
    """A connection to a database with the table `kept`, in a transaction that is taken back."""
    with database.engine.connect() as connection, connection.begin() as transaction:
        kept.create(connection)
        yield connection
        transaction.rollback()


def keep(connection, **values):
    connection.execute(kept.insert().values(**values))
    return connection.execute(select(kept)).mappings().one()


@pytest.mark.parametrize("instant", INSTANTS, ids=str)
def test_an_instant_comes_out_in_utc_and_exact_to_the_microsecond(connection, instant):
    found = keep(connection, at=instant)["at"]
    assert found == instant
    assert found.tzinfo is UTC
    assert found.utcoffset() == timedelta(0)


def test_no_instant_is_nothing(connection):
    assert keep(connection, at=None)["at"] is None
    assert connection.execute(select(kept.c.n).where(kept.c.at.is_(None))).all() != []


def test_a_time_without_a_zone_is_refused(connection):
    with pytest.raises(StatementError, match="naive"):
        keep(connection, at=datetime(2026, 3, 2))  # noqa: DTZ001 - what is refused


def test_instants_compare_and_sort_as_time_does(connection):
    connection.execute(kept.insert(), [{"at": instant} for instant in reversed(INSTANTS)])
    found = list(connection.execute(select(kept.c.at).order_by(kept.c.at)).scalars())
    assert found == sorted(INSTANTS)
    for instant in INSTANTS:
        count = select(func.count()).where(kept.c.at < instant)
        assert connection.execute(count).scalar() == sum(each < instant for each in INSTANTS)
    assert connection.execute(select(func.max(kept.c.at))).scalar() == max(INSTANTS)


def test_neighbouring_microseconds_are_told_apart(connection):
    connection.execute(kept.insert(), [{"at": NOW - MICROSECOND}, {"at": NOW}])
    found = connection.execute(select(kept.c.at).where(kept.c.at >= NOW)).scalars().all()
    assert found == [NOW]


def test_a_server_that_lives_in_another_zone_changes_nothing(connection):
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL TIME ZONE 'Pacific/Auckland'"))
    assert keep(connection, at=NOW)["at"] == NOW


@given(st.datetimes(timezones=st.timezones()))
def test_on_sqlite_every_instant_is_a_whole_number_and_back(instant):
    dialect, kind = sqlite.dialect(), Instant()
    stored = kind.bind_processor(dialect)(instant)
    assert isinstance(stored, int)
    # Python calls times in the gap of a change to summer time unequal to any of another zone.
    assert kind.result_processor(dialect, None)(stored) == instant.astimezone(UTC)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document)[:20])
def test_a_document_comes_out_as_it_went_in(connection, document):
    found = keep(connection, document=document)["document"]
    assert found == document
    assert type(found) is type(document)


def test_no_document_is_nothing_and_not_the_word_null(connection):
    assert keep(connection, document=None)["document"] is None
    assert connection.execute(select(kept.c.n).where(kept.c.document.is_(None))).all() != []


TEXT = b"Subject: hello\r\n\r\n" + b"words and more words\r\n" * 60
OCTETS = {  # and whether they are compressed at rest
    "nothing": (None, False),
    "empty": (b"", False),
    "short": (TEXT[:1000], False),
    "words": (TEXT, True),
    "files": (TEXT * 30, True),
    "very long": (TEXT * 1000, True),
    "what cannot be smaller": (b"".join(sha256(bytes([n])).digest() for n in range(40)), False),
    "short, with the mark": (PACKED + b"!", True),
    "long, with the mark": (PACKED + TEXT * 30, True),
}


@pytest.mark.parametrize("name", OCTETS)
def test_octets_come_out_as_they_went_in(connection, name):
    octets, packed = OCTETS[name]
    connection.execute(kept.insert(), [{"n": 1, "octets": octets and pack(octets)}])
    assert connection.execute(select(kept.c.octets)).scalar() == octets
    lies = connection.execute(select(type_coerce(kept.c.octets, LargeBinary))).scalar()
    assert (lies is not None and lies.startswith(PACKED)) is packed
    assert packed or lies == octets


def test_who_is_in_a_hurry_leaves_long_octets_as_they_are():
    assert pack(TEXT * 1000, hurried=True) == TEXT * 1000
    assert pack(TEXT * 100, hurried=True).startswith(PACKED)
    assert pack(TEXT * 1000).startswith(PACKED)
    marked = PACKED + TEXT * 1000
    assert zipping.expanded(pack(marked, hurried=True)) == marked


def test_what_was_left_is_not_packed_when_it_is_written(connection):
    connection.execute(kept.insert(), [{"n": 1, "octets": pack(TEXT * 1000, hurried=True)}])
    lies = connection.execute(select(type_coerce(kept.c.octets, LargeBinary))).scalar()
    assert lies == TEXT * 1000


def test_octets_that_are_damaged_come_as_they_lie_there(connection):
    connection.execute(kept.insert(), [{"n": 1, "octets": TEXT}])
    connection.execute(text("UPDATE kept SET octets = :broken"), {"broken": PACKED + b"broken"})
    assert connection.execute(select(kept.c.octets)).scalar() == PACKED + b"broken"
