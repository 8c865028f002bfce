"""`mailgate backup` and `restore`: a desk comes back, says nothing twice, and confuses nobody."""

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing

import pytest

from mailgate.errors import Temporary
from mailgate.store import backup as backups
from mailgate.store import backup_postgresql, backup_sqlite, migrate, revision
from tests.cli.conftest import Cli, mail
from tests.store.databases import BOTH, SQLITE
from tests.store.later import one_more


@pytest.fixture(scope="session")
def used(tmp_path_factory, migrated_file) -> Cli:
    """A desk with a ticket, whose mails have left: it takes a while to make, and is copied."""
    made = Cli(tmp_path_factory.mktemp("used"))
    shutil.copy(migrated_file, made.folder)
    open_ticket(made)
    return made


def open_ticket(cli) -> None:
    cli.open(subject="Printer", message_id="<a@customer.example>")


@pytest.fixture
def file_desk(used, new_cli) -> Cli:
    """A copy of that desk."""
    for name in ("mailgate.db", "mailgate.key"):
        shutil.copy(used.folder / name, new_cli.folder)
    return new_cli


@pytest.fixture
def server_desk(new_cli, tmp_path_factory, postgresql_server) -> Cli:
    """The same on PostgreSQL."""

    def prepare(url: str) -> None:
        made = Cli(tmp_path_factory.mktemp("used"))
        point(made, url)
        open_ticket(made)

    template = postgresql_server.template("used_desk", prepare)
    point(new_cli, postgresql_server.url(postgresql_server.create(template)))
    return new_cli


def point(cli, url: str) -> None:
    cli.set(database__url=url)
    cli.config.chmod(0o600)


@pytest.fixture(params=BOTH)
def desk(request) -> Cli:
    """A desk with a ticket, once on each kind of database."""
    kind = "file_desk" if request.param == SQLITE else "server_desk"
    return request.getfixturevalue(kind)


def hold_up(cli) -> None:
    """Let what is written from now on wait, for no transport sends it."""
    cli.set(delivery__transport="terminal")


def numbers(cli) -> list[str]:
    return [ticket["number"] for ticket in cli.json("tickets")]


def states(cli) -> list[tuple[str, str]]:
    return sorted((notice["notice"], notice["state"]) for notice in cli.json("outbox"))


# --- there and back -------------------------------------------------------------------------------


def test_a_desk_comes_back_as_it_was(desk, tmp_path):
    before = desk.json("tickets")
    said = desk.ok("backup", tmp_path / "b")
    assert "1 mails, 1 tickets, 1 messages" in said
    assert f"Not in it: {desk.config}, {desk.folder / 'mailgate.key'}." in said
    desk.open(subject="Lost")
    desk.ok("restore", "--replace", "--skip-numbers", "0", tmp_path / "b")
    assert desk.json("tickets") == before
    assert desk.json("verify", "--deep") == []


def test_what_was_there_before_is_kept(desk, tmp_path):
    desk.ok("backup", tmp_path / "b")
    desk.open(subject="After the backup")
    said = desk.ok("restore", "--replace", tmp_path / "b")
    (kept,) = re.findall(r"is kept: (.+)\. Remove it", said)
    assert "replaced" in kept
    if kept.startswith("/"):
        with closing(sqlite3.connect(kept)) as old:
            assert old.execute("SELECT count(*) FROM ticket").fetchone() == (2,)


def test_a_backup_of_another_desk_can_take_the_place_of_one_that_was_lost(file_desk, tmp_path):
    file_desk.ok("backup", tmp_path / "b")
    (file_desk.folder / "mailgate.db").unlink()
    (file_desk.folder / "mailgate.db.expected").write_text(f"desk {'0' * 32}\n")
    file_desk.ok("restore", tmp_path / "b")
    assert len(numbers(file_desk)) == 1
    assert "0" * 32 not in (file_desk.folder / "mailgate.db.expected").read_text()


def test_a_desk_that_is_there_is_not_replaced_unasked(file_desk, tmp_path):
    file_desk.ok("backup", tmp_path / "b")
    file_desk.open(subject="After the backup")
    assert "with --replace it is put aside" in file_desk.no(1, "restore", tmp_path / "b")
    assert len(numbers(file_desk)) == 2


def test_a_backup_made_at_work_holds_all_that_was_acknowledged(cli, tmp_path):
    """Mails come in by another thread all the time, as by the pipe of a mail server."""
    for number in range(5):
        cli.ok("deliver", stdin=mail(subject=f"Before {number}", message_id=f"<{number}@x>"))
    stop, came = threading.Event(), []

    def write() -> None:
        from mailgate import config
        from mailgate.app import App

        app = App(config.load(cli.config, {}), {})
        for number in range(300):
            if stop.is_set():
                break
            raw = mail(subject="Meanwhile", message_id=f"<m{number}@x>")
            came.append(app.keep(raw, "carol@customer.example", ["support@desk.example"], "pipe"))
        app.close()

    writing = threading.Thread(target=write)
    writing.start()
    try:
        cli.ok("backup", tmp_path / "b")
    finally:
        stop.set()
        writing.join()
    assert came
    cli.ok("restore", "--replace", tmp_path / "b")
    cli.ok("tick")
    subjects = [ticket["subject"] for ticket in cli.json("tickets")]
    assert {f"Before {number}" for number in range(5)} <= set(subjects)
    assert cli.json("verify") == []


# --- what happened after the backup ---------------------------------------------------------------


def test_what_waited_is_held_for_a_person_who_can_send_it(desk, tmp_path):
    (number,) = numbers(desk)
    hold_up(desk)
    desk.ok("reply", number, "--as", "alice", "--text", "Water?")
    desk.ok("backup", tmp_path / "b")
    said = desk.ok("restore", "--replace", tmp_path / "b")
    assert "1 mails that waited may have been sent since" in said
    (held,) = desk.json("outbox", "--state", "unknown")
    assert held["notice"] == "agent_reply"
    assert held["reason"].startswith("restored from a backup of 2")
    assert ("undelivered", "ready") in states(desk)  # whoever wrote it is told
    assert desk.json("verify") == []
    desk.set(delivery__transport="maildir")
    desk.ok("outbox", "retry", held["id"])
    assert ("agent_reply", "sent") in states(desk)
    assert desk.json("verify") == []


def test_what_waited_can_be_sent_with_the_same_message_id(file_desk, tmp_path):
    (number,) = numbers(file_desk)
    hold_up(file_desk)
    file_desk.ok("reply", number, "--as", "alice", "--text", "Water?")
    (before,) = file_desk.json("outbox", "--state", "ready")
    file_desk.ok("backup", tmp_path / "b")
    assert "are held" not in file_desk.ok("restore", "--replace", "--resend", tmp_path / "b")
    assert file_desk.json("outbox", "--state", "ready") == [before]


def test_no_number_is_given_to_two_people(desk, tmp_path):
    (first,) = numbers(desk)
    desk.ok("backup", tmp_path / "b")
    lost = desk.open(subject="Lost", sender="dave@customer.example")
    said = desk.ok("restore", "--replace", "--skip-numbers", "50", tmp_path / "b")
    assert "The next 50 ticket numbers are left out." in said
    after = desk.open(subject="New", sender="erin@customer.example")
    figures = [int(number.rpartition("-")[2]) for number in (first, lost, after)]
    assert figures == [1, 2, 52]
    assert desk.json("verify") == []


def test_no_message_id_is_given_to_two_mails(desk, tmp_path):
    desk.ok("backup", tmp_path / "b")
    (number,) = numbers(desk)
    desk.ok("reply", number, "--as", "alice", "--text", "Lost.")
    lost = {notice["message_id"] for notice in desk.json("outbox")}
    desk.ok("restore", "--replace", tmp_path / "b")
    before = {notice["message_id"] for notice in desk.json("outbox")}
    desk.ok("reply", number, "--as", "alice", "--text", "Another.")
    after = {notice["message_id"] for notice in desk.json("outbox")}
    assert len(lost - before) == len(after - before) == 1
    assert not (after - before) & (lost - before)


# --- what is refused ------------------------------------------------------------------------------


def test_a_damaged_backup_is_refused_and_nothing_is_changed(file_desk, tmp_path):
    file_desk.ok("backup", tmp_path / "b")
    manifest = backups.read(tmp_path / "b")
    file = tmp_path / "b" / backups.DATABASE[manifest.store]
    file.write_bytes(file.read_bytes()[:-1])
    before = file_desk.json("tickets")
    assert "is not what was written into it" in file_desk.no(
        1, "restore", "--replace", tmp_path / "b"
    )
    assert file_desk.json("tickets") == before


def change(folder, **facts) -> None:
    manifest = folder / backups.MANIFEST
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | facts))


def test_a_backup_of_a_newer_version_is_refused(cli, tmp_path):
    cli.ok("backup", tmp_path / "b")
    change(tmp_path / "b", revision="9999")
    said = cli.no(1, "restore", "--replace", tmp_path / "b")
    assert "schema revision 9999, made by a newer mailgate" in said
    assert "run that version" in said


def test_a_backup_of_the_other_kind_is_refused(cli, tmp_path):
    cli.ok("backup", tmp_path / "b")
    cli.set(database__url="postgresql://nobody@db.example/desk")
    said = cli.no(1, "restore", tmp_path / "b")
    assert "the backup is of sqlite and [database] url names postgresql" in said


def test_without_a_database_there_is_nothing_to_back_up(new_cli, tmp_path):
    assert "there is no database at" in new_cli.no(1, "backup", tmp_path / "b")
    assert not (new_cli.folder / "mailgate.db").exists()


def test_a_desk_in_use_is_not_replaced(cli, tmp_path):
    cli.ok("backup", tmp_path / "b")
    with closing(sqlite3.connect(cli.folder / "mailgate.db")) as other:
        other.execute("SELECT * FROM ticket").fetchall()
        said = cli.no(1, "restore", "--replace", tmp_path / "b")
    assert "another process has" in said
    assert "systemctl stop mailgate" in said


@pytest.mark.parametrize(
    ("does", "says"),
    [
        ("echo 'pg_restore: error: no room' >&2; exit 1", "pg_restore: error: no room"),
        ("exit 0", "the backup has nothing for the schema public: it was made in another one"),
    ],
)
def test_a_dump_that_cannot_be_put_back_leaves_what_was_there(
    server_desk, tmp_path, monkeypatch, does, says
):
    server_desk.ok("backup", tmp_path / "b")
    fake = tmp_path / "pg_restore"
    fake.write_text(f"#!/bin/sh\n{does}\n")
    fake.chmod(0o755)
    with monkeypatch.context() as patch:
        patch.setattr(backup_postgresql, "needed", lambda _program: str(fake))
        said = server_desk.no(1, "restore", "--replace", tmp_path / "b")
    assert says in said
    assert len(numbers(server_desk)) == 1
    assert server_desk.json("verify") == []


@pytest.mark.parametrize("first", ["kill -9 $PPID", ""])
def test_a_restore_that_was_killed_is_repeated(server_desk, tmp_path, first):
    """Before the rows are back the database is empty; afterwards it has to be put aside."""
    server_desk.ok("backup", tmp_path / "b")
    fake = tmp_path / "bin" / "pg_restore"
    fake.parent.mkdir()
    real = shutil.which("pg_restore")
    work = "exit 1" if first else f'{real} "$@" && kill -9 $PPID'
    fake.write_text(f"#!/bin/sh\n{first}\n{work}\n")
    fake.chmod(0o755)
    path = f"{fake.parent}:{os.environ['PATH']}"
    words = ("restore", "--replace", "--config", server_desk.config, tmp_path / "b")
    killed = subprocess.run(
        [sys.executable, "-m", "mailgate", *map(str, words)],
        env=os.environ | {"PATH": path},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    if not first:
        said = server_desk.no(1, "restore", tmp_path / "b")
        assert "a restore that was cut short has left: with --replace it is put aside" in said

    server_desk.ok("restore", *(() if first else ("--replace",)), tmp_path / "b")

    assert len(numbers(server_desk)) == 1
    assert server_desk.json("verify") == []


# --- a desk that was lost -------------------------------------------------------------------------


def test_a_file_that_is_gone_or_rubbish_is_replaced(file_desk, tmp_path):
    (number,) = numbers(file_desk)
    file_desk.ok("backup", tmp_path / "b")
    database = file_desk.folder / "mailgate.db"
    database.unlink()
    file_desk.ok("restore", tmp_path / "b")
    assert numbers(file_desk) == [number]
    database.write_bytes(b"rubbish" * 1000)
    assert "--replace" in file_desk.no(1, "restore", tmp_path / "b")
    file_desk.ok("restore", "--replace", tmp_path / "b")
    assert numbers(file_desk) == [number]
    assert [path for path in file_desk.folder.iterdir() if "restoring" in path.name] == []


def test_a_desk_can_be_moved_with_its_secrets(file_desk, tmp_path):
    assert "Not in it" not in file_desk.ok("backup", "--with-secrets", tmp_path / "b")
    kept = tmp_path / "b" / "secrets"
    assert (kept / "config.toml").read_bytes() == file_desk.config.read_bytes()
    assert (kept / "desk.secret_file").read_bytes() == (
        file_desk.folder / "mailgate.key"
    ).read_bytes()


def test_a_key_that_is_missing_is_told(file_desk, tmp_path):
    file_desk.ok("backup", tmp_path / "b")
    (file_desk.folder / "mailgate.key").write_text(f"key1 {'B' * 32}\n")
    file_desk.set(desk__address="help@desk.example")
    said = file_desk.ok("restore", "--replace", tmp_path / "b")
    assert "lacks the key key1 of the backup: answers to mails" in said
    assert "is of support@desk.example, the configuration of help@desk.example" in said


def test_what_does_not_agree_is_told_after_it_is_back(file_desk, tmp_path):
    with closing(sqlite3.connect(file_desk.folder / "mailgate.db")) as behind, behind:
        behind.execute("UPDATE ticket SET subject = 'Another'")
    file_desk.ok("backup", tmp_path / "b")
    done = file_desk.run("restore", "--replace", tmp_path / "b")
    assert done.exit_code == 1
    assert "subject is 'Another', but its history says" in done.stdout
    assert "Restored as of" in done.stdout


# --- upgrading ------------------------------------------------------------------------------------


@pytest.fixture
def upgraded(tmp_path, monkeypatch):
    """Return a function that installs a version of the program with one more migration."""
    add = one_more(tmp_path / "migrations", monkeypatch)

    def install() -> None:
        add()
        monkeypatch.setattr(revision, "NEWEST", "9000")

    return install


def test_a_file_is_backed_up_before_it_is_migrated_and_can_be_put_back(
    file_desk, upgraded, monkeypatch
):
    (number,) = numbers(file_desk)
    upgraded()
    assert "make a backup before" in file_desk.ok("check")
    assert numbers(file_desk) == [number]
    (copy,) = (path for path in file_desk.folder.iterdir() if path.name.startswith("mailgate.db.0"))
    monkeypatch.undo()
    assert "made by a newer mailgate" in file_desk.no(1, "tickets")
    file_desk.ok("restore", "--replace", copy)
    assert numbers(file_desk) == [number]
    assert file_desk.json("verify") == []


def test_without_room_for_a_backup_nothing_is_migrated(cli, upgraded, monkeypatch):
    def full(*_):
        raise Temporary("the disk of the backup is full")

    before = (cli.folder / "mailgate.db").read_bytes()
    upgraded()
    monkeypatch.setattr(backup_sqlite, "copy", full)
    said = cli.no(75, "tickets")
    assert "no backup could be made before: the disk of the backup is full" in said
    assert (cli.folder / "mailgate.db").read_bytes() == before


def test_an_older_backup_is_migrated_when_it_is_put_back(desk, tmp_path, upgraded):
    before = desk.json("tickets")
    desk.ok("backup", tmp_path / "b")
    upgraded()
    desk.ok("restore", "--replace", tmp_path / "b")
    assert desk.json("tickets") == before
    assert desk.json("verify") == []
    desk.ok("backup", tmp_path / "c")
    assert backups.read(tmp_path / "c").revision == "9000"


def test_a_backup_does_not_migrate(file_desk, tmp_path, upgraded):
    before = migrate.newest()
    upgraded()
    file_desk.ok("backup", tmp_path / "b")
    assert backups.read(tmp_path / "b").revision == before


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
@pytest.mark.parametrize("words", [("check",), ("serve",), ("tickets",), ("tick",), ("verify",)])
def test_a_database_of_a_newer_version_is_refused_and_not_touched(cli, words, mode):
    with closing(sqlite3.connect(cli.folder / "mailgate.db")) as behind:
        behind.execute(f"PRAGMA journal_mode = {mode}")
        behind.execute("UPDATE alembic_version SET version_num = '9999'")
        behind.commit()
    before = (cli.folder / "mailgate.db").read_bytes()
    done = cli.run(*words)
    assert done.exit_code == 1
    assert "made by a newer mailgate than this one: run that version, or restore" in done.output
    assert (cli.folder / "mailgate.db").read_bytes() == before
