"""The sign that a desk has run here, and the database that should be there."""

import stat

import pytest

from mailgate.errors import Refused
from mailgate.store import footprint


def test_where_no_desk_has_run_none_is_expected(tmp_path):
    assert footprint.found(tmp_path / "desk.db") is None
    assert footprint.found(None) is None, "a server's database is no file"


def test_a_desk_that_has_run_is_expected_and_its_sign_is_private_and_says_what_it_is(tmp_path):
    path = tmp_path / "desk.db"
    path.touch()
    footprint.leave(path)
    footprint.leave(path)
    footprint.leave(None)

    assert footprint.found(path) == path
    sign = tmp_path / "desk.db.expected"
    assert stat.S_IMODE(sign.stat().st_mode) == 0o600
    assert "desk.db" in sign.read_text()


def test_a_database_that_has_gone_is_missed(tmp_path):
    path = tmp_path / "desk.db"
    footprint.leave(path)

    with pytest.raises(Refused, match="is missing, though a desk has run on it: put it back"):
        footprint.found(path)


def test_a_folder_that_cannot_be_written_keeps_nobody_from_going_on(tmp_path):
    footprint.leave(tmp_path / "gone" / "desk.db")

    assert footprint.found(tmp_path / "gone" / "desk.db") is None
