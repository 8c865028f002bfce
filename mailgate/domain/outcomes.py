"""What of a ticket's life somebody would name, and where two lives differ in it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import zip_longest

from mailgate.domain.events import DeadlinePassed, Event, Opened, TimerKind
from mailgate.domain.model import ClosedBy, Delay, Status, Ticket
from mailgate.domain.targets import TARGETS, told


class What(StrEnum):
    """A sort of outcome; what it is about stands beside it."""

    LATE = "late"  # the desk or the customer
    REMINDED = "reminded"  # which reminder of the turn
    RESOLVED = "resolved_silent"
    AUTO_CLOSED = "auto_closed"
    CONFIRMED = "closed_by_customer"
    REOPENED = "reopened"  # by the customer's side or by staff
    FOLLOWED = "follow_up"
    NEAR = "target_near"  # which target
    MISSED = "target_missed"  # which target
    ESCALATED = "escalated"  # to whom, by a rule
    ASKED = "approval_wanted"  # of whom, by a rule
    EXPIRED = "approval_expired"
    LEFT_OUT = "left_out"  # the command


@dataclass(frozen=True, slots=True)
class Outcome:
    """One thing that came of an event; `about` tells it from others of its sort, or is empty."""

    what: What
    about: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Difference:
    """The same outcome in two lives: when it came in each, None where it did not."""

    what: What
    about: str
    first: datetime | None
    second: datetime | None


_SIDES = {Delay.SYSTEM: "desk", Delay.CLIENT: "customer"}
_MARKS = {
    told(kind, name): (what, name)
    for kind, what in ((TimerKind.TARGET_NEAR, What.NEAR), (TimerKind.TARGET_MISSED, What.MISSED))
    for name in TARGETS
}


def outcomes(before: Ticket, event: Event, after: Ticket) -> Iterator[Outcome]:
    """Yield what came of an event that made `after` of `before`."""
    for what, about in _named(before, event, after):
        yield Outcome(what, about, event.at)


def _named(before: Ticket, event: Event, after: Ticket) -> Iterator[tuple[What, str]]:
    by_clock = isinstance(event, DeadlinePassed)
    if after.delay is not before.delay and after.delay is not Delay.NONE:
        yield What.LATE, _SIDES[after.delay]
    if after.reminders > before.reminders:
        yield What.REMINDED, str(after.reminders)
    if by_clock and after.resolution > before.resolution:
        yield What.RESOLVED, ""
    if isinstance(event, DeadlinePassed):
        yield from _raised(before, event, after)
    yield from (_MARKS[mark] for mark in after.targets_told if mark not in before.targets_told)
    if isinstance(event, Opened) and event.follows is not None and not event.split:
        yield What.FOLLOWED, ""
    if after.reopen_count > before.reopen_count:
        yield What.REOPENED, "desk" if event.command else "customer"
    if after.status is Status.CLOSED and before.status is not Status.CLOSED:
        if by_clock:
            yield What.AUTO_CLOSED, ""
        elif after.closed_by is ClosedBy.CUSTOMER:
            yield What.CONFIRMED, ""


def _raised(before: Ticket, event: DeadlinePassed, after: Ticket) -> Iterator[tuple[What, str]]:
    if after.escalation_level > before.escalation_level:
        yield What.ESCALATED, after.escalated_to or ""
    if after.approval is not None and after.approvals > before.approvals:
        yield What.ASKED, after.approval.by or ""
    over = before.approval is not None and after.approval is None
    if over and event.timer is TimerKind.APPROVAL_EXPIRED:
        yield What.EXPIRED, ""


def differences(
    first: Iterable[Outcome], second: Iterable[Outcome], near: timedelta = timedelta()
) -> list[Difference]:
    """Return where two lives differ: the n-th of a sort in one is held against that in the other.

    Times that are no further apart than `near` count as the same.
    """
    sorts: dict[tuple[What, str], tuple[list[datetime], list[datetime]]] = {}
    for side, life in enumerate((first, second)):
        for each in life:
            sorts.setdefault((each.what, each.about), ([], []))[side].append(each.at)
    return [
        Difference(what, about, one, other)
        for (what, about), times in sorts.items()
        for one, other in zip_longest(*times)
        if one is None or other is None or abs(one - other) > near
    ]
