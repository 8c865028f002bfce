"""The worker and a smarthost that fails at every moment of a session, over real connections."""

from datetime import timedelta

import pytest

from mailgate.delivery.ending import Rules
from mailgate.delivery.smtp import Patience, Smarthost
from tests.delivery.sending import make_due, only, outbox, read, worker_of
from tests.delivery.smarthost import settings_for
from tests.desk.conftest import ADMIN, ALICE, BOB, CUSTOMER
from tests.peers.sink import DROP, HANG, Stage

EVERYBODY = [CUSTOMER, ALICE.address, BOB.address, ADMIN]


@pytest.fixture
def sending(world, sink):
    """A worker whose way out is the sink; a ticket's first notices wait."""
    world.open()
    return worker_of(world, Smarthost(settings_for(sink)))


def came_to(sink) -> list[str]:
    return [mail.recipients[0] for mail in sink.received]


def test_notices_leave_over_one_connection_each_with_its_return_path(world, sink, sending):
    assert sending.drain() == 4

    assert came_to(sink) == EVERYBODY
    assert {mail.session for mail in sink.received} == {1}
    ours, *persons = [mail.mail_from for mail in sink.received]
    assert ours == ""
    ids = outbox(world, "id")[1:]
    assert [world.signer.read_bounce_address(path, world.now) for path in persons] == ids
    assert sink.commands[-1].upper() == "QUIT"
    assert outbox(world, "reason")[0] == "250 2.0.0 taken"


def test_a_recipient_that_is_refused_stops_no_other(world, sink, sending):
    sink.fail(Stage.RCPT, "550 5.1.1 nobody of that name")

    sending.drain()

    assert outbox(world, "state", "reason")[0] == ("never", "550 5.1.1 nobody of that name")
    assert came_to(sink) == [*EVERYBODY[1:], *EVERYBODY[1:]], "staff are told of it, too"


@pytest.mark.parametrize("stage", [Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.DOT])
def test_a_mail_that_is_put_off_comes_later_and_once(world, sink, sending, stage):
    sink.fail(stage, "451 4.7.1 greylisted")

    sending.drain()
    assert outbox(world, "state", "attempts", "began_at")[0] == ("ready", 1, None)
    world.pass_time(minutes=2)
    sending.drain()

    taken = [mail.recipients[0] for mail in sink.received if mail.answered]
    assert sorted(taken) == sorted(EVERYBODY)
    assert outbox(world, "state") == ["sent"] * 4


@pytest.mark.parametrize("stage", [Stage.GREETING, Stage.EHLO, Stage.MAIL, Stage.RCPT, Stage.DATA])
@pytest.mark.parametrize("fault", [DROP, "421 4.3.2 closing"])
def test_a_connection_that_breaks_counts_against_no_mail(world, sink, sending, stage, fault):
    sink.fail(stage, fault)

    assert sending.drain() == 1
    assert outbox(world, "state", "attempts", "began_at") == [("ready", 0, None)] * 4
    world.pass_time(minutes=2)
    sending.drain()

    assert sorted(came_to(sink)) == sorted(EVERYBODY)


def test_nothing_listens_is_the_same(world, sink, sending):
    sink.close()

    assert sending.drain() == 1
    assert outbox(world, "state", "attempts") == [("ready", 0)] * 4
    assert "refused" in outbox(world, "reason")[0]


@pytest.mark.parametrize("fault", [DROP, HANG])
class TestAnAnswerThatNeverComes:
    def worker(self, world, sink, rules=None):
        patience = Patience(connect=30, command=30, data=30, block=30, final=0.2, quit=0.1)
        world.open()
        only(world, CUSTOMER)
        return worker_of(world, Smarthost(settings_for(sink, patience=patience)), rules)

    def test_brings_the_same_mail_again(self, world, sink, fault):
        sink.fail(Stage.DOT, fault)
        worker = self.worker(world, sink)

        worker.drain()
        assert outbox(world, "state", "attempts", "began_at") == [("ready", 1, world.now)]
        world.pass_time(minutes=2)
        worker.drain()

        first, second = sink.wait(2)
        assert (first.answered, second.answered) == (False, True)
        assert first.raw == second.raw
        assert read(first.raw)["Message-ID"] == outbox(world, "rfc_id")[0]
        assert outbox(world, "state") == ["sent"]

    def test_or_is_held_where_no_mail_may_come_twice(self, world, sink, fault):
        sink.fail(Stage.DOT, fault)
        worker = self.worker(world, sink, Rules(on_unknown="hold"))

        worker.drain()
        world.pass_time(days=1)
        make_due(world)
        worker.drain()

        held = [row for row in outbox(world) if row["notice"] == "received"]
        assert [(row["state"], row["reason"][:9]) for row in held] == [("unknown", "no answer")]
        assert came_to(sink).count(CUSTOMER) == 1


def test_a_mail_that_is_cut_in_the_midst_comes_later_and_once(world, sink, sending):
    sink.fail(Stage.MID_DATA, DROP)

    sending.drain()
    world.pass_time(minutes=2)
    sending.drain()

    assert sorted(came_to(sink)) == sorted(EVERYBODY)
    assert outbox(world, "state") == ["sent"] * 4


def test_after_an_answer_that_never_came_the_others_leave_over_a_new_connection(
    world, sink, sending
):
    sink.fail(Stage.DOT, DROP)

    assert sending.drain() == 1  # a way that breaks is left alone for a moment
    world.now += timedelta(seconds=3)
    assert sending.drain() == 3
    assert outbox(world, "state") == ["ready", "sent", "sent", "sent"]
    assert {mail.session for mail in sink.received} == {1, 2}
