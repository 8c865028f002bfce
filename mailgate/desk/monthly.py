"""Writes the monthly report to the administrators: once, by whichever node is first."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, time
from typing import Any

from sqlalchemy import Connection

from mailgate.desk.door import Desk
from mailgate.desk.figures import Days, days_between, days_kept
from mailgate.desk.ledger import Ledger
from mailgate.domain.figures import serves
from mailgate.domain.model import GATEWAY, Kind, Priority
from mailgate.domain.monthly import Month, Reported, is_due
from mailgate.store import figures, monthly, reports

NOTICE = "monthly_report"
_MOST = 10  # categories; the rest is left out
_LONGEST = 70  # of a bar, in percent of the room for it and its figure


class Reports:
    """Writes the reports of a desk, from `at` on, a time of the first day of the month after."""

    def __init__(self, desk: Desk, at: time) -> None:
        self._desk = desk
        self._at = at

    def look(self, now: datetime) -> int:
        """Write that of the last month, if it is time and nobody has; return to how many."""
        settings = self._desk.settings
        month = is_due(self._at, now, settings.zone)
        if month is None:
            return 0
        with self._desk.database.read() as connection:
            if monthly.is_reported(connection, settings.tenant_id, month.number):
                return 0
            facts = self._facts(connection, now, month)  # while nobody has to wait for it
        with self._desk.writing(now) as ledger:
            tenant_id = settings.tenant_id
            if monthly.is_reported(ledger.connection, tenant_id, month.number, hold=True):
                return 0
            return self._write(ledger, month, facts)

    def _facts(self, connection: Connection, now: datetime, month: Month) -> dict[str, Any] | None:
        """Return what is reported; a desk that has only begun since has nothing to tell of it."""
        tenant_id, zone = self._desk.settings.tenant_id, self._desk.settings.zone
        begun = monthly.has_begun(connection, tenant_id, month.end)
        return _facts(connection, tenant_id, now, month, zone) if begun else None

    @staticmethod
    def _write(ledger: Ledger, month: Month, report: dict[str, Any] | None) -> int:
        admins = () if report is None else ledger.settings.staff.administrators
        facts = {"report": report}
        event = Reported(at=ledger.now, actor=GATEWAY, count=len(admins))
        subject = (monthly.SUBJECT, month.number, 1)
        ledger.announce(subject, event, [(admin, facts) for admin in admins], NOTICE)
        return len(admins)


def _facts(
    connection: Connection, tenant_id: int, now: datetime, month: Month, zone: str
) -> dict[str, Any]:
    days = _days(connection, tenant_id, month, zone)
    desk = _sums(days, "desk")[""]
    priorities, kinds, categories = (_sums(days, of) for of in ("priority", "kind", "category"))
    most = sorted(categories.items(), key=lambda each: (-each[1]["opened"], each[0]))
    answered = desk["answered"]
    return {
        "month": f"{month.first:%Y-%m}",
        "opened": desk["opened"],
        "answered": answered,
        "first_response": round(desk["response_seconds"] / answered) if answered else None,
        "missed": desk["missed"],
        "resolved": desk["resolved"],
        "closed": desk["closed"],
        "auto_closed": desk["auto_closed"],
        "priorities": _bars((p.value, priorities[p.value]["opened"]) for p in Priority),
        "kinds": _bars((kind.value, kinds[kind.value]["opened"]) for kind in Kind),
        "categories": _bars(
            (name.replace("_", " "), n["opened"]) for name, n in most[:_MOST] if n["opened"]
        ),
        "now": _bars(reports.statistics(connection, tenant_id, now).items()),
    }


def _days(connection: Connection, tenant_id: int, month: Month, zone: str) -> Days:
    """Return the days of a month: as they are kept, where that was done since; else counted."""
    built = figures.built(connection, tenant_id, figures.PERFORMANCE)
    ask = days_kept if serves(built, month.end, zone) else days_between
    return ask(connection, tenant_id, month.begin, month.end, zone)


def _sums(days: Days, about: str) -> defaultdict[str, Counter[str]]:
    """Return name -> measures over all days, of one sort."""
    sums: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for (_, sort, name), measures in days.items():
        if sort == about:
            sums[name].update(measures)
    return sums


def _bars(counts: Iterable[tuple[str, int]]) -> list[Mapping[str, Any]]:
    """Return counts with how long their bars are; there is none for 0."""
    known = list(counts)
    most = max((count for _, count in known), default=0) or 1
    return [
        {"which": which, "count": count, "share": -(-_LONGEST * count // most)}
        for which, count in known
    ]
