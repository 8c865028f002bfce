"""Rules by which tickets are escalated: which of them fit a ticket, and which have acted on it.

A rule acts on what the desk itself leaves undone, so only on its turn: once in each turn, or, where
it goes by the age of the whole matter, once until that is settled. That it has acted is a mark on
the ticket, and so part of its history.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from mailgate.domain.hours import write_duration
from mailgate.domain.model import Kind, Priority, Side, Ticket


class Since(StrEnum):
    """From when on the time of a rule counts."""

    OPENED = "opened"
    TURN = "turn"
    OVERDUE = "overdue"


_AT_ONCE = {
    Since.OPENED: "as soon as it is opened",
    Since.TURN: "as soon as it is the desk's turn",
    Since.OVERDUE: "as soon as the desk's time has run out",
}
_SINCE = {
    Since.OPENED: "since it was opened",
    Since.TURN: "of the desk's turn",
    Since.OVERDUE: "past the desk's time",
}


ADMINS = "admins"
"""Stands for the administrators where the name of an agent may stand."""


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """Who must agree before a ticket goes one level up, and how long that is waited for.

    `by` is an agent's name or `ADMINS`. They are reminded after `remind_after`, and again after
    twice the time of the one before; what nobody decides is over after `expires_after`. None:
    never. `calendar` names who counts both times; empty: every hour counts.
    """

    by: str
    remind_after: timedelta | None = None
    expires_after: timedelta | None = None
    calendar: str = ""


@dataclass(frozen=True, slots=True)
class Escalation:
    """Conditions, all of which must hold, after how long a ticket goes one level up, and to whom.

    A condition without values holds; `missed` is how often the desk's time must have run out.
    `calendar` names who counts the time; empty: every hour counts. `to` is an agent's name or
    `team:` and a team's; None leaves it to the administrators, who are told with `tell_admins` in
    any case. `approval`: who must agree first.
    """

    name: str
    after: timedelta
    since: Since = Since.TURN
    calendar: str = ""
    categories: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()
    priorities: tuple[Priority, ...] = ()
    teams: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    missed: int = 0
    to: str | None = None
    tell_admins: bool = False
    approval: ApprovalRule | None = None

    @property
    def says(self) -> str:
        """When it acts, as a part of a sentence."""
        if not self.after:
            return f"rule {self.name}: {_AT_ONCE[self.since]}"
        counted = f", in working time of {self.calendar}" if self.calendar else ""
        return f"rule {self.name}: {write_duration(self.after)} {_SINCE[self.since]}{counted}"

    @property
    def mark(self) -> str:
        """What a ticket bears on which it has acted."""
        return f"{self.since} {self.name}"


def lacking(rule: Escalation, ticket: Ticket) -> str:
    """Return the first condition that does not hold, as a part of a sentence; empty: all hold."""
    if ticket.side is not Side.SYSTEM:
        return "it is not the desk's turn"
    if ticket.snoozed_until is not None:
        return "it is snoozed"
    if rule.mark in ticket.escalated_by:
        return "it has acted on it already"
    if rule.approval is not None and ticket.approval is not None:
        return "another approval is asked for"
    return _unmet(rule, ticket)


def _unmet(rule: Escalation, ticket: Ticket) -> str:
    if rule.categories and ticket.category not in rule.categories:
        return f"its category is {ticket.category}"
    if rule.kinds and ticket.kind not in rule.kinds:
        return f"its kind is {ticket.kind}"
    if rule.priorities and ticket.priority not in rule.priorities:
        return f"its priority is {ticket.priority}"
    if rule.teams and ticket.team not in rule.teams:
        return f"its team is {ticket.team or 'none'}"
    if rule.tags and set(rule.tags).isdisjoint(ticket.tags):
        return "it has none of the tags"
    if ticket.overdue_count < rule.missed:
        return f"our time has run out {ticket.overdue_count} times, not {rule.missed}"
    return ""


def begun_anew(marks: tuple[str, ...]) -> tuple[str, ...]:
    """Return the marks without those of one turn alone."""
    return tuple(mark for mark in marks if mark.startswith(f"{Since.OPENED} "))
