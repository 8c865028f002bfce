"""What must be approved before a ticket goes one level up: asked for, decided, or run out.

One approval at a time is asked for on a ticket. Nobody approves what they have asked for.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from mailgate.domain.draft import Draft
from mailgate.domain.escalating import go_up
from mailgate.domain.escalation import ADMINS, ApprovalRule
from mailgate.domain.events import Approve, DeadlinePassed, Escalate, Reject, TimerKind
from mailgate.domain.model import ActorKind, Approval, Ticket
from mailgate.domain.people import Audience
from mailgate.domain.policy import FARTHEST, Policy
from mailgate.domain.timers import ladder, next_escalation

LONGEST_REASON = 1000
"""Characters of a reason that stand on the ticket and in reminders; its event has all of them."""

# ruff: noqa: ARG001  # every guard has the same four arguments, as the table calls them alike

# --- the questions of the table -------------------------------------------------------------------


def by_right(ticket: Ticket, event: Escalate, policy: Policy, now: datetime) -> bool:
    """Nobody else needs to approve it."""
    asking = policy.asking
    return asking is None or event.actor.kind is ActorKind.ADMIN or event.actor.id == asking.by


def none_pending(ticket: Ticket, event: Escalate, policy: Policy, now: datetime) -> bool:
    """No approval is asked for on it yet."""
    return ticket.approval is None


def asks_first(ticket: Ticket, event: DeadlinePassed, policy: Policy, now: datetime) -> bool:
    """It is the escalation deadline, of a rule that needs an approval."""
    if event.timer is not TimerKind.ESCALATION:
        return False
    coming = next_escalation(ticket, policy)
    return coming is not None and coming[1].approval is not None


def decides(ticket: Ticket, event: Approve | Reject, policy: Policy, now: datetime) -> bool:
    """This approval is asked for, they may give it, and somebody else has asked for it."""
    approval, who = ticket.approval, event.actor
    if approval is None or event.approval not in (None, approval.n):
        return False
    may = who.kind is ActorKind.ADMIN or (who.kind is ActorKind.AGENT and who.id == approval.by)
    return may and (not approval.asked_by or who.id != approval.asked_by)


# --- what is asked --------------------------------------------------------------------------------


def ask(draft: Draft) -> None:
    """Ask for an approval of what an agent wants to be escalated."""
    event, rule = draft.event, draft.policy.asking
    assert isinstance(event, Escalate)  # noqa: S101 - the table calls each act with its event
    assert rule is not None  # noqa: S101 - a guard has seen that one is needed
    asked = _asked(draft, rule, to=event.to, reason=event.reason[:LONGEST_REASON])
    _want(draft, replace(asked, asked_by=event.actor.id))


def ask_by_rule(draft: Draft) -> None:
    """Ask for the approval that a rule needs; it does not act again in this turn."""
    coming = next_escalation(draft.before, draft.policy)
    assert coming is not None  # noqa: S101 - a guard has seen its deadline
    _, rule = coming
    assert rule.approval is not None  # noqa: S101 - a guard has seen it as well
    draft.set(escalated_by=(*draft.before.escalated_by, rule.mark))
    draft.because(rule.says)
    asked = _asked(draft, rule.approval, to=rule.to, reason=rule.says)
    _want(draft, replace(asked, rule=rule.mark, tell_admins=rule.tell_admins))


def _asked(draft: Draft, rule: ApprovalRule, *, to: str | None, reason: str) -> Approval:
    """Return what is to be approved, by the times of `rule`, which count from now."""
    every = rule.remind_after
    return _awaited(
        draft,
        Approval(
            n=draft.before.approvals + 1,
            since=draft.event.at,
            by=None if rule.by == ADMINS else rule.by,
            asked_by="",
            rule="",
            to=to,
            reason=reason,
            tell_admins=False,
            every=0 if every is None else int(every.total_seconds()),
            calendar=rule.calendar,
            remind_at=None,
            expires_at=_after(draft, rule.calendar, rule.expires_after),
        ),
    )


def _want(draft: Draft, approval: Approval) -> None:
    draft.set(approvals=approval.n, approval=approval)
    draft.because(f"approval {approval.n}, of {approval.by or 'the administrators'}")
    draft.notify("approval_wanted", Audience.APPROVERS, reason=approval.reason)


def _awaited(draft: Draft, approval: Approval) -> Approval:
    """Return an approval with the time of its next reminder, if one comes before it is over."""
    every = timedelta(seconds=approval.every) * ladder(approval.reminded)
    at = _after(draft, approval.calendar, every) if every else None
    over = approval.expires_at
    return replace(approval, remind_at=None if at and over and at >= over else at)


def _after(draft: Draft, calendar: str, long: timedelta | None) -> datetime | None:
    """Return when a time has passed from now on; None where it never does."""
    if long is None:
        return None
    counts, long = draft.policy.calendars.get(calendar), min(long, FARTHEST)
    return draft.now + long if counts is None else counts.add(draft.now, long)


# --- what comes of it -----------------------------------------------------------------------------


def remind(draft: Draft) -> None:
    """Remind who decides."""
    approval = _pending(draft)
    again = replace(approval, reminded=approval.reminded + 1)
    draft.set(approval=_awaited(draft, again))
    draft.notify("approval_wanted", Audience.APPROVERS, reason=approval.reason)


def expire(draft: Draft) -> None:
    """Let it be, since nobody has decided; who asked and who was asked are told, and the holder."""
    approval = _pending(draft)
    draft.set(approval=None)
    _tell(draft, "approval_expired", approval.reason, Audience.ASSIGNEE, Audience.APPROVERS)


def approve(draft: Draft) -> None:
    """Escalate as it was asked for; who asked is told, and others who could have decided."""
    approval = _pending(draft)
    draft.set(approval=None)
    draft.because(f"approval {approval.n}, by {draft.event.actor.id}")
    go_up(draft, approval.to, approval.reason, tell_admins=approval.tell_admins)
    hears = approval.by is None and (approval.to is None or approval.tell_admins)
    _tell(draft, "approved", "", *(() if hears else (Audience.APPROVERS,)))


def reject(draft: Draft) -> None:
    """Let it be; who asked is told why, who holds the ticket, and others who could decide."""
    event, approval = draft.event, _pending(draft)
    assert isinstance(event, Reject)  # noqa: S101 - the table calls each act with its event
    draft.set(approval=None)
    draft.because(f"approval {approval.n}, by {event.actor.id}")
    _tell(draft, "rejected", event.reason, Audience.ASSIGNEE, Audience.APPROVERS)


def _pending(draft: Draft) -> Approval:
    assert draft.before.approval is not None  # noqa: S101 - a guard has seen it
    return draft.before.approval


def _tell(draft: Draft, notice: str, why: str, *others: Audience) -> None:
    draft.notify(notice, Audience.ASKER, *others, reason=why)
