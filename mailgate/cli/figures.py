"""`mailgate stats` and `lifecycle`: counts, and the table of the rules."""

import inspect
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mailgate.cli import printing
from mailgate.cli.opening import opened
from mailgate.cli.options import AsJson, ConfigFile
from mailgate.cli.program import command

if TYPE_CHECKING:
    from mailgate.domain.table import Row


COUNTED: Mapping[str, str] = MappingProxyType(
    {
        "total_active_tickets": "not closed, in all",
        "waiting_for_system": "new, open or in progress",
        "waiting_for_client": "waiting on customer",
        "delayed_by_system": "overdue: ours to answer",
        "delayed_by_client": "overdue: the customer's to answer",
        "resolved_pending_confirmation": "resolved",
        "reopened": "reopened",
        "auto_closed_last_24h": "closed by the clock within 24 h",
    }
)
"""The statistics in the words that people see; each ticket that is not closed is in one line."""


SEEN: Mapping[str, str] = MappingProxyType(
    {
        "resolved_awaiting_confirmation": "resolved",
        "auto_closed": "closed by auto",
        "closed": "closed by agent, closed by customer",
        "delayed_by_system": "new, open, in progress or reopened; overdue",
        "delayed_by_client": "waiting on customer; overdue",
        "reopened": "reopened",
        "waiting_for_client_response": "waiting on customer",
        "waiting_for_system_response": "new, open or in progress",
    }
)
"""What people see of a ticket, by its automation status."""


@command("stats", "mailgate stats", "mailgate stats --json")
def stats(json: AsJson = False, config: ConfigFile = None) -> None:
    """Count tickets by whose turn it is, and whether they are late."""
    from mailgate.app import now
    from mailgate.store import reports

    with opened(config) as app, app.database.read() as connection:
        counted = reports.statistics(connection, app.settings.tenant_id, now())
    if json:
        printing.as_json(counted)
    else:
        printing.table(("TICKETS", "COUNT"), ((COUNTED[name], n) for name, n in counted.items()))


@command("lifecycle", "mailgate lifecycle", "mailgate lifecycle --json")
def lifecycle(json: AsJson = False) -> None:
    """Show the table of the rules.

    It says what each event does to a ticket, by its status. It is read from the top: the first
    row whose status and condition fit is the one that acts.
    """
    from mailgate.domain.table import TABLE

    rows = [_row(row) for row in TABLE]
    if json:
        printing.as_json(rows)
        return
    printing.table(
        ("EVENT", "WHEN IT IS", "AND", "THEN", "MOVE"),
        (
            (row["event"], ", ".join(row["on"]), row["guard"], row["says"], row["act"])
            for row in rows
        ),
        long=("AND", "THEN", "WHEN IT IS"),
        least=("MOVE",),
    )


def _row(row: "Row") -> dict[str, Any]:
    from mailgate.domain.model import Status

    on = [status.value for status in Status if status in row.on]
    guard = None if row.guard is None else (inspect.getdoc(row.guard) or row.guard.__name__)
    return {
        "event": row.event.name,
        "on": ["any"] if len(on) == len(Status) else on,
        "guard": guard,
        "act": row.act.__name__,
        "says": row.says,
    }
