"""How notices leave, and what each end that sending can have does to them."""

from datetime import timedelta

import pytest

from mailgate.delivery.breaker import Breaker
from mailgate.delivery.ending import UNANSWERED as COPIES
from mailgate.delivery.ending import Rules
from mailgate.delivery.transport import Later, Never, Sent, Unknown
from mailgate.delivery.worker import BATCH
from mailgate.errors import Temporary
from mailgate.store.outbox import release
from tests.delivery.sending import MINUTE, Begun, Scripted, make_due, only, outbox, worker_of
from tests.desk.conftest import ADMIN, ALICE, BOB, CUSTOMER
from tests.peers.waiting import wait_until

GREYLISTED = Later("450 try again later", connection=False)
CLOSING = Later("421 closing", connection=True)
UNANSWERED = Begun(Unknown("no answer after the end of the mail"))
UNTOLD = Rules(give_up_after=timedelta(days=2), delay_notice_after=timedelta(days=9))


@pytest.fixture
def one(world):
    """A ticket of whose notices only the one to the administrator waits."""
    ticket = world.open()
    only(world, ADMIN)
    return ticket


def waits(world) -> timedelta:
    """How long the notice has to wait."""
    return outbox(world, "next_try_at")[0] - world.now


class TestWhatWaits:
    def test_is_sent_once_to_each_oldest_first(self, world, way):
        world.open()

        assert worker_of(world, way).drain() == 4
        assert [mail.recipient for mail in way.arrived] == [
            CUSTOMER,
            ALICE.address,
            BOB.address,
            ADMIN,
        ]
        assert worker_of(world, way).drain() == 0
        assert (
            outbox(world, "state", "reason", "done_at", "attempts", "rendered")
            == [("sent", "250 taken", world.now, 1, None)] * 4
        )

    def test_leaves_over_one_connection_which_is_given_up_at_the_end(self, world, way):
        for _ in range(BATCH):
            world.open()

        assert worker_of(world, way).drain() == 4 * BATCH
        assert (way.opened, way.closed) == (1, 1)

    def test_is_sent_by_a_thread_that_can_be_woken_and_ends_when_told_to(self, world, way):
        worker = worker_of(world, way)
        assert not worker.alive
        worker.start()
        try:
            assert worker.alive
            world.open()
            worker.wake()
            wait_until(lambda: outbox(world, "state") == ["sent"] * 4, "four notices to be sent")
            wait_until(lambda: way.closed, "the connection to be given up when nothing is left")
        finally:
            worker.stop()
        assert not worker.alive

    def test_is_left_for_others_when_the_worker_is_told_to_stop(self, world, way):
        world.open()
        worker = worker_of(world, way)
        way.look = worker.stop

        assert worker.run_once() == 1
        assert outbox(world, "state", "lease_owner", "attempts") == [
            ("sent", None, 1),
            *[("ready", None, 0)] * 3,
        ]


class TestLater:
    def test_is_tried_again_and_again_after_ever_longer_times(self, world, one):
        way = Scripted(*[GREYLISTED] * 8)
        worker = worker_of(world, way)
        told = []
        for _ in range(8):
            worker.drain()
            told.append(waits(world))
            world.now = outbox(world, "next_try_at")[0] - timedelta(milliseconds=1)
            assert worker.drain() == 0, "not before its time"
            world.pass_time(milliseconds=1)

        meant = [1, 2, 5, 10, 20, 30, 30, 30]
        for minutes, wait in zip(meant, told, strict=True):
            assert 0.9 * minutes * MINUTE <= wait <= 1.1 * minutes * MINUTE
        assert len(set(told)) == len(told), "those that wait together do not come together"
        assert outbox(world, "state", "attempts", "reason")[0] == (
            "ready",
            8,
            "450 try again later",
        )
        worker.drain()
        assert len(way.tried) == 9
        assert outbox(world, "state")[0] == "sent"

    def test_goes_by_the_times_that_are_configured(self, world, one):
        worker = worker_of(world, Scripted(GREYLISTED), Rules(retry_after=(7 * MINUTE,)))

        worker.drain()

        assert 0.9 * 7 * MINUTE <= waits(world) <= 1.1 * 7 * MINUTE

    def test_stops_no_other_notice(self, world):
        world.open()
        way = Scripted(GREYLISTED)

        assert worker_of(world, way).drain() == 4
        assert outbox(world, "state") == ["ready", "sent", "sent", "sent"]

    def test_forgets_that_the_content_had_begun_since_nobody_has_it(self, world, one):
        way = Scripted(Begun(GREYLISTED))

        worker_of(world, way).drain()

        assert outbox(world, "began_at", "attempts")[0] == (None, 1)

    @pytest.mark.parametrize("result", [GREYLISTED, CLOSING])
    def test_is_given_up_after_days_and_not_before(self, world, one, result):
        way = Scripted(*[result] * 3)
        worker = worker_of(world, way, UNTOLD)
        worker.drain()
        world.pass_time(days=2, microseconds=-1)
        worker.drain()
        assert outbox(world, "state")[0] == "ready"
        world.pass_time(hours=1)
        worker.drain()

        state, reason = outbox(world, "state", "reason")[0]
        assert (state, reason[:10]) == ("never", "given up: ")
        assert len(way.tried) == 3

    def test_is_tried_for_days_again_when_a_person_puts_it_back(self, world, one):
        worker = worker_of(world, Scripted(*[GREYLISTED] * 4), UNTOLD)
        world.pass_time(days=3)
        worker.drain()
        assert outbox(world, "state")[0] == "never"
        with world.database.write() as connection:
            ids = outbox(world, "id")
            release(connection, world.desk.settings.tenant_id, ids, world.now)
        for _ in range(2):
            worker.drain()
            assert outbox(world, "state")[0] == "ready"
            world.pass_time(hours=23)


class TestAWayThatIsOutOfOrder:
    def test_is_left_alone_with_all_mail_for_a_while(self, world):
        world.open()
        way = Scripted(CLOSING)
        worker = worker_of(world, way)

        assert worker.drain() == 1
        assert [mail.recipient for mail in way.tried] == [CUSTOMER]
        assert outbox(world, "state", "attempts", "lease_owner") == [("ready", 0, None)] * 4
        assert outbox(world, "reason") == ["421 closing", None, None, None]
        assert worker.drain() == 0
        world.pass_time(seconds=2.5)
        assert worker.drain() == 3
        assert way.opened == 2

    def test_may_be_the_fault_of_one_mail_which_waits_behind_the_others(self, world):
        world.open()
        worker = worker_of(world, Scripted(CLOSING))
        worker.drain()

        first, *others = outbox(world, "next_try_at")
        assert 0.9 * MINUTE <= first - world.now <= 1.1 * MINUTE
        assert others == [world.now] * 3

    @pytest.mark.parametrize("fault", [Temporary("the smarthost is away"), ValueError("surprise")])
    def test_that_cannot_be_opened_counts_against_no_mail(self, world, one, fault):
        way = Scripted()
        way.opening.append(fault)
        worker = worker_of(world, way)

        worker.drain()
        assert outbox(world, "attempts", "began_at")[0] == (0, None)
        assert str(fault) in outbox(world, "reason")[0]
        world.pass_time(minutes=2)
        worker.drain()
        assert outbox(world, "state")[0] == "sent"

    def test_is_tried_less_and_less_often_up_to_every_five_minutes(self, world, one):
        worker = worker_of(world, Scripted(*[CLOSING] * 20))
        assert worker.drain() == 1
        pauses = []
        for _ in range(12):
            make_due(world)
            began = world.now
            while not worker.drain():
                world.pass_time(seconds=1)
            pauses.append((world.now - began).total_seconds())

        for number, pause in enumerate(pauses):
            meant = min(2 ** (number + 1), 300)
            assert 0.8 * meant <= pause <= 1.2 * meant + 1

    def test_may_be_so_for_weeks(self, world, one):
        worker = worker_of(world, Scripted(CLOSING))
        worker._way._breaker = Breaker(failures=5000)

        assert worker.drain() == 1
        world.pass_time(seconds=361)
        make_due(world)
        assert worker.drain() == 1

    def test_is_tried_again_when_the_clock_was_set_back(self, world, one):
        worker = worker_of(world, Scripted(CLOSING))
        worker.drain()
        world.pass_time(hours=-1)
        make_due(world)

        assert worker.drain() == 1

    def test_that_works_again_is_trusted_as_before(self, world):
        for _ in range(3):
            world.open()
        worker = worker_of(world, Scripted(CLOSING, Sent("250"), CLOSING))
        worker.drain()
        world.pass_time(seconds=2.5)
        worker.drain()
        world.pass_time(seconds=2.5)

        assert worker.drain() == 9


class TestNever:
    def test_is_final_with_its_code_and_words(self, world, one):
        way = Scripted(Never(550, "5.1.1 nobody here"))
        worker = worker_of(world, way)

        worker.drain()
        world.pass_time(days=1)
        worker.drain()

        assert outbox(world, "state", "reason")[0] == ("never", "550 5.1.1 nobody here")
        assert len(way.tried) == 1


class TestUnknown:
    def test_is_sent_again_with_the_same_message_id_and_the_same_bytes(self, world, one):
        way = Scripted(UNANSWERED)
        worker = worker_of(world, way)

        worker.drain()
        assert outbox(world, "state", "attempts")[0] == ("ready", 1)
        assert outbox(world, "began_at")[0] == world.now
        assert 0.9 * MINUTE <= waits(world) <= 1.1 * MINUTE
        world.pass_time(minutes=2)
        worker.drain()

        first, second = way.arrived
        assert first == second
        assert outbox(world, "state")[0] == "sent"

    def test_is_held_for_a_person_when_no_copy_is_ever_answered(self, world, one):
        """A next hop that hands mail on and never says so would else be given 240 of them."""
        way = Scripted(*[UNANSWERED] * 2, GREYLISTED, *[UNANSWERED] * 9)
        worker = worker_of(world, way)

        for _ in range(20):
            worker.drain()
            world.pass_time(minutes=40)

        assert len(way.arrived) == COPIES
        ((state, reason),) = outbox(world, "state", "reason")
        assert state == "unknown"
        assert reason.startswith(f"held after {COPIES} times without an answer: no ans")

    def test_is_tried_as_often_again_when_a_person_puts_it_back(self, world, one):
        way = Scripted(*[UNANSWERED] * 3 * COPIES)
        worker = worker_of(world, way)
        for _ in range(2):
            for _ in range(9):
                worker.drain()
                world.pass_time(minutes=40)
            with world.database.write() as connection:
                assert release(connection, 1, outbox(world, "id"), world.now) == 1

        assert len(way.arrived) == 2 * COPIES

    @pytest.mark.parametrize("last", [UNANSWERED, GREYLISTED])
    def test_is_not_called_refused_when_it_is_given_up(self, world, one, last):
        worker = worker_of(world, Scripted(UNANSWERED, last), UNTOLD)

        worker.drain()
        world.pass_time(days=3)
        worker.drain()

        ((state, reason),) = outbox(world, "state", "reason")
        assert (state, reason[:10]) == ("unknown", "given up: ")

    def test_is_held_for_a_person_where_that_is_wanted(self, world, one):
        way = Scripted(UNANSWERED)
        worker = worker_of(world, way, Rules(on_unknown="hold"))

        worker.drain()
        world.pass_time(days=1)
        worker.drain()

        assert outbox(world, "state", "done_at")[0][0] == "unknown"
        assert len(way.tried) == 1
