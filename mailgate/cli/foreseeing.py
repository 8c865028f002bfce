"""`mailgate forecast`: what the clock will do if nobody writes."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from mailgate.cli import printing
from mailgate.cli.opening import opened
from mailgate.cli.options import AsJson, ConfigFile
from mailgate.cli.program import command

if TYPE_CHECKING:
    from mailgate.desk.forecast import Foreseen, Outgoing


@command("forecast", "mailgate forecast", "mailgate forecast --days 30 --json")
def forecast(
    days: Annotated[
        int, typer.Option(min=1, max=366, metavar="N", help="How many days to look ahead.")
    ] = 7,
    json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """List the deadlines and notices to come, if nobody writes.

    Each is worked out by the rules that the clock goes by, on what the one before has left: so a
    second reminder is listed, too, and the closing after it. Nothing is sent or written. What falls
    together for a ticket is told in one mail: NOTICES then says in which; and when the mail leaves
    in which one of the staff is told of it with others, in a flood. A dash: nobody is told.

    What is sent is taken to arrive at once. Mail that is not processed yet, digests, monthly
    reports and what the jobs assign are not foreseen.
    """
    from mailgate.app import now
    from mailgate.desk.forecast import forecast as foreseen

    with opened(config) as app:
        at = now()
        coming = list(foreseen(app.desk, at, at + timedelta(days=days)))
        outdated = app.clock.outdated()
    if json:
        printing.as_json_list(map(_shape, coming))
    else:
        _print(coming, days)
        if outdated:
            printing.line(printing.RULES_CHANGED)


def _shape(step: "Foreseen") -> dict[str, object]:
    return {
        "at": step.at,
        "number": step.number,
        "timer": step.timer.value,
        "target": step.target,
        "says": step.says,
        "status": step.status,
        "notices": [
            {
                "notice": each.notice,
                "to": each.recipient,
                "held_back": each.held_back,
                "quiet_until": each.quiet_until,
                "joined_at": each.joined_at,
            }
            for each in step.notices
        ],
        "told_in": step.told_in,
    }


def _print(steps: "list[Foreseen]", days: int) -> None:
    period = f"the next {days} days" if days > 1 else "the next day"
    if not steps:
        printing.line(f"Nothing is due within {period}.")
        return
    printing.table(
        ("WHEN", "TICKET", "DEADLINE", "WHAT HAPPENS", "STATUS", "NOTICES"),
        (
            (
                printing.moment(step.at),
                step.number,
                printing.deadline(step.timer),
                step.says,
                printing.status(step.status),
                _notices(step),
            )
            for step in steps
        ),
        long=("WHAT HAPPENS", "NOTICES"),
        least=("STATUS", "DEADLINE"),
    )
    notices = sum(len(step.notices) for step in steps)
    ones = "deadline" if len(steps) == 1 else "deadlines"
    mails = "notice" if notices == 1 else "notices"
    printing.line(f"{len(steps)} {ones} and {notices} {mails} within {period}, if nobody writes.")


def _notices(step: "Foreseen") -> str:
    """Return who is told of a deadline; empty when nobody is."""
    if step.told_in is not None:
        return f"told in the {step.told_in} of the same moment"
    return ", ".join(f"{each.notice} to {each.recipient}{_remark(each)}" for each in step.notices)


def _remark(notice: "Outgoing") -> str:
    if notice.joined_at is not None:
        return f" (with others, {printing.moment(notice.joined_at)})"
    if notice.held_back:
        return " (held back)"
    return f" (at {printing.moment(notice.quiet_until)})" if notice.quiet_until else ""
