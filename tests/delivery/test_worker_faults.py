"""Whatever is wrong with one notice, the others leave."""

import pytest
from sqlalchemy import update

from mailgate.errors import Temporary
from mailgate.mail.render import Renderer
from mailgate.store import schema
from tests.delivery.sending import SHIPPED, Begun, Scripted, make_due, outbox, worker_of
from tests.desk.conftest import ADMIN, ALICE, BOB
from tests.peers.waiting import wait_until


def spoil(world, **columns) -> None:
    """Change the row of the first notice."""
    table = schema.outbox
    with world.database.write() as connection:
        first = outbox(world, "id")[0]
        connection.execute(update(table).where(table.c.id == first).values(**columns))


@pytest.fixture
def overridden(tmp_path):
    """A folder with one broken template: that of the acknowledgement."""
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "received.txt.j2").write_text("{{ nope }}")
    return tmp_path


class TestANoticeThatCannotBeWritten:
    def test_for_a_broken_template_waits_until_it_is_mended(self, world, way, overridden):
        world.open()
        worker = worker_of(world, way, renderer=Renderer([overridden, SHIPPED]))

        assert worker.drain() == 4
        assert outbox(world, "state") == ["ready", "sent", "sent", "sent"]
        state, attempts, reason = outbox(world, "state", "attempts", "reason")[0]
        assert (state, attempts) == ("ready", 1)
        assert reason == f"{overridden}/en/received.txt.j2:1: 'nope' is undefined"
        world.pass_time(minutes=2)
        assert worker_of(world, way).drain() == 1
        assert outbox(world, "state") == ["sent"] * 4

    @pytest.mark.parametrize(
        "context", [{}, [], {"message": None}, {"message": None, "recipient": {}}]
    )
    def test_for_want_of_its_context_stops_no_other(self, world, way, context):
        world.open()
        spoil(world, context=context)

        assert worker_of(world, way).drain() == 4
        assert outbox(world, "state", "attempts") == [("ready", 1), *[("sent", 1)] * 3]
        assert outbox(world, "reason")[0]

    def test_for_an_address_that_no_mail_can_bear_is_final(self, world, way):
        world.open()
        spoil(world, recipient="a@b.example>\r\nBcc: <eve@x.example")

        assert worker_of(world, way).drain() == 7
        state, reason = outbox(world, "state", "reason")[0]
        assert state == "never"
        assert reason.startswith("554 To: ")
        told = {ALICE.address, BOB.address, ADMIN}
        assert set(outbox(world, "recipient")[4:]) == told
        assert {mail.recipient for mail in way.arrived} == told

    def test_for_want_of_a_return_path_stops_no_other(self, world, way, monkeypatch):
        world.open()
        worker = worker_of(world, way)
        real = worker._writer.envelope_from

        def fail(due):
            if due.recipient == BOB.address:
                raise ValueError("no room in the local part")
            return real(due)

        monkeypatch.setattr(worker._writer, "envelope_from", fail)

        assert worker.drain() == 4
        assert outbox(world, "state") == ["sent", "sent", "ready", "sent"]
        assert outbox(world, "reason")[2] == "ValueError('no room in the local part')"


class TestAWayOutThatStumbles:
    def test_before_the_content_leaves_is_tried_again_with_that_mail(self, world):
        world.open()
        way = Scripted(ValueError("surprise"))

        assert worker_of(world, way).drain() == 4
        assert outbox(world, "state", "attempts", "began_at")[0] == ("ready", 1, None)
        assert outbox(world, "state")[1:] == ["sent"] * 3
        assert (way.opened, way.closed) == (2, 2), "the session is in an unknown state"
        make_due(world)
        assert worker_of(world, way).drain() == 1
        assert len(way.arrived) == 4

    def test_after_it_knows_not_whether_the_mail_is_there(self, world):
        world.open()
        way = Scripted(Begun(ValueError("surprise")))

        assert worker_of(world, way).drain() == 4
        state, reason, began_at = outbox(world, "state", "reason", "began_at")[0]
        assert (state, reason, began_at) == ("ready", "ValueError('surprise')", world.now)

    def test_does_not_end_the_thread(self, world, monkeypatch):
        world.open()
        way = Scripted()
        worker = worker_of(world, way)
        failures = [ValueError("surprise"), Temporary("the database is away")]
        real = worker.run_once

        def fail_first():
            if failures:
                worker.wake()
                raise failures.pop()
            return real()

        monkeypatch.setattr(worker, "run_once", fail_first)
        worker.start()
        try:
            wait_until(lambda: len(way.arrived) == 4, "four mails")
        finally:
            worker.stop()
        assert outbox(world, "reason") == ["250 taken"] * 4
