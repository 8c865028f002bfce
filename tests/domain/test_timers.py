"""Which deadlines run, when they are due, and what is said of them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mailgate.domain.events import TimerKind
from mailgate.domain.hours import Calendar
from mailgate.domain.model import Priority, Status
from mailgate.domain.policy import FIELDS, Policy, resolve
from mailgate.domain.timers import (
    CUSTOMER_FACING,
    WAITING_AFTER_OUTAGE,
    Remaining,
    Timer,
    ladder,
    response_due,
    running,
    time_until_delay,
)
from tests.domain.lives import HOUR, IN, OURS, START, closed, new, resolved, spam, waiting

POLICY = Policy(*resolve())
NAMES = (*FIELDS, "working")


@pytest.mark.parametrize("priority", Priority)
@pytest.mark.parametrize(
    ("life", "kind", "threshold"),
    [
        (new, TimerKind.SYSTEM_RESPONSE, "system"),
        (waiting, TimerKind.CLIENT_RESPONSE, "client"),
        (resolved, TimerKind.AUTO_CLOSE, "auto_close"),
    ],
)
def test_each_priority_has_its_own_threshold_for_each_turn(priority, life, kind, threshold):
    ticket = replace(life().ticket, priority=priority)
    (timer,) = running(ticket, POLICY)
    row = POLICY.thresholds[priority]
    assert (timer.kind, timer.due_at - ticket.waiting_since) == (kind, getattr(row, threshold))
    assert timer.origin.startswith(f"{priority} ")


def test_a_timer_says_of_which_turn_and_step_it_is_and_how_it_was_worked_out():
    assert running(new().ticket, POLICY) == (
        Timer(TimerKind.SYSTEM_RESPONSE, 1, 0, START + 24 * HOUR, "normal system_response"),
    )


def test_timers_come_soonest_first():
    ticket = replace(
        waiting().ticket, reminders=1, reminded_at=START - 99 * HOUR, not_before=START + HOUR
    )
    timers = running(ticket, POLICY)
    assert [timer.kind for timer in timers] == [TimerKind.REMINDER, TimerKind.CLIENT_RESPONSE]
    assert timers[0].due_at == START + HOUR


@pytest.mark.parametrize(("step", "thresholds"), [(1, 2), (2, 4), (3, 8)])
def test_the_kth_reminder_comes_2_to_the_k_thresholds_after_the_one_before(step, thresholds):
    assert ladder(step) == thresholds


@pytest.mark.parametrize(
    ("status", "distance"),
    [
        *((status, 24 * HOUR) for status in OURS),
        (Status.WAITING, 48 * HOUR),
    ],
)
def test_a_turn_runs_out_a_threshold_after_it_began(status, distance):
    ticket = IN[status]().ticket
    assert response_due(ticket, POLICY) == ticket.waiting_since + distance


@pytest.mark.parametrize("life", [resolved, closed])
def test_no_turn_runs_out_where_no_clock_runs(life):
    assert response_due(life().ticket, POLICY) is None


def test_the_steps_that_write_to_customers_are_known():
    assert sorted(set(TimerKind) - CUSTOMER_FACING) == [
        TimerKind.APPROVAL_EXPIRED,
        TimerKind.APPROVAL_REMINDER,
        TimerKind.ESCALATION,
        TimerKind.SYSTEM_RESPONSE,
        TimerKind.TARGET_MISSED,
        TimerKind.TARGET_NEAR,
        TimerKind.WAKE,
    ]


def test_escalations_too_wait_after_an_outage_and_what_is_to_be_approved():
    assert sorted(WAITING_AFTER_OUTAGE - CUSTOMER_FACING) == [
        TimerKind.APPROVAL_EXPIRED,
        TimerKind.APPROVAL_REMINDER,
        TimerKind.ESCALATION,
    ]


def test_a_delay_that_was_told_has_no_deadline_left():
    assert new().due().timers == []
    assert waiting().due().timers == []


def test_timers_are_a_function_of_the_ticket_alone():
    ticket = waiting().ticket
    assert running(ticket, POLICY) == running(replace(ticket, version=9), POLICY)
    assert running(replace(ticket, not_before=START), POLICY) == running(ticket, POLICY)
    later = ticket.waiting_since + timedelta(days=9)
    assert running(replace(ticket, not_before=later), POLICY)[0].due_at == later


# --- working time -------------------------------------------------------------------------------

NINE_TO_FIVE = ((540, 1020),)
OFFICE = Calendar("UTC", (NINE_TO_FIVE,) * 5 + ((),) * 2)


def by_calendar(priority=Priority.NORMAL, **rules):
    """Return rules under which an office counts our times; `working` and durations may differ."""
    names = {"calendar": "office"} | {k: v for k, v in rules.items() if k in NAMES}
    others = {k: v for k, v in rules.items() if k not in NAMES}
    thresholds, origins = resolve("standard", {}, {priority: names})
    return Policy(thresholds, origins, calendars={"office": OFFICE}, **others)


def test_our_time_is_counted_by_the_calendar_of_the_row():
    (timer,) = running(new().ticket, by_calendar())
    assert timer.due_at == START + timedelta(days=2, hours=8)  # 24 h from Monday, 09:00
    assert timer.origin == "normal system_response, in working time of office"
    (timer,) = running(waiting().ticket, by_calendar())
    assert timer.due_at == waiting().ticket.waiting_since + 48 * HOUR
    assert timer.origin == "normal client_response"


def test_a_deadline_says_by_which_row_it_was_worked_out_if_not_by_that_of_the_priority():
    policy = replace(by_calendar(), custom={"vip": {"system": HOUR}})
    ticket = replace(new().ticket, thresholds="vip")
    (timer,) = running(ticket, policy)
    assert timer.origin == "normal system_response, custom row vip, in working time of office"
    left = time_until_delay(ticket, policy, START)
    assert (left.threshold_hours, left.threshold_origin) == (1.0, "custom row vip")
    (timer,) = running(replace(ticket, own_times=(("system", 7200),)), policy)
    assert timer.origin.startswith("normal system_response, set for this ticket")


def test_the_customers_time_and_the_auto_close_are_counted_so_if_the_row_says_so():
    policy = by_calendar(working=("client", "auto_close"))
    since = waiting().ticket.waiting_since  # Monday, 11:00
    assert running(waiting().ticket, policy)[0].due_at == since + timedelta(days=8)
    assert running(resolved().ticket, policy)[0].due_at == since + timedelta(days=8)
    assert running(new().ticket, policy)[0].due_at == START + 24 * HOUR


def test_the_ladder_is_counted_by_the_calendar_too():
    policy = by_calendar(working=("client",), client=4 * HOUR, resolve_silent=True)
    reminded = replace(waiting().ticket, reminders=1, reminded_at=START, delay="delayed_by_client")
    assert running(reminded, policy)[0].due_at == START + 8 * HOUR
    reminded = replace(reminded, reminders=2)
    assert running(reminded, policy)[0].due_at == START + timedelta(days=1, hours=8)
    (silence,) = running(replace(reminded, reminders=3), policy)
    assert (silence.due_at, silence.origin) == (
        START + timedelta(days=3, hours=8),
        "silence, in working time of office",
    )


def test_a_reminder_that_is_due_outside_of_service_hours_waits_for_them():
    policy = by_calendar(reminders_in="office", client=10 * HOUR)
    since = waiting().ticket.waiting_since  # 11:00: due at 21:00
    assert running(waiting().ticket, policy)[0].due_at == START + timedelta(days=1)
    assert response_due(waiting().ticket, policy) == START + timedelta(days=1)
    reminded = replace(waiting().ticket, reminders=1, reminded_at=since, delay="delayed_by_client")
    assert running(reminded, policy)[0].due_at == START + timedelta(days=1)  # 07:00 would be
    assert running(resolved().ticket, policy)[0].due_at == since + 48 * HOUR


def test_the_hours_left_are_those_that_count_and_negative_once_late():
    ticket = new().ticket
    assert time_until_delay(ticket, POLICY, START + 6 * HOUR) == Remaining(
        "system", 18, False, 24, "preset standard"
    )
    assert time_until_delay(ticket, POLICY, START + 30 * HOUR) == Remaining(
        "system", -6, True, 24, "preset standard"
    )
    policy = by_calendar(system=12 * HOUR)  # due on Tuesday, 13:00
    left = time_until_delay(ticket, policy, START + 24 * HOUR)
    assert (left.hours_remaining, left.threshold_hours) == (4, 12)
    late = time_until_delay(ticket, policy, START + timedelta(days=2))
    assert (late.hours_remaining, late.is_delayed) == (-4, True)
    assert time_until_delay(waiting().ticket, POLICY, START).waiting_for == "client"


@pytest.mark.parametrize("life", [resolved, closed, spam])
def test_no_hours_are_left_where_no_clock_runs(life):
    assert time_until_delay(life().ticket, POLICY, START) is None
