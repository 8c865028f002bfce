"""What is shown of figures that are kept ready, for programs and for people."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mailgate.cli import printing
from mailgate.cli.shapes import Shape

if TYPE_CHECKING:
    from sqlalchemy import RowMapping

    from mailgate.domain.figures import Built
    from mailgate.domain.people import Agent

_BUILT = "as of when they were counted; null: they never were"
WORKLOADS: Shape = MappingProxyType(
    {"built_at": _BUILT, "each": "a list: agents, nobody where nobody holds some, and teams"}
)
WORKLOAD: Shape = MappingProxyType(
    {
        "holder": "agent, team, or nobody: what no agent holds",
        "name": "of the agent or team; empty: nobody",
        "limit": "how many on the desk's turn they hold at most by themselves; null: none is set",
        "open": "tickets that are not closed",
        "ours": "those of them on the desk's turn",
        "overdue": "those of them whose present turn has run out",
        "kinds": "an object: kind, and of this `open`, `ours` and `overdue`",
    }
)
DASHBOARD: Shape = MappingProxyType(
    {
        "built_at": _BUILT,
        "total": "all tickets",
        "status": "an object: how many there are in each; so are the next four",
        "automation": "by automation status",
        "priority": "by priority",
        "category": "by category",
        "kind": "by kind",
        "answered": "how many had a first answer",
        "mean_first_response_seconds": "how long that took on average, or null",
        "resolved": "how many are resolved, or were and are closed now",
        "mean_resolution_seconds": "how long that took on average, or null",
        "auto_closed_last_24h": "closed by the clock within the 24 hours before",
    }
)
DAILY: Shape = MappingProxyType(
    {"built_at": _BUILT, "days": "a list of the days on which anything happened, the oldest first"}
)
DAY: Shape = MappingProxyType(
    {
        "day": "such as 2026-11-27, in the desk's zone",
        "opened": "tickets that began on it",
        "missed": "those of them that have missed a target since",
        "answered": "tickets that had their first answer on it",
        "mean_first_response_seconds": "how long these waited for it on average, or null",
        "resolved": "tickets resolved on it, and not reopened since",
        "mean_resolution_seconds": "how long that took from their first mails on average, or null",
        "closed": "tickets closed on it, and not reopened since",
        "auto_closed": "those of them that the clock has closed",
        "reopened": "how often a ticket came back on it",
        "delayed_by_system": "turns of the desk that ran out on it",
        "delayed_by_client": "turns of customers that did",
    }
)
_LOAD = ("open", "ours", "overdue")
_SORTS = ("status", "automation", "priority", "category", "kind")
_WHO = {"agent": "{}", "team": "team {}", "nobody": "(nobody)"}


def loads(
    built: "Built | None", rows: "Sequence[RowMapping]", agents: "Sequence[Agent]"
) -> dict[str, Any]:
    """Return what each has to do, with every agent of the configuration."""
    known: dict[tuple[str, str], dict[str, Any]] = {}
    limits = {("agent", agent.name): agent.limit for agent in agents}
    for key in [*limits, *((row["holder"], row["name"]) for row in rows)]:
        known[key] = {"holder": key[0], "name": key[1], "limit": limits.get(key)}
        known[key] |= dict.fromkeys(_LOAD, 0) | {"kinds": {}}
    for row in rows:
        load = known[row["holder"], row["name"]]
        load["kinds"][row["kind"]] = {name: row[name] for name in _LOAD}
        for name in _LOAD:
            load[name] += row[name]
    each = sorted(known.values(), key=lambda load: load["holder"])
    return {"built_at": built and built.built_at, "each": each}


def print_loads(found: Mapping[str, Any]) -> None:
    """Print a line for each."""
    printing.table(
        ("WHO", "OPEN", "OURS", "LIMIT", "OVERDUE", "KINDS"),
        (
            (
                _WHO[load["holder"]].format(load["name"]),
                *(load["open"], load["ours"], load["limit"], load["overdue"]),
                ", ".join(f"{kind} {n['open']}" for kind, n in sorted(load["kinds"].items())),
            )
            for load in found["each"]
        ),
        least=("KINDS",),
    )
    _print_age(found["built_at"], "workload")


def dashboard(
    built: "Built | None", figures: Mapping[str, Mapping[str, tuple[int, int]]]
) -> dict[str, Any]:
    """Return how the desk stands."""
    counts = {
        about: {name: count for name, (count, _) in figures.get(about, {}).items()}
        for about in _SORTS
    }
    times, days = figures.get("time", {}), figures.get("day", {})
    answered, resolved = (times.get(name, (0, 0)) for name in ("answered", "resolved"))
    return {
        "built_at": built and built.built_at,
        "total": sum(counts["status"].values()),
        **counts,
        "answered": answered[0],
        "mean_first_response_seconds": _mean(*answered),
        "resolved": resolved[0],
        "mean_resolution_seconds": _mean(*resolved),
        "auto_closed_last_24h": days.get("auto_closed", (0, 0))[0],
    }


def print_dashboard(found: Mapping[str, Any]) -> None:
    """Print a table of all counts."""
    rows: list[tuple[object, ...]] = [("all tickets", found["total"])]
    for about in ("status", "priority", "category", "kind"):
        rows += [(f"{about} {name.replace('_', ' ')}", n) for name, n in found[about].items()]
    rows += [
        ("closed by the clock within 24 h", found["auto_closed_last_24h"]),
        ("answered", found["answered"]),
        ("first answer after, on average", _span(found["mean_first_response_seconds"])),
        ("resolved", found["resolved"]),
        ("resolved after, on average", _span(found["mean_resolution_seconds"])),
    ]
    printing.table(("TICKETS", "COUNT"), rows)
    _print_age(found["built_at"], "dashboard")


def daily(built: "Built | None", rows: "Sequence[RowMapping]") -> dict[str, Any]:
    """Return the figures of days."""
    from mailgate.domain.figures import as_day

    days = []
    for row in rows:
        means = {
            "mean_first_response_seconds": _mean(row["answered"], row["response_seconds"]),
            "mean_resolution_seconds": _mean(row["resolved"], row["resolution_seconds"]),
        }
        facts = {**row, **means, "day": as_day(row["day"]).isoformat()}
        days.append({name: facts[name] for name in DAY})
    return {"built_at": built and built.built_at, "days": days}


def print_daily(found: Mapping[str, Any]) -> None:
    """Print a line for each day."""
    printing.table(
        (
            *("DAY", "OPENED", "MISSED", "ANSWERED", "AFTER", "RESOLVED", "CLOSED", "BY CLOCK"),
            *("REOPENED", "LATE", "SILENT"),
        ),
        (
            (
                *(day[name] for name in ("day", "opened", "missed", "answered")),
                _span(day["mean_first_response_seconds"]),
                *(day[name] for name in ("resolved", "closed", "auto_closed", "reopened")),
                *(day[name] for name in ("delayed_by_system", "delayed_by_client")),
            )
            for day in found["days"]
        ),
        least=("BY CLOCK", "MISSED", "SILENT", "REOPENED"),
    )
    if found["built_at"] is not None and not found["days"]:
        printing.line("Nothing happened on these days. Today is shown once it is over.")
    _print_age(found["built_at"], "performance")


def _print_age(built_at: datetime | None, job: str) -> None:
    again = f"`mailgate jobs run {job}`"
    if built_at is None:
        printing.line(f"Nothing was counted yet: `mailgate serve` does so by itself, or {again}.")
    else:
        printing.line(f"As of {printing.moment(built_at)}; {again} counts anew.")


def _mean(count: int, seconds: int) -> int | None:
    return round(seconds / count) if count else None


def _span(seconds: int | None) -> str | None:
    return None if seconds is None else printing.span(timedelta(seconds=seconds))
