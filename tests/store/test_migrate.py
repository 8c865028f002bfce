"""Migrations: they make the schema of the models, run once, alone, and keep what is there."""

import shutil
import subprocess
import sys

import pytest
from alembic import command
from sqlalchemy import Connection, MetaData, inspect, text

from mailgate.errors import Permanent
from mailgate.store import migrate, schema
from mailgate.store.db import Database
from mailgate.store.revision import NEWEST, present
from tests.peers.waiting import wait_until
from tests.store.databases import TENANT
from tests.store.rows import every, plant, total

REVISIONS = sorted(migrate.known())

# A migration that changes rows on purpose says here what it makes of them:
# revision -> table -> column -> from the row before it to the value after it.
CHANGED: dict[str, dict[str, dict[str, object]]] = {}

LATER = '''"""A migration as later ones may be: it replaces a table that others refer to."""

import sqlalchemy as sa
from alembic import op

revision = "9000"
down_revision = "{newest}"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("ticket", recreate="auto") as batch:
        batch.add_column(sa.Column("mood", sa.Text(), nullable=False, server_default="calm"))
        batch.alter_column("satisfaction", existing_type=sa.Integer(), type_=sa.BigInteger())
    {end}
'''


def go_to(database: Database, revision: str) -> None:
    with migrate._alone(database) as connection:
        command.upgrade(migrate._config(connection), revision)


@pytest.fixture
def later(tmp_path, monkeypatch):
    """Return a function that adds one more migration, which ends in the line it is given."""
    folder = tmp_path / "with 100% more" / "migrations"
    shutil.copytree(migrate._PLACE, folder)
    newest = migrate.newest()

    def add(end: str = "pass") -> None:
        script = LATER.format(newest=newest, end=end)
        (folder / "versions" / "9000_later.py").write_text(script)
        monkeypatch.setattr(migrate, "_PLACE", folder)

    return add


# --- the schema -----------------------------------------------------------------------------------


def described(connection: Connection) -> dict[str, object]:
    """Return what the database itself says about its tables, whatever order they were made in."""
    looking = inspect(connection)
    found = {}
    for name in looking.get_table_names():
        columns = looking.get_columns(name)
        found[name] = {
            "columns": {column["name"]: shown(column) for column in columns},
            "key": looking.get_pk_constraint(name),
            "references": ordered(looking.get_foreign_keys(name)),
            "unique": ordered(looking.get_unique_constraints(name)),
            "checks": ordered(looking.get_check_constraints(name)),
            "indexes": ordered(looking.get_indexes(name)),
            "comment": comment(looking, name),
        }
    del found["alembic_version"]
    return found


def comment(looking, name: str) -> object:
    return looking.get_table_comment(name) if looking.dialect.supports_comments else None


def ordered(found) -> list[dict[str, object]]:
    return sorted(map(shown, found), key=lambda each: each["name"])


def shown(value: object) -> object:
    """Return a value that can be compared: the text of a condition, not the condition itself."""
    if isinstance(value, dict):
        return {key: shown(each) for key, each in value.items()}
    return str(value)


@pytest.fixture
def described_by_models(bare) -> dict[str, object]:
    """What a database says about itself whose tables were made straight from the models."""
    with bare.write() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        schema.metadata.create_all(connection)
        made = described(connection)
        schema.metadata.drop_all(connection)
        connection.execute(text("DROP TABLE alembic_version"))
    return made


def test_the_migrated_schema_is_that_of_the_models_to_the_last_index(bare, described_by_models):
    migrate.upgrade(bare)
    with bare.read() as connection:
        migrated = described(connection)
        assert migrate.differences(connection) == []
    assert migrated.keys() == described_by_models.keys() == schema.metadata.tables.keys()
    for name, table in migrated.items():
        assert table == described_by_models[name], name


def test_that_comparison_sees_conditions_as_well(described_by_models):
    table = described_by_models["mail_delivery"]
    assert "pending" in str(table["indexes"])
    assert "quarantined" in str(table["checks"])


def test_a_column_too_many_is_found(database):
    with database.write() as connection:
        connection.execute(text("ALTER TABLE contact ADD COLUMN mood TEXT"))
        found = migrate.differences(connection)
        connection.execute(text("ALTER TABLE contact DROP COLUMN mood"))
    assert "mood" in str(found)


# --- once, and forward only -----------------------------------------------------------------------


def test_a_second_upgrade_asks_for_the_revision_and_writes_nothing(database, statements):
    assert migrate.upgrade(database) == migrate.newest()
    asked = [s for s in statements if not s.startswith(("SELECT", "PRAGMA", "BEGIN", "COMMIT"))]
    assert asked == []
    assert "BEGIN IMMEDIATE" not in statements


def test_a_database_that_a_newer_version_has_migrated_is_refused_and_left_alone(bare):
    migrate.upgrade(bare)
    with bare.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Permanent, match=r"revision 9999, made by a newer mailgate.*restore"):
        migrate.upgrade(bare)
    with bare.read() as connection:
        assert present(connection) == "9999"


def test_a_program_without_migrations_says_so(tmp_path, monkeypatch):
    (tmp_path / "versions").mkdir()
    monkeypatch.setattr(migrate, "_PLACE", tmp_path)
    with pytest.raises(Permanent, match="no migrations"):
        migrate.newest()


def test_the_revisions_form_one_line(bare):
    with bare.read() as connection:
        assert present(connection) is None
    assert len(migrate._scripts().get_heads()) == len(migrate._scripts().get_bases()) == 1
    assert migrate.newest() == NEWEST
    assert NEWEST in migrate.known()


PROGRAM = """
import sys
from pathlib import Path
from mailgate.store import migrate
from mailgate.store.db import Database
print("ready", flush=True)
sys.stdin.readline()
migrate._PLACE = Path(sys.argv[2])
database = Database(sys.argv[1])
print(migrate.upgrade(database, lambda revision: print("from", revision)))
database.close()
"""


def starting_at_once(database: Database, count: int) -> list[tuple[str, int]]:
    """Let programs upgrade a database at once; return what each said, and how it ended."""
    url = database.url.render_as_string(hide_password=False)
    command = [sys.executable, "-W", "error", "-c", PROGRAM, url, str(migrate._PLACE)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    starting = [subprocess.Popen(command, text=True, **pipes) for _ in range(count)]
    assert [process.stdout.readline() for process in starting] == ["ready\n"] * count
    for process in starting:
        process.stdin.write("\n")
        process.stdin.flush()
    return [(process.communicate()[0], process.returncode) for process in starting]


def test_two_processes_that_start_at_once_migrate_once(bare):
    said = [out for out, _ in starting_at_once(bare, 2)]
    assert said == [f"{migrate.newest()}\n"] * 2
    with bare.read() as connection:
        assert migrate.differences(connection) == []
        assert total(connection, schema.tenant) == 1


def test_on_postgresql_the_second_node_waits_for_the_first(postgresql_url):
    first, second = Database(postgresql_url), Database(postgresql_url)
    url = second.url.render_as_string(hide_password=False)
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    with migrate._alone(first) as connection:
        program = [sys.executable, "-c", PROGRAM, url, str(migrate._PLACE)]
        other = subprocess.Popen(program, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        other.stdin.write("\n")
        other.stdin.flush()
        wait_until(lambda: connection.execute(text(waiting)).scalar(), "the other to wait")
        command.upgrade(migrate._config(connection), "head")
    assert other.communicate()[0] == f"ready\n{migrate.newest()}\n"
    first.close()
    second.close()


# --- data -----------------------------------------------------------------------------------------


def fill(database: Database) -> dict[str, list[dict[str, object]]]:
    """Put two rows into each table that the database has now, whatever the models say."""
    found = MetaData()
    with database.write() as connection:
        found.reflect(connection)
        tables = [t for t in found.sorted_tables if t.name not in {"alembic_version", "tenant"}]
        for table in tables * 2:
            plant(connection, table, TENANT)
        return {table.name: every(connection, table) for table in tables}


def contents(database: Database) -> dict[str, list[dict[str, object]]]:
    found = MetaData()
    with database.read() as connection:
        found.reflect(connection)
        return {table.name: every(connection, table) for table in found.sorted_tables}


@pytest.mark.parametrize("revision", REVISIONS)
def test_what_a_database_holds_at_a_revision_is_there_after_all_later_ones(bare, revision):
    go_to(bare, revision)
    before = fill(bare)
    migrate.upgrade(bare)
    after = contents(bare)
    with bare.read() as connection:
        assert migrate.differences(connection) == []
    changed = {
        (table, column): change
        for later in REVISIONS[REVISIONS.index(revision) + 1 :]
        for table, columns in CHANGED.get(later, {}).items()
        for column, change in columns.items()
    }
    for name, rows in before.items():
        for old, new in zip(rows, after[name], strict=True):
            for column, value in old.items():
                change = changed.get((name, column))
                assert new[column] == (change(old) if change else value), f"{name}.{column}"


def test_a_table_that_others_refer_to_can_be_replaced_with_all_its_rows(bare, later):
    migrate.upgrade(bare)
    before = fill(bare)
    later()
    assert migrate.upgrade(bare) == "9000"
    after = contents(bare)
    assert [row.pop("mood") for row in after["ticket"]] == ["calm"] * len(before["ticket"])
    assert {name: after[name] for name in before} == before
    with bare.write() as connection:
        assert plant(connection, schema.message, TENANT)["ticket_id"]  # it is still referred to
    if bare.sqlite:
        with bare.read() as connection:
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_two_nodes_that_start_at_once_upgrade_what_is_there_once(bare, later):
    migrate.upgrade(bare)
    before = fill(bare)
    oldest = migrate.newest()
    later()
    assert sorted(starting_at_once(bare, 2)) == [("9000\n", 0), (f"from {oldest}\n9000\n", 0)]
    after = contents(bare)
    assert [row.pop("mood") for row in after["ticket"]] == ["calm"] * len(before["ticket"])
    assert {name: after[name] for name in before} == before


def test_a_node_that_is_killed_in_the_midst_leaves_the_database_as_it_was(bare, later):
    migrate.upgrade(bare)
    before = fill(bare)
    later(end="import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert starting_at_once(bare, 1)[0][1] == -9
    after = contents(bare)
    assert {name: after[name] for name in before} == before
    assert "mood" not in after["ticket"][0]
    later()
    assert migrate.upgrade(bare) == "9000"


def test_what_is_called_before_a_migration_can_prevent_it(bare, later):
    def refuse(revision):
        raise Permanent(f"no copy of {revision}")

    migrate.upgrade(bare, refuse)  # of nothing there is nothing to be kept
    newest = migrate.newest()
    later()
    with pytest.raises(Permanent, match=f"no copy of {newest}"):
        migrate.upgrade(bare, refuse)
    with bare.read() as connection:
        assert present(connection) == newest


def test_a_migration_that_fails_half_way_leaves_the_database_as_it_was(bare, later):
    migrate.upgrade(bare)
    before = contents(bare)
    newest = migrate.newest()
    later(end="raise ArithmeticError")
    with pytest.raises(ArithmeticError):
        migrate.upgrade(bare)
    assert contents(bare) == before
    with bare.read() as connection:
        assert present(connection) == newest
        assert migrate.differences(connection) == []


def test_a_migration_that_loses_what_others_refer_to_is_taken_back(tmp_path, later):
    database = Database(f"sqlite:///{tmp_path / 'refer.db'}")
    migrate.upgrade(database)
    before = fill(database)
    later(end='op.execute("DELETE FROM ticket")')
    with pytest.raises(Permanent, match="lead nowhere"):
        migrate.upgrade(database)
    after = contents(database)
    assert {name: after[name] for name in before} == before
    database.close()
