"""The tables of working time, and what of them contradicts."""

from collections.abc import Iterator

from mailgate.config import kinds
from mailgate.config.days import HOLIDAY_YEARS, Day
from mailgate.config.table import Table, key
from mailgate.domain import hours

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Calendar(Table):
    """When the desk works; one [[calendar]] for each.

    A row of [sla] names the one that counts its times. An interval belongs to the day on which it
    begins; an hour that the clocks skip does not count, one that they show twice counts twice.
    """

    name: kinds.Word = key(..., "What rows of [sla] call it.", example="office")
    timezone: kinds.MaybeZone = key("", "The zone of its clocks.", unset="the desk's")
    monday: tuple[kinds.Span, ...] = key(
        ["09:00-17:00"],
        "When Mondays are worked, any number of intervals; 22:00-06:00 ends on the next day.",
    )
    tuesday: tuple[kinds.Span, ...] = key(["09:00-17:00"], "Tuesdays.")
    wednesday: tuple[kinds.Span, ...] = key(["09:00-17:00"], "Wednesdays.")
    thursday: tuple[kinds.Span, ...] = key(["09:00-17:00"], "Thursdays.")
    friday: tuple[kinds.Span, ...] = key(["09:00-17:00"], "Fridays.")
    saturday: tuple[kinds.Span, ...] = key([], "Saturdays.")
    sunday: tuple[kinds.Span, ...] = key([], "Sundays.")
    holidays: tuple[kinds.Region, ...] = key(
        [],
        f"Whose public holidays are closed days, from {HOLIDAY_YEARS[0]} to {HOLIDAY_YEARS[-1]}.",
        example=["DE-BY"],
    )
    holidays_file: kinds.DaysFile | None = key(
        None,
        "An ICS file (RFC 5545): the days of its all-day entries are closed. It is read when the "
        "gateway starts.",
        unset="none",
        example="company-holidays.ics",
    )
    closed: tuple[kinds.ClosedDays, ...] = key(
        [], "Further closed days.", example=["2026-12-24", "2026-12-27..2026-12-31"]
    )
    opened: tuple[kinds.OpenedDay, ...] = key(
        [],
        "Days with other intervals than their weekday's, closed days or not.",
        example=["2026-12-19 10:00-14:00"],
    )

    def built(self, zone: str) -> hours.Calendar:
        """Return the calendar as the domain wants it; `zone` is the desk's."""
        closed = (day for days in self._closed() for day in days)
        return hours.Calendar(
            self.timezone or zone,
            tuple(getattr(self, name) for name in WEEKDAYS),
            dict.fromkeys(sorted(closed), ()) | dict(self.opened),
        )

    def _closed(self) -> Iterator[tuple[Day, ...]]:
        yield from self.holidays
        yield from self.closed
        if self.holidays_file is not None:
            yield self.holidays_file
