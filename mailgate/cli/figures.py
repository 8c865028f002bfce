"""`mailgate stats`, `workload` and `lifecycle`: counts, and the table of the rules."""

import inspect
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailgate.cli import counted, printing
from mailgate.cli.opening import opened
from mailgate.cli.options import AsJson, ConfigFile
from mailgate.cli.program import command
from mailgate.errors import Refused

if TYPE_CHECKING:
    from mailgate.app import App
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
        "closed": "closed by agent, customer or merged; as withdrawn, as spam",
        "delayed_by_system": "new, open, in progress or reopened; overdue",
        "delayed_by_client": "waiting on customer; overdue",
        "reopened": "reopened",
        "waiting_for_client_response": "waiting on customer",
        "waiting_for_system_response": "new, open or in progress",
    }
)
"""What people see of a ticket, by its automation status."""


_MONTH = 30  # days
_Days = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="With --daily: of so many days before today, else 30."),
]
_Agent = Annotated[
    str | None, typer.Option(metavar="NAME", help="With --daily: of what this agent holds now.")
]
_Team = Annotated[
    str | None, typer.Option(metavar="NAME", help="With --daily: of the tickets of this team.")
]


@command(
    "stats",
    "mailgate stats",
    "mailgate stats --json",
    "mailgate stats --dashboard",
    "mailgate stats --daily --days 7 --agent alice",
)
def stats(
    *,
    dashboard: Annotated[
        bool, typer.Option("--dashboard", help="By status, priority, category and kind.")
    ] = False,
    daily: Annotated[bool, typer.Option("--daily", help="What happened on each day.")] = False,
    days: _Days = None,
    agent: _Agent = None,
    team: _Team = None,
    json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Count tickets by whose turn it is, and whether they are late.

    What `--dashboard` and `--daily` show was counted before, by the jobs `dashboard` and
    `performance`; as of when is told with it.

    `--daily` shows of each day how many tickets were OPENED on it, and how many of these have
    MISSED a target since; how many were ANSWERED for the first time, AFTER what time on average;
    how many were RESOLVED and CLOSED, the latter BY CLOCK too, and not reopened since; and how
    often one was REOPENED. LATE counts the turns of the desk that ran out on it, SILENT those of
    customers who did not answer in their time.
    """
    from mailgate.app import now
    from mailgate.store import reports

    _refuse_mixed(dashboard=dashboard, daily=daily, days=days, agent=agent, team=team)
    with opened(config) as app:
        if dashboard:
            found = _dashboard(app)
        elif daily:
            found = _daily(app, days, agent, team)
        else:
            with app.database.read() as connection:
                found = reports.statistics(connection, app.settings.tenant_id, now())
    if json:
        printing.as_json(found)
    elif dashboard:
        counted.print_dashboard(found)
    elif daily:
        counted.print_daily(found)
    else:
        printing.table(("TICKETS", "COUNT"), ((COUNTED[name], n) for name, n in found.items()))


def _refuse_mixed(
    *, dashboard: bool, daily: bool, days: int | None, agent: str | None, team: str | None
) -> None:
    """Raise a usage error where options were given that do not go together."""
    if dashboard and daily:
        raise typer.BadParameter("give --dashboard or --daily")
    if agent is not None and team is not None:
        raise typer.BadParameter("give --agent or --team")
    if not daily and (agent is not None or team is not None):
        raise typer.BadParameter("--agent and --team go with --daily")
    if not daily and days is not None:
        raise typer.BadParameter("--days goes with --daily")


def _dashboard(app: "App") -> dict[str, Any]:
    from mailgate.store import figures

    tenant_id = app.settings.tenant_id
    with app.database.read() as connection:
        built = figures.built(connection, tenant_id, figures.DASHBOARD)
        return counted.dashboard(built, figures.dashboard(connection, tenant_id))


def _daily(app: "App", days: int | None, agent: str | None, team: str | None) -> dict[str, Any]:
    from mailgate.app import now
    from mailgate.desk.commands import member
    from mailgate.domain.figures import as_number
    from mailgate.domain.hours import local_date
    from mailgate.store import figures

    tenant_id, about, of = app.settings.tenant_id, "desk", ""
    if agent is not None:
        about, of = "agent", member(app.settings.staff, agent).name
    elif team is not None:
        if team not in app.settings.staff.teams:
            there = ", ".join(app.settings.staff.teams) or "none"
            raise Refused(f"there is no team {team}; there is {there}")
        about, of = "team", team
    last = local_date(now(), app.settings.zone) - timedelta(days=1)
    first = last - timedelta(days=(days or _MONTH) - 1)
    with app.database.read() as connection:
        built = figures.built(connection, tenant_id, figures.PERFORMANCE)
        rows = figures.daily(connection, tenant_id, as_number(first), as_number(last), about, of)
    return counted.daily(built, rows)


@command("workload", "mailgate workload", "mailgate workload --json")
def workload(json: AsJson = False, config: ConfigFile = None) -> None:
    """Show what each agent and each team has to do, against the limits, as it was counted last."""
    from mailgate.store import figures

    with opened(config) as app, app.database.read() as connection:
        tenant_id = app.settings.tenant_id
        built = figures.built(connection, tenant_id, figures.WORKLOAD)
        rows = figures.workload(connection, tenant_id)
        found = counted.loads(built, rows, app.settings.staff.agents)
    if json:
        printing.as_json(found)
    else:
        counted.print_loads(found)


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
