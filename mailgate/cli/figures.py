"""`mailgate stats`, `thresholds` and `lifecycle`: counts, times, and the table of the rules."""

import inspect
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import typer

from mailgate.cli import printing, shapes
from mailgate.cli.opening import opened
from mailgate.cli.options import AsJson, ConfigFile
from mailgate.cli.program import command, group

if TYPE_CHECKING:
    from pathlib import Path

    from mailgate.domain.policy import Policy
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
    """Count the tickets by whose turn it is and whether they are late."""
    from mailgate.app import now
    from mailgate.store import reports

    with opened(config) as app, app.database.read() as connection:
        counted = reports.statistics(connection, app.settings.tenant_id, now())
    if json:
        printing.as_json(counted)
    else:
        printing.table(("TICKETS", "COUNT"), ((COUNTED[name], n) for name, n in counted.items()))


thresholds = group(
    "thresholds",
    "Show how long each side may take, and where each value comes from.",
    "mailgate thresholds",
    "mailgate thresholds --json",
)


@thresholds.callback(invoke_without_command=True)
def thresholds_start(ctx: typer.Context, json: AsJson = False, config: ConfigFile = None) -> None:
    """Remember the configuration for what follows, or list."""
    ctx.obj = config
    if ctx.invoked_subcommand is None:
        _list(config, json=json)


@command("list", "mailgate thresholds list --json", within=thresholds)
def thresholds_list(json: AsJson = False, config: ConfigFile = None) -> None:
    """List the times that are in force."""
    _list(config, json=json)


def _list(config: "Path | None", *, json: bool) -> None:
    with opened(config) as app:
        policy = app.settings.policy
    if json:
        printing.as_json(threshold_shapes(policy))
        return
    names = [name for name in shapes.THRESHOLDS if name != "priority"]
    printing.table(
        ("PRIORITY", "WHICH", "TIME", "FROM"),
        (
            (
                priority.value if name == names[0] else " ",
                name.replace("_", " "),
                duration(getattr(row, name)),
                policy.origins[priority][name],
            )
            for priority, row in policy.thresholds.items()
            for name in names
        ),
    )
    window = policy.reopen_window
    last = "then it is resolved" if policy.resolve_silent else "then nothing more happens"
    printing.line()
    printing.line(f"Reopened by an answer: {'for ever' if window is None else duration(window)}.")
    printing.line(f"Reminders after the first: {policy.client_reminders}; {last}.")


def threshold_shapes(policy: "Policy") -> list[dict[str, Any]]:
    """Return the thresholds of every priority as programs get them."""

    def value(priority: Any, name: str, length: timedelta) -> Mapping[str, object]:
        origin = policy.origins[priority][name]
        return {"seconds": int(length.total_seconds()), "origin": origin}

    return [
        {"priority": priority.value}
        | {
            name: value(priority, name, getattr(row, name))
            for name in shapes.THRESHOLDS
            if name != "priority"
        }
        for priority, row in policy.thresholds.items()
    ]


def duration(length: timedelta) -> str:
    """Return a duration as the configuration writes it, such as `1d12h`."""
    seconds, parts = int(length.total_seconds()), []
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        parts += [f"{count}{unit}"] if count else []
    return "".join(parts) or "0s"


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
