"""What `submit` promises: done means durable, together where possible, once each."""

import threading
from datetime import UTC, datetime

import pytest
import structlog
from sqlalchemy import select

from mailgate import log
from mailgate.domain.routing import Route, Routing
from mailgate.errors import Permanent, Temporary
from mailgate.intake import inbox as inbox_module
from mailgate.intake.disk import Disk, free
from mailgate.intake.inbox import Inbox, Incoming
from mailgate.store import audit, migrate, schema
from mailgate.store.db import Database
from tests.peers.waiting import wait_until

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ROUTES = Routing(
    {
        "support@desk.example": Route("default", "support", "support@desk.example"),
        "help@desk.example": Route("default", "support", "help@desk.example"),
        "billing@desk.example": Route("default", "billing", "billing@desk.example"),
    }
)


def mail(raw: bytes = b"Subject: hello\r\n\r\nwords\r\n", *to: str) -> Incoming:
    return Incoming(raw, "a@b.example", to or ("support@desk.example",), NOW, "127.0.0.1", "smtp")


@pytest.fixture
def database(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'inbox.db'}")
    migrate.upgrade(database)
    yield database
    database.close()


@pytest.fixture
def woken():
    return []


@pytest.fixture
def inbox(database, woken):
    inbox = Inbox(database, ROUTES.find, lambda tenant: 1, lambda: woken.append(1), Disk(None, 0))
    inbox.start()
    yield inbox
    inbox.stop()


def rows(database, table) -> list:
    with database.read() as connection:
        return list(connection.execute(select(table)).mappings())


def test_what_is_done_is_in_the_database_byte_for_byte(inbox, database, woken):
    raw = b"Subject: \xff\x00\r\n\r\nb\r\n"
    id_ = inbox.submit(mail(raw)).result(5)
    assert [row["raw"] for row in rows(database, schema.mail)] == [raw]
    delivery = rows(database, schema.mail_delivery)[0]
    assert (delivery["id"], delivery["state"], delivery["queue"]) == (id_, "pending", "support")
    assert woken == [1]


def test_the_same_bytes_again_add_nothing_and_get_the_same_answer(inbox, database):
    first = inbox.submit(mail()).result(5)
    assert inbox.submit(mail()).result(5) == first
    assert len(rows(database, schema.mail)) == len(rows(database, schema.mail_delivery)) == 1


def test_the_same_message_id_with_other_bytes_is_a_new_mail(inbox, database):
    inbox.submit(mail(b"Message-ID: <x@y>\r\n\r\none\r\n")).result(5)
    inbox.submit(mail(b"Message-ID: <x@y>\r\n\r\ntwo\r\n")).result(5)
    assert len(rows(database, schema.mail)) == 2


def test_one_mail_to_two_queues_is_kept_once_and_delivered_to_each(inbox, database):
    to = ("support@desk.example", "help@desk.example", "billing+x@desk.example")
    inbox.submit(mail(b"x\r\n", *to)).result(5)
    assert len(rows(database, schema.mail)) == 1
    assert {row["queue"]: row["recipients"] for row in rows(database, schema.mail_delivery)} == {
        "support": ["support@desk.example", "help@desk.example"],
        "billing": ["billing+x@desk.example"],
    }


def test_a_mail_to_nobody_of_ours_is_refused(inbox):
    with pytest.raises(Permanent, match="no recipient"):
        inbox.submit(mail(b"x\r\n", "somebody@else.example"))


def test_mails_that_wait_while_a_commit_runs_share_the_next_one(inbox, database):
    commits = []
    ready, go = threading.Event(), threading.Event()
    commit = inbox._commit

    def slow(batch):
        commits.append(len(batch.done))
        if len(commits) == 1:
            ready.set()
            go.wait(5)
        return commit(batch)

    inbox._commit = slow
    first = inbox.submit(mail(b"0\r\n"))
    assert ready.wait(5)
    others = [inbox.submit(mail(b"%d\r\n" % n)) for n in range(1, 40)]
    go.set()
    ids = [future.result(5) for future in (first, *others)]
    assert commits == [1, 39]
    assert len(set(ids)) == 40
    assert len(rows(database, schema.mail)) == 40


def test_after_a_commit_of_several_mails_one_that_comes_waits_for_the_next(
    inbox, database, monkeypatch
):
    monkeypatch.setattr(inbox_module, "_MOST", 2)
    batches = []
    ready, go = threading.Event(), threading.Event()
    commit = inbox._commit

    def noted(batch):
        batches.append((len(batch.done), batch.hurried))
        if len(batches) == 1:
            ready.set()
            go.wait(5)
        return commit(batch)

    inbox._commit = noted
    futures = [inbox.submit(mail(b"0\r\n"))]
    assert ready.wait(5)
    futures += [inbox.submit(mail(b"%d\r\n" % n)) for n in (1, 2)]
    monkeypatch.setattr(inbox_module, "_GATHER", 60.0)
    go.set()
    futures[2].result(5)
    futures.append(inbox.submit(mail(b"3\r\n")))
    futures.append(inbox.submit(mail(b"4\r\n")))
    assert len({future.result(5) for future in futures}) == 5
    assert batches == [(1, False), (2, False), (2, True)]


def test_a_mail_that_cannot_be_made_ready_stops_no_other(inbox, monkeypatch):
    made = inbox_module._arrivals

    def broken(mail, queues, **given):
        return 1 / 0 if b"bad" in mail.raw else made(mail, queues, **given)

    monkeypatch.setattr(inbox_module, "_arrivals", broken)
    with pytest.raises(Temporary, match="a fault of ours"):
        inbox.submit(mail(b"bad\r\n")).result(5)
    assert inbox.submit(mail(b"good\r\n")).result(5)


def test_a_store_that_fails_is_our_trouble_and_the_next_mail_goes_through(inbox, monkeypatch):
    commit = inbox._commit
    monkeypatch.setattr(inbox, "_commit", lambda batch: 1 / 0)
    with pytest.raises(Temporary):
        inbox.submit(mail()).result(5)
    monkeypatch.setattr(inbox, "_commit", commit)
    assert inbox.submit(mail()).result(5)


def test_stopping_keeps_what_was_handed_in_and_takes_no_more(database):
    inbox = Inbox(database, ROUTES.find, lambda tenant: 1, lambda: None, Disk(None, 0))
    inbox.start()
    futures = [inbox.submit(mail(b"%d\r\n" % n)) for n in range(20)]
    inbox.stop()
    assert len({future.result(0) for future in futures}) == 20
    with pytest.raises(Temporary, match="stopping"):
        inbox.submit(mail()).result(0)


def test_put_keeps_one_mail_without_a_thread(database):
    inbox = Inbox(database, ROUTES.find, lambda tenant: 1, lambda: None, Disk(None, 0))
    assert inbox.put(mail()) == inbox.put(mail())
    with pytest.raises(Permanent):
        inbox.put(mail(b"x\r\n", "somebody@else.example"))


def test_a_disk_that_is_nearly_full_puts_mail_off_on_every_road(database, tmp_path):
    left = [1000]
    disk = Disk(tmp_path, 900, lambda folder: left[0] if folder == tmp_path else 0)
    inbox = Inbox(database, ROUTES.find, lambda tenant: 1, lambda: None, disk)
    assert [inbox.has_room(octets) for octets in (99, 100, 101)] == [True, True, False]
    assert inbox.put(mail(b"x" * 100))
    left[0] = 899
    assert inbox.fault == "the disk is nearly full: make room, or lower [inbound] free_disk"
    inbox.start()
    for keep in (inbox.put, lambda given: inbox.submit(given).result(5)):
        with pytest.raises(Temporary, match="nearly full"):
            keep(mail(b"y"))
    left[0] = 1000
    assert inbox.fault is None
    assert inbox.submit(mail(b"y")).result(5)
    inbox.stop()


def test_a_disk_that_nobody_can_ask_has_no_room_and_one_elsewhere_is_not_asked(tmp_path):
    assert free(tmp_path) > 0
    assert free(tmp_path / "gone") == 0
    assert Disk(None, 1 << 60).has_room(1 << 60)


def test_a_database_that_could_lose_mails_is_told_at_the_start(database, monkeypatch, capsys):
    log.configure()
    monkeypatch.setattr(audit, "pragmas", lambda _connection: {"synchronous": 1})
    inbox = Inbox(database, ROUTES.find, lambda tenant: 1, lambda: None, Disk(None, 0))
    inbox.start()
    inbox.stop()
    assert 'database.unsafe settings="PRAGMA synchronous is 1"' in capsys.readouterr().err


def test_why_mail_could_not_be_kept_is_told_in_our_words_and_not_for_ever(database, monkeypatch):
    def broken(*_):
        raise ValueError("hunter2")

    inbox = Inbox(database, ROUTES.find, lambda tenant: 1, lambda: None, Disk(None, 0))
    monkeypatch.setattr(inbox, "_commit", broken)
    inbox.start()
    with (
        structlog.testing.capture_logs() as lines,
        pytest.raises(Temporary, match="a fault of ours"),
    ):
        inbox.submit(mail()).result(5)
    assert inbox.fault == "it met a fault of ours; its log says more"
    assert [line["event"] for line in lines] == ["inbox.failed"]
    later = inbox_module.time.monotonic() + 61
    monkeypatch.setattr(inbox_module.time, "monotonic", lambda: later)
    assert inbox.fault is None, "who asks before sending would never send again"
    monkeypatch.undo()
    inbox.stop()


def test_a_commit_that_does_not_end_is_told_while_it_lasts(inbox, database, monkeypatch):
    with database.write():
        done = inbox.submit(mail())
        assert inbox.fault is None
        monkeypatch.setattr(inbox_module, "_LONG", 0.0)
        wait_until(lambda: inbox.fault == "the store takes too long", "the commit to be missed")
    assert done.result(5)
    wait_until(lambda: inbox.fault is None, "the commit to end")
