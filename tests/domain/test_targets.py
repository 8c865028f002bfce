"""Targets: first, next and last answer in time; when they are near, missed, and paused."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mailgate.domain import events
from mailgate.domain.events import TimerKind
from mailgate.domain.hours import Calendar
from mailgate.domain.model import CLOCK, Priority, Status
from mailgate.domain.policy import Policy, resolve
from mailgate.domain.targets import about, begun_anew, due, told, used
from mailgate.domain.timers import running, unmoved
from tests.domain.lives import HOUR, START, Life, in_progress, new

MINUTE = timedelta(minutes=1)
WATCHED = [("target_near", "holders"), ("target_near", "members"), ("target_near", "admins")]
MISSED = [("target_missed", to) for _, to in WATCHED]
OFFICE = Calendar("UTC", (((540, 1020),),) * 5 + ((),) * 2)


def watched(priority=Priority.NORMAL, pause=True, near=80, row=None, **given) -> Life:
    """A ticket just opened at START (a Monday, 09:00) whose targets are watched."""
    life = Life(watch_targets=True, pause_targets=pause, near=near, calendars={"office": OFFICE})
    thresholds, origins = resolve("standard", row or {})
    life.policy = replace(life.policy, thresholds=thresholds, origins=origins)
    return life.opened(priority=priority, **given)


def targets(life: Life) -> list[tuple[str, int, timedelta]]:
    """Return (near or missed, which, distance from START) of what is still to be told."""
    return [
        (timer.kind.value.removeprefix("target_"), timer.step, timer.due_at - START)
        for timer in running(life.ticket, life.policy)
        if timer.kind in (TimerKind.TARGET_NEAR, TimerKind.TARGET_MISSED)
    ]


# (priority, near and missed of the first answer, near and missed of the resolution) in minutes
FIGURES = [
    ("critical", 12, 15, 192, 240),
    ("urgent", 48, 60, 384, 480),
    ("high", 192, 240, 1152, 1440),
    ("normal", 1152, 1440, 3456, 4320),
    ("low", 2304, 2880, 8064, 10080),
]


@pytest.mark.parametrize(("priority", "near", "missed", "late", "over"), FIGURES)
def test_each_priority_has_its_targets_and_80_percent_is_near(priority, near, missed, late, over):
    found = targets(watched(Priority(priority)))
    assert sorted(found) == sorted(
        [
            ("near", 0, near * MINUTE),
            ("missed", 0, missed * MINUTE),
            ("near", 1, late * MINUTE),
            ("missed", 1, over * MINUTE),
        ]
    )


@pytest.mark.parametrize(
    ("percent", "hours"), [(1, 0.24), (50, 12), (75, 18), (90, 21.6), (99, 23.76)]
)
def test_what_is_near_is_configured(percent, hours):
    assert targets(watched(near=percent))[0] == ("near", 0, hours * HOUR)


def test_a_target_is_told_when_near_and_when_missed_and_each_once():
    life = watched().due(TimerKind.TARGET_NEAR)
    assert life.told == WATCHED
    assert life.changed == {"targets_told": ("near first_response",)}
    assert life.decision.reasons == ("a target is near", "the target is the first response")
    life.due(TimerKind.TARGET_MISSED)
    assert life.told == MISSED
    assert life.changed == {
        "targets_told": ("missed first_response", "near first_response"),
        "breached": ("first_response",),
    }
    assert [step for _, step, _ in targets(life)] == [1, 1]
    life.due(TimerKind.TARGET_NEAR).due(TimerKind.TARGET_MISSED)
    assert life.ticket.breached == ("first_response", "resolution")
    assert targets(life) == []


def test_what_was_missed_is_near_no_more():
    life = watched()
    life.now = START + 24 * HOUR
    missed = events.DeadlinePassed(
        at=life.now, actor=CLOCK, timer=TimerKind.TARGET_MISSED, turn=1, step=0
    )
    assert targets(life.let(missed))[0] == ("near", 1, 57.6 * HOUR)


def test_the_first_answer_reaches_its_target():
    life = watched(pause=False).replied()
    assert {step for _, step, _ in targets(life)} == {1}


def test_a_resolved_ticket_has_no_target_left():
    life = watched(pause=False).resolved(message=1)
    assert targets(life) == []
    assert targets(life.do(events.Close)) == []


def test_targets_that_are_not_watched_are_not_told():
    life = new()
    assert targets(life) == []
    assert life.ticket.resolution_due_at == START + 72 * HOUR


# --- pauses -------------------------------------------------------------------------------------

PAUSES = [
    # (hours until our answer, hours until the customer's) ..., hours from START to the deadline
    ([], 72),
    ([(1, 10)], 82),
    ([(1, 100)], 172),
    ([(1, 10), (2, 20)], 102),
    ([(10, 1), (10, 1), (10, 1)], 75),
    ([(70, 5)], 77),
    ([(71.5, 200)], 272),
]


@pytest.mark.parametrize(("turns", "deadline"), PAUSES)
def test_the_time_of_the_resolution_stands_still_while_it_is_the_customers_turn(turns, deadline):
    life = watched()
    for ours, theirs in turns:
        life.replied(after=ours * HOUR)
        assert targets(life) == []
        life.customer(after=theirs * HOUR)
    assert life.ticket.resolution_due_at == START + deadline * HOUR
    assert targets(life)[-1] == ("missed", 1, deadline * HOUR)


@pytest.mark.parametrize(("turns", "_deadline"), PAUSES)
def test_without_pauses_it_runs_on(turns, _deadline):
    life = watched(pause=False)
    for ours, theirs in turns:
        life.replied(after=ours * HOUR).customer(after=theirs * HOUR)
    assert life.ticket.resolution_due_at == START + 72 * HOUR


def test_a_change_of_priority_keeps_the_time_already_paused():
    life = watched().replied(after=2 * HOUR).customer(after=30 * HOUR)
    life.do(events.SetPriority, priority=Priority.HIGH)  # 24 h, of which 2 and 1 are used
    assert life.ticket.resolution_due_at == START + (24 + 30) * HOUR


def test_a_change_of_priority_on_the_customers_turn_counts_when_it_is_ours_again():
    life = watched().replied(after=2 * HOUR)
    life.do(events.SetPriority, priority=Priority.HIGH)
    assert targets(life) == []
    life.customer(after=29 * HOUR)
    assert life.ticket.resolution_due_at == START + (24 + 30) * HOUR


def test_time_that_is_used_up_when_the_turn_comes_back_is_up_at_once():
    life = watched().replied(after=30 * HOUR)
    life.do(events.SetPriority, priority=Priority.HIGH).customer(after=9 * HOUR)
    assert life.ticket.resolution_due_at == life.now
    assert [at for _, _, at in targets(life)] == [40 * HOUR, 40 * HOUR]


def test_pauses_are_counted_by_the_calendar_as_the_time_itself_is():
    life = watched(row={"calendar": "office", "resolution": 8 * HOUR})
    assert life.ticket.resolution_due_at == START + 8 * HOUR
    life.replied(after=6 * HOUR)  # 15:00, six hours used
    life.customer(after=20 * HOUR)  # Tuesday, 11:00
    assert life.ticket.targets_used == (6 * 3600, 6 * 3600)
    assert life.ticket.resolution_due_at == START + 28 * HOUR
    assert used(life.ticket, life.policy, life.now + HOUR) == (7 * 3600, 7 * 3600)


def test_no_time_is_used_while_it_stands_still():
    life = watched().replied(after=2 * HOUR)
    assert used(life.ticket, life.policy, life.now + 9 * HOUR) == (7200, 7200)


def test_a_target_counted_in_working_time_is_near_in_working_time():
    life = watched(row={"calendar": "office", "resolution": 20 * HOUR, "first_response": 5 * HOUR})
    found = targets(life)
    assert found[:2] == [("near", 0, 4 * HOUR), ("missed", 0, 5 * HOUR)]
    assert found[2:] == [("near", 1, 24 * HOUR + 8 * HOUR), ("missed", 1, 48 * HOUR + 4 * HOUR)]
    (timer,) = [t for t in running(life.ticket, life.policy) if t.due_at == START + 4 * HOUR]
    assert timer.origin == "normal target first response, 80 %, in working time of office"


def test_a_reopened_ticket_goes_on_with_what_was_left():
    life = watched().replied(after=2 * HOUR).customer(after=8 * HOUR)
    life.resolved(after=10 * HOUR, message=1).customer(after=30 * HOUR)
    assert life.ticket.status is Status.REOPENED
    assert life.ticket.resolution_due_at == START + (72 + 8 + 30) * HOUR


def test_a_pause_that_is_switched_off_ends_with_the_change():
    life = watched().replied(after=2 * HOUR)
    life.policy = replace(life.policy, pause_targets=False)
    life.do(events.PolicyChanged)
    assert life.ticket.targets_since == life.now
    assert life.ticket.resolution_due_at == START + 73 * HOUR


# --- the next answer ----------------------------------------------------------------------------


def test_a_further_answer_has_a_target_where_one_is_set_anew_in_each_turn():
    life = watched(row={"next_response": 10 * HOUR}).replied()
    assert targets(life) == []
    life.customer()
    begin = life.now - START
    assert targets(life)[:2] == [("near", 2, begin + 8 * HOUR), ("missed", 2, begin + 10 * HOUR)]
    life.due(TimerKind.TARGET_NEAR).due(TimerKind.TARGET_MISSED)
    assert life.ticket.breached == ("next_response",)
    assert 2 not in [step for _, step, _ in targets(life)]
    life.replied().customer()
    assert [kind for kind, step, _ in targets(life) if step == 2] == ["near", "missed"]


def test_without_a_figure_there_is_no_target_for_further_answers():
    life = watched().replied().customer()
    assert due(life.ticket, life.policy, "next_response") is None
    assert begun_anew((told(TimerKind.TARGET_NEAR, "next_response"), "near resolution")) == (
        "near resolution",
    )


# --- other rules --------------------------------------------------------------------------------


def test_no_step_of_a_target_is_earlier_than_the_change_that_caused_it():
    life = watched().do(events.SetPriority, after=10 * HOUR, priority=Priority.CRITICAL)
    assert [at for _, _, at in targets(life)] == [10 * HOUR] * 4


def test_rules_that_move_a_deadline_are_told_from_those_that_do_not():
    life = watched()
    slower = {"client": 9 * HOUR}
    same = replace(life.policy, thresholds=resolve("standard", slower)[0])
    assert unmoved(life.ticket, life.policy, same)
    moved = replace(life.policy, thresholds=resolve("standard", {"resolution": HOUR})[0])
    assert not unmoved(life.ticket, life.policy, moved)
    closed = in_progress().closed().ticket
    assert unmoved(closed, life.policy, moved)


def test_a_target_on_the_customers_turn_does_not_wait_for_our_answer_to_arrive():
    life = watched(pause=False).assigned().replied().due(TimerKind.TARGET_NEAR)
    assert (life.ticket.reply_pending, life.ticket.held) == (True, False)
    assert life.told[0] == ("target_near", "holders")
    life.due(TimerKind.TARGET_MISSED)
    assert life.ticket.breached == ("resolution",)
    assert [kind for kind, _ in life.timers] == ["client_response"]


# --- snooze -------------------------------------------------------------------------------------


def test_a_snooze_silences_what_is_overdue_and_not_the_targets():
    life = watched().assigned()
    life.do(events.Snooze, until=START + 30 * HOUR)
    kinds = [timer.kind for timer in running(life.ticket, life.policy)]
    assert TimerKind.SYSTEM_RESPONSE not in kinds
    assert kinds.count(TimerKind.TARGET_NEAR) == 2
    assert TimerKind.WAKE in kinds


def test_a_ticket_that_wakes_is_told_to_its_holder_with_its_old_deadlines():
    life = new().assigned().do(events.Snooze, until=START + 20 * HOUR).due()
    assert (life.told, life.now) == ([("woken", "holders")], START + 20 * HOUR)
    assert life.ticket.snoozed_until is None
    assert life.timers == [("system_response", 4 * HOUR)]


def test_a_customers_message_ends_the_silence():
    life = new().assigned().do(events.Snooze, until=START + 20 * HOUR).customer()
    assert life.ticket.snoozed_until is None
    assert life.timers[0] == ("system_response", 21 * HOUR)


def test_a_deadline_missed_in_the_silence_acts_on_waking():
    life = new().assigned().do(events.Snooze, until=START + 50 * HOUR).due()
    assert life.timers == [("system_response", -26 * HOUR)]


def test_the_rules_of_old_are_those_of_no_calendar_and_no_targets():
    policy = Policy(*resolve())
    assert (policy.calendars, policy.custom, policy.watch_targets) == ({}, {}, False)


def test_a_deadline_of_a_target_says_which():
    assert about(TimerKind.TARGET_NEAR, 0) == "first_response"
    assert about(TimerKind.TARGET_MISSED, 2) == "next_response"
    assert about(TimerKind.REMINDER, 1) is None
