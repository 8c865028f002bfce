"""Which deadlines run, when they are due, and what is said of them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mailgate.domain.events import TimerKind
from mailgate.domain.model import Priority, Status
from mailgate.domain.policy import Policy, resolve
from mailgate.domain.timers import CUSTOMER_FACING, Timer, ladder, response_due, running
from tests.domain.lives import HOUR, IN, OURS, START, closed, new, resolved, waiting

POLICY = Policy(*resolve())


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
    row = POLICY.for_priority(priority)
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
    assert ladder(48 * HOUR, step) == 48 * HOUR * thresholds


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
        TimerKind.SYSTEM_RESPONSE,
        TimerKind.TARGET_MISSED,
        TimerKind.TARGET_NEAR,
        TimerKind.WAKE,
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
