"""What moves a ticket: the clock, whose steps wait for the mail they count from."""

from datetime import timedelta

import pytest

from mailgate.domain import acts, events
from mailgate.domain.draft import Draft
from mailgate.domain.events import DeadlinePassed, TimerKind
from mailgate.domain.model import CLOCK, GATEWAY, ClosedBy, Delay, Priority, Status, Ticket
from tests.domain.lives import (
    CAROL,
    HOUR,
    IN,
    OURS,
    START,
    closed,
    in_progress,
    merged,
    new,
    reopened,
    resolved,
    spam,
    waiting,
)

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
REMINDED = [("waiting", "requester")]


# --- system's deadline --------------------------------------------------------------------------


@pytest.mark.parametrize("status", OURS)
def test_when_our_time_runs_out_holders_and_admins_are_told(status):
    life = IN[status]()
    since = life.ticket.waiting_since
    assert life.timers == [("system_response", since + 24 * HOUR - life.now)]
    life.due()
    assert life.changed == {"delay": Delay.SYSTEM, "told": True, "overdue_count": 1}
    assert life.told == [("overdue", "holders"), ("overdue", "admins")]
    assert (life.ticket.status, life.timers) == (status, [])


def test_our_deadline_is_told_once_a_turn():
    life = new().due().do(events.SetPriority, priority=Priority.LOW)
    assert (life.ticket.delay, life.timers) == (Delay.NONE, [("system_response", 23 * HOUR)])
    life.due()
    assert (life.changed, life.told) == ({"delay": Delay.SYSTEM}, [])
    life.replied().customer().due()
    assert life.told == [("overdue", "holders"), ("overdue", "admins")]


# --- customer's deadline ------------------------------------------------------------------------


def test_when_the_customers_time_runs_out_they_are_reminded():
    life = waiting()
    assert life.timers == [("client_response", 48 * HOUR)]
    life.due()
    assert life.changed == {"delay": Delay.CLIENT, "told": True, "reminders": 1}
    assert life.told == REMINDED


def test_two_further_reminders_come_2_and_4_thresholds_after_the_sending_of_the_one_before():
    life = waiting().due()
    assert life.timers == []  # the first has not been sent
    life.delivered("waiting", after=5 * MINUTE)
    assert life.timers == [("reminder", 96 * HOUR)]
    assert life.due().told == REMINDED
    assert (life.ticket.reminders, life.timers) == (2, [])
    life.delivered("waiting", after=7 * HOUR)
    assert life.timers == [("reminder", 192 * HOUR)]
    assert life.due().told == REMINDED
    life.delivered("waiting")
    assert (life.ticket.reminders, life.timers) == (3, [])
    assert life.ticket.status is Status.WAITING


def test_with_resolve_silent_it_is_resolved_one_more_distance_later():
    life = waiting(resolve_silent=True)
    for _ in range(3):
        life.due().delivered("waiting")
    assert life.timers == [("resolve_silent", 384 * HOUR)]
    life.due()
    assert (life.ticket.status, life.told) == (Status.RESOLVED, [("resolved", "requester")])
    assert life.ticket.resolved_at == life.now
    assert life.timers == [("auto_close", 48 * HOUR)]


@pytest.mark.parametrize(("reminders", "expected"), [(0, []), (1, [96]), (4, [96, 192, 384, 768])])
def test_the_number_of_further_reminders_is_configured(reminders, expected):
    life = waiting(client_reminders=reminders).due().delivered("waiting")
    for hours in expected:
        assert life.timers == [("reminder", hours * HOUR)]
        life.due().delivered("waiting")
    assert life.timers == []


def test_a_reminder_counts_from_its_first_delivery():
    life = waiting().due().delivered("waiting")
    life.delivered("waiting")
    assert (life.changed, life.timers) == ({}, [("reminder", 95 * HOUR)])


# --- no reminder while our last public reply is undelivered --------------------------------------


def test_the_customers_clock_waits_for_our_reply_to_be_delivered():
    life = in_progress().replied().due()
    assert life.changed == {"held": True, "rearmed": 1}
    assert (life.told, life.timers) == ([], [])
    life.delivered(after=12 * HOUR)
    assert life.changed == {"held": False, "reply_pending": False, "waiting_since": life.now}
    assert life.timers == [("client_response", 48 * HOUR)]
    assert life.due().told == REMINDED


def test_a_change_of_priority_does_not_take_the_wait_for_the_delivery_away():
    life = in_progress().replied().due().delivered(after=12 * HOUR)
    life.do(events.SetPriority, priority=Priority.LOW)
    assert life.timers == [("client_response", 71 * HOUR)]


def test_a_reply_delivered_in_time_lets_the_clock_run_from_its_sending():
    life = in_progress().replied().delivered(after=47 * HOUR)
    assert life.changed == {"reply_pending": False}
    assert life.timers == [("client_response", HOUR)]


def undelivered(life, **facts):
    values = {"notice": "agent_reply", "turn": life.ticket.turn, "recipient": CAROL.id} | facts
    return life.do(events.Undelivered, GATEWAY, **values, reason="550 no such user")


def test_a_bounce_of_our_reply_stops_the_customers_clock_and_tells_the_holders():
    life = undelivered(waiting())
    assert life.changed == {"held": True, "reply_pending": True}
    assert [(e.notice, e.audience.value, e.reason) for e in life.decision.effects] == [
        ("undelivered", "holders", "550 no such user")
    ]
    assert life.timers == []
    assert life.replied().timers == [("client_response", 48 * HOUR)]


def test_a_late_bounce_stops_the_reminders_until_the_reply_has_arrived_after_all():
    life = undelivered(waiting().due().delivered("waiting"))
    assert life.timers == []
    life.delivered()
    assert life.timers == [("reminder", 96 * HOUR)]


@pytest.mark.parametrize(
    "facts", [{"notice": "waiting"}, {"turn": 1}, {"recipient": "dave@customer.example"}]
)
def test_any_other_bounce_is_told_to_the_holders_and_moves_nothing(facts):
    life = undelivered(waiting(), **facts)
    assert (life.changed, life.told) == ({}, [("undelivered", "holders")])


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.WAITING])
def test_what_becomes_of_a_notice_moves_no_ticket_on_another_turn(status):
    life = undelivered(IN[status]())
    assert (life.changed, life.told) == ({}, [("undelivered", "holders")])
    life.delivered()
    assert (life.changed, life.told) == ({}, [])


@pytest.mark.parametrize("facts", [{"turn": 1}, {"notice": "received"}])
def test_the_delivery_of_something_else_does_not_start_the_customers_clock(facts):
    life = in_progress().replied().delivered(**facts)
    assert life.changed == {}


# --- auto-close ---------------------------------------------------------------------------------


def test_auto_close_closes_by_the_clock_and_tells_the_customer():
    life = resolved()
    assert life.timers == [("auto_close", 48 * HOUR)]
    life.due()
    assert (life.ticket.status, life.ticket.closed_by) == (Status.CLOSED, ClosedBy.AUTO)
    assert life.ticket.closed_at == life.now
    assert (life.told, life.timers) == ([("auto_closed", "requester")], [])


# --- the clock acts once, and on nothing else ---------------------------------------------------


@pytest.mark.parametrize("life", [closed, spam, merged])
def test_no_deadline_runs_for_what_is_closed_or_set_aside(life):
    assert life().timers == []


def test_no_deadline_runs_before_a_ticket_has_begun():
    life = new().with_facts(waiting_since=None)
    assert life.timers == []


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("kind", TimerKind)
def test_a_deadline_that_does_not_run_changes_nothing(status, kind):
    life = IN[status]().do(DeadlinePassed, CLOCK, timer=kind, turn=99, step=0)
    assert (life.changed, life.told) == ({}, [])
    assert life.says == "overtaken: this deadline no longer runs"


@pytest.mark.parametrize(("turn", "step"), [(2, 0), (0, 0), (1, 1)])
def test_a_deadline_of_another_turn_or_step_changes_nothing(turn, step):
    life = new().do(
        DeadlinePassed,
        CLOCK,
        after=9 * DAY,
        timer=TimerKind.SYSTEM_RESPONSE,
        turn=turn,
        step=step,
    )
    assert (life.changed, life.told) == ({}, [])


def test_a_deadline_that_is_not_due_yet_changes_nothing():
    facts = {"timer": TimerKind.SYSTEM_RESPONSE, "turn": 1, "step": 0}
    life = new().do(DeadlinePassed, CLOCK, after=24 * HOUR - MINUTE, **facts)
    assert life.changed == {}
    assert life.do(DeadlinePassed, CLOCK, after=MINUTE, **facts).ticket.delay is Delay.SYSTEM


def test_a_step_on_our_side_is_recorded_at_its_due_time_however_late_it_is_seen():
    life = new()
    life.do(
        DeadlinePassed,
        CLOCK,
        after=5 * DAY,
        at=START + DAY,
        timer=TimerKind.SYSTEM_RESPONSE,
        turn=1,
        step=0,
    )
    assert life.ticket.delay is Delay.SYSTEM


@pytest.mark.parametrize(("step", "name"), [(0, "first_response"), (1, "resolution")])
def test_a_missed_target_is_remembered_once(step, name):
    # No deadline of this kind runs yet, so that only the act itself can be shown.
    ticket = Ticket(id=7, breached=("resolution",))
    facts = {"timer": TimerKind.TARGET_MISSED, "turn": 1, "step": step}
    event = DeadlinePassed(at=START, actor=CLOCK, **facts)
    draft = Draft(ticket, event, new().policy, START)
    acts.breach(draft)
    assert draft.ticket().breached == tuple(sorted({"resolution", name}))


def test_a_reopened_ticket_has_a_whole_new_deadline():
    assert reopened().timers == [("system_response", 24 * HOUR)]
