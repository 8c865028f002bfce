"""When a canary is sent, when its absence is an alarm, and when that is over."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mailgate.domain.canary import Canary, Findings, Pace, Rounds, examine

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PACE = Pace(every=15 * MINUTE, within=5 * MINUTE)
LONG_AGO = NOW - timedelta(days=9)
FLYING = Canary(7, NOW - 2 * MINUTE)
LATE = Canary(7, NOW - 6 * MINUTE)
MISSING = replace(LATE, missed_at=NOW - MINUTE)


def found(*open_: Canary, newest=FLYING, home=None, unsent=False, since=LONG_AGO):
    return examine(Rounds(open_, newest, home, unsent), PACE, NOW, since)


@pytest.mark.parametrize(
    ("newest", "send"),
    [
        (None, True),
        (Canary(1, NOW), False),
        (Canary(1, NOW - 15 * MINUTE + timedelta(seconds=1)), False),
        (Canary(1, NOW - 15 * MINUTE), True),
        (Canary(1, NOW + MINUTE), True),
    ],
    ids=["the first", "just now", "not yet", "in time", "after the clock was set back"],
)
def test_one_is_sent_at_each_interval(newest, send):
    assert found(newest=newest) == Findings(send=send)


def test_no_further_one_is_sent_while_one_waits_for_the_way_out():
    assert not found(newest=None, unsent=True).send


def test_one_that_is_not_late_is_waited_for():
    assert found(FLYING) == Findings()
    assert found(replace(LATE, sent_at=NOW - 5 * MINUTE)) == Findings()


def test_one_that_is_late_is_an_alarm_and_so_are_several_together():
    also = Canary(8, NOW - 5.5 * MINUTE)
    assert found(LATE) == Findings(late=(LATE,), alarm=LATE)
    assert found(LATE, also) == Findings(late=(LATE, also), alarm=LATE)


def test_an_alarm_is_raised_once():
    assert found(MISSING) == Findings()
    assert found(MISSING, LATE) == Findings(late=(LATE,))


def test_what_was_under_way_before_a_start_has_its_time_from_there():
    assert found(LATE, since=NOW - 4 * MINUTE) == Findings()
    assert found(LATE, since=NOW - 6 * MINUTE).alarm == LATE


def test_it_is_over_when_the_missing_one_or_a_later_one_comes_back():
    late = replace(MISSING, back_at=NOW)
    assert found(late, home=late) == Findings(over=late)
    assert found(MISSING, home=replace(FLYING, back_at=NOW)) == Findings(over=MISSING)


def test_one_sent_earlier_does_not_end_an_alarm():
    assert found(MISSING, home=Canary(1, NOW - 9 * MINUTE, NOW)) == Findings()


def test_one_of_several_that_comes_back_late_ends_nothing_while_a_later_one_is_missing():
    late = replace(MISSING, back_at=NOW)
    later = Canary(8, NOW - 5.5 * MINUTE, None, NOW)
    assert found(late, later, home=late) == Findings()
    assert found(late, later, home=replace(later, back_at=NOW)) == Findings(over=late)


def test_when_it_is_over_what_was_sent_before_is_no_new_alarm():
    between = Canary(8, NOW - 5.5 * MINUTE)
    home = Canary(9, NOW - 3 * MINUTE, NOW)
    assert found(MISSING, between, home=home) == Findings(over=MISSING)


def test_after_one_alarm_is_over_the_next_may_follow_at_once():
    late = replace(MISSING, back_at=NOW)
    again = Canary(8, NOW - 5.5 * MINUTE)
    assert found(late, again, home=late) == Findings(late=(again,), alarm=again, over=late)
