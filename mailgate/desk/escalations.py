"""What notices tell of escalations: how high a ticket has gone, and what is to be approved."""

from datetime import datetime
from typing import Any

from mailgate.desk.settings import Settings
from mailgate.domain.escalation import Escalation
from mailgate.domain.events import Approve, DeadlinePassed, Event
from mailgate.domain.model import Approval, Ticket
from mailgate.domain.timers import next_escalation


def escalation(settings: Settings, event: Event, before: Ticket, after: Ticket) -> dict[str, Any]:
    """Return how high an event has taken a ticket, to whom, and by which rule, if it was one."""
    rule = None
    if isinstance(event, DeadlinePassed):
        coming = next_escalation(before, settings.policy)
        rule = coming and coming[1]
    elif isinstance(event, Approve) and before.approval is not None:
        rule = _asking(settings, before.approval)
    return {
        "level": after.escalation_level,
        "to": _named(settings, after.escalated_to),
        "rule": _told(rule),
    }


def approval(settings: Settings, pending: Approval) -> dict[str, Any]:
    """Return what is to be approved, or was.

    `reason` is why somebody asks; where a rule does, that says it by itself.
    """
    asked_by = settings.staff.find(pending.asked_by)
    return {
        "asked_by": asked_by.display_name if asked_by else None,
        "to": _named(settings, pending.to),
        "reason": None if pending.rule else pending.reason or None,
        "rule": _told(_asking(settings, pending)),
        "expires_at": _iso(pending.expires_at),
        "reminded": pending.reminded,
    }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _named(settings: Settings, to: str | None) -> str | None:
    """Return how an agent or a team is called to which a ticket goes up; None: administrators."""
    agent = settings.staff.find(to or "")
    return agent.display_name if agent else (to or "").removeprefix("team:") or None


def _asking(settings: Settings, pending: Approval) -> Escalation | None:
    """Return the rule that asks for an approval, if one does and is still there."""
    rules = settings.policy.escalations
    return next((rule for rule in rules if rule.mark == pending.rule), None)


def _told(rule: Escalation | None) -> dict[str, Any] | None:
    if rule is None:
        return None
    return {
        "name": rule.name,
        "since": rule.since.value,
        "seconds": int(rule.after.total_seconds()),
        "calendar": rule.calendar or None,
    }
