"""`mailgate simulate`: what another configuration would have done to the recorded time."""

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from mailgate.cli import printing
from mailgate.cli.opening import opened
from mailgate.cli.options import AsJson
from mailgate.cli.program import command
from mailgate.cli.simulated import print_simulated, shaped
from mailgate.errors import Refused


@command(
    "simulate",
    "mailgate simulate --config new.toml",
    "mailgate --config config.toml simulate --config new.toml --since 90d --json",
)
def simulate(
    ctx: typer.Context,
    config: Annotated[
        Path, typer.Option("--config", metavar="NEW.toml", help="The configuration to try.")
    ],
    since: Annotated[
        str,
        typer.Option(metavar="DURATION|WHEN", help="From when on: 30d, or 2026-03-01T09:00."),
    ] = "30d",
    limit: Annotated[
        int, typer.Option(metavar="N", min=1, help="List at most so many tickets, the newest.")
    ] = 100,
    json: AsJson = False,
) -> None:
    """Tell what a changed configuration would have done to the recorded time.

    Mails, answers and commands since then are lived through twice, under the configuration in force
    and under NEW.toml, and what differs is told: delays, reminders, closing, reopening, targets and
    escalations. Nothing is sent or written. The one in force, whose database is read, is the one
    named before the command, else $MAILGATE_CONFIG, else ./config.toml.

    By NEW.toml go [sla], [lifecycle], [[calendar]] and [[escalation]]. Everything else stays as
    recorded: which ticket a mail went to ([trust], numbers), what [[rule]] and [assignment] gave a
    ticket, and what people did, who might have acted otherwise; ceilings and outages hold nothing
    back, and reminders arrive at once. Thresholds set by `mailgate thresholds` go before both. A
    command that is not possible in the new course of things is left out and counted. Works beside a
    gateway that runs, and sees one moment of it.
    """
    from mailgate import config as configuration
    from mailgate.app import now
    from mailgate.desk.simulation import Summary
    from mailgate.desk.simulation import simulate as lives

    policy = configuration.load(config, os.environ).policy()
    summary = Summary(limit)
    with opened(ctx.obj) as app:
        at = now()
        begin = _since(since, at, app.config.desk.timezone)
        with app.database.read() as connection, printing.progress("Tickets") as progress:
            for each in lives(connection, app.settings, policy, begin, at, progress):
                summary.add(each)
    if json:
        printing.as_json(shaped(summary, begin, at))
    else:
        print_simulated(summary)


def _since(text: str, now: datetime, zone: str) -> datetime:
    """Read a duration, or a time in the desk's zone. Raises `Refused`."""
    from mailgate.domain.hours import duration, when

    try:
        since = when(text, now, zone) if "-" in text else now - duration(text)
    except (Refused, OverflowError):
        raise Refused(f"--since {text!r}: write 30d or 2026-03-01T09:00") from None
    if since > now:
        raise Refused(f"--since {text} lies ahead")
    return since
