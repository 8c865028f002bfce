"""What `mailgate simulate` shows, for programs and for people."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from mailgate.cli import printing
from mailgate.cli.shapes import Shape

if TYPE_CHECKING:
    from mailgate.desk.simulation import Summary
    from mailgate.domain.outcomes import Difference

SIMULATED: Shape = MappingProxyType(
    {
        "since": "from when on the time was lived through again",
        "until": "up to when",
        "matters": "how many were looked at: a ticket, with those that follow it",
        "agreeing": "how many of them come out under the rules in force as they were recorded",
        "differing": "for how many something else would be done or sent by the new rules",
        "totals": "a list of what came out, of each sort",
        "tickets": "a list of the matters that differ, the newest ones",
        "number_formats": "the present one, and the new one if it is another, a list",
        "mails": "what would have become of the mails, an object; null: nothing else, whichever",
    }
)
SIMULATED_TOTAL: Shape = MappingProxyType(
    {
        "what": "late, reminded, resolved_silent, auto_closed, closed_by_customer, reopened, "
        "follow_up (a new ticket, since the old one takes no more), target_near, target_missed, "
        "escalated, approval_wanted, approval_expired, or left_out (a command that was not "
        "possible)",
        "about": "whose delay, which reminder or target, to or of whom, which command; or empty",
        "present": "how often under the rules in force",
        "new": "how often under the new ones",
        "moved": "how many of them come under both, at other times",
    }
)
SIMULATED_TICKET: Shape = MappingProxyType(
    {"numbers": "of its tickets, a list", "differences": "a list of what comes out differently"}
)
SIMULATED_DIFFERENCE: Shape = MappingProxyType(
    {
        "what": "as in the totals",
        "about": "as in the totals",
        "present": "when, under the rules in force; null: not at all",
        "new": "when, under the new ones; null: not at all",
    }
)


def shaped(
    summary: "Summary", since: datetime, until: datetime, formats: Sequence[str], mails: object
) -> dict[str, object]:
    """Return a simulation for programs; `mails` is what is told of these."""
    return {
        "since": since,
        "until": until,
        "matters": summary.matters,
        "agreeing": summary.agreeing,
        "differing": summary.differing,
        "totals": [
            dict(zip(SIMULATED_TOTAL, (what, about, *counts), strict=True))
            for what, about, *counts in _totals(summary)
        ],
        "tickets": [
            {
                "numbers": list(numbers),
                "differences": [
                    {"what": e.what, "about": e.about, "present": e.first, "new": e.second}
                    for e in differs
                ],
            }
            for numbers, differs in summary.shown
        ],
        "number_formats": list(formats),
        "mails": mails,
    }


def _totals(summary: "Summary") -> Iterator[tuple[str, str, int, int, int]]:
    for sort in sorted(summary.present.keys() | summary.new.keys()):
        counts = summary.present[sort], summary.new[sort], summary.moved[sort]
        yield (*sort, *counts)


def print_simulated(summary: "Summary") -> None:
    """Print a simulation: the totals first, then a line for each matter that differs."""
    if summary.present or summary.new:
        printing.table(
            ("WHAT", "PRESENT", "NEW", "AT ANOTHER TIME"),
            (
                (_words(what, about), present, new, moved)
                for what, about, present, new, moved in _totals(summary)
            ),
        )
    printing.line(
        f"What the clock does and what is sent, tickets with those that follow them: "
        f"{summary.matters}; {summary.differing} would come out differently under the new one."
    )
    printing.line(
        f"Under the present one, {summary.agreeing} of {summary.matters} come out as they were "
        "recorded: so far can this be trusted."
    )
    if summary.shown:
        printing.table(
            ("TICKET", "WHAT IS DIFFERENT"),
            (
                (", ".join(numbers) or "(a new one)", "; ".join(map(_says, differs)))
                for numbers, differs in summary.shown
            ),
            long=("WHAT IS DIFFERENT",),
        )
    more = summary.differing - len(summary.shown)
    if more:
        printing.line(f"({more} older ones are not listed: see --limit.)")


def _words(what: str, about: str) -> str:
    return printing.deadline(what, about)


def _says(difference: "Difference") -> str:
    words = _words(difference.what, difference.about)
    if difference.first is None:
        return f"{words} {printing.moment(difference.second)}, else not"
    if difference.second is None:
        return f"not {words}, else {printing.moment(difference.first)}"
    apart = difference.second - difference.first
    later = "later" if apart.total_seconds() > 0 else "earlier"
    return f"{words} {printing.span(apart)} {later}"
