"""PostgreSQL answers, and no test sees another's data."""

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from tests.peers.postgresql import PostgreSQL


def rows(url: str, *statements: str) -> list[tuple[object, ...]]:
    """Run statements in one transaction, and return the rows of the last."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as link:
        done = [link.execute(text(statement)) for statement in statements]
        return [tuple(row) for row in done[-1]] if done[-1].returns_rows else []


def test_it_answers_through_sqlalchemy_and_psycopg(postgresql_url: str) -> None:
    assert rows(postgresql_url, "SELECT 1") == [(1,)]
    assert rows(postgresql_url, "SHOW server_encoding") == [("UTF8",)]


@pytest.mark.parametrize("turn", [1, 2])
def test_a_database_is_empty_at_the_start_of_each_test(postgresql_url: str, turn: int) -> None:
    assert rows(postgresql_url, "CREATE TABLE mine (n int)", "SELECT * FROM mine") == []


def test_a_template_is_prepared_once_and_copied(postgresql_server: PostgreSQL) -> None:
    prepared = []

    def prepare(url: str) -> None:
        prepared.append(url)
        rows(url, "CREATE TABLE ready (n int)", "INSERT INTO ready VALUES (7)")

    for _ in range(2):
        postgresql_server.template("smoke_template", prepare)
        name = postgresql_server.create("smoke_template")
        assert rows(postgresql_server.url(name), "SELECT n FROM ready") == [(7,)]
        postgresql_server.drop(name)
    assert len(prepared) == 1


def test_a_dropped_database_is_gone(postgresql_server: PostgreSQL) -> None:
    name = postgresql_server.create()
    postgresql_server.drop(name)
    with pytest.raises(OperationalError, match="does not exist"):
        rows(postgresql_server.url(name), "SELECT 1")
