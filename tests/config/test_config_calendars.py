"""Calendars as they are read: intervals, days, public holidays, and files of holidays."""

from datetime import date, timedelta

import pytest

from mailgate.config.errors import Wrong
from mailgate.config.ics import all_day
from mailgate.domain.model import OUR_TIMES, Priority

DESK = '[desk]\naddress = "support@desk.example"\ntimezone = "Europe/Berlin"\n'
WORKDAY = ((540, 1020),)


@pytest.fixture
def calendar(load):
    """Read one calendar from the lines of its table."""

    def read(lines: str):
        return load(f'{DESK}[[calendar]]\nname = "office"\n{lines}\n').policy().calendars["office"]

    return read


def test_a_calendar_without_more_is_nine_to_five_in_the_zone_of_the_desk(calendar):
    office = calendar("")
    assert office.zone == "Europe/Berlin"
    assert office.week == (WORKDAY,) * 5 + ((),) * 2
    assert office.days == {}


def test_a_calendar_has_its_own_zone_and_any_number_of_intervals(calendar):
    office = calendar(
        'timezone = "Asia/Kolkata"\nmonday = ["09:00-12:30", "13:30 - 17:00"]\n'
        'saturday = ["22:00-06:00"]\nsunday = ["00:00-24:00"]'
    )
    assert office.zone == "Asia/Kolkata"
    assert office.week[0] == ((540, 750), (810, 1020))
    assert office.week[5:] == (((1320, 1800),), ((0, 1440),))


def test_public_holidays_of_a_part_of_a_country_are_closed(calendar):
    days = calendar('holidays = ["DE-BY"]').days
    assert days[date(2026, 12, 25)] == days[date(2026, 1, 6)] == days[date(2040, 12, 26)] == ()
    assert date(2026, 12, 24) not in days
    assert date(2026, 1, 6) not in calendar('holidays = ["DE"]').days  # Epiphany, in the south


def test_closed_days_and_ranges_and_dates_of_toml_are_closed(calendar):
    days = calendar('closed = ["2026-12-24", "2026-12-30..2027-01-02", 2026-06-05]').days
    assert sorted(days) == [
        date(2026, 6, 5),
        date(2026, 12, 24),
        *(date(2026, 12, 30) + timedelta(days=n) for n in range(4)),
    ]
    assert set(days.values()) == {()}


def test_an_opened_day_wins_over_a_closed_one(calendar):
    days = calendar(
        'holidays = ["DE"]\nclosed = ["2026-12-24"]\n'
        'opened = ["2026-12-24 09:00-12:00", "2026-12-25 10:00-11:00, 12:00-13:00"]'
    ).days
    assert days[date(2026, 12, 24)] == ((540, 720),)
    assert days[date(2026, 12, 25)] == ((600, 660), (720, 780))


def test_a_row_names_its_calendar_and_which_of_its_times_it_counts(load):
    policy = load(
        DESK + '[[calendar]]\nname = "office"\n[[calendar]]\nname = "phone"\n'
        '[sla.global]\ncalendar = "office"\n[sla.high]\ncalendar = "phone"\n'
        'working = ["client", "system"]\n[sla.critical]\ncalendar = ""\n'
        '[lifecycle]\nreminders_in = "office"\n'
    ).policy()
    rows = policy.thresholds
    assert rows[Priority.LOW].calendar == "office"
    assert rows[Priority.LOW].working == OUR_TIMES
    assert (rows[Priority.HIGH].calendar, rows[Priority.HIGH].working) == (
        "phone",
        ("client", "system"),
    )
    assert rows[Priority.CRITICAL].calendar == ""
    assert policy.origins[Priority.HIGH]["calendar"] == "configuration, [sla.high]"
    assert policy.origins[Priority.LOW]["calendar"] == "configuration, [sla.global]"
    assert policy.origins[Priority.LOW]["working"] == "preset standard"
    assert policy.reminders_in == "office"


# --- files --------------------------------------------------------------------------------------


def ics(*entries: str) -> str:
    body = "".join(f"BEGIN:VEVENT\r\n{entry}\r\nEND:VEVENT\r\n" for entry in entries)
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{body}END:VCALENDAR\r\n"


def test_a_file_of_holidays_is_read_beside_the_configuration(calendar, folder):
    entry = "DTSTART;VALUE=DATE:20260605\r\nDTEND;VALUE=DATE:20260606\r\nSUMMARY:Outing"
    (folder / "company.ics").write_text(ics(entry))
    assert calendar('holidays_file = "company.ics"').days == {date(2026, 6, 5): ()}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "no such file or directory"),
        (b"", "there is no all-day entry in it"),
        (b"x" * ((4 << 20) + 1), "it is larger than 4 MiB"),
    ],
)
def test_a_file_that_cannot_be_used_is_a_fault_with_a_reason(faults, folder, content, says):
    if content is not None:
        (folder / "company.ics").write_bytes(content)
    found = faults(f'{DESK}[[calendar]]\nname = "office"\nholidays_file = "company.ics"\n')
    (fault,) = found
    assert (fault.line, fault.hint) == (6, says)


def test_an_empty_path_is_a_fault(faults):
    (fault,) = faults(f'{DESK}[[calendar]]\nname = "office"\nholidays_file = ""\n')
    assert fault.hint == "write a path, or leave the key out"


@pytest.mark.parametrize(
    ("entry", "days"),
    [
        ("DTSTART;VALUE=DATE:20261224", ["2026-12-24"]),
        ("DTSTART:20261224\nDTEND:20261224", ["2026-12-24"]),
        ("dtstart;value=date:20261224\ndtend:20261226", ["2026-12-24", "2026-12-25"]),
        ("DTSTART;VALUE=DATE:2026\n 1224", ["2026-12-24"]),  # folded
        ("DTSTART:20261224T100000Z\nDTEND:20261224T110000Z", []),
        ("SUMMARY:nothing", []),
        ("DTSTART:20261224\nRRULE:FREQ=YEARLY", ["2026-12-24", "2027-12-24"]),
        ("DTSTART:20261224\nRRULE:FREQ=YEARLY;INTERVAL=1", ["2026-12-24", "2027-12-24"]),
        ("DTSTART:20271224\nRRULE:FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24", ["2027-12-24"]),
        ("DTSTART:20251224\nRRULE:FREQ=YEARLY;UNTIL=20261231T000000Z", ["2026-12-24"]),
        ("DTSTART:20240229\nRRULE:FREQ=YEARLY", ["2024-02-29", "2028-02-29"]),
        ("DTSTART:20261224\nDURATION:P2D", ["2026-12-24", "2026-12-25"]),
        ("DTSTART:20261224\nDURATION:P1W", [f"2026-12-{day}" for day in range(24, 31)]),
        ("DTSTART:20261224\nDTEND:20261225\nDURATION:P2D", ["2026-12-24"]),
        ("BEGIN:VALARM\nDURATION:PT5M\nEND:VALARM\nDTSTART:20261224", ["2026-12-24"]),
        ("STATUS:CANCELLED\nDTSTART:20261224", []),
    ],
)
def test_all_day_entries_are_days(entry, days):
    years = range(2024, 2029) if "0229" in entry else (2026, 2027)
    found = all_day(ics(entry), years)
    assert sorted(day.isoformat() for day in found) == days


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("DTSTART:20261301", "has the date '20261301', which is none"),
        ("DTSTART:tomorrow", "has the date 'tomorrow', which is none"),
        ("DTSTART:20261224\nDTEND:20281224", "lasts for more than a year"),
        ("DTSTART:20261224\nDURATION:PT30H", "lasts 'PT30H', which is no number of days"),
        ("DTSTART:20261224\nRRULE:FREQ=YEARLY\nEXDATE:20271224", "has EXDATE"),
        ("DTSTART:20261224\nRDATE:20271224", "has RDATE"),
        ("DTSTART:20261225\nRECURRENCE-ID:20261224", "has RECURRENCE-ID"),
        ("DTSTART:20261224\nRRULE:FREQ=YEARLY;INTERVAL=2", "comes again by"),
        ("DTSTART:20261224\nRRULE:FREQ=WEEKLY", "comes again by 'FREQ=WEEKLY'"),
        ("DTSTART:20261224\nRRULE:FREQ=YEARLY;BYDAY=1MO", "only the same day of each year"),
        ("DTSTART:20261224\nRRULE:FREQ=YEARLY;BYMONTH=11", "only the same day of each year"),
    ],
)
def test_an_entry_that_would_be_missed_is_an_error_with_its_name(entry, says):
    with pytest.raises(Wrong) as wrong:
        all_day(ics(f"SUMMARY:Party\n{entry}"), (2026,))
    assert wrong.value.hint.startswith("'Party'")
    assert says in wrong.value.hint


def test_what_stands_outside_of_entries_counts_for_nothing():
    assert (
        all_day("DTSTART:20261224\nEND:VEVENT\nBEGIN:VTODO\nDTSTART:20261224\n", (2026,)) == set()
    )
