"""Works out the figures that are kept ready: workload, dashboard, and what happened on each day.

Each time wholly, from the tickets and their history, some tickets at a time, so that nobody waits
for it: no transaction reads for long, and the one that writes holds only what differs. A ticket
that changes meanwhile is counted once, as it was when it was looked at.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from mailgate.desk.door import Desk
from mailgate.domain.figures import Built, as_number, day_begins, day_of
from mailgate.domain.hours import local_date
from mailgate.store import figures, gathering
from mailgate.store.figures import DASHBOARD, MEASURES, PERFORMANCE, WORKLOAD, Row
from mailgate.store.gathering import SORTS, Happened

PORTION = 5_000
"""Tickets counted at once: some hundredths of a second."""
_DAY = timedelta(days=1)
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS = {"answered": "response_seconds", "resolved": "resolution_seconds"}

_Count = Callable[[Connection, int, int], None]
Days = dict[tuple[int, str, str], Counter[str]]
"""(day, about, name) -> the measures of a row of `daily_figure`."""


class Figures:
    """Works out the figures of one desk; `steady` gives seconds that never jump."""

    def __init__(self, desk: Desk, steady: Callable[[], float] = time.monotonic) -> None:
        self._desk = desk
        self._steady = steady
        self._tenant_id = desk.settings.tenant_id

    def built(self, name: str) -> tuple[Built | None, int]:
        """Return of which state a set of figures is, and the id of the newest event now."""
        with self._desk.database.read() as connection:
            return (
                figures.built(connection, self._tenant_id, name),
                figures.newest_event(connection, self._tenant_id),
            )

    def workload(self, now: datetime) -> dict[str, int]:
        """Count what each agent and each team has to do; return how many tickets that were."""
        loads: defaultdict[Row, Counter[str]] = defaultdict(Counter)

        def count(connection: Connection, after: int, last: int) -> None:
            for row in gathering.held(connection, self._tenant_id, after, last):
                holder = "nobody" if row["assignee"] is None else "agent"
                holders = [(holder, row["assignee"] or "")]
                holders += [] if row["team"] is None else [("team", row["team"])]
                for each in holders:
                    known = loads[(*each, row["kind"])]
                    known.update({name: int(row[name]) for name in ("open", "ours", "overdue")})

        def rows() -> set[Row]:
            return {(*key, n["open"], n["ours"], n["overdue"]) for key, n in loads.items()}

        self._work_out(WORKLOAD, now, count, rows)
        once = (n["open"] for (holder, *_), n in loads.items() if holder != "team")
        return {"tickets": sum(once)}

    def dashboard(self, now: datetime) -> dict[str, int]:
        """Count all tickets by what they are and how they stand; return how many there are."""
        counts: Counter[tuple[str, str]] = Counter()
        seconds: Counter[tuple[str, str]] = Counter()

        def count(connection: Connection, after: int, last: int) -> None:
            for row in gathering.standing(connection, self._tenant_id, after, last, now - _DAY):
                for about in ("status", "automation", "priority", "category", "kind"):
                    counts[about, row[about]] += row["count"]
                for name in ("answered", "resolved"):
                    counts["time", name] += row[name]
                    seconds["time", name] += int(row[f"{name}_seconds"] or 0)
                counts["day", "auto_closed"] += int(row["auto_closed"])

        def rows() -> set[Row]:
            return {(*key, n, seconds[key]) for key, n in counts.items()}

        self._work_out(DASHBOARD, now, count, rows)
        return {"tickets": sum(n for (about, _), n in counts.items() if about == "status")}

    def performance(self, now: datetime) -> dict[str, int]:
        """Count what happened on each day that is over; return of how many days there is any."""
        days: Days = {}
        zone = self._desk.settings.zone
        end = day_begins(local_date(now, zone), zone)

        def count(connection: Connection, after: int, last: int) -> None:
            found = gathering.happened(connection, self._tenant_id, after, last, _BEGINNING, end)
            add(days, found, zone)

        def rows() -> set[Row]:
            return {(*key, *(n[name] for name in MEASURES)) for key, n in days.items()}

        self._work_out(PERFORMANCE, now, count, rows)
        return {"days": len({day for day, *_ in days})}

    def _work_out(
        self, name: str, now: datetime, count: _Count, rows: Callable[[], set[Row]]
    ) -> None:
        """Count all tickets, and put what comes of it in the place of what there was."""
        began = self._steady()
        before, newest = self.built(name)
        after = 0
        while (last := self._portion(count, after)) is not None:
            after = last
        with self._desk.database.read() as connection:
            old, new = figures.kept(connection, self._tenant_id, name), rows()
        took = timedelta(seconds=self._steady() - began)
        version = 1 if before is None else before.version + 1
        made = Built(now, took, newest, self._desk.settings.zone, version)
        with self._desk.database.write() as connection:
            figures.put(connection, self._tenant_id, name, made, old - new, new - old)

    def _portion(self, count: _Count, after: int) -> int | None:
        """Count some tickets beyond one; return the last of them, None where there were none."""
        with self._desk.database.read() as connection:
            last = gathering.last_of(connection, self._tenant_id, after, PORTION)
            if last is not None:
                count(connection, after, last)
        return last


def add(days: Days, found: Iterable[Happened], zone: str) -> None:
    """Add what happened to the days of a zone: to those of the desk, and of each of its sorts."""
    there = ZoneInfo(zone)
    known: dict[int, int] = {}
    for each in found:
        day = known.get(each.bucket)
        if day is None:
            day = known[each.bucket] = day_of(each.bucket, there)
        for about, name in _rows_of(each):
            row = days.setdefault((day, about, name), Counter())
            row[each.measure] += each.count
            if each.measure in _SECONDS:
                row[_SECONDS[each.measure]] += each.seconds


def _rows_of(found: Happened) -> Iterator[tuple[str, str]]:
    yield "desk", ""
    for about, name in zip(SORTS, found.sort, strict=True):
        if name is not None:
            yield about, name


def days_between(
    connection: Connection, tenant_id: int, begin: datetime, end: datetime, zone: str
) -> Days:
    """Return what happened from `begin` on and before `end`, as the tickets tell it now."""
    days: Days = {}
    after = 0
    while (last := gathering.last_of(connection, tenant_id, after, PORTION)) is not None:
        found = gathering.happened(connection, tenant_id, after, last, begin, end)
        add(days, found, zone)
        after = last
    return days


def days_kept(
    connection: Connection, tenant_id: int, begin: datetime, end: datetime, zone: str
) -> Days:
    """Return the same out of the figures that are kept; `end` is the end of a day that is over."""
    first, last = (local_date(at, zone) for at in (begin, end - timedelta(microseconds=1)))
    found = figures.daily(connection, tenant_id, as_number(first), as_number(last))
    return {
        (row["day"], row["about"], row["name"]): Counter({name: row[name] for name in MEASURES})
        for row in found
    }
