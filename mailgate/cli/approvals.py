"""What waits for an approval: as programs get it, and in a line."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from mailgate.cli import printing
from mailgate.cli.shapes import Shape
from mailgate.domain.history import revive
from mailgate.domain.model import Approval

APPROVAL: Shape = MappingProxyType(
    {
        "n": "counts those of the ticket",
        "since": "when it was asked for",
        "by": "the agent who decides, or an administrator; null: the administrators alone",
        "asked_by": "the agent who asked, and so may not decide; empty: a rule",
        "to": "to whom the ticket goes then, as `escalated_to`",
        "reason": "why it is asked for, or empty",
        "reminded": "how often who decides was reminded",
        "remind_at": "when that is done next, or null",
        "expires_at": "when the ticket stays as it is, unless somebody decides; or null",
    }
)


def shape(stored: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return what is to be approved as programs get it."""
    approval = revive(stored, Approval | None)
    return approval and {name: getattr(approval, name) for name in APPROVAL}


def brief(approval: Mapping[str, Any] | None) -> str | None:
    """Return what is to be approved in a line."""
    if approval is None:
        return None
    until = approval["expires_at"]
    end = f", until {printing.moment(until)}" if until is not None else ""
    why = f": {approval['reason']}" if approval["reason"] else ""
    return f"of {asked_of(approval)}{end}{why}"


def asked_of(approval: Mapping[str, Any]) -> str:
    """Return who decides, for people."""
    return str(approval["by"] or "the administrators")
