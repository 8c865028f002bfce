"""What an escalation does to a ticket, be it asked for or by a rule, or approved by somebody."""

from mailgate.domain.draft import Draft
from mailgate.domain.events import Escalate
from mailgate.domain.people import Audience
from mailgate.domain.timers import next_escalation


def escalate(draft: Draft) -> None:
    """Raise the level, because somebody asks for it."""
    event = draft.event
    assert isinstance(event, Escalate)  # noqa: S101 - the table calls each act with its event
    whom = event.to or "the administrators"
    draft.because(f"level {draft.before.escalation_level + 1}, to {whom}")
    go_up(draft, event.to, event.reason)


def escalate_by_rule(draft: Draft) -> None:
    """Raise the level by the rule whose time has come; it does not act again in this turn."""
    coming = next_escalation(draft.before, draft.policy)
    assert coming is not None  # noqa: S101 - a guard has seen its deadline
    _, rule = coming
    draft.set(escalated_by=(*draft.before.escalated_by, rule.mark))
    draft.because(rule.says)
    go_up(draft, rule.to, rule.says, tell_admins=rule.tell_admins)


def go_up(draft: Draft, to: str | None, why: str, *, tell_admins: bool = False) -> None:
    """Go one level up; whom it goes to is told, and who holds the ticket, which stays theirs."""
    draft.set(
        escalation_level=draft.before.escalation_level + 1,
        escalated_at=draft.event.at,
        escalated_to=to,
        escalation_reason=why or None,
    )
    draft.notify("escalated", Audience.ESCALATED, Audience.ASSIGNEE, reason=why)
    if tell_admins:
        draft.notify("escalated", Audience.ADMINS, reason=why)
