"""Which deadlines run for a ticket: a pure function of the ticket and the policy.

Nothing else decides when the clock acts; what is stored in the timer table is this, written down.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailgate.domain import escalation, targets
from mailgate.domain.escalation import Escalation, Since
from mailgate.domain.events import TimerKind
from mailgate.domain.model import Delay, Disposition, Side, Status, Ticket
from mailgate.domain.policy import Policy


@dataclass(frozen=True, slots=True)
class Remaining:
    """How long the present turn may still take, in hours as they are counted.

    `hours_remaining` is negative once it is late. `threshold_origin` says which row gave the
    threshold.
    """

    waiting_for: Side
    hours_remaining: float
    is_delayed: bool
    threshold_hours: float
    threshold_origin: str


CUSTOMER_FACING: frozenset[TimerKind] = frozenset(
    {
        TimerKind.CLIENT_RESPONSE,
        TimerKind.REMINDER,
        TimerKind.RESOLVE_SILENT,
        TimerKind.AUTO_CLOSE,
        TimerKind.SURVEY,
    }
)
"""Steps that write to customers."""

WAITING_AFTER_OUTAGE: frozenset[TimerKind] = CUSTOMER_FACING | {
    TimerKind.ESCALATION,
    TimerKind.APPROVAL_REMINDER,
    TimerKind.APPROVAL_EXPIRED,
}
"""Steps that wait for a while after an outage; the others catch up.

Nobody could answer meanwhile: who stands above is not to be called to all of it at once.
"""


_HOUR = timedelta(hours=1)
_MOST_REMINDERS = 100  # of one approval: each comes after twice the time of the one before


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
    """Return the timers that run for `ticket`, soonest first.

    Those of one instant are in the order in which the clock acts on them, by what they are: who
    misses a target in the moment in which it gets near is told that once.
    """
    if ticket.disposition is not Disposition.NONE:
        return ()
    if ticket.waiting_since is None:
        return _survey(ticket, policy)
    found = [*_turn(ticket, policy), *_targets(ticket, policy), *_escalation(ticket, policy)]
    found += _approval(ticket)
    return tuple(sorted(found, key=lambda each: (each.due_at, each.kind, each.turn, each.step)))


def unmoved(ticket: Ticket, before: Policy, after: Policy) -> bool:
    """Tell whether a change of the rules leaves every deadline of `ticket` where it is."""
    return _points(ticket, before) == _points(ticket, after)


def _points(ticket: Ticket, policy: Policy) -> list[object]:
    timers = [(timer.kind, timer.step, timer.due_at) for timer in running(ticket, policy)]
    return [*timers, *(targets.due(ticket, policy, name) for name in targets.TARGETS)]


def _turn(ticket: Ticket, policy: Policy) -> list[Timer]:
    """Return the deadlines of the present turn."""
    if ticket.snoozed_until is not None:
        until = ticket.snoozed_until
        return [Timer(TimerKind.WAKE, ticket.turn, ticket.rearmed, until, "snoozed")]
    if ticket.status is Status.RESOLVED and ticket.waiting_since is not None:
        return [_auto_close(ticket, ticket.waiting_since, policy)]
    return _client(ticket, policy) if ticket.side is Side.CLIENT else _response(ticket, policy)


def _targets(ticket: Ticket, policy: Policy) -> Iterator[Timer]:
    for kind, step, due in targets.steps(ticket, policy):
        name = targets.TARGETS[step]
        share = f", {policy.near} %" if kind is TimerKind.TARGET_NEAR else ""
        says = f"{ticket.priority} target {name.replace('_', ' ')}{share}"
        yield Timer(kind, ticket.turn, step, due, _origin(ticket, policy, name, says))


def _escalation(ticket: Ticket, policy: Policy) -> Iterator[Timer]:
    """Yield the next escalation; its step counts the rules that have acted, so that none is twice.

    What follows it is worked out once it has acted.
    """
    coming = next_escalation(ticket, policy)
    if coming is not None:
        due, rule = coming
        step = len(ticket.escalated_by)
        yield Timer(TimerKind.ESCALATION, ticket.turn, step, due, rule.says)


def _approval(ticket: Ticket) -> Iterator[Timer]:
    """Yield when who decides is reminded, unless all is to be silent, and when it is too late."""
    approval, turn = ticket.approval, ticket.turn
    if approval is None:
        return
    if approval.expires_at is not None:
        says = f"approval {approval.n} is waited for"
        yield Timer(TimerKind.APPROVAL_EXPIRED, turn, approval.n, approval.expires_at, says)
    if approval.remind_at is not None and ticket.snoozed_until is None:
        says = f"approval {approval.n}, reminder {approval.reminded + 1}"
        step = approval.n * _MOST_REMINDERS + approval.reminded
        yield Timer(TimerKind.APPROVAL_REMINDER, turn, step, approval.remind_at, says)


def next_escalation(ticket: Ticket, policy: Policy) -> tuple[datetime, Escalation] | None:
    """Return when the next rule will escalate the ticket if nothing changes, and which that is."""
    fitting = (rule for rule in policy.escalations if not escalation.lacking(rule, ticket))
    coming = [(escalates_at(rule, ticket, policy), rule) for rule in fitting]
    return min(coming, key=lambda pair: pair[0], default=None)


def escalates_at(rule: Escalation, ticket: Ticket, policy: Policy) -> datetime:
    """Return when the time of a rule is up for a ticket on the desk's turn."""
    since = ticket.open_since if rule.since is Since.OPENED else ticket.waiting_since
    if rule.since is Since.OVERDUE:
        since = _time_up(ticket, policy)
    assert since is not None  # noqa: S101 - a ticket on the desk's turn was opened and waits
    calendar = policy.calendars.get(rule.calendar)
    due = since + rule.after if calendar is None else calendar.add(since, rule.after)
    return max(_floored(ticket, due), ticket.escalates_from or due)


def survey_due(policy: Policy, closed_at: datetime) -> datetime | None:
    """Return when a customer is to be asked how it went; None where nobody is asked."""
    if policy.survey_after is None:
        return None
    return policy.reminding(closed_at + policy.survey_after)


def _survey(ticket: Ticket, policy: Policy) -> tuple[Timer, ...]:
    """Return when the customer is asked how it went: once a ticket, and who heard of its end.

    Nobody is asked who has said it already, or who was never written to.
    """
    due, told = ticket.survey_due_at, ticket.replied or ticket.resolution > 0
    said = ticket.surveyed_at is not None or ticket.satisfaction is not None
    if due is None or policy.survey_after is None or said:
        return ()
    if not told or ticket.visibility != "public":
        return ()
    return (Timer(TimerKind.SURVEY, ticket.turn, 0, due, "survey"),)


def _floored(ticket: Ticket, due: datetime) -> datetime:
    return due if ticket.not_before is None else max(due, ticket.not_before)


def _origin(ticket: Ticket, policy: Policy, name: str, says: str) -> str:
    """Say by which row a deadline was worked out, and in whose working time."""
    row = policy.row(ticket)
    whose = policy.only_for(ticket, name)
    if whose is not None:
        says = f"{says}, {whose}"
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


def _time_up(ticket: Ticket, policy: Policy) -> datetime | None:
    """Return when the present turn runs out by the present rules, though that was before them.

    A change of what deadlines come from lets none act earlier than itself; it does not make the
    desk less late.
    """
    return response_due(ticket.altered(not_before=None), policy)


def time_until_delay(ticket: Ticket, policy: Policy, now: datetime) -> Remaining | None:
    """Return how long it is until the present turn runs out; None when no clock runs."""
    due, side = response_due(ticket, policy), ticket.side
    if due is None or side is None or ticket.disposition is not Disposition.NONE:
        return None
    row, name = policy.row(ticket), "client" if side is Side.CLIENT else "system"
    left, late = policy.passed(row, name, now, due), policy.passed(row, name, due, now)
    return Remaining(
        waiting_for=side,
        hours_remaining=round((left - late) / _HOUR, 2),
        is_delayed=ticket.delay is not Delay.NONE or due <= now,
        threshold_hours=round(getattr(row, name) / _HOUR, 2),
        threshold_origin=policy.origins_for(ticket)[name],
    )


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
