"""The sign that a desk has run here, and the database that should be there."""

import sqlite3
import stat
from contextlib import closing

import pytest

from mailgate.errors import Refused
from mailgate.store import footprint
from tests.store.databases import add_other_tenant

OURS, THEIRS = "0" * 32, "1" * 32


def a_desk(path, identity, mode="WAL"):
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA journal_mode = {mode}")
        database.execute("CREATE TABLE tenant (id, identity)")
        database.execute("INSERT INTO tenant VALUES (1, ?)", (identity,))
        database.commit()


def test_where_no_desk_has_run_none_is_expected(tmp_path):
    assert footprint.found(tmp_path / "desk.db") is None
    assert footprint.found(None) is None, "a server's database is no file"


def test_a_desk_that_has_run_is_expected_and_its_sign_is_private_and_says_what_it_is(tmp_path):
    path = tmp_path / "desk.db"
    a_desk(path, OURS)
    footprint.leave(path, OURS)
    footprint.leave(path, OURS)
    footprint.leave(None, OURS)

    assert footprint.found(path) == path
    sign = tmp_path / "desk.db.expected"
    assert stat.S_IMODE(sign.stat().st_mode) == 0o600
    assert "on desk.db" in sign.read_text()
    assert f"\ndesk {OURS}\n" in sign.read_text()
    assert not list(tmp_path.glob(".*"))


def test_a_database_that_has_gone_is_missed(tmp_path):
    path = tmp_path / "desk.db"
    footprint.leave(path, OURS)

    with pytest.raises(Refused, match="is missing, though a desk has run on it: put it back"):
        footprint.found(path)


def test_an_empty_file_is_refused_and_stays_empty(tmp_path):
    path = tmp_path / "desk.db"
    footprint.leave(path, OURS)
    path.touch()

    with pytest.raises(Refused, match="is empty, though a desk has run on it: put it back"):
        footprint.found(path)
    assert path.stat().st_size == 0


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
def test_another_desks_database_in_its_place_is_refused_and_not_touched(tmp_path, mode):
    path = tmp_path / "desk.db"
    footprint.leave(path, OURS)
    a_desk(path, THEIRS, mode)
    before = path.read_bytes()

    with pytest.raises(Refused, match="holds another desk than the one that has run on it"):
        footprint.found(path)
    assert path.read_bytes() == before
    footprint.remove(path)
    assert footprint.found(path) is None
    footprint.remove(path)


def test_what_cannot_be_read_is_left_to_who_opens_it(tmp_path):
    path = tmp_path / "desk.db"
    footprint.leave(path, OURS)
    path.write_bytes(b"no database at all")

    assert footprint.found(path) == path


def test_a_sign_that_names_no_desk_fits_each_until_it_is_written_anew(tmp_path):
    path = tmp_path / "desk.db"
    (tmp_path / "desk.db.expected").touch()
    a_desk(path, OURS)

    assert footprint.found(path) == path
    footprint.leave(path, OURS)
    assert f"\ndesk {OURS}\n" in (tmp_path / "desk.db.expected").read_text()


def test_a_folder_that_cannot_be_written_keeps_nobody_from_going_on(tmp_path):
    footprint.leave(tmp_path / "gone" / "desk.db", OURS)

    assert footprint.found(tmp_path / "gone" / "desk.db") is None


def test_a_database_is_known_by_its_first_desk(database):
    with database.read() as connection:
        before = footprint.identity(connection)
    add_other_tenant(database)

    with database.read() as connection:
        assert footprint.identity(connection) == before
    assert len(before) == 32
