"""`mailgate tick`: the clock once, for cron, or to see what it would do."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from mailgate.cli import printing
from mailgate.cli.opening import opened
from mailgate.cli.options import AsJson, ConfigFile
from mailgate.cli.program import command
from mailgate.errors import Refused

if TYPE_CHECKING:
    from mailgate.app import App
    from mailgate.desk.clock import Ahead, Tick


@command(
    "tick",
    "mailgate tick",
    "mailgate tick --dry-run",
    "mailgate tick --at 2026-03-01T09:00",
    "mailgate tick --at +48h --json",
)
def tick(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Name each deadline, as a dry run does.")
    ] = False,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="WHEN",
            help="What would happen then: 2026-03-01T09:00 (in the desk's zone) or +4h. "
            "Implies --dry-run.",
        ),
    ] = None,
    json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Act on every deadline that is due, once.

    The mail that waits is processed first, because the clock waits for it; tickets follow rules
    that were changed; and what follows is sent: so cron can stand in for a gateway that runs. It
    does no harm beside one. NOTICES says who is told of a deadline, be it in one mail with others
    of the same moment; a dash: nobody.
    """
    from mailgate.app import now

    with opened(config) as app:
        outdated = False
        if dry_run or at is not None:
            done, outdated = _preview(app, at, now()), app.clock.outdated()
        else:
            app.process()
            app.clock.refresh(now())
            done = app.clock.tick(now())
            app.clockwork.ticked(done)
            app.send()
        if json:
            printing.as_json(_shape(done))
        else:
            _print(done, verbose=verbose, dry=dry_run or at is not None)
            if outdated:
                printing.line(printing.RULES_CHANGED)


def _preview(app: "App", at: str | None, now: datetime) -> "Tick":
    from mailgate.domain.hours import when

    instant = now if at is None else when(at, now, app.config.desk.timezone)
    if instant < now:
        raise Refused(f"{at} has passed, and what the clock did is history: `mailgate show NUMBER`")
    return app.clock.preview(now, instant)


def _shape(done: "Tick") -> dict[str, object]:
    return {
        "at": done.at,
        "horizon": done.horizon,
        "hold_until": done.hold_until,
        "steps": [
            {
                "number": step.number,
                "timer": step.timer.value,
                "target": step.target,
                "due_at": step.due_at,
                "says": step.says,
                "notices": list(step.notices),
                "status": step.status,
            }
            for step in done.steps
        ],
        "next": None
        if done.ahead is None
        else {
            "number": done.ahead.number,
            "timer": done.ahead.timer.value,
            "target": done.ahead.target,
            "due_at": done.ahead.due_at,
        },
    }


def _print(done: "Tick", *, verbose: bool, dry: bool) -> None:
    count = len(done.steps)
    ones = "deadline" if count == 1 else "deadlines"
    printing.line(f"{count} {ones} would be acted on." if dry else f"{count} {ones} acted on.")
    if done.horizon < done.at:
        printing.line(
            f"The clock sees no further than {printing.moment(done.horizon)}: mail waits."
        )
    if done.hold_until is not None:
        until = printing.moment(done.hold_until)
        printing.line(
            f"After an outage: customers get nothing, and nothing is escalated, before {until}."
        )
    if (verbose or dry) and count:
        printing.table(
            ("TICKET", "DEADLINE", "DUE", "WHAT HAPPENS", "STATUS", "NOTICES"),
            (
                (
                    step.number,
                    printing.deadline(step.timer),
                    printing.moment(step.due_at),
                    step.says,
                    printing.status(step.status),
                    ", ".join(step.notices),
                )
                for step in done.steps
            ),
            long=("WHAT HAPPENS", "NOTICES"),
            least=("STATUS", "DUE", "DEADLINE"),
        )
    if dry and (done.ahead is not None or not count):
        printing.line(_next(done.ahead, done.at))


def _next(ahead: "Ahead | None", at: datetime) -> str:
    """Return what is due after this, and when."""
    if ahead is None:
        return "No deadline runs."
    what = printing.deadline(ahead.timer, ahead.target)
    when = f"{printing.moment(ahead.due_at)}, {printing.ago(ahead.due_at, at)}"
    return f"Next: {what} of {ahead.number}, due {when}."
