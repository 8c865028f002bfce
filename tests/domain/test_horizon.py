"""The clock waits for the mail, and writes to no customer right after an outage."""

from datetime import UTC, datetime, timedelta

import pytest

from mailgate.domain.horizon import OUTAGE, SETTLING, UNSEEN, Heartbeat, awaited, beat, horizon

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("waiting", "limit"),
    [
        ([], NOW),
        ([None], NOW),
        ([NOW - MINUTE, None, NOW - 3 * MINUTE], NOW - 3 * MINUTE),
        ([NOW + MINUTE], NOW),  # a clock that is ahead of ours
    ],
)
def test_the_clock_acts_up_to_the_earliest_of_now_and_what_waits(waiting, limit):
    assert horizon(NOW, waiting) == limit


def test_an_outage_is_over_15_minutes_and_customers_wait_for_an_hour_after_it():
    assert (OUTAGE, SETTLING) == (15 * MINUTE, 60 * MINUTE)


@pytest.mark.parametrize(
    ("last", "hold_until"),
    [
        (Heartbeat(), None),  # the first start ever
        (Heartbeat(NOW - MINUTE), None),
        (Heartbeat(NOW - 15 * MINUTE), None),
        (Heartbeat(NOW - 15 * MINUTE - timedelta(seconds=1)), NOW + 60 * MINUTE),
        (Heartbeat(NOW - timedelta(days=5)), NOW + 60 * MINUTE),
        (Heartbeat(NOW - MINUTE, NOW + 30 * MINUTE), NOW + 30 * MINUTE),
        (Heartbeat(NOW - MINUTE, NOW), None),
        (Heartbeat(NOW - 20 * MINUTE, NOW + 30 * MINUTE), NOW + 60 * MINUTE),
        (Heartbeat(NOW + MINUTE), None),  # the wall clock was set back
    ],
)
def test_after_an_outage_steps_towards_customers_are_held(last, hold_until):
    late = last.seen_at is not None and last.seen_at < NOW - OUTAGE
    assert beat(last, NOW) == Heartbeat(NOW, hold_until, late)


@pytest.mark.parametrize("minutes", [16, 30, 60, 180])
def test_a_clock_that_cron_drives_rarely_holds_customers_back_once_and_not_for_ever(minutes):
    life, held = Heartbeat(NOW), []
    for n in range(1, 30):
        now = NOW + n * minutes * MINUTE
        life = beat(life, now)
        held.append(life.hold_until is not None)
    assert held == [n * minutes < minutes + 60 for n in range(1, 30)]


def test_an_outage_after_a_time_in_order_is_an_outage_again():
    back = beat(Heartbeat(NOW - timedelta(hours=5)), NOW)
    in_order = beat(back, NOW + MINUTE)
    again = beat(in_order, NOW + timedelta(hours=9))
    assert again.hold_until == NOW + timedelta(hours=10)


def test_the_clock_waits_four_hours_for_a_mailbox_that_cannot_be_looked_at():
    looks = [NOW - UNSEEN, NOW - UNSEEN - MINUTE, None, NOW - MINUTE]
    assert list(awaited(NOW, looks)) == [NOW - UNSEEN, None, NOW - MINUTE]
    assert timedelta(hours=4) == UNSEEN
