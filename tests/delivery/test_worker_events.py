"""What tickets hear of their mails: what the clock waits for, and what reached nobody."""

from datetime import timedelta

import pytest

from mailgate.delivery.ending import UNANSWERED as COPIES
from mailgate.delivery.ending import Rules
from mailgate.delivery.transport import Later, Never, Unknown
from mailgate.desk import returns
from mailgate.domain.events import Resolve
from mailgate.domain.model import Actor, ActorKind
from mailgate.store import outbox as store
from mailgate.store.outbox import notices
from tests.delivery.sending import TAKEN, Begun, Scripted, make_due, outbox, read, worker_of
from tests.desk.conftest import ADMIN, ALICE, BOB, CUSTOMER
from tests.peers.maildir import text_of

NOBODY = Never(550, "5.1.1 nobody here")
BUSY = Later("450 busy", connection=False)
UNANSWERED = Begun(Unknown("no answer after the end of the mail"))
STAFF = {ALICE.address, BOB.address, ADMIN}


@pytest.fixture
def ticket(world):
    """A ticket whose first notices have left."""
    ticket = world.open()
    worker_of(world, Scripted()).drain()
    return ticket


def told(world, name: str) -> list[dict]:
    return [row for row in world.rows("event") if row["name"] == name]


class TestANoticeThatTheClockWaitsFor:
    def test_is_told_when_it_has_left(self, world, ticket):
        replied = world.agent_replies(ticket)
        assert replied.reply_pending
        world.pass_time(minutes=5)

        worker_of(world, Scripted()).drain()

        (event,) = told(world, "notice.delivered")
        assert event["at"] == world.now
        assert event["data"]["notice"] == "agent_reply"
        assert event["data"]["recipient"] == CUSTOMER
        assert not world.ticket(ticket).reply_pending

    def test_has_left_when_it_was_taken_though_it_is_written_down_later(self, world, ticket):
        world.agent_replies(ticket)
        world.open("Other")
        taken_at = world.now

        class Slow(Scripted):
            def send(self, mail, began, still):
                if len(self.tried) == 1:
                    world.pass_time(minutes=4)
                return super().send(mail, began, still)

        worker_of(world, Slow()).drain()

        (event,) = told(world, "notice.delivered")
        assert event["at"] == taken_at
        assert event["recorded_at"] == taken_at + timedelta(minutes=4)

    def test_is_not_told_before_it_has_left(self, world, ticket):
        world.agent_replies(ticket)

        worker_of(world, Scripted(BUSY)).drain()

        assert told(world, "notice.delivered") == []
        assert world.ticket(ticket).reply_pending

    def test_is_told_once_however_often_it_is_sent(self, world, ticket):
        world.agent_replies(ticket)
        worker = worker_of(world, Scripted(UNANSWERED, UNANSWERED))
        for _ in range(4):
            worker.drain()
            make_due(world)

        assert len(told(world, "notice.delivered")) == 1

    def test_starts_the_ladder_of_reminders(self, world, ticket):
        world.tick()
        world.agent_replies(ticket)
        worker = worker_of(world, Scripted())
        worker.drain()
        for _ in range(241):
            world.pass_time(minutes=12)
            world.tick()
        assert world.notices()[-1] == ("waiting", CUSTOMER)

        worker.drain()

        assert world.ticket(ticket).reminded_at == world.now
        assert [row["data"]["notice"] for row in told(world, "notice.delivered")] == [
            "agent_reply",
            "waiting",
        ]

    def test_is_no_other_than_those(self, world, ticket):
        world.apply(ticket, Resolve(at=world.now, actor=Actor(ActorKind.AGENT, "alice")))

        worker_of(world, Scripted()).drain()

        assert outbox(world, "notice")[-1] == "resolved"
        assert told(world, "notice.delivered") == []


class TestAMailToTheCustomerThatWillNotArrive:
    def sent(self, world, *script, rules=None) -> list:
        """Send what waits, and return the notices about what did not arrive: (to, text)."""
        way = Scripted(*script)
        worker_of(world, way, rules).drain()
        return [
            (mail.recipient, " ".join(text_of(read(mail.raw)).split()))
            for mail in way.arrived
            if read(mail.raw)["Subject"].startswith("Not delivered")
        ]

    def test_is_told_to_the_staff_with_address_and_reason(self, world, ticket):
        world.agent_replies(ticket)

        notices = self.sent(world, NOBODY)

        assert {to for to, _ in notices} == STAFF
        for _, text in notices:
            assert f"Our mail to {CUSTOMER} could not be delivered." in text
            assert "Status: 550 Reason: 5.1.1 nobody here" in text
        assert world.ticket(ticket).held, "no reminder may press for what never came"

    def test_is_told_once(self, world, ticket):
        world.agent_replies(ticket)
        assert len(self.sent(world, NOBODY)) == len(STAFF)

        world.pass_time(days=1)
        make_due(world)

        assert self.sent(world) == []
        assert len(told(world, "notice.undelivered")) == 1

    def test_is_told_when_it_was_given_up(self, world, ticket):
        world.agent_replies(ticket)
        world.pass_time(days=5)

        assert len(self.sent(world, BUSY)) == len(STAFF)
        assert told(world, "notice.undelivered")[0]["data"]["reason"] == "given up: 450 busy"

    def test_is_told_when_nobody_knows_and_it_is_held(self, world, ticket):
        world.agent_replies(ticket)

        notices = self.sent(world, UNANSWERED, rules=Rules(on_unknown="hold"))

        assert len(notices) == len(STAFF)
        assert outbox(world, "state")[4] == "unknown"

    def test_is_told_when_no_copy_of_it_is_ever_answered(self, world, ticket):
        world.agent_replies(ticket)
        worker = worker_of(world, Scripted(*[UNANSWERED] * COPIES))
        for _ in range(COPIES):
            worker.drain()
            world.pass_time(minutes=40)

        (event,) = told(world, "notice.undelivered")
        assert event["data"]["reason"].startswith(f"held after {COPIES} times without an answer")
        assert world.ticket(ticket).held

    def test_is_not_told_while_it_is_tried(self, world, ticket):
        world.agent_replies(ticket)

        assert self.sent(world, BUSY) == []
        assert told(world, "notice.undelivered") == []

    def test_can_be_sent_again_by_hand_with_the_same_bytes(self, world, ticket):
        world.agent_replies(ticket)
        way = Scripted(Begun(NOBODY))
        worker_of(world, way).drain()
        id_ = outbox(world, "id")[4]
        with world.database.write() as connection:
            assert store.release(connection, 1, [id_], world.now) == 1
        worker_of(world, way).drain()

        first, *_, last = way.arrived
        assert first == last
        assert outbox(world, "state")[4] == "sent"
        assert not world.ticket(ticket).held


class TestAMailToTheStaffThatWillNotArrive:
    @pytest.mark.parametrize("result", [NOBODY, UNANSWERED])
    def test_stays_in_the_outbox_with_its_reason_and_is_told_to_nobody(self, world, result):
        world.open()
        way = Scripted(TAKEN, *[result] * 3)

        worker_of(world, way, Rules(on_unknown="hold")).drain()

        assert len(outbox(world)) == 4
        assert set(outbox(world, "state")[1:]) <= {"never", "unknown"}
        assert all(outbox(world, "reason"))
        assert [row["name"] for row in world.rows("event")] == ["ticket.opened"]

    def test_even_about_what_never_arrived_breeds_no_other(self, world, ticket):
        world.agent_replies(ticket)
        worker_of(world, Scripted(*[NOBODY] * 4)).drain()

        states = outbox(world, "notice", "state")[4:]
        assert states == [("agent_reply", "never"), *[("undelivered", "never")] * 3]
        assert len(told(world, "notice.undelivered")) == 1


def test_a_bounce_that_comes_before_the_end_is_written_down_is_not_overwritten(world, ticket):
    world.agent_replies(ticket)
    id_ = outbox(world, "id")[4]
    world.open("Other")

    class Quick(Scripted):
        """The mail has come back before the next one is sent."""

        def send(self, mail, began, still):
            if len(self.tried) == 1:
                with world.desk.writing(world.now) as ledger:
                    notice = notices(ledger.connection, 1, [id_])[id_]
                    at, gone = world.now, "5.1.1 nobody"
                    assert returns.returned(ledger, notice, gone, at, set(), proven=True)
            return super().send(mail, began, still)

    worker_of(world, Quick()).drain()

    assert outbox(world, "state", "reason")[4] == ("never", "5.1.1 nobody")
    assert told(world, "notice.delivered") == []
