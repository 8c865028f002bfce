"""`mailgate jobs`: what the clock does at intervals, and how it went."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailgate.cli import printing
from mailgate.cli.ending import NO
from mailgate.cli.opening import opened
from mailgate.cli.options import AsJson, ConfigFile
from mailgate.cli.program import command, group

if TYPE_CHECKING:
    from pathlib import Path

    from mailgate.app.clockwork import Listed
    from mailgate.store.jobs import LastRun

_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "rules": "tickets worked out anew: {followed}",
        "deadlines": "{acted_on} acted on; {escalated} escalated; "
        "approvals: {approvals_asked} asked, {approvals_expired} expired",
        "sla": "targets: {approaching_sla} near, {breached_sla} missed",
        "outbox": "{sent} sent, {later} put off, {never} given up, {unknown} unknown",
        "workload": "tickets counted: {tickets}",
        "dashboard": "tickets counted: {tickets}",
        "performance": "days worked out: {days}",
        "assignment": "assigned {assigned} of {found}, {total_agents} agents",
        "reassignment": "moved {moved} of {found}, {inactive_agents} inactive agents",
        "canary": "{sent} sent, {late} late",
        "digest": "{written} written",
        "monthly_report": "{written} written",
    }
)

jobs = group(
    "jobs",
    "Show what the clock does at intervals, and how it went when it last did.",
    "mailgate jobs",
    "mailgate jobs --json",
    "mailgate jobs run assignment",
)


@jobs.callback(invoke_without_command=True)
def jobs_start(ctx: typer.Context, json: AsJson = False, config: ConfigFile = None) -> None:
    """Remember the configuration for what follows, or list."""
    ctx.obj = config
    if ctx.invoked_subcommand is None:
        _list(config, json=json)


@command("list", "mailgate jobs list", within=jobs)
def jobs_list(json: AsJson = False, config: ConfigFile = None) -> None:
    """List the jobs, each with its last run on any node."""
    _list(config, json=json)


@command("run", "mailgate jobs run deadlines", "mailgate jobs run assignment --json", within=jobs)
def jobs_run(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which job, as the list says.")],
    json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Run a job now, whatever its interval, and send what follows.

    It does no harm beside a gateway that runs. Ends with 1 where the job failed.
    """
    with opened(config) as app:
        job = app.clockwork.run(name)
        app.send()
    if json:
        printing.as_json(_shape(job))
    elif job.last is not None:
        printing.line(_says(job.last))
    if job.last is not None and job.last.fault:
        raise typer.Exit(NO)


def _list(config: "Path | None", *, json: bool) -> None:
    from mailgate.app import now
    from mailgate.store import heartbeat

    with opened(config) as app:
        found = app.clockwork.listed()
        with app.database.read() as connection:
            seen_at = heartbeat.last(connection).seen_at
    if json:
        printing.as_json(list(map(_shape, found)))
        return
    printing.table(
        ("JOB", "EVERY", "LAST RUN", "TOOK", "RESULT", "NODE"),
        map(_row, found),
        long=("RESULT",),
        least=("NODE", "TOOK"),
    )
    if seen_at is None or now() - seen_at > heartbeat.SILENT:
        since = "has run yet" if seen_at is None else f"has run since {printing.moment(seen_at)}"
        printing.line(f"No clock {since}: without `mailgate serve` jobs run by hand alone.")


def _shape(job: "Listed") -> dict[str, Any]:
    run = job.last
    return {
        "name": job.name,
        "every": None if job.every is None else int(job.every.total_seconds()),
        "node": None if run is None else run.node,
        "began_at": None if run is None else run.began_at,
        "took_ms": None if run is None else run.took_ms,
        "result": None if run is None or run.fault else run.result,
        "fault": None if run is None else run.fault or None,
    }


def _row(job: "Listed") -> tuple[object, ...]:
    run = job.last
    every = "by hand" if job.every is None else printing.span(job.every) if job.every else "always"
    if run is None:
        return job.name, every, "never", None, None, None
    took = f"{timedelta(milliseconds=run.took_ms).total_seconds():.1f} s"
    return job.name, every, printing.moment(run.began_at), took, _says(run), run.node


def _says(run: "LastRun") -> str:
    if run.fault:
        return f"failed: {run.fault}"
    try:
        return _WORDS[run.name].format(**run.result)
    except KeyError:  # a node of another version wrote it
        return ", ".join(f"{name} {count}" for name, count in run.result.items())
