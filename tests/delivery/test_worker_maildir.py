"""The worker and a Maildir: no mail twice in it, without a word written down before each."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from mailgate.delivery.ending import Rules
from mailgate.delivery.maildir import MaildirSession, MaildirTransport
from mailgate.delivery.transport import Later, Unknown
from mailgate.store.outbox import release
from tests.delivery.sending import LEASE, Begun, Killed, Scripted, make_due, outbox, worker_of
from tests.peers.maildir import Maildir


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outgoing"


def ids(path: Path) -> list[str]:
    return [mail["Message-ID"] for mail in Maildir(path).mails()]


def die_after(count: int, worker, monkeypatch) -> None:
    """Run until this many mails are in the Maildir, and the process is killed."""
    send, sent = MaildirSession.send, []

    def dying(*args):
        if len(sent) == count:
            raise Killed
        sent.append(1)
        return send(*args)

    with monkeypatch.context() as patch:
        patch.setattr(MaildirSession, "send", dying)
        with pytest.raises(Killed):
            worker.run_once()


def test_a_batch_costs_as_many_transactions_as_one_mail(world, path):
    world.open()
    commits = []
    event.listen(world.database.engine, "commit", commits.append)

    worker_of(world, MaildirTransport(path)).run_once()

    lateness, way, claim, reading, ends = 1, 1, 1, 1, 1
    assert len(commits) == lateness + way + claim + reading + ends
    assert sorted(ids(path)) == sorted(outbox(world, "rfc_id"))
    assert outbox(world, "began_at", "rendered") == [(None, None)] * 4


@pytest.mark.parametrize("delivered", range(1, 4))
def test_a_kill_after_any_number_of_mails_doubles_none(world, path, monkeypatch, delivered):
    world.open()
    die_after(delivered, worker_of(world, MaildirTransport(path)), monkeypatch)
    world.now += LEASE + timedelta(seconds=1)
    worker_of(world, MaildirTransport(path)).drain()

    assert sorted(ids(path)) == sorted(outbox(world, "rfc_id"))
    assert outbox(world, "state") == ["sent"] * 4


def test_only_what_a_dead_worker_had_in_hand_is_looked_for_among_what_was_read(
    world, path, monkeypatch
):
    """The folder of read mail may be large, and an outage puts every mail off again and again."""
    asked = []
    holds = MaildirSession._holds
    monkeypatch.setattr(
        MaildirSession, "_holds", lambda self, name: (asked.append(name), holds(self, name))[1]
    )
    world.open()
    worker_of(world, Scripted(*[Later("450 busy", connection=False)] * 4)).drain()
    make_due(world)
    die_after(1, worker_of(world, MaildirTransport(path)), monkeypatch)
    assert asked == []

    world.now += LEASE + timedelta(seconds=1)
    worker_of(world, MaildirTransport(path)).drain()
    assert len(asked) == 4
    assert sorted(ids(path)) == sorted(outbox(world, "rfc_id"))


def test_a_held_mail_that_is_there_does_not_come_twice_when_a_person_puts_it_back(
    world, path, monkeypatch
):
    held = Rules(on_unknown="hold")
    world.open()
    worker = worker_of(world, MaildirTransport(path), held)
    die_after(1, worker, monkeypatch)
    world.now += LEASE + timedelta(seconds=1)
    worker_of(world, MaildirTransport(path), held).drain()
    assert outbox(world, "state")[0] == "unknown"

    with world.database.write() as connection:
        release(connection, 1, None, world.now)
    worker_of(world, MaildirTransport(path), held).drain()

    assert sorted(ids(path)) == sorted(outbox(world, "rfc_id"))
    assert set(outbox(world, "state")) == {"sent"}


def test_a_folder_that_does_not_reach_the_disk_is_no_delivery(world):
    world.open()
    way = Scripted()
    way.faults.extend([None] * 3 + ["the disk is broken"])
    worker = worker_of(world, way)

    worker.drain()

    assert outbox(world, "state", "reason") == [
        *[("sent", "250 taken")] * 3,
        ("ready", "the disk is broken"),
    ]


def test_where_no_mail_may_come_twice_each_is_still_written_down_before(world, path, monkeypatch):
    """A mail program may have taken the first one out of the Maildir before the second try."""
    world.open()
    held = Rules(on_unknown="hold")
    die_after(2, worker_of(world, MaildirTransport(path), held), monkeypatch)
    for file in Maildir(path).files():
        file.unlink()
    world.now += LEASE + timedelta(seconds=1)
    make_due(world)
    worker_of(world, MaildirTransport(path), held).drain()

    assert outbox(world, "state")[:4] == ["sent", "unknown", "sent", "sent"]


def test_what_is_not_known_of_another_way_is_not_changed_by_it(world):
    world.open()
    way = Scripted(Begun(Unknown("no answer")))
    way.faults.append("a fault")

    worker_of(world, way).drain()

    assert outbox(world, "reason")[0] == "no answer"
