"""Durations and points in time as people write them."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.domain.hours import duration, local_date, morning, when, write_duration
from mailgate.errors import Refused

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
BERLIN = "Europe/Berlin"


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("90s", timedelta(seconds=90)),
        ("15m", timedelta(minutes=15)),
        ("4h", timedelta(hours=4)),
        ("2d", timedelta(days=2)),
        ("1w", timedelta(weeks=1)),
        ("1d12h", timedelta(hours=36)),
        (" 1D 12 H ", timedelta(hours=36)),
        ("0s", timedelta()),
    ],
)
def test_a_duration_has_units_and_may_be_a_sum(text, length):
    assert duration(text) == length


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0, "0h"), (45, "45s"), (900, "15m"), (129_600, "36h"), (3_601, "3601s")],
)
def test_a_duration_is_written_in_the_largest_unit_that_it_fills(seconds, written):
    assert write_duration(timedelta(seconds=seconds)) == written
    assert duration(written) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "4", "h", "-4h", "4 hours", "1.5h", "4h+2m", "٤h", "1e9s"])
def test_what_is_no_duration_is_refused_with_the_forms(text):
    with pytest.raises(Refused, match="write 90s, 15m, 4h, 2d or 1d12h"):
        duration(text)


def test_a_duration_beyond_all_time_is_refused():
    with pytest.raises(Refused, match="longer than any time"):
        duration("999999999w")


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-03-01T09:00", datetime(2026, 3, 1, 8, tzinfo=UTC)),
        ("2026-07-01T09:00", datetime(2026, 7, 1, 7, tzinfo=UTC)),
        ("2026-03-01T09:00+01:00", datetime(2026, 3, 1, 8, tzinfo=UTC)),
        ("2026-03-01T09:00Z", datetime(2026, 3, 1, 9, tzinfo=UTC)),
        ("2026-03-01", datetime(2026, 2, 28, 23, tzinfo=UTC)),
        (" +4h ", datetime(2026, 3, 2, 13, tzinfo=UTC)),
        ("+1d12h", datetime(2026, 3, 3, 21, tzinfo=UTC)),
    ],
)
def test_a_time_without_zone_is_the_desks_and_all_become_utc(text, at):
    read = when(text, NOW, BERLIN)
    assert (read, read.tzinfo) == (at, UTC)


@pytest.mark.parametrize(
    "text",
    [
        "tomorrow",
        "",
        "2026-13-01T00:00",
        "9999-12-31T23:59-12:00",
        "0001-01-01T00:00+12:00",
        "+999999999d",
    ],
)
def test_what_is_no_time_is_refused_with_the_forms(text):
    with pytest.raises(Refused, match=r"write 2026-03-01T09:00, .* or \+4h"):
        when(text, NOW, BERLIN)


@given(st.text(max_size=30))
def test_any_text_is_a_time_in_utc_or_refused(text):
    try:
        read = when(text, NOW, BERLIN)
    except Refused:
        read = NOW
    assert read.utcoffset() == timedelta()


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("UTC", date(2026, 12, 31)),
        ("Pacific/Auckland", date(2027, 1, 1)),
        ("America/New_York", date(2026, 12, 31)),
    ],
)
def test_the_day_of_an_instant_is_that_of_the_desks_zone(zone, day):
    assert local_date(datetime(2026, 12, 31, 12, tzinfo=UTC), zone) == day


def test_the_morning_of_a_day_is_nine_o_clock_there():
    assert morning(date(2026, 3, 2), "Europe/Berlin") == datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert morning(date(2026, 7, 2), "Europe/Berlin") == datetime(2026, 7, 2, 7, tzinfo=UTC)
