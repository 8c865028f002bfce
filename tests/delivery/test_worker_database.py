"""A database that is away, or changed by others: what is known of a mail is not forgotten."""

import pytest

from mailgate.desk.ledger import Ledger
from mailgate.errors import Conflict, Temporary
from tests.delivery.sending import Scripted, outbox, read, worker_of
from tests.peers.waiting import wait_until


class Broken:
    """A database that fails when told to; stands where the worker's does."""

    def __init__(self, world) -> None:
        self.inner = world.database
        self.fails = False
        self.asked = 0  # in vain

    def __getattr__(self, name):
        if self.fails and name in {"write", "read"}:
            self.asked += 1
            raise Temporary("the database cannot be used at the moment")
        return getattr(self.inner, name)


@pytest.fixture
def broken(world):
    world.desk.database = Broken(world)
    yield world.desk.database
    world.desk.database = world.desk.database.inner


class TestADatabaseThatIsAway:
    def test_before_the_content_leaves_keeps_it_from_leaving(self, world, way, broken):
        world.open()
        worker = worker_of(world, way)
        send = way.send

        def send_while_away(mail, began, still):
            broken.fails = True
            return send(mail, began, still)

        way.send = send_while_away
        with pytest.raises(Temporary):
            worker.drain()
        assert way.arrived == []
        way.send, broken.fails = send, False

        assert worker.drain() == 4
        assert len(way.arrived) == 4
        assert outbox(world, "state", "attempts") == [("sent", 1)] * 4

    def test_after_a_mail_was_taken_does_not_double_it(self, world, way, broken):
        world.open()
        worker = worker_of(world, way)

        def look():
            broken.fails = True

        way.look = look
        with pytest.raises(Temporary):
            worker.drain()
        assert len(way.arrived) == 1
        with pytest.raises(Temporary):
            worker.drain()
        broken.fails, way.look = False, lambda: None
        world.pass_time(hours=1)

        assert worker.drain() == 3
        assert len(way.arrived) == 4
        assert outbox(world, "state") == ["sent"] * 4

    def test_is_waited_for_by_the_thread(self, world, way, broken):
        world.open()
        broken.fails = True
        worker = worker_of(world, way)
        worker.start()
        try:
            wait_until(lambda: broken.asked, "a first try")
            assert worker.alive
            broken.fails = False
            worker.wake()
            wait_until(lambda: len(way.arrived) == 4, "four mails")
        finally:
            worker.stop()
        assert outbox(world, "state") == ["sent"] * 4

    def test_when_the_thread_stops_is_tried_once_more(self, world, way, broken):
        world.open()
        worker = worker_of(world, way)

        def fail_and_stop():
            broken.fails = True
            worker._stop.set()

        def back(*_args):
            broken.fails = False

        way.look, way.close = fail_and_stop, back
        with pytest.raises(Temporary):
            worker.drain()
        assert outbox(world, "state")[0] == "ready"
        worker._run()

        assert outbox(world, "state") == ["sent", "ready", "ready", "ready"]
        assert outbox(world, "lease_owner") == [None] * 4


class TestWhatSomebodyElseChanges:
    def test_at_the_same_time_is_met_by_doing_it_again(self, world, monkeypatch):
        ticket = world.open()
        worker_of(world, Scripted()).drain()
        world.agent_replies(ticket)
        writing, fails = world.desk.writing, [True, True]

        def contested(*args):
            if fails:
                fails.pop()
                raise Conflict("somebody else was first")
            return writing(*args)

        monkeypatch.setattr(world.desk, "writing", contested)
        way = Scripted()
        assert worker_of(world, way).drain() == 1
        assert fails == []
        assert outbox(world, "state")[-1] == "sent"

    def test_for_ever_keeps_the_end_for_later(self, world, monkeypatch):
        ticket = world.open()
        worker_of(world, Scripted()).drain()
        world.agent_replies(ticket)
        way = Scripted()
        worker = worker_of(world, way)

        def contested(*_args):
            raise Conflict("somebody else was first")

        with monkeypatch.context() as patch:
            patch.setattr(world.desk, "writing", contested)
            with pytest.raises(Temporary, match="others change"):
                worker.drain()
        assert outbox(world, "state")[-1] == "ready"
        worker.drain()
        assert outbox(world, "state")[-1] == "sent"
        assert len(way.arrived) == 1


class TestAnEndThatCannotBeRecorded:
    @pytest.fixture
    def reply(self, world):
        """A reply to the customer that waits with a notice behind it, and a desk that breaks."""
        ticket = world.open()
        worker_of(world, Scripted()).drain()
        world.agent_replies(ticket)
        world.open("Other")
        return ticket

    def test_stops_no_other_mail_and_brings_none_twice(self, world, reply, monkeypatch):
        def fail(*_args):
            raise ZeroDivisionError

        way = Scripted()
        with monkeypatch.context() as patch:
            patch.setattr(Ledger, "apply", fail)
            worker_of(world, way).drain()
        world.pass_time(hours=1)
        worker_of(world, way).drain()

        assert outbox(world, "state") == ["sent"] * len(outbox(world, "state"))
        ids = [read(mail.raw)["Message-ID"] for mail in way.arrived]
        assert len(ids) == len(set(ids)) == 5

    def test_is_kept_while_the_database_is_away_in_the_midst_of_it(
        self, world, reply, monkeypatch, broken
    ):
        def fail(*_args):
            broken.fails = True
            raise ZeroDivisionError

        way = Scripted()
        worker = worker_of(world, way)
        with monkeypatch.context() as patch:
            patch.setattr(Ledger, "apply", fail)
            with pytest.raises(Temporary):
                worker.drain()
        broken.fails = False
        worker.drain()

        assert outbox(world, "state") == ["sent"] * len(outbox(world, "state"))
        assert "notice.delivered" in [row["name"] for row in world.rows("event")]
        assert len(way.arrived) == 5
