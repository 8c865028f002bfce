"""Which deadlines run for a ticket: a pure function of the ticket and the policy.

Nothing else decides when the clock acts; what is stored in the timer table is this, written down.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from mailgate.domain.events import TimerKind
from mailgate.domain.model import Delay, Disposition, Side, Status, Ticket
from mailgate.domain.policy import Policy

CUSTOMER_FACING: frozenset[TimerKind] = frozenset(
    {
        TimerKind.CLIENT_RESPONSE,
        TimerKind.REMINDER,
        TimerKind.RESOLVE_SILENT,
        TimerKind.AUTO_CLOSE,
    }
)
"""Steps that write to customers: after an outage these wait, the others catch up."""


@dataclass(frozen=True, slots=True)
class Timer:
    """A deadline of one turn; `origin` says how it was worked out."""

    kind: TimerKind
    turn: int
    step: int
    due_at: datetime
    origin: str


def ladder(threshold: timedelta, step: int) -> timedelta:
    """Return the distance between reminder `step` - 1 and reminder `step`: 2^step thresholds."""
    return threshold * (1 << step)


def running(ticket: Ticket, policy: Policy) -> tuple[Timer, ...]:
    """Return the timers that run for `ticket`, soonest first."""
    if ticket.disposition is not Disposition.NONE or ticket.waiting_since is None:
        return ()
    if ticket.snoozed_until is not None:
        until = ticket.snoozed_until
        return (Timer(TimerKind.WAKE, ticket.turn, ticket.rearmed, until, "snoozed"),)
    if ticket.status is Status.RESOLVED:
        due = _due(ticket, ticket.waiting_since, policy.for_priority(ticket.priority).auto_close)
        return (Timer(TimerKind.AUTO_CLOSE, ticket.turn, 0, due, f"{ticket.priority} auto-close"),)
    found = _client(ticket, policy) if ticket.side is Side.CLIENT else _response(ticket, policy)
    return tuple(sorted(found, key=lambda timer: timer.due_at))


def _due(ticket: Ticket, since: datetime, distance: timedelta) -> datetime:
    due = since + distance
    return due if ticket.not_before is None else max(due, ticket.not_before)


def response_due(ticket: Ticket, policy: Policy) -> datetime | None:
    """Return when the present turn runs out; None when no clock runs."""
    if ticket.waiting_since is None or ticket.status is Status.RESOLVED:
        return None
    row = policy.for_priority(ticket.priority)
    threshold = row.client if ticket.side is Side.CLIENT else row.system
    return _due(ticket, ticket.waiting_since, threshold)


def _response(ticket: Ticket, policy: Policy) -> list[Timer]:
    due = response_due(ticket, policy)
    if due is None or ticket.delay is not Delay.NONE:
        return []
    client = ticket.side is Side.CLIENT
    kind = TimerKind.CLIENT_RESPONSE if client else TimerKind.SYSTEM_RESPONSE
    return [Timer(kind, ticket.turn, ticket.rearmed, due, f"{ticket.priority} {kind}")]


def _client(ticket: Ticket, policy: Policy) -> list[Timer]:
    if ticket.held:
        return []
    timers = _response(ticket, policy)
    if ticket.reminders and ticket.reminded_at is not None:
        step = ticket.reminders
        distance = ladder(policy.for_priority(ticket.priority).client, step)
        due = _due(ticket, ticket.reminded_at, distance)
        if step <= policy.client_reminders:
            timers.append(Timer(TimerKind.REMINDER, ticket.turn, step, due, f"reminder {step}"))
        elif policy.resolve_silent:
            timers.append(Timer(TimerKind.RESOLVE_SILENT, ticket.turn, step, due, "silence"))
    return timers
