"""Which deadlines run for a ticket: a pure function of the ticket and the policy.

Nothing else decides when the clock acts; what is stored in the timer table is this, written down.
"""

from dataclasses import dataclass
from datetime import datetime

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


def ladder(step: int) -> int:
    """Return after how many thresholds reminder `step` follows the one before: 2^step."""
    return 1 << step


def running(ticket: Ticket, policy: Policy) -> tuple[Timer, ...]:
    """Return the timers that run for `ticket`, soonest first."""
    if ticket.disposition is not Disposition.NONE or ticket.waiting_since is None:
        return ()
    if ticket.snoozed_until is not None:
        until = ticket.snoozed_until
        return (Timer(TimerKind.WAKE, ticket.turn, ticket.rearmed, until, "snoozed"),)
    if ticket.status is Status.RESOLVED:
        found = [_auto_close(ticket, ticket.waiting_since, policy)]
    else:
        found = _client(ticket, policy) if ticket.side is Side.CLIENT else _response(ticket, policy)
    return tuple(sorted(found, key=lambda timer: timer.due_at))


def _floored(ticket: Ticket, due: datetime) -> datetime:
    return due if ticket.not_before is None else max(due, ticket.not_before)


def _origin(ticket: Ticket, policy: Policy, name: str, says: str) -> str:
    """Say by which row a deadline was worked out, and in whose working time."""
    row = policy.row(ticket)
    counted = policy.counted_by(row, name) is not None
    return f"{says}, in working time of {row.calendar}" if counted else says


def _auto_close(ticket: Ticket, since: datetime, policy: Policy) -> Timer:
    due = _floored(ticket, policy.after(policy.row(ticket), "auto_close", since))
    says = _origin(ticket, policy, "auto_close", f"{ticket.priority} auto-close")
    return Timer(TimerKind.AUTO_CLOSE, ticket.turn, 0, due, says)


def response_due(ticket: Ticket, policy: Policy) -> datetime | None:
    """Return when the present turn runs out; None when no clock runs."""
    if ticket.waiting_since is None or ticket.status is Status.RESOLVED:
        return None
    row = policy.row(ticket)
    if ticket.side is Side.SYSTEM:
        return _floored(ticket, policy.after(row, "system", ticket.waiting_since))
    due = _floored(ticket, policy.after(row, "client", ticket.waiting_since))
    return policy.reminding(due)


def _response(ticket: Ticket, policy: Policy) -> list[Timer]:
    due = response_due(ticket, policy)
    if due is None or ticket.delay is not Delay.NONE:
        return []
    client = ticket.side is Side.CLIENT
    kind = TimerKind.CLIENT_RESPONSE if client else TimerKind.SYSTEM_RESPONSE
    name = "client" if client else "system"
    says = _origin(ticket, policy, name, f"{ticket.priority} {kind}")
    return [Timer(kind, ticket.turn, ticket.rearmed, due, says)]


def _client(ticket: Ticket, policy: Policy) -> list[Timer]:
    if ticket.held:
        return []
    timers = _response(ticket, policy)
    if ticket.reminders and ticket.reminded_at is not None:
        step = ticket.reminders
        row = policy.row(ticket)
        due = _floored(ticket, policy.after(row, "client", ticket.reminded_at, ladder(step)))
        if step <= policy.client_reminders:
            due = policy.reminding(due)
            says = _origin(ticket, policy, "client", f"reminder {step}")
            timers.append(Timer(TimerKind.REMINDER, ticket.turn, step, due, says))
        elif policy.resolve_silent:
            says = _origin(ticket, policy, "client", "silence")
            timers.append(Timer(TimerKind.RESOLVE_SILENT, ticket.turn, step, due, says))
    return timers
