"""What came of a ticket that was late: its missed targets, and how far up it went; in a line."""

from collections.abc import Iterable, Mapping
from typing import Any

from mailgate.cli import printing
from mailgate.domain.events import TimerKind
from mailgate.domain.targets import TARGETS, told


def missed(events: Iterable[Mapping[str, Any]]) -> str:
    """Return what was missed by the events of a ticket, in their order; once for each time."""
    return ", ".join(
        f"{name.replace('_', ' ')} ({printing.moment(event['at'])})"
        for event in events
        for name in TARGETS
        if _newly(told(TimerKind.TARGET_MISSED, name), event)
    )


def _newly(mark: str, event: Mapping[str, Any]) -> bool:
    before, after = (event[side].get("targets_told") or () for side in ("before", "after"))
    return mark in after and mark not in before


def escalated(whole: Mapping[str, Any]) -> str | None:
    """Return how far a ticket was escalated, since when, to whom and why."""
    if not whole["escalation_level"]:
        return None
    to = f" to {whole['escalated_to']}" if whole["escalated_to"] else ""
    why = f": {whole['escalation_reason']}" if whole["escalation_reason"] else ""
    return f"level {whole['escalation_level']}{to}, {printing.moment(whole['escalated_at'])}{why}"
