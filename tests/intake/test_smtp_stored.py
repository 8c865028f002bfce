"""The listener over a real store: what is answered, and what is there in the end."""

import base64
import contextlib
import threading
from hashlib import sha256

import pytest
from sqlalchemy import select

from mailgate.domain.routing import Route, Routing
from mailgate.intake.disk import Disk
from mailgate.intake.inbox import Inbox
from mailgate.port import open_port
from mailgate.store import migrate, schema
from mailgate.store.db import Database
from tests.intake.wire import DESK, MAIL, Wire, listening
from tests.peers import disk
from tests.peers.places import LOOPBACK
from tests.peers.waiting import wait_until

NUMBERS = select(schema.mail.c.raw).order_by(schema.mail.c.id)
NOISE = base64.b64encode(b"".join(sha256(b"%d" % n).digest() for n in range(2350)))
LATER = "451 4.3.0 Cannot take the mail now, please try again"
NAMED = b"Message-ID: <1@customer.example>\r\n" + MAIL
BILLING = "billing@desk.example"
ROUTES = Routing(
    {DESK: Route("default", "support", DESK), BILLING: Route("default", "billing", BILLING)}
)


@pytest.fixture
def store(database):
    """A running inbox on a database of either kind."""
    inbox = Inbox(database, ROUTES.find, lambda _tenant: 1, lambda: None, Disk(None, 0))
    inbox.start()
    yield inbox
    inbox.stop()


@pytest.fixture
def serve(store, logged):
    """Return a function that opens a listener over the inbox, with some settings."""
    with contextlib.ExitStack() as opened:

        def open_listener(**given):
            listener = opened.enter_context(listening(store, ROUTES.find, **given))
            return lambda: opened.enter_context(contextlib.closing(Wire(listener.port)))

        yield open_listener


@pytest.fixture
def rows(database):
    """Return a function that reads all rows of a table."""

    def read(table):
        with database.read() as connection:
            return list(connection.execute(select(table)).mappings())

    return read


def send(wire, number):
    """Send a mail of 100 KB that begins with its number."""
    return wire.mail(b"%06d" % number + NOISE + b"\r\n.\r\n")


@contextlib.contextmanager
def kept_busy(database):
    """Hold what a commit of the inbox needs: the lock of the file, or of the table."""
    with database.write() as connection:
        if not database.sqlite:
            connection.exec_driver_sql("LOCK TABLE mail IN ACCESS EXCLUSIVE MODE")
        yield


def test_a_commit_that_ends_after_its_451_is_the_mail_and_sending_again_adds_nothing(
    serve, database, rows
):
    wire = serve(put_timeout=0.05)().hello()
    with kept_busy(database):
        assert wire.mail(NAMED + b".\r\n") == LATER
    wait_until(lambda: len(rows(schema.mail_delivery)) == 1, "the commit to end")
    patient = serve()().hello()
    (row,) = rows(schema.mail_delivery)
    assert patient.mail(NAMED + b".\r\n") == f"250 2.0.0 Stored as {row['id']}"
    assert rows(schema.mail_delivery) == [row]
    assert [mail["raw"] for mail in rows(schema.mail)] == [NAMED]


def test_a_mail_whose_sender_left_after_the_dot_is_stored_and_sending_again_adds_nothing(
    serve, store, database, rows, logged, monkeypatch
):
    submitted = threading.Event()

    def submit(mail, of=store.submit):
        submitted.set()
        return of(mail)

    monkeypatch.setattr(store, "submit", submit)
    connect = serve()
    wire = connect().hello().begin()
    with kept_busy(database):
        wire.send(NAMED + b".\r\n")
        assert submitted.wait(10)
        wire.close()
        wait_until(lambda: "mail.unanswered" in [name for name, _ in logged], "the end to be seen")
    wait_until(lambda: len(rows(schema.mail)) == 1, "the commit to end")
    (row,) = rows(schema.mail_delivery)
    assert connect().hello().mail(NAMED + b".\r\n") == f"250 2.0.0 Stored as {row['id']}"
    assert rows(schema.mail_delivery) == [row]


def test_the_same_message_id_with_other_bytes_is_a_mail_of_its_own(serve, rows):
    wire = serve()().hello()
    assert wire.mail(NAMED + b".\r\n") != wire.mail(NAMED + b"More.\r\n.\r\n")
    assert [mail["raw"] for mail in rows(schema.mail)] == [NAMED, NAMED + b"More.\r\n"]


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of 4 MiB."""
    with disk.small_disk(tmp_path, 4):
        yield tmp_path


def test_a_full_disk_is_to_come_again_and_all_that_was_answered_is_there(small_disk, logged):
    database = Database(f"sqlite:///{small_disk / 'mailgate.db'}")
    migrate.upgrade(database)
    route = ROUTES.find
    store = Inbox(database, route, lambda _tenant: 1, lambda: None, Disk(None, 0))
    store.start()
    filler = small_disk / "filler"
    filler.write_bytes(bytes(1 << 20))
    with listening(store, route) as listener, contextlib.closing(Wire(listener.port)) as wire:
        wire.hello()
        kept, answer = 0, ""
        while kept < 50 and (answer := send(wire, kept)).startswith("250 "):
            kept += 1
        assert 0 < kept < 50
        assert answer == LATER
        assert store.fault == "the disk of the database is full"
        filler.unlink()
        assert send(wire, kept).startswith("250 ")
        assert wire.say("NOOP") == "250 2.0.0 OK"
    store.stop()
    with database.read() as connection:
        assert [int(raw[:6]) for (raw,) in connection.execute(NUMBERS)] == list(range(kept + 1))
    database.close()


def test_an_lmtp_client_that_sends_again_for_one_recipient_adds_only_what_lacks(
    store, logged, rows
):
    lmtp = open_port(LOOPBACK, 0, "[inbound] lmtp_listen")
    with listening(store, ROUTES.find, lmtp=lmtp) as listener:
        wire = Wire(listener.lmtp_port)
        wire.say("LHLO mx.desk.example")
        for recipients in ((DESK,), (DESK, BILLING), (BILLING,)):
            wire.begin(*recipients).send(NAMED + b".\r\n")
            assert {wire.reply()[:9] for _ in recipients} == {"250 2.0.0"}
        wire.close()
    queues = {row["queue"]: row["recipients"] for row in rows(schema.mail_delivery)}
    assert queues == {"support": [DESK], "billing": [BILLING]}
    assert len(rows(schema.mail)) == 1
