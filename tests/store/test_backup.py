"""Backups: of one moment of a store at work, whole or not there, and seen to be what they were."""

import json
import sqlite3
import stat
import threading
from contextlib import closing, contextmanager

import pytest
from sqlalchemy import select

from mailgate.errors import Permanent, Refused, Temporary
from mailgate.store import backup, backup_postgresql, backup_sqlite, migrate, schema
from mailgate.store.backup_taking import About, take
from mailgate.store.db import Database
from mailgate.store.revision import present
from tests.store.rows import NOW, arrival, keep, total

ABOUT = About("1.0", "support@desk.example", {"key1": "0123456789abcdef"})


def quiet(_done, _total):
    pass


def mail(number: int):
    return arrival(b"Message-ID: <%d@x>\r\n\r\n%s\r\n" % (number, b"words " * 200))


def taken(database, folder, progress=quiet, about=ABOUT):
    return take(database, folder, about, NOW, progress)


@contextmanager
def restored(database, folder, request):
    """Put a backup into a new database of the same kind, and open it."""
    file = folder / backup.DATABASE[backup.read(folder).store]
    if database.sqlite:
        path = folder.parent / "restored.db"
        backup.copy(file, path, quiet)
        fresh = Database(f"sqlite:///{path}")
    else:
        fresh = Database(request.getfixturevalue("postgresql_url"))
        backup_postgresql.restore(fresh, file, 17, quiet)
    yield fresh
    fresh.close()


def digests(connection) -> set[str]:
    return set(connection.execute(select(schema.mail.c.digest)).scalars())


# --- under load -----------------------------------------------------------------------------------


def test_what_was_acknowledged_before_is_in_it_whoever_writes_meanwhile(
    database, tmp_path, request
):
    keep(database, *map(mail, range(100)))
    with database.read() as connection:
        before = digests(connection)
    stop, written = threading.Event(), []

    def write(first):
        for number in range(first, first + 500):
            if stop.is_set():
                return
            written.append(keep(database, mail(number)))

    threads = [threading.Thread(target=write, args=(n * 1000,)) for n in (1, 2)]
    for thread in threads:
        thread.start()
    try:
        made = taken(database, tmp_path / "b")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert written
    backup.examine(tmp_path / "b", made)
    with restored(database, tmp_path / "b", request) as fresh, fresh.read() as connection:
        assert before <= digests(connection)
        assert total(connection, schema.mail) == made.counts["mail"]
        assert total(connection, schema.mail_delivery) == made.counts["mail_delivery"]
        assert migrate.differences(connection) == []
        assert present(connection) == made.revision == migrate.newest()


def test_writers_do_not_wait_for_it_and_it_does_not_begin_anew(sqlite, tmp_path, monkeypatch):
    monkeypatch.setattr(backup_sqlite, "_PAGES", 4)
    keep(sqlite, *map(mail, range(100)))
    steps = []

    def write(done, of):
        keep(sqlite, mail(1000 + len(steps)))  # another connection, which would make it begin anew
        steps.append((done, of))

    made = taken(sqlite, tmp_path / "b", write)
    assert len(steps) > 10
    assert steps == sorted(steps)
    assert len({of for _, of in steps}) == 1
    assert made.counts["mail"] == 100


def test_the_rows_of_a_dump_are_those_that_were_counted(postgresql, tmp_path, request):
    keep(postgresql, mail(1))
    made = taken(postgresql, tmp_path / "b", lambda *_: keep(postgresql, mail(2)))
    with restored(postgresql, tmp_path / "b", request) as fresh, fresh.read() as connection:
        assert total(connection, schema.mail) == made.counts["mail"] == 1


# --- whole or not there ---------------------------------------------------------------------------


def test_its_owner_alone_can_read_it(database, tmp_path):
    secret = tmp_path / "key"
    secret.write_text("key1 ABC")
    taken(
        database,
        tmp_path / "b",
        about=About("1.0", "support@desk.example", {}, {"secrets/key": secret}),
    )
    modes = {
        path.relative_to(tmp_path).as_posix(): stat.S_IMODE(path.stat().st_mode)
        for path in [tmp_path / "b", *(tmp_path / "b").rglob("*")]
    }
    assert {mode for name, mode in modes.items() if name in ("b", "b/secrets")} == {0o700}
    assert {mode for name, mode in modes.items() if name not in ("b", "b/secrets")} == {0o600}
    assert "secrets/key" in backup.read(tmp_path / "b").files


def test_a_folder_that_is_there_is_left_alone(sqlite, tmp_path):
    (tmp_path / "b").mkdir()
    with pytest.raises(Refused, match="there already"):
        taken(sqlite, tmp_path / "b")
    assert list((tmp_path / "b").iterdir()) == []


def test_nothing_is_left_of_one_that_was_not_finished(sqlite, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup, "_measured", full)
    with pytest.raises(Temporary, match="no space left"):
        taken(sqlite, tmp_path / "b")
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []
    with pytest.raises(Refused, match="missing is no folder: make it"):
        taken(sqlite, tmp_path / "missing" / "b")


def test_a_damaged_database_makes_no_backup(sqlite, tmp_path):
    keep(sqlite, *map(mail, range(200)))
    sqlite.close()
    backup_sqlite.settle(sqlite.path)
    octets = bytearray(sqlite.path.read_bytes())
    for page in range(20, len(octets) // 4096):
        octets[page * 4096 : page * 4096 + 100] = b"\xff" * 100
    sqlite.path.write_bytes(octets)
    with pytest.raises(Permanent, match="damaged"):
        taken(sqlite, tmp_path / "b")
    sqlite.path.write_bytes(b"no database at all" * 1000)
    with pytest.raises(Permanent, match="damaged, or is no database"):
        taken(sqlite, tmp_path / "b")
    assert not (tmp_path / "b").exists()


def test_an_empty_database_is_nothing_to_back_up(bare, tmp_path):
    with bare.read():
        pass
    with pytest.raises(Refused, match="nothing to back up"):
        taken(bare, tmp_path / "b")


# --- what it was when it was made -----------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        None,
        "{",
        "[]",
        "{}",
        '{"files": {"mailgate.db": {}}}',
        '{"files": 3}',
    ],
)
def test_a_folder_that_is_no_backup_is_refused(tmp_path, text):
    if text is not None:
        (tmp_path / backup.MANIFEST).write_text(text)
    with pytest.raises(Refused, match="no backup of this mailgate"):
        backup.read(tmp_path)


@pytest.mark.parametrize("changed", [{"format": 2}, {"store": "oracle"}, {"taken_at": "noon"}])
def test_a_manifest_of_another_form_is_refused(sqlite, tmp_path, changed):
    taken(sqlite, tmp_path / "b")
    manifest = tmp_path / "b" / backup.MANIFEST
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | changed))
    with pytest.raises(Refused, match="no backup of this mailgate"):
        backup.read(tmp_path / "b")


def test_a_changed_octet_is_found(database, tmp_path):
    made = taken(database, tmp_path / "b")
    backup.examine(tmp_path / "b", made)
    file = tmp_path / "b" / backup.DATABASE[made.store]
    octets = bytearray(file.read_bytes())
    octets[-1] ^= 1
    file.write_bytes(octets)
    with pytest.raises(Permanent, match="is not what was written"):
        backup.examine(tmp_path / "b", made)
    file.unlink()
    with pytest.raises(Permanent, match="not whole"):
        backup.examine(tmp_path / "b", made)


# --- a file in the place of another ---------------------------------------------------------------


def test_a_database_that_somebody_has_open_is_not_replaced(sqlite, tmp_path):
    keep(sqlite, mail(1))
    new = tmp_path / "new.db"
    backup_sqlite.copy(sqlite.path, new, quiet)
    with pytest.raises(Refused, match="another process has"):
        backup_sqlite.replace(sqlite.path, new, tmp_path / "kept")
    assert new.exists()
    assert not (tmp_path / "kept").exists()
    sqlite.close()
    backup_sqlite.replace(sqlite.path, new, tmp_path / "kept")
    for path in (sqlite.path, tmp_path / "kept"):
        with closing(sqlite3.connect(path)) as opened:
            assert opened.execute("SELECT count(*) FROM mail").fetchone() == (1,)


def test_a_database_too_damaged_to_be_opened_is_kept_with_its_log(sqlite, tmp_path):
    new, old = tmp_path / "new.db", tmp_path / "old.db"
    backup_sqlite.copy(sqlite.path, new, quiet)
    old.write_bytes(b"rubbish" * 1000)
    (tmp_path / "old.db-wal").write_bytes(b"the last hour")
    backup_sqlite.replace(old, new, tmp_path / "kept")
    assert (tmp_path / "kept").read_bytes().startswith(b"rubbish")
    assert (tmp_path / "kept-wal").read_bytes() == b"the last hour"
    assert old.read_bytes().startswith(b"SQLite format 3")
    assert not (tmp_path / "old.db-wal").exists()


def test_a_file_is_unused_while_no_table_is_in_it(sqlite, tmp_path):
    assert backup_sqlite.unused(tmp_path / "none")
    (tmp_path / "empty").touch()
    assert backup_sqlite.unused(tmp_path / "empty")
    assert not backup_sqlite.unused(sqlite.path)


def test_what_cannot_be_read_is_not_taken_for_empty(tmp_path):
    for name, octets in (("a", b"rubbish"), ("b", b"SQLite format 3\0" + b"rubbish" * 1000)):
        (tmp_path / name).write_bytes(octets)
        assert not backup_sqlite.unused(tmp_path / name)
