"""What a mail that is seen late disproves of what the clock held against a side, and what not."""

from datetime import datetime, timedelta

import pytest

from mailgate.domain import events
from mailgate.domain.events import DeadlinePassed, Retracted, TimerKind
from mailgate.domain.lifecycle import decide
from mailgate.domain.model import CLOCK, GATEWAY, Alarm, Delay, Side, Status
from mailgate.domain.replay import Given, Replay, from_outside
from mailgate.domain.retracting import Held, disproved, held_by, may_disprove, standing
from tests.domain.lives import ALICE, CAROL, HOUR, START, Life, in_progress, new, waiting

SECOND = timedelta(seconds=1)
OURS, THEIRS = "delayed_by_system", "delayed_by_client"


def at(hours) -> datetime:
    return START + hours * HOUR


def held(what, hours, turn=1, since=0) -> Held:
    return Held(what, at(hours), turn, at(since))


def reply(hours):
    return events.AgentReplied(at=at(hours), actor=ALICE, sent=True)


def wrote(hours, **facts):
    return events.CustomerWrote(at=at(hours), actor=CAROL, **facts)


def lived(life, event, hours=200):
    """Return the ticket before and after an event that is seen at so many hours."""
    return life.ticket, event, decide(life.ticket, event, life.policy, at(hours)).ticket


def gone(life, event, *what, hours=200):
    before, event, after = lived(life, event, hours)
    found = disproved(before, event, after, what)
    return None if found is None else (found.turn, found.what, found.still)


def back(turn, *what, still=()) -> Retracted:
    return Retracted(at=START, actor=GATEWAY, turn=turn, what=what, still=still)


# --- what the clock holds against a side --------------------------------------------------------


@pytest.mark.parametrize(
    ("timer", "step", "changed", "what"),
    [
        (TimerKind.SYSTEM_RESPONSE, 0, {"delay"}, OURS),
        (TimerKind.CLIENT_RESPONSE, 3, {"delay", "told"}, THEIRS),
        (TimerKind.CLIENT_RESPONSE, 0, {"held", "rearmed"}, None),
        (TimerKind.TARGET_MISSED, 0, {"targets_told", "breached"}, "first_response"),
        (TimerKind.TARGET_MISSED, 1, {"targets_told"}, "resolution"),
        (TimerKind.TARGET_MISSED, 2, {"targets_told"}, "next_response"),
        (TimerKind.TARGET_MISSED, 2, set(), None),
        (TimerKind.TARGET_NEAR, 0, {"targets_told"}, None),
        (TimerKind.AUTO_CLOSE, 0, {"status"}, None),
    ],
)
def test_a_deadline_holds_something_against_a_side_if_it_acted(timer, step, changed, what):
    event = DeadlinePassed(at=at(24), actor=CLOCK, timer=timer, turn=2, step=step)
    found = held_by(event, START, changed)
    assert found == (None if what is None else held(what, 24, 2))


def test_what_was_taken_back_stands_no_more_and_may_come_again():
    first, again = held(OURS, 24), held(OURS, 45)
    assert standing([first, again]) == [first]
    assert standing([first, back(1, OURS)]) == []
    assert standing([first, back(2, OURS)]) == [first]
    assert standing([first, back(1, OURS), again]) == [again]
    assert standing([back(1, OURS)]) == []


def test_only_what_is_of_a_turn_is_told_apart_by_it():
    next_ = [held("next_response", 40, 3, 30), held("next_response", 80, 5, 70)]
    assert standing([*next_, back(5, "next_response")]) == next_[:1]
    assert standing([held("resolution", 72, 3), back(5, "resolution")]) == []
    assert standing([held("first_response", 24, 1), back(3, "first_response")]) == []


def test_it_is_asked_about_messages_where_a_ticket_shows_something_or_they_are_old():
    life = new()
    assert not may_disprove(life.ticket, reply(1))
    assert may_disprove(life.ticket, reply(-1))
    for facts in ({"overdue_count": 1}, {"breached": ("resolution",)}, {"delay": Delay.CLIENT}):
        ticket = life.ticket.altered(**facts)
        assert may_disprove(ticket, reply(1))
        assert not may_disprove(ticket, events.Wait(at=at(1), actor=ALICE))
    assert not may_disprove(life.ticket.altered(turn_since=None), reply(-1))


# --- what a message disproves -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "what"), [(-1, (1, (OURS, "first_response"), ())), (0, None), (1, None)]
)
def test_an_answer_before_the_deadline_disproves_it_and_one_at_it_does_not(seconds, what):
    event = events.AgentReplied(at=at(24) + seconds * SECOND, actor=ALICE)
    assert gone(new(), event, held("first_response", 24), held(OURS, 24)) == what


def test_nothing_that_came_before_the_answer_is_disproved():
    assert gone(new(), reply(30), held(OURS, 24), held("resolution", 72)) is None


def test_a_first_answer_that_is_older_still_is_disproof_already():
    life = new().replied()  # an hour after the start
    assert gone(life, reply(2), held("first_response", 24)) is None


def test_an_answer_disproves_what_a_turn_that_is_over_was_held_for():
    life = new().replied(after=26 * HOUR).customer()
    first = (1, (OURS, "first_response"), ())
    assert gone(life, reply(20), held("first_response", 24), held(OURS, 24)) == first
    assert gone(life, reply(20), held(OURS, 24, turn=1, since=21)) is None


def test_an_answer_before_the_customers_latest_words_disproves_the_delay_of_the_turn():
    life = new().customer(after=21 * HOUR)
    assert gone(life, reply(20), held(OURS, 24)) == (1, (OURS,), ())


def test_a_nudge_disproves_no_delay_of_the_desk():
    assert gone(new(), wrote(20), held(OURS, 24)) is None


def test_a_customers_mail_disproves_their_delay():
    life = waiting()
    since = life.ticket.turn_since
    late = Held(THEIRS, since + 48 * HOUR, life.ticket.turn, since)
    assert gone(life, wrote(30), late) == (2, (THEIRS,), ())
    stale = wrote(30, confirms=4)
    assert gone(life, stale, late) is None


def test_older_than_the_last_change_of_turn_it_disproves_the_customers_delay_alone():
    life = new().replied().customer(after=60 * HOUR).replied()
    theirs, ours = held(THEIRS, 49, 2, 1), held(OURS, 49, 2, 1)
    assert gone(life, wrote(40), theirs) == (2, (THEIRS,), ())
    assert gone(life, wrote(40), ours) is None


def test_an_answer_to_who_waits_anew_disproves_that_the_customer_was_late():
    life = waiting()
    since = life.ticket.turn_since
    late = Held(THEIRS, since + 48 * HOUR, life.ticket.turn, since)
    assert gone(life, reply(30), late) == (2, (THEIRS,), ())


def test_of_a_closed_ticket_the_last_turn_is_over():
    life = new().closed(after=26 * HOUR)
    assert gone(life, reply(20), held(OURS, 24)) == (1, (OURS,), ())
    assert gone(life, wrote(20), held(OURS, 24)) is None


@pytest.mark.parametrize("pause", [True, False])
def test_an_answer_disproves_a_missed_resolution_where_it_pauses_its_time(pause):
    life = new(pause_targets=pause)
    expected = (1, ("resolution",), ()) if pause else None
    assert gone(life, reply(70), held("resolution", 72)) == expected


def test_a_resolution_disproves_that_it_was_missed():
    life = new(pause_targets=False)
    resolved = events.Resolve(at=at(70), actor=ALICE)
    assert gone(life, resolved, held("resolution", 72), held(OURS, 24)) == (1, ("resolution",), ())
    cleared = events.MachineWrote(at=at(70), actor=CAROL, alarm=Alarm.CLEARED)
    assert gone(life, cleared, held("resolution", 72)) == (1, ("resolution",), ())


def test_a_target_that_was_missed_another_time_stays_missed():
    life = new().replied().customer(after=29 * HOUR)  # since 30 h, in turn 3
    missed = (held("next_response", 40, 3, 30), held("next_response", 90, 5, 80))
    assert gone(life, reply(35), *missed) == (3, ("next_response",), ("next_response",))
    assert gone(life, reply(35), missed[0]) == (3, ("next_response",), ())


# --- what is done with it -----------------------------------------------------------------------


def taken(life, *what, turn=1, still=()):
    return life.do(Retracted, GATEWAY, turn=turn, what=what, still=still)


def test_it_counts_no_more_and_nobody_is_told():
    marks = ("missed first_response", "missed next_response", "near first_response")
    life = waiting().with_facts(
        overdue_count=2, breached=("first_response", "resolution"), targets_told=marks
    )
    taken(life, OURS, "first_response")
    assert life.told == []
    assert life.changed == {
        "overdue_count": 1,
        "breached": ("resolution",),
        "targets_told": marks[1:],
    }
    assert life.decision.reasons[1:] == ("delayed by system, first response",)


def test_what_was_missed_another_time_stays_on_the_ticket():
    life = waiting().with_facts(breached=("next_response",))
    taken(life, "next_response", still=("next_response",))
    assert life.changed == {}


def test_of_the_customers_delay_the_ticket_counts_nothing():
    life = in_progress().with_facts(overdue_count=1)
    taken(life, THEIRS, turn=2)
    assert life.changed == {}


def test_a_turn_that_goes_on_counts_from_the_customers_latest_words():
    life = new().customer(after=21 * HOUR)
    life.due()
    assert (life.ticket.delay, life.ticket.overdue_count) == (Delay.SYSTEM, 1)
    taken(life, OURS)
    assert life.changed == {
        "delay": Delay.NONE,
        "overdue_count": 0,
        "told": False,
        "rearmed": 1,
        "waiting_since": at(21),
    }
    assert life.ticket.status is Status.NEW
    assert ("system_response", 20 * HOUR) in life.timers


def test_what_was_never_counted_is_not_counted_below_nothing():
    life = taken(Life(), OURS, turn=0)
    assert life.ticket.overdue_count == 0
    assert life.ticket.side is Side.SYSTEM


# --- lived again --------------------------------------------------------------------------------


def test_a_replay_takes_it_back_as_the_record_did():
    opened = events.Opened(at=START, actor=CAROL, number="T-1", subject="s", requester=CAROL.id)
    life = Life(watch_targets=True)
    given = [Given(7, opened, START, 1, 0), Given(7, reply(20), at(30), 2, 0)]
    replay = Replay(life.policy, [], START - HOUR)
    replay.live(given, at(31))
    (ticket,) = replay.tickets()
    assert (ticket.overdue_count, ticket.breached, ticket.status) == (0, (), Status.WAITING)


def test_what_is_taken_back_follows_from_the_rules():
    assert not from_outside(back(1, OURS))
