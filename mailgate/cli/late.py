"""What came of a ticket that was late: its missed targets, and how far up it went; in a line."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mailgate.cli import printing
from mailgate.domain.events import TimerKind
from mailgate.domain.targets import TARGETS, told


def missed(events: Iterable[Mapping[str, Any]]) -> str:
    """Return what was missed by the events of a ticket, in their order; once for each time.

    What was taken back as disproved is left out.
    """
    found: list[tuple[str, Any]] = []
    for event in events:
        kept, were = _facts(event, "after", "breached"), _facts(event, "before", "breached")
        found = [(name, at) for name, at in found if name in kept or name not in were]
        found += [(name, event["at"]) for name in TARGETS if _newly(name, event)]
    return ", ".join(f"{name.replace('_', ' ')} ({printing.moment(at)})" for name, at in found)


def _newly(name: str, event: Mapping[str, Any]) -> bool:
    mark = told(TimerKind.TARGET_MISSED, name)
    return mark in _facts(event, "after", "targets_told") and mark not in _facts(
        event, "before", "targets_told"
    )


def _facts(event: Mapping[str, Any], side: str, name: str) -> Sequence[str]:
    return event[side].get(name) or ()


def escalated(whole: Mapping[str, Any]) -> str | None:
    """Return how far a ticket was escalated, since when, to whom and why."""
    if not whole["escalation_level"]:
        return None
    to = f" to {whole['escalated_to']}" if whole["escalated_to"] else ""
    why = f": {whole['escalation_reason']}" if whole["escalation_reason"] else ""
    return f"level {whole['escalation_level']}{to}, {printing.moment(whole['escalated_at'])}{why}"
