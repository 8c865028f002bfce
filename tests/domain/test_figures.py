"""When figures are worked out anew, whatever clocks do, and to which day an instant belongs."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.domain.figures import (
    BUCKET,
    Built,
    as_day,
    as_number,
    day_begins,
    day_of,
    follows,
    is_due,
    is_stale,
    serves,
)
from mailgate.domain.hours import local_date

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
TEN = timedelta(minutes=10)
AT_TWO = time(2)


def built(at: datetime = NOW, took: float = 0.1, last: int = 7, zone: str = "UTC") -> Built:
    return Built(at, timedelta(seconds=took), last, zone, 1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("age", "stale"),
    [
        (timedelta(0), False),
        (TEN - timedelta(seconds=1), False),
        (TEN, True),
        (timedelta(days=40), True),
        (timedelta(minutes=-5), False),  # another node's clock is ahead
        (timedelta(minutes=-5, seconds=-1), True),  # a clock was wrong
        (timedelta(days=-400), True),
    ],
)
def test_figures_are_stale_when_they_are_older_than_they_may_be_or_of_the_future(age, stale):
    assert is_stale(built(NOW - age), NOW, TEN) is stale
    assert is_stale(None, NOW, TEN)


@pytest.mark.parametrize(
    ("age", "took", "newest", "wanted"),
    [
        (9, 0.1, 8, False),
        (10, 0.1, 8, True),
        (10, 0.1, 7, False),  # nothing has happened
        (10, 0.1, 6, True),  # it is another desk's, out of a backup
        (49, 1.0, 8, False),
        (50, 1.0, 8, True),
        (499, 10.0, 8, False),
        (500, 10.0, 8, True),
    ],
)
def test_figures_follow_what_happens_the_rarer_the_more_it_costs(age, took, newest, wanted):
    known = built(NOW - timedelta(seconds=age), took)
    assert follows(known, NOW, newest) is wanted
    assert follows(None, NOW, newest)


# In Berlin 02:00 to 03:00 is left out on 2026-03-29, and comes twice on 2026-10-25.
@pytest.mark.parametrize(
    ("before", "now", "due"),
    [
        ("2026-03-02 01:00", "2026-03-03 00:59:59", False),
        ("2026-03-02 01:00", "2026-03-03 01:00", True),
        ("2026-03-02 00:59:59", "2026-03-02 01:00", True),
        ("2026-03-02 01:00", "2026-03-09 12:00", True),  # it was down for a week
        ("2026-03-09 01:00", "2026-03-09 12:00", False),  # and made it up once
        ("2026-03-28 01:00", "2026-03-29 00:59:59", False),
        ("2026-03-28 01:00", "2026-03-29 01:00", True),
        ("2026-03-29 01:00", "2026-03-29 23:00", False),
        ("2026-03-29 01:00", "2026-03-30 00:00", True),
        ("2026-10-24 00:00", "2026-10-24 23:59:59", False),
        ("2026-10-24 00:00", "2026-10-25 00:00", True),
        ("2026-10-25 00:00", "2026-10-25 01:30", False),  # 02:30 for the second time
        ("2026-10-25 00:00", "2026-10-26 00:59:59", False),
        ("2026-10-25 00:00", "2026-10-26 01:00", True),
        ("2027-03-02 01:00", "2026-03-02 12:00", True),  # the clock was a year ahead
        ("2026-03-02 12:04", "2026-03-02 12:00", False),
    ],
)
def test_the_days_before_are_worked_out_once_a_day_at_a_time_of_the_zone(before, now, due):
    assert is_due(built(at(before), zone="Europe/Berlin"), AT_TWO, at(now), "Europe/Berlin") is due


def test_what_never_was_worked_out_or_by_the_days_of_another_zone_is_due():
    assert is_due(None, AT_TWO, NOW, "UTC")
    assert is_due(built(), AT_TWO, NOW, "Europe/Berlin")


def test_over_a_year_of_looks_it_is_due_once_on_each_day():
    zone, now, days = "Europe/Berlin", at("2026-01-01 00:00"), []
    known = built(now, zone=zone)
    for _ in range(365 * 24):
        now += timedelta(hours=1)
        if is_due(known, AT_TWO, now, zone):
            known = built(now, zone=zone)
            days.append(local_date(now, zone))
    assert days == [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]


@pytest.mark.parametrize(
    ("known", "good"),
    [
        (None, False),
        (built(NOW - timedelta(seconds=1)), False),
        (built(NOW), True),
        (built(NOW, zone="Asia/Tokyo"), False),
    ],
)
def test_daily_figures_tell_of_a_time_that_was_over_when_they_were_worked_out(known, good):
    assert serves(known, NOW, "UTC") is good


@pytest.mark.parametrize(
    ("zone", "day", "begins"),
    [
        ("UTC", date(2026, 3, 2), "2026-03-02 00:00"),
        ("Asia/Kathmandu", date(2026, 3, 2), "2026-03-01 18:15"),
        ("Australia/Lord_Howe", date(2026, 4, 6), "2026-04-05 13:30"),
        ("America/Havana", date(2026, 3, 8), "2026-03-08 05:00"),  # without a midnight
    ],
)
def test_a_day_begins_at_an_instant(zone, day, begins):
    assert day_begins(day, zone) == at(begins)
    assert as_day(as_number(day)) == day


ZONES = ("UTC", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Chatham")
_INSTANTS = st.datetimes(datetime(1990, 1, 1), datetime(2080, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone is added


@given(_INSTANTS, st.sampled_from(ZONES))
def test_every_instant_of_a_quarter_of_an_hour_is_of_the_same_day(instant, zone):
    seconds = int(instant.timestamp())
    bucket = seconds // int(BUCKET.total_seconds())
    assert day_of(bucket, ZoneInfo(zone)) == as_number(local_date(instant, zone))
