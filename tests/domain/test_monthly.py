"""When the report of a month is due, and of which stretch of time it tells."""

from datetime import UTC, date, datetime, time

import pytest

from mailgate.domain.monthly import is_due


@pytest.mark.parametrize(
    ("now", "first"),
    [
        ("2026-11-30T22:30+00:00", date(2026, 10, 1)),
        ("2026-11-30T23:30+00:00", None),  # 00:30 of December in Berlin: not yet
        ("2026-12-01T06:59+00:00", None),
        ("2026-12-01T07:00+00:00", date(2026, 11, 1)),
        ("2026-12-24T03:00+00:00", date(2026, 11, 1)),
        ("2027-01-01T12:00+00:00", date(2026, 12, 1)),
    ],
)
def test_it_is_that_of_the_last_month_from_the_first_mornings_time_on(now, first):
    due = is_due(time(8), datetime.fromisoformat(now), "Europe/Berlin")
    assert (due and due.first) == first


def test_its_month_is_one_of_the_desks_zone():
    due = is_due(time(8), datetime(2026, 4, 9, tzinfo=UTC), "Europe/Berlin")
    assert (due.number, due.begin, due.end) == (
        202603,
        datetime(2026, 2, 28, 23, tzinfo=UTC),
        datetime(2026, 3, 31, 22, tzinfo=UTC),  # summer time has begun
    )
