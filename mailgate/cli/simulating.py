"""`mailgate simulate`: what another configuration would have done to the recorded time."""

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailgate.cli import printing, retold
from mailgate.cli.opening import opened
from mailgate.cli.options import AsJson, reading
from mailgate.cli.program import command
from mailgate.cli.simulated import print_simulated, shaped
from mailgate.errors import Refused

if TYPE_CHECKING:
    from mailgate.app import App
    from mailgate.app.trying import Relived
    from mailgate.config import Config
    from mailgate.desk.simulation import Summary


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
    and under NEW.toml, and what differs is told. Nothing is sent or written. The one in force,
    whose database is read, is the one named before the command, else $MAILGATE_CONFIG, else
    ./config.toml.

    If what is changed may have to do with them ([trust], [[rule]], [assignment], people, numbers,
    categories, addresses and the like), the stored mails are read and sorted again by both: which
    would go to another ticket, open one or join one, be refused, or get another team, agent,
    priority, category, kind or tags. The DNS is not asked again: what it said then counts. Of mails
    that were imported, or are not kept any more, what was decided stands; so it does where even the
    present configuration does not lead to it any more, and how many these are is told.

    What follows for delays, reminders, closing, reopening, targets and escalations is told by
    ticket. What staff did stays as recorded, though they might have acted otherwise; a command that
    is not possible in the new course of things is left out and counted. Ceilings and outages hold
    nothing back, and reminders arrive at once. Thresholds set by `mailgate thresholds` go before
    both. Works beside a gateway that runs, and sees one moment of it.
    """
    from mailgate import config as configuration
    from mailgate.app import now

    new = configuration.load(config, os.environ)
    with opened(ctx.obj) as app:
        at = now()
        with reading("--since"):
            begin = _since(since, at, app.config.desk.timezone)
        mails, summary = _lived(app, new, begin, at, limit)
        formats = dict.fromkeys(each.desk.number_format for each in (app.config, new))
    if json:
        told = retold.shaped(mails, limit)
        printing.as_json(shaped(summary, begin, at, tuple(formats), told))
        return
    if not summary.differing and not (mails and mails.differing):
        printing.line("Nothing would differ.")
    if len(formats) > 1:
        printing.line(f"New tickets would be numbered {' in place of '.join(reversed(formats))}.")
    retold.print_retold(mails, limit)
    print_simulated(summary)


def _lived(
    app: "App", new: "Config", begin: datetime, at: datetime, limit: int
) -> "tuple[Relived | None, Summary]":
    """Return what would have become of the mails, if they were read again, and of the tickets."""
    from mailgate.app.trying import relived
    from mailgate.desk.simulation import Summary
    from mailgate.desk.simulation import simulate as lives

    policy, summary = new.policy(), Summary(limit)
    with app.database.read() as connection:
        with printing.progress("Mails") as progress:
            mails = relived(app, new, connection, begin, progress)
        altered = None if mails is None else mails.altered
        with printing.progress("Tickets") as progress:
            given = (connection, app.settings, policy, begin, at, progress, altered)
            for each in lives(*given):
                summary.add(each)
    return mails, summary


def _since(text: str, now: datetime, zone: str) -> datetime:
    """Read a duration, or a time in the desk's zone. Raises `Refused`."""
    from mailgate.domain.hours import duration, when

    try:
        since = when(text, now, zone) if "-" in text else now - duration(text)
    except (Refused, OverflowError):
        raise Refused(f"{text!r}: write 30d or 2026-03-01T09:00") from None
    if since > now:
        raise Refused(f"{text} lies ahead")
    return since
