"""A ticket being changed by one event, and the moves that the rows of the table are made of."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mailgate.domain import escalation, targets
from mailgate.domain.events import Event
from mailgate.domain.model import TURN_OF, ClosedBy, Delay, Disposition, Side, Status, Ticket
from mailgate.domain.people import Audience
from mailgate.domain.policy import Policy
from mailgate.domain.timers import next_escalation, response_due, survey_due

_ENDED = (Status.RESOLVED, Status.CLOSED)


@dataclass(frozen=True, slots=True)
class Notify:
    """A notice that must go out, to whom by their part in the ticket, and why."""

    notice: str
    audience: Audience
    reason: str = ""


class Draft:
    """Collects what one event changes; `ticket()` gives the result."""

    def __init__(self, before: Ticket, event: Event, policy: Policy, now: datetime) -> None:
        self.before = before
        self.event = event
        self.policy = policy
        self.now = now
        self.effects: list[Notify] = []
        self.reasons: list[str] = []
        self.follow_up = False
        self.void = False
        self._set: dict[str, Any] = {}

    def ticket(self) -> Ticket:
        """Return the ticket with everything set so far."""
        return self.before.altered(**self._set) if self._set else self.before

    def set(self, **facts: Any) -> None:
        """Change facts of the ticket."""
        self._set.update(facts)

    def notify(self, notice: str, *audiences: Audience, reason: str = "") -> None:
        """Ask for a notice to each audience."""
        self.effects.extend(Notify(notice, audience, reason) for audience in audiences)

    def because(self, reason: str) -> None:
        """Add to what `explain` tells."""
        self.reasons.append(reason)

    # --- moves ---

    def _turn(self, status: Status, at: datetime) -> None:
        """Begin a new turn at `at`; what the clock did in the old one no longer counts."""
        self.set(
            status=status,
            turn=self.before.turn + 1,
            turn_since=at,
            waiting_since=at,
            delay=Delay.NONE,
            told=False,
            rearmed=0,
            reminders=0,
            reminded_at=None,
            not_before=None,
            escalates_from=None,
            held=False,
            reply_pending=False,
            snoozed_until=None,
            targets_told=targets.begun_anew(self.before.targets_told),
            escalated_by=escalation.begun_anew(self.before.escalated_by),
        )
        if status in _ENDED and self.before.status is not status:
            self.set(approval=None)  # what is settled need not go up
        self._run_targets(TURN_OF[status] is Side.SYSTEM, at)

    def _run_targets(self, ours: bool, at: datetime) -> None:  # noqa: FBT001 -- one of two sides
        """Pause the time of the targets while it is the customer's turn, or let it go on."""
        runs = self.before.targets_since is not None
        if runs and not ours and self.policy.pause_targets:
            self.set(targets_used=targets.used(self.before, self.policy, at), targets_since=None)
        elif ours and not runs:
            self.set(targets_since=at)
            self.targets(at)

    def to_system(self, status: Status, at: datetime) -> None:
        """Make it the desk's turn since `at`."""
        self._turn(status, at)

    def to_customer(self, status: Status, at: datetime) -> None:
        """Make it the customer's turn since `at`."""
        self._turn(status, at)

    def reopen(self, at: datetime) -> None:
        """Take up a resolved or closed ticket again: the desk's turn since `at`."""
        self.forget_end()
        self.to_system(Status.REOPENED, at)
        self.set(reopen_count=self.before.reopen_count + 1, open_since=at, escalated_by=())

    def forget_end(self) -> None:
        """Clear the milestones of an end that did not last; the history keeps them."""
        self.set(
            resolved_at=None,
            closed_at=None,
            closed_by=None,
            merged_into=None,
            disposition=Disposition.NONE,
            satisfaction=None,
            survey_due_at=None,
        )

    def close(self, by: ClosedBy) -> None:
        """End the ticket: nobody's turn."""
        self._turn(Status.CLOSED, self.event.at)
        self.set(
            waiting_since=None,
            closed_at=self.event.at,
            closed_by=by,
            turn=self.before.turn,
            survey_due_at=survey_due(self.policy, self.event.at),
            escalation_level=0,
            escalated_at=None,
            escalated_to=None,
            escalation_reason=None,
            escalated_by=(),
        )

    def spoke(self, side: Side) -> None:
        """Note who spoke last."""
        self.set(last_responder=side, last_response_at=self.event.at)

    def first_response(self) -> None:
        """Set the milestone of the desk's first public answer; an earlier one seen late counts."""
        first = self.before.first_response_at
        if first is None or self.event.at < first:
            self.set(first_response_at=self.event.at)

    def staff_looked(self) -> None:
        """Staff took notice: new becomes open, reopened becomes in progress."""
        if self.before.status is Status.NEW:
            self.set(status=Status.OPEN)
        elif self.before.status is Status.REOPENED:
            self.set(status=Status.IN_PROGRESS)

    def targets(self, floor: datetime) -> None:
        """Work out when the two targets are due, not before `floor`; a reached one stays."""
        ticket = self.ticket()
        for name in ("first_response", "resolution"):
            due = targets.due(ticket, self.policy, name)
            if due is not None:
                self.set(**{f"{name}_due_at": max(due, floor)})

    def deadlines_anew(self) -> None:
        """Rework deadlines after a change of their inputs: never earlier than this change.

        The delay flag clears if the deadline lies ahead again; whoever was told of it in this
        turn is not told again.
        """
        if not self.policy.pause_targets and self.before.side is not None and self.before.turn:
            self.set(targets_since=self.before.targets_since or self.now)
        self.targets(self.now)
        floor = self.before.not_before
        self.set(not_before=self.now if floor is None else max(floor, self.now))
        due = response_due(self.ticket().altered(not_before=None), self.policy)
        if self.before.delay is not Delay.NONE and due is not None and due > self.now:
            self.set(delay=Delay.NONE, rearmed=self.before.rearmed + 1)
            self.because("the deadline lies ahead again")

    def escalations_anew(self, at: datetime) -> None:
        """Let no rule that fits only since this change take the ticket up earlier than `at`.

        A change that brings no rule so early puts nothing off.
        """
        coming = next_escalation(self.ticket(), self.policy)
        if coming is None or coming[0] >= at:
            return
        if coming != next_escalation(self.before, self.policy):
            self.set(escalates_from=at)
