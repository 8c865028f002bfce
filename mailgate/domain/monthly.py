"""The monthly report: of which month it is due, and its words in the history."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from mailgate.domain.events import Event


@dataclass(frozen=True, slots=True)
class Month:
    """A month of the desk's zone; `begin` and `end` are instants in UTC, the latter is outside."""

    first: date
    begin: datetime
    end: datetime

    @property
    def number(self) -> int:
        """It as a number such as 202611."""
        return self.first.year * 100 + self.first.month


def is_due(at: time, now: datetime, zone: str) -> Month | None:
    """Return the month whose report is due at `now`: the last one, from its time on; else None.

    That is the time of day `at` on the first day of a month in `zone`, an IANA name.
    """
    local = now.astimezone(ZoneInfo(zone))
    this = local.date().replace(day=1)
    if local.date() == this and local.time() < at:
        return None
    last = (this - timedelta(days=1)).replace(day=1)
    begin, end = (datetime.combine(day, time(), ZoneInfo(zone)) for day in (last, this))
    return Month(last, begin.astimezone(UTC), end.astimezone(UTC))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported(Event):
    """The report of a month was written, to so many administrators."""

    name: ClassVar[str] = "month.reported"
    count: int
