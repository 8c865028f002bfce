"""The one function that decides what an event does to a ticket.

`decide` looks for the first row of the table that lists the event, the ticket's status and a
guard that holds. Facts that no row moves are recorded and change nothing; commands that no row
lists raise `Illegal`. The rows stand in `mailgate.domain.table`.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cache

from mailgate.domain import changed, records
from mailgate.domain.acts import keep
from mailgate.domain.draft import Draft, Notify
from mailgate.domain.events import Discard, Event, SetRecord
from mailgate.domain.history import EVENTS
from mailgate.domain.model import Disposition, Status, Ticket
from mailgate.domain.policy import Policy
from mailgate.domain.table import TABLE, Guard, Row
from mailgate.errors import Illegal

RULES_VERSION = 1
"""Stands with each event; raised when a row changes what an old event would do today."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows: the ticket as it is now, what must be sent, and why.

    `void`: all of it is known, and there is nothing to record.
    """

    ticket: Ticket
    effects: tuple[Notify, ...]
    reasons: tuple[str, ...]
    follow_up: bool = False
    void: bool = False


def row_for(ticket: Ticket, event: Event, policy: Policy, now: datetime) -> Row | None:
    """Return the row of the table that acts, if any does."""
    for row in _listing(event.name):
        if ticket.status in row.on and (row.guard is None or row.guard(ticket, event, policy, now)):
            return row
    return None


@cache
def _listing(name: str) -> tuple[Row, ...]:
    """Return the rows that list an event, in their order; looked up once for each."""
    return tuple(row for row in TABLE if issubclass(EVENTS[name], row.event))


def decide(ticket: Ticket, event: Event, policy: Policy, now: datetime) -> Decision:
    """Return what `event` does to `ticket` under `policy` at the instant `now`.

    Raises `Illegal` for a command that the table does not list for the ticket's status. Facts are
    never refused.
    """
    row = row_for(ticket, event, policy, now)
    if row is None:
        if event.command:
            raise Illegal(_refusal(ticket, event))
        return Decision(ticket, (), ("recorded; nothing moves",))
    draft = Draft(ticket, event, policy, now)
    draft.because(row.says)
    row.act(draft)
    after, effects = draft.ticket(), tuple(draft.effects)
    told = changed.news(ticket, after, event, policy, effects)
    return Decision(after, (*told, *effects), tuple(draft.reasons), draft.follow_up, draft.void)


def _refusal(ticket: Ticket, event: Event) -> str:
    """Return what is so, and what to do or what would have to be so."""
    if isinstance(event, Discard) and ticket.disposition is Disposition.SPAM:
        return f"{ticket.number} was set aside as spam: reopen it first, and it can be withdrawn"
    if isinstance(event, Discard):
        return f"{ticket.number} goes on in another ticket: unmerge it first"
    if isinstance(event, SetRecord):
        return f"{ticket.number} has {records.MOST} records of other systems: take one away first"
    name = event.name.partition(".")[2]
    return (
        f"{ticket.number} is {label(ticket.status)}: {name} is not possible "
        f"({_possible(ticket, event)})"
    )


def _possible(ticket: Ticket, event: Event) -> str:
    """Return what would have to be so; that the goal be reached already is no answer."""
    listed = _listing(event.name)
    rows = [row for row in listed if row.act is not keep] or listed
    failed = [row.guard for row in rows if row.guard is not None and ticket.status in row.on]
    on = {status for row in rows if row.guard not in failed for status in row.on}
    if on:
        return "possible when " + ", ".join(label(status) for status in Status if status in on)
    return "only if " + " and ".join(condition(guard) for guard in failed)


def label(status: Status) -> str:
    """Return the words for a status in a sentence."""
    return status.value.replace("_", " ")


def condition(guard: Guard) -> str:
    """Return what a guard asks for, as a part of a sentence."""
    words = (guard.__doc__ or "").rstrip(".")
    return words[:1].lower() + words[1:]
