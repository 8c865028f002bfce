"""What PostgreSQL's own programs are told, and what is done when they say no."""

import pytest
from sqlalchemy import make_url, text

from mailgate.errors import Permanent, Refused
from mailgate.store import backup_postgresql, migrate, schema
from mailgate.store.db import Database
from tests.store.rows import arrival, keep, total

FAKE = """#!/bin/sh
printf '%s\\n' "$@" > "$0.words"
printf '%s' "$PGPASSWORD" > "$0.password"
echo 'pg_restore: error: it said no' >&2
exit 1
"""


@pytest.fixture
def program(tmp_path, monkeypatch):
    """A pg_restore that notes what it is told, and fails."""
    path = tmp_path / "pg_restore"
    path.write_text(FAKE)
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return path


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://mailgate:s3cr%40t@db.example:5433/desk?sslmode=require",
        "postgresql://mailgate@db.example:5433/desk?sslmode=require&password=s3cr%40t",
    ],
)
def test_the_password_is_on_no_command_line(program, url):
    url = make_url(url)
    with pytest.raises(Permanent, match=r"^pg_restore: error: it said no$"):
        backup_postgresql._run("pg_restore", url, ["x"], ("no such line", 1, lambda *_: None))
    words = program.with_name("pg_restore.words").read_text()
    assert "postgresql://mailgate@db.example:5433/desk?sslmode=require" in words
    assert "s3cr" not in words
    assert program.with_name("pg_restore.password").read_text() == "s3cr@t"


def test_a_program_that_is_missing_is_named_with_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Refused, match=r"no program pg_dump.*postgresql-client"):
        backup_postgresql.needed("pg_dump")


def test_a_program_that_ends_without_a_word_is_told_by_its_code(program):
    program.write_text("#!/bin/sh\nexit 3\n")
    url = make_url("postgresql://mailgate@db.example/desk")
    with pytest.raises(Permanent, match="pg_restore ended with 3"):
        backup_postgresql._run("pg_restore", url, [], ("", 1, lambda *_: None))


@pytest.fixture
def own(postgresql_url):
    """A database that no other test uses: tables are moved about in it."""
    database = Database(postgresql_url)
    migrate.upgrade(database)
    keep(database, arrival())
    yield database
    database.close()


def tables(database, schema_name):
    with database.read() as connection:
        rows = connection.execute(
            text("SELECT tablename FROM pg_tables WHERE schemaname = :name"), {"name": schema_name}
        )
        return set(rows.scalars())


def test_what_is_put_aside_can_be_put_back_with_every_row(own):
    before = tables(own, "public")
    own.engine.dispose()
    backup_postgresql.put_aside(own, "replaced_1")
    with own.read() as connection:
        assert backup_postgresql.unused(connection)
    assert tables(own, "replaced_1") == before
    backup_postgresql.put_back(own, "replaced_1")
    assert tables(own, "public") == before
    keep(own, arrival(b"Message-ID: <again@x>\r\n\r\n"))
    with own.read() as connection:
        assert total(connection, schema.mail) == 2
        assert migrate.differences(connection) == []


def test_a_database_in_use_is_not_put_aside(own):
    other = Database(own.url.render_as_string(hide_password=False))
    own.engine.dispose()
    with other.read(), pytest.raises(Refused, match="1 other connections use the database"):
        backup_postgresql.put_aside(own, "replaced_1")
    other.close()
    assert tables(own, "replaced_1") == set()


def test_whoever_may_make_no_schema_is_told_what_to_grant(own):
    with own.write() as connection:
        connection.execute(text("DROP ROLE IF EXISTS reader"))
        connection.execute(text("CREATE ROLE reader LOGIN"))
    own.engine.dispose()
    poor = Database(own.url.set(username="reader").render_as_string(hide_password=False))
    with pytest.raises(Refused, match="GRANT CREATE ON DATABASE"):
        backup_postgresql.put_aside(poor, "replaced_1")
    poor.close()
