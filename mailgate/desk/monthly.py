"""Writes the monthly report to the administrators: once, by whichever node is first."""

from collections.abc import Iterable, Mapping
from datetime import datetime, time
from typing import Any

from sqlalchemy import Connection

from mailgate.desk.door import Desk
from mailgate.desk.ledger import Ledger
from mailgate.domain.model import GATEWAY, Priority
from mailgate.domain.monthly import Month, Reported, is_due
from mailgate.store import monthly, reports

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
            ledger.lock_numbers()  # nobody else writes it meanwhile
            if monthly.is_reported(ledger.connection, settings.tenant_id, month.number):
                return 0
            return self._write(ledger, month, facts)

    def _facts(self, connection: Connection, now: datetime, month: Month) -> dict[str, Any] | None:
        """Return what is reported; a desk that has only begun since has nothing to tell of it."""
        tenant_id = self._desk.settings.tenant_id
        begun = monthly.has_begun(connection, tenant_id, month.end)
        return _facts(connection, tenant_id, now, month) if begun else None

    @staticmethod
    def _write(ledger: Ledger, month: Month, report: dict[str, Any] | None) -> int:
        admins = () if report is None else ledger.settings.staff.administrators
        facts = {"report": report}
        event = Reported(at=ledger.now, actor=GATEWAY, count=len(admins))
        subject = (monthly.SUBJECT, month.number, 1)
        ledger.announce(subject, event, [(admin, facts) for admin in admins], NOTICE)
        return len(admins)


def _facts(connection: Connection, tenant_id: int, now: datetime, month: Month) -> dict[str, Any]:
    found = monthly.figures(connection, tenant_id, month.begin, month.end)
    categories = sorted(found.categories.items(), key=lambda each: (-each[1], each[0]))
    return {
        "month": f"{month.first:%Y-%m}",
        "opened": found.opened,
        "answered": found.answered,
        "first_response": found.first_response,
        "missed": found.missed,
        "resolved": found.resolved,
        "closed": found.closed,
        "auto_closed": found.auto_closed,
        "priorities": _bars((p.value, found.priorities.get(p.value, 0)) for p in Priority),
        "categories": _bars((name.replace("_", " "), n) for name, n in categories[:_MOST]),
        "now": _bars(reports.statistics(connection, tenant_id, now).items()),
    }


def _bars(counts: Iterable[tuple[str, int]]) -> list[Mapping[str, Any]]:
    """Return counts with how long their bars are; there is none for 0."""
    known = list(counts)
    most = max((count for _, count in known), default=0) or 1
    return [
        {"which": which, "count": count, "share": -(-_LONGEST * count // most)}
        for which, count in known
    ]
