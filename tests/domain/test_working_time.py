"""Working time: exact sums by calendar, and a reference that walks minute by minute."""

import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailgate.domain.hours import Calendar

H, M = timedelta(hours=1), timedelta(minutes=1)
NINE_TO_FIVE = ((540, 1020),)
WITH_LUNCH = ((540, 750), (810, 1020))  # 09:00-12:30, 13:30-17:00
NIGHTS = ((1320, 1800),)  # 22:00-06:00
ALL_DAY = ((0, 1440),)


def calendar(day=NINE_TO_FIVE, zone="Europe/Berlin", weekend=(), days=None) -> Calendar:
    return Calendar(zone, (day,) * 5 + (weekend,) * 2, days or {})


def every_day(day, zone="Europe/Berlin", days=None) -> Calendar:
    return Calendar(zone, (day,) * 7, days or {})


OFFICE = calendar()
LUNCH = calendar(WITH_LUNCH)
NIGHT = every_day(NIGHTS)
ALWAYS = every_day(ALL_DAY)
HOLIDAYS = calendar(
    days={
        date(2026, 12, 24): ((540, 720),),  # a half day
        date(2026, 12, 25): (),
        date(2026, 12, 26): (),
        date(2026, 12, 19): ((600, 840),),  # a Saturday that is worked
    }
)


def at(text: str, zone: str = "Europe/Berlin", *, fold: int = 0) -> datetime:
    """Return an instant as a clock in a zone shows it."""
    local = datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZoneInfo(zone), fold=fold)
    return local.astimezone(UTC)


SUMS = [
    # --- within a day, over lunch, night and weekend (2026-03-02 is a Monday)
    (OFFICE, "03-02T09:00", 0 * H, "03-02T09:00"),
    (OFFICE, "03-02T09:00", 1 * H, "03-02T10:00"),
    (OFFICE, "03-02T08:00", 1 * H, "03-02T10:00"),
    (OFFICE, "03-02T16:30", 1 * H, "03-03T09:30"),
    (OFFICE, "03-02T09:00", 8 * H, "03-02T17:00"),
    (OFFICE, "03-02T17:00", 8 * H, "03-03T17:00"),
    (OFFICE, "03-02T09:00", 8 * H + M, "03-03T09:01"),
    (OFFICE, "03-06T16:00", 2 * H, "03-09T10:00"),
    (OFFICE, "03-07T12:00", 4 * H, "03-09T13:00"),
    (OFFICE, "03-08T23:59", 15 * M, "03-09T09:15"),
    (OFFICE, "03-02T09:00", 40 * H, "03-06T17:00"),
    (OFFICE, "03-02T09:00", 41 * H, "03-09T10:00"),
    (OFFICE, "03-02T09:00", 400 * H, "05-08T17:00"),
    (LUNCH, "03-02T12:00", 1 * H, "03-02T14:00"),
    (LUNCH, "03-02T12:30", 15 * M, "03-02T13:45"),
    (LUNCH, "03-02T13:00", 15 * M, "03-02T13:45"),
    (LUNCH, "03-02T09:00", 210 * M, "03-02T12:30"),
    (LUNCH, "03-02T09:00", 7 * H, "03-02T17:00"),
    (LUNCH, "03-06T09:00", 8 * H, "03-09T10:00"),
    # --- over midnight
    (NIGHT, "03-02T23:00", 2 * H, "03-03T01:00"),
    (NIGHT, "03-02T05:00", 2 * H, "03-02T23:00"),
    (NIGHT, "03-02T12:00", 8 * H, "03-03T06:00"),
    (NIGHT, "03-02T12:00", 9 * H, "03-03T23:00"),
    # --- holidays, half days, a Saturday that is worked
    (HOLIDAYS, "12-23T16:00", 2 * H, "12-24T10:00"),
    (HOLIDAYS, "12-24T11:00", 2 * H, "12-28T10:00"),
    (HOLIDAYS, "12-25T11:00", 1 * H, "12-28T10:00"),
    (HOLIDAYS, "12-18T16:00", 2 * H, "12-19T11:00"),
    (HOLIDAYS, "12-18T16:00", 6 * H, "12-21T10:00"),
    # --- the clocks go forward on 29 March at 02:00
    (ALWAYS, "03-28T12:00", 24 * H, "03-29T13:00"),
    (ALWAYS, "03-29T01:30", 1 * H, "03-29T03:30"),
    (NIGHT, "03-28T22:00", 7 * H, "03-29T06:00"),
    (NIGHT, "03-28T22:00", 8 * H, "03-29T23:00"),
    (every_day(((60, 150),)), "03-29T00:00", 60 * M, "03-29T03:00"),  # 01:00-02:30: till the gap
    (every_day(((60, 150),)), "03-29T00:00", 61 * M, "03-30T01:01"),
    (every_day(((120, 180),)), "03-29T00:00", 1 * M, "03-30T02:01"),  # all in the gap
    (every_day(((150, 240),)), "03-29T00:00", 10 * M, "03-29T03:10"),  # 02:30-04:00: from the gap
    (every_day(((120, 240),)), "03-29T00:00", 60 * M, "03-29T04:00"),
    (OFFICE, "03-27T16:00", 2 * H, "03-30T10:00"),
    # --- the clocks go back on 25 October at 03:00
    (ALWAYS, "10-24T12:00", 24 * H, "10-25T11:00"),
    (NIGHT, "10-24T22:00", 9 * H, "10-25T06:00"),
    (NIGHT, "10-24T22:00", 10 * H, "10-25T23:00"),
    (every_day(((60, 240),)), "10-25T00:00", 4 * H, "10-25T04:00"),
    (every_day(((120, 180),)), "10-25T00:00", 2 * H, "10-25T03:00"),  # the hour shown twice
    (every_day(((120, 180),)), "10-25T00:00", 121 * M, "10-26T02:01"),
    (every_day(((180, 240),)), "10-25T00:00", 10 * M, "10-25T03:10"),
    (OFFICE, "10-23T16:00", 2 * H, "10-26T10:00"),
]


@pytest.mark.parametrize(("calendar", "since", "work", "until"), SUMS)
def test_so_much_work_is_done_by_then(calendar, since, work, until):
    reached = calendar.add(at(since), work)
    assert (reached, reached.tzinfo) == (at(until), UTC)
    assert calendar.between(at(since), reached) == work


def test_the_second_showing_of_an_interval_is_worked_too():
    twice = every_day(((120, 150),))  # 02:00-02:30
    begin = at("10-25T00:00")
    assert twice.add(begin, 30 * M) == at("10-25T02:30")
    assert twice.add(begin, 31 * M) == at("10-25T02:01", fold=1)
    assert twice.add(begin, 60 * M) == at("10-25T02:30", fold=1)


ZONES = [
    # (zone, since, work, until) of nine to five from Monday to Friday, as clocks there show it
    ("Asia/Kolkata", "03-02T16:30", 1 * H, "03-03T09:30"),
    ("Asia/Kathmandu", "03-02T16:45", 30 * M, "03-03T09:15"),
    ("America/St_Johns", "03-06T16:00", 2 * H, "03-09T10:00"),
    ("Australia/Lord_Howe", "04-03T16:00", 2 * H, "04-06T10:00"),
    ("Pacific/Chatham", "04-03T16:00", 2 * H, "04-06T10:00"),
    ("Pacific/Auckland", "12-31T16:30", 1 * H, "01-01T09:30"),
    ("Pacific/Kiritimati", "03-02T09:00", 8 * H, "03-02T17:00"),
    ("America/New_York", "03-06T16:00", 2 * H, "03-09T10:00"),
    ("UTC", "03-06T16:00", 2 * H, "03-09T10:00"),
    ("Africa/Casablanca", "02-13T16:00", 2 * H, "02-16T10:00"),
]


@pytest.mark.parametrize(("zone", "since", "work", "until"), ZONES)
def test_zones_of_half_hours_and_at_both_ends_of_the_day_are_as_right(zone, since, work, until):
    office = calendar(zone=zone)
    expected = at(until, zone)
    if expected < at(since, zone):  # the year ends on the way
        expected = expected.astimezone(ZoneInfo(zone)).replace(year=2027).astimezone(UTC)
    assert office.add(at(since, zone), work) == expected


def test_a_change_of_half_an_hour_is_counted_as_such():
    always = every_day(ALL_DAY, "Australia/Lord_Howe")  # back by 30 min on 5 April at 02:00
    begin = at("04-05T00:00", "Australia/Lord_Howe")
    assert always.between(begin, at("04-06T00:00", "Australia/Lord_Howe")) == 24 * H + 30 * M
    hour = every_day(((60, 150),), "Australia/Lord_Howe")  # 01:00-02:30
    assert hour.between(begin, begin + 24 * H) == 120 * M


def test_a_closed_day_ends_no_night_shift_of_the_day_before():
    shift = every_day(NIGHTS, days={date(2026, 3, 3): ()})
    assert shift.between(at("03-02T22:00"), at("03-04T12:00")) == 8 * H
    assert shift.add(at("03-03T05:00"), 2 * H) == at("03-04T23:00")


def test_intervals_that_overlap_are_worked_once():
    crowded = every_day(((540, 1020), (600, 700), (1020, 1080)))
    assert crowded.between(at("03-02T00:00"), at("03-03T00:00")) == 9 * H


def test_nothing_is_worked_backwards():
    assert OFFICE.between(at("03-02T12:00"), at("03-02T10:00")) == timedelta()
    assert OFFICE.between(at("03-02T12:00"), at("03-02T12:00")) == timedelta()


@pytest.mark.parametrize(
    ("calendar", "since", "opening"),
    [
        (OFFICE, "03-02T08:59", "03-02T09:00"),
        (OFFICE, "03-02T09:00", "03-02T09:00"),
        (OFFICE, "03-02T16:59", "03-02T16:59"),
        (OFFICE, "03-02T17:00", "03-03T09:00"),
        (OFFICE, "03-06T17:00", "03-09T09:00"),
        (LUNCH, "03-02T12:45", "03-02T13:30"),
        (HOLIDAYS, "12-24T12:00", "12-28T09:00"),
        (NIGHT, "03-02T06:00", "03-02T22:00"),
    ],
)
def test_the_next_time_that_is_worked(calendar, since, opening):
    assert calendar.opening(at(since)) == at(opening)


def test_the_year_may_end_on_the_way():
    begin = datetime(2026, 12, 31, 15, tzinfo=UTC)  # 16:00, a Thursday
    closed = calendar(days={date(2027, 1, 1): ()})
    assert closed.add(begin, 2 * H) == datetime(2027, 1, 4, 9, tzinfo=UTC)
    assert closed.opening(begin + 2 * H) == datetime(2027, 1, 4, 8, tzinfo=UTC)
    assert closed.between(begin, datetime(2029, 1, 1, tzinfo=UTC)) == (1 + 260 * 8 + 260 * 8) * H


def test_what_is_never_worked_is_put_far_ahead_and_no_opening_is_found():
    never = every_day(())
    begin = at("03-02T09:00")
    assert never.add(begin, M) == datetime(2076, 1, 1, tzinfo=UTC)
    assert never.opening(begin) == begin


# --- against the reference ----------------------------------------------------------------------


def is_open(calendar: Calendar, instant: datetime) -> bool:
    """Tell by the clock on the wall whether an instant is worked."""
    wall = instant.astimezone(ZoneInfo(calendar.zone))
    minute = wall.hour * 60 + wall.minute
    for back, shown in ((0, minute), (1, minute + 1440)):
        day = wall.date() - timedelta(days=back)
        spans = calendar.days.get(day, calendar.week[day.weekday()])
        if any(start <= shown < stop for start, stop in spans):
            return True
    return False


def slowly(calendar: Calendar, since: datetime, minutes: int) -> list[bool]:
    return [is_open(calendar, since + n * M) for n in range(minutes)]


spans = st.tuples(st.integers(0, 1439), st.integers(1, 1440)).map(lambda p: (p[0], p[0] + p[1]))
dayfuls = st.lists(spans, max_size=3).map(tuple)
# Instants around which something happens to the clocks, and one at which nothing does.
TURNS = {
    "Europe/Berlin": ["2026-03-29T01:00", "2026-10-25T01:00", "2026-07-01T00:00"],
    "America/St_Johns": ["2026-03-08T05:30", "2026-11-01T04:30"],
    "Australia/Lord_Howe": ["2026-04-04T15:00", "2026-10-03T15:30"],
    "America/Santiago": ["2026-04-05T03:00", "2026-09-06T04:00"],  # at midnight
    "Africa/Casablanca": ["2026-02-15T02:00", "2026-03-22T02:00"],
    "Pacific/Apia": ["2011-12-30T10:00"],  # a whole day was left out
    "Asia/Kathmandu": ["2026-12-31T18:15"],
}
places = st.sampled_from([(zone, text) for zone, texts in TURNS.items() for text in texts])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_it_is_worked_exactly_while_the_clock_on_the_wall_says_so(data):
    zone, text = data.draw(places)
    turn = datetime.fromisoformat(text).replace(tzinfo=UTC)
    day = turn.astimezone(ZoneInfo(zone)).date()
    days = data.draw(
        st.dictionaries(st.sampled_from([day - timedelta(days=1), day]), dayfuls, max_size=2)
    )
    tried = Calendar(zone, tuple(data.draw(dayfuls) for _ in range(7)), days)
    since = turn - 26 * H + data.draw(st.integers(0, 24 * 60)) * M
    minutes = 36 * 60
    slow = slowly(tried, since, minutes)
    worked = data.draw(st.integers(0, minutes))
    assert tried.between(since, since + worked * M) == sum(slow[:worked]) * M
    wanted = data.draw(st.integers(1, max(1, sum(slow))))
    if wanted <= sum(slow):
        done = [n for n, open_ in enumerate(slow, 1) if open_][wanted - 1]
        assert tried.add(since, wanted * M) == since + done * M
    if True in slow:
        assert tried.opening(since) == since + slow.index(True) * M


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([OFFICE, LUNCH, NIGHT, HOLIDAYS, ALWAYS]),
    st.integers(0, 10**9),
    st.integers(1, 10**12),
)
def test_what_is_added_lies_between_and_not_a_moment_less_would_do(tried, offset, work):
    since = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(milliseconds=offset)
    distance = timedelta(microseconds=work)
    until = tried.add(since, distance)
    assert tried.between(since, until) == distance
    assert tried.between(since, until - timedelta(microseconds=1)) < distance


# --- how much work it is ------------------------------------------------------------------------


def lines(act: Callable[[], object]) -> int:
    """Return how many lines of Python run in `act`."""
    count = 0

    def trace(_frame, event, _arg):
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        act()
    finally:
        sys.settrace(before)
    return count


def test_a_year_of_working_time_takes_no_more_steps_than_an_hour():
    begin = at("01-02T09:00")
    OFFICE.add(begin, 1000 * H)  # the year is worked out
    hour = lines(lambda: OFFICE.add(begin, H))
    assert lines(lambda: OFFICE.add(begin, 2000 * H)) == hour < 30
    near, far = begin + 24 * H, at("12-31T12:00")
    day = lines(lambda: OFFICE.between(begin, near))
    assert lines(lambda: OFFICE.between(begin, far)) == day < 40


def test_a_year_is_worked_out_once():
    tried = calendar()
    first = lines(lambda: tried.add(at("03-02T09:00"), H))
    assert lines(lambda: tried.add(at("09-02T09:00"), H)) < first / 100
