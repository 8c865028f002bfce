"""The targets of a ticket: how much of their time is used, when they are near, when missed.

The time of the first response and of the resolution runs from the first mail on; while it is the
customer's turn it may be paused. That of a further response runs within one turn of the desk.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from mailgate.domain.events import TimerKind
from mailgate.domain.model import Side, Status, Thresholds, Ticket
from mailgate.domain.policy import Policy

TARGETS: tuple[str, ...] = ("first_response", "resolution", "next_response")
"""By the steps of their timers."""

_PAUSED_TOGETHER = TARGETS[:2]
_KINDS = (TimerKind.TARGET_NEAR, TimerKind.TARGET_MISSED)


def used(ticket: Ticket, policy: Policy, until: datetime) -> tuple[int, ...]:
    """Return how many seconds of the first response's and the resolution's time are used."""
    before = ticket.targets_used or (0,) * len(_PAUSED_TOGETHER)
    since = ticket.targets_since
    if since is None:
        return before
    row = policy.row(ticket)
    return tuple(
        seconds + int(policy.passed(row, name, since, until).total_seconds())
        for name, seconds in zip(_PAUSED_TOGETHER, before, strict=True)
    )


def due(ticket: Ticket, policy: Policy, name: str) -> datetime | None:
    """Return when a target's time is up; None where it does not run."""
    row = policy.row(ticket)
    clock = _clock(ticket, row, name)
    return None if clock is None else _reach(policy, row, name, clock)


_Clock = tuple[datetime, timedelta, int]
"""Since when a target's time runs, how much there is of it, the seconds used before."""


def _clock(ticket: Ticket, row: Thresholds, name: str) -> _Clock | None:
    """Return how a target's time stands; None where it does not run."""
    if name == "next_response":
        since, done = ticket.waiting_since, 0
        later = ticket.side is Side.SYSTEM and ticket.first_response_at is not None
        length = row.next_response if later else None
    else:
        since, length = ticket.targets_since, getattr(row, name)
        done = ticket.targets_used[TARGETS.index(name)] if ticket.targets_used else 0
    if since is None or length is None or _reached(ticket, name):
        return None
    return since, length, done


def _reach(
    policy: Policy, row: Thresholds, name: str, clock: _Clock, percent: int = 100
) -> datetime:
    """Return when so much of a target's time is used."""
    since, length, done = clock
    left = length * percent / 100 - timedelta(seconds=done)
    return policy.reach(row, name, since, max(left, timedelta()))


def _reached(ticket: Ticket, name: str) -> bool:
    if name == "first_response":
        return ticket.first_response_at is not None
    return ticket.resolved_at is not None or ticket.closed_at is not None


def steps(ticket: Ticket, policy: Policy) -> Iterator[tuple[TimerKind, int, datetime]]:
    """Yield (near or missed, which target, when) of what is still to be told."""
    if not policy.watch_targets or ticket.status in (Status.RESOLVED, Status.CLOSED):
        return
    row, floor = policy.row(ticket), ticket.not_before
    for step, name in enumerate(TARGETS):
        clock = _clock(ticket, row, name)
        if clock is None or told(TimerKind.TARGET_MISSED, name) in ticket.targets_told:
            continue
        for kind, percent in ((TimerKind.TARGET_NEAR, policy.near), (TimerKind.TARGET_MISSED, 100)):
            if told(kind, name) not in ticket.targets_told:
                at = _reach(policy, row, name, clock, percent)
                yield kind, step, at if floor is None else max(at, floor)


def about(kind: TimerKind, step: int) -> str | None:
    """Return which target a deadline is about; None for one of another kind."""
    return TARGETS[step] if kind in _KINDS else None


def told(kind: TimerKind, name: str) -> str:
    """Return the mark that a ticket bears when a step of a target was told."""
    return f"{kind.removeprefix('target_')} {name}"


def begun_anew(marks: tuple[str, ...]) -> tuple[str, ...]:
    """Return the marks without those of one turn alone."""
    return tuple(mark for mark in marks if not mark.endswith("next_response"))
