"""What a machine writes moves nothing, but that nobody is pressed for an answer while away."""

from datetime import timedelta

import pytest

from mailgate.domain import events
from mailgate.domain.model import GATEWAY, Actor, ActorKind, Alarm, Delay, Priority, Status
from tests.domain.lives import CAROL, HOUR, IN, Life, new, waiting

DAY = timedelta(days=1)


@pytest.mark.parametrize("status", list(IN))
def test_a_machines_mail_moves_nothing(status):
    life = IN[status]().do(events.MachineWrote, CAROL)
    assert (life.changed, life.told) == ({}, [])


def test_reminders_wait_for_the_day_of_return():
    life = waiting()
    back = life.now + 10 * DAY
    life.do(events.MachineWrote, CAROL, back_at=back)
    assert life.changed == {"not_before": back}
    assert life.told == []
    assert life.timers == [("client_response", back - life.now)]
    assert "no reminder before" in str(life.decision.reasons)


def test_a_return_before_the_deadline_changes_no_deadline():
    life = waiting()
    due = life.now + 48 * HOUR
    life.do(events.MachineWrote, CAROL, back_at=life.now + DAY)
    assert life.timers == [("client_response", due - life.now)]


def test_later_reminders_wait_too():
    life = waiting().due().do(events.Delivered, GATEWAY, notice="waiting", turn=2, recipient="x")
    assert life.ticket.delay is Delay.CLIENT
    back = life.now + 30 * DAY
    life.do(events.MachineWrote, CAROL, back_at=back)
    assert life.timers == [("reminder", back - life.now)]


def test_an_earlier_return_does_not_bring_a_deadline_back():
    life = waiting()
    back = life.now + 10 * DAY
    life.do(events.MachineWrote, CAROL, back_at=back)
    life.do(events.MachineWrote, CAROL, back_at=back - DAY)
    assert life.changed == {}


def test_a_return_that_is_past_is_nothing():
    life = waiting()
    life.do(events.MachineWrote, CAROL, back_at=life.now)
    assert life.changed == {}


def test_a_change_of_priority_does_not_forget_the_absence():
    life = waiting()
    back = life.now + 10 * DAY
    life.do(events.MachineWrote, CAROL, back_at=back)
    life.do(events.SetPriority, priority=Priority.CRITICAL)
    assert life.timers == [("client_response", back - life.now)]


def test_the_next_turn_knows_nothing_of_it():
    life = waiting()
    life.do(events.MachineWrote, CAROL, back_at=life.now + 10 * DAY)
    life.customer()
    assert life.ticket.not_before is None


@pytest.mark.parametrize("notice", ["agent_reply", "resolved"])
def test_staff_who_know_are_not_told_again(notice):
    facts = {"notice": notice, "turn": 2, "recipient": CAROL.id, "reason": "550 5.1.1"}
    life = waiting().do(events.Undelivered, GATEWAY, **facts)
    assert life.told == [("undelivered", "holders")]
    life.do(events.Undelivered, GATEWAY, known=True, **facts)
    assert life.told == []


@pytest.mark.parametrize(("author", "audience"), [("bob", "author"), ("", "holders")])
def test_the_author_of_a_mail_that_does_not_leave_is_told_and_nothing_moves(author, audience):
    facts = {"notice": "agent_reply", "recipient": CAROL.id, "reason": "421 closing"}
    life = waiting().do(events.Delayed, GATEWAY, author=author, **facts)
    assert (life.changed, life.told) == ({}, [("delayed", audience)])


# --- machines that we know ------------------------------------------------------------------------


def alarmed(life, alarm, by=CAROL, **facts):
    return life.do(events.MachineWrote, by, alarm=alarm, **facts)


@pytest.mark.parametrize("status", [each for each in IN if each not in ("resolved", "closed")])
def test_a_problem_that_is_over_resolves_its_ticket_and_tells_its_holder(status):
    life = alarmed(IN[status](), Alarm.CLEARED)
    assert (life.ticket.status, life.ticket.resolved_at) == (Status.RESOLVED, life.now)
    assert life.told == [("new_message", "holders"), ("new_message", "followers")]
    assert life.ticket.first_response_at == life.before.first_response_at


def test_a_problem_that_comes_again_reopens_its_ticket_unless_that_is_closed():
    life = alarmed(IN["resolved"](), Alarm.RAISED)
    assert (life.ticket.status, life.ticket.reopen_count) == (Status.REOPENED, 1)
    assert life.told == [("reopened", "holders"), ("reopened", "followers")]
    assert alarmed(IN["closed"](), Alarm.RAISED).changed == {}


def test_a_problem_that_goes_on_or_is_over_for_long_moves_nothing():
    assert alarmed(IN["in_progress"](), Alarm.RAISED).changed == {}
    assert alarmed(IN["resolved"](), Alarm.CLEARED).changed == {}


@pytest.mark.parametrize(("status", "alarm"), [("new", "cleared"), ("resolved", "raised")])
def test_the_word_of_another_machine_or_of_an_earlier_hour_moves_nothing(status, alarm):
    other = Actor(ActorKind.MACHINE, "other@desk.example")
    assert alarmed(IN[status](), Alarm(alarm), other).changed == {}
    life = IN[status]()
    late = life.now - 1000 * HOUR
    assert alarmed(life, Alarm(alarm), at=late).changed == {}


def test_a_ticket_of_a_machine_is_internal():
    assert Life().opened(visibility="internal").ticket.visibility == "internal"
    assert new().ticket.visibility == "public"
