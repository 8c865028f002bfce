"""The questions that rows of the lifecycle table ask before they act.

Each takes the ticket before the event, the event, the policy and the instant of the decision.
"""

from collections.abc import Callable
from datetime import datetime

from mailgate.domain.events import (
    AgentReplied,
    Assign,
    AssignTeam,
    Close,
    Confirm,
    CustomerWrote,
    DeadlinePassed,
    Delivered,
    Discard,
    Event,
    MachineWrote,
    MergeInto,
    Opened,
    Resolve,
    SetCategory,
    SetFields,
    SetKind,
    SetPriority,
    SetRequester,
    SetTimes,
    Snooze,
    SplitOff,
    TimerKind,
    Undelivered,
)
from mailgate.domain.model import Alarm, Author, Disposition, Side, Status, Ticket
from mailgate.domain.policy import Policy
from mailgate.domain.timers import CUSTOMER_FACING, running

# ruff: noqa: ARG001  # every guard has the same four arguments, as the table calls them alike


def unopened(ticket: Ticket, event: Opened, policy: Policy, now: datetime) -> bool:
    """The ticket has not begun."""
    return ticket.turn == 0


def discarded(ticket: Ticket, event: CustomerWrote, policy: Policy, now: datetime) -> bool:
    """It was set aside as spam, or merged: such a ticket is not woken by mail."""
    return ticket.disposition in (Disposition.SPAM, Disposition.MERGED)


def overtaken(ticket: Ticket, event: Event, policy: Policy, now: datetime) -> bool:
    """The turn has changed since this happened."""
    since = ticket.turn_since
    # A turn that begins in the future is of a clock that has been set back: nothing is older.
    return since is not None and event.at < since <= now


def written_since(ticket: Ticket, event: AgentReplied, policy: Policy, now: datetime) -> bool:
    """The customer has written since."""
    last = ticket.last_response_at
    theirs = ticket.last_responder is Side.CLIENT
    return theirs and last is not None and event.at < last <= now


def stale_confirmation(ticket: Ticket, event: CustomerWrote, policy: Policy, now: datetime) -> bool:
    """It came to the confirm address of another resolution, or to a rating address too late."""
    current = ticket.status is Status.RESOLVED and event.confirms == ticket.resolution
    return event.confirms is not None and not current


def confirms(ticket: Ticket, event: CustomerWrote, policy: Policy, now: datetime) -> bool:
    """The proved requester thanks or agrees, or it came to this resolution's confirm address."""
    if event.author is Author.OTHER:
        return False
    agrees = event.thanks and event.proved and event.author is Author.REQUESTER
    return event.confirms is not None or agrees


def thanks(ticket: Ticket, event: CustomerWrote, policy: Policy, now: datetime) -> bool:
    """The text only thanks."""
    return event.thanks


def in_window(ticket: Ticket, event: CustomerWrote, policy: Policy, now: datetime) -> bool:
    """The reopen window, counted from closing, is still open."""
    if policy.reopen_window is None or ticket.closed_at is None:
        return True
    return event.at - ticket.closed_at <= policy.reopen_window


def assigned_already(ticket: Ticket, event: Assign, policy: Policy, now: datetime) -> bool:
    """The goal is reached."""
    return ticket.assignee == event.assignee


def to_somebody(ticket: Ticket, event: Assign, policy: Policy, now: datetime) -> bool:
    """It is an assignment, not its end."""
    return event.assignee is not None


def same_team(ticket: Ticket, event: AssignTeam, policy: Policy, now: datetime) -> bool:
    """The goal is reached."""
    return ticket.team == event.team


def with_words(ticket: Ticket, event: Resolve, policy: Policy, now: datetime) -> bool:
    """It comes with words for the customer."""
    return event.message is not None


def moved(ticket: Ticket, event: Resolve, policy: Policy, now: datetime) -> bool:
    """It was done by moving a mail in the shared mailbox."""
    return event.moved


def this_resolution(ticket: Ticket, event: Confirm, policy: Policy, now: datetime) -> bool:
    """The confirmation is for the present resolution."""
    return event.resolution == ticket.resolution


def merged(ticket: Ticket, event: Event, policy: Policy, now: datetime) -> bool:
    """The ticket goes on in another."""
    return ticket.disposition is Disposition.MERGED


def not_merged(ticket: Ticket, event: Event, policy: Policy, now: datetime) -> bool:
    """The ticket does not go on in another."""
    return ticket.disposition is not Disposition.MERGED


def same_priority(ticket: Ticket, event: SetPriority, policy: Policy, now: datetime) -> bool:
    """The goal is reached."""
    return ticket.priority is event.priority


def same_category(ticket: Ticket, event: SetCategory, policy: Policy, now: datetime) -> bool:
    """The goal is reached."""
    return ticket.category == event.category


def same_kind(ticket: Ticket, event: SetKind, policy: Policy, now: datetime) -> bool:
    """The goal is reached."""
    return ticket.kind is event.kind


def same_times(ticket: Ticket, event: SetTimes, policy: Policy, now: datetime) -> bool:
    """The goal is reached."""
    if not event.values:
        return not ticket.own_times
    return set(event.values) <= set(ticket.own_times)


def same_fields(ticket: Ticket, event: SetFields, policy: Policy, now: datetime) -> bool:
    """The goal is reached."""
    known = dict(ticket.fields)
    return all(known.get(name, "") == value for name, value in event.values)


def same_requester(ticket: Ticket, event: SetRequester, policy: Policy, now: datetime) -> bool:
    """The goal is reached."""
    return ticket.requester == event.requester


def merged_there(ticket: Ticket, event: MergeInto, policy: Policy, now: datetime) -> bool:
    """The goal is reached."""
    return ticket.merged_into == event.target


def can_merge(ticket: Ticket, event: MergeInto, policy: Policy, now: datetime) -> bool:
    """The ticket is not merged yet and not its own target."""
    return ticket.disposition is not Disposition.MERGED and event.target != ticket.id


def discarded_so(ticket: Ticket, event: Discard, policy: Policy, now: datetime) -> bool:
    """The goal is reached."""
    return ticket.disposition is (Disposition.SPAM if event.spam else Disposition.WITHDRAWN)


def spam_after_all(ticket: Ticket, event: Discard, policy: Policy, now: datetime) -> bool:
    """It was withdrawn, and is spam."""
    return event.spam and ticket.disposition is Disposition.WITHDRAWN


def moved_out_of_spam(ticket: Ticket, event: Close, policy: Policy, now: datetime) -> bool:
    """It is spam, and somebody has moved a mail of it among what is closed."""
    return event.moved and ticket.disposition is Disposition.SPAM


def only_closed(ticket: Ticket, event: Event, policy: Policy, now: datetime) -> bool:
    """It was neither set aside nor merged."""
    return ticket.disposition is Disposition.NONE


def ahead(ticket: Ticket, event: Snooze, policy: Policy, now: datetime) -> bool:
    """The time to wake lies ahead."""
    return event.until > now


def not_running(ticket: Ticket, event: DeadlinePassed, policy: Policy, now: datetime) -> bool:
    """This deadline does not run, or no longer, or is not due yet."""
    return not any(
        timer.kind is event.timer
        and timer.turn == event.turn
        and timer.step == event.step
        and timer.due_at <= now
        for timer in running(ticket, policy)
    )


def timer(kind: str) -> Callable[[Ticket, DeadlinePassed, Policy, datetime], bool]:
    """Return a guard that holds for deadlines of one kind."""
    wanted = TimerKind(kind)

    def of_kind(ticket: Ticket, event: DeadlinePassed, policy: Policy, now: datetime) -> bool:
        return event.timer is wanted

    of_kind.__doc__ = f"It is the {kind.replace('_', ' ')} deadline."
    return of_kind


def our_reply_pending(ticket: Ticket, event: DeadlinePassed, policy: Policy, now: datetime) -> bool:
    """It is a deadline of the customer's, and our last public reply has not been delivered."""
    return ticket.reply_pending and event.timer in CUSTOMER_FACING


def reply_of_this_turn(
    ticket: Ticket, event: Delivered | Undelivered, policy: Policy, now: datetime
) -> bool:
    """It is the reply that began this turn, and the requester's copy of it."""
    return (
        event.notice == "agent_reply"
        and event.turn == ticket.turn
        and event.recipient == ticket.requester
    )


def reminder_of_this_turn(ticket: Ticket, event: Delivered, policy: Policy, now: datetime) -> bool:
    """It is a reminder of this turn."""
    return event.notice == "waiting" and event.turn == ticket.turn


def away(ticket: Ticket, event: MachineWrote, policy: Policy, now: datetime) -> bool:
    """The requester is away until a time ahead, and no deadline waits for longer than that."""
    floor = ticket.not_before
    return (
        event.back_at is not None and event.back_at > now and (not floor or event.back_at > floor)
    )


def cleared(ticket: Ticket, event: MachineWrote, policy: Policy, now: datetime) -> bool:
    """The machine for which the ticket was opened says that the problem is over."""
    return event.alarm is Alarm.CLEARED and _by_requester(ticket, event)


def raised(ticket: Ticket, event: MachineWrote, policy: Policy, now: datetime) -> bool:
    """The machine for which the ticket was opened says that the problem is there again."""
    return event.alarm is Alarm.RAISED and _by_requester(ticket, event)


def _by_requester(ticket: Ticket, event: MachineWrote) -> bool:
    since = ticket.turn_since
    return event.actor.id == ticket.requester and (since is None or event.at >= since)


def stood(status: Status) -> Callable[[Ticket, SplitOff, Policy, datetime], bool]:
    """Return a guard that holds where the message that left had changed one status."""

    def before(ticket: Ticket, event: SplitOff, policy: Policy, now: datetime) -> bool:
        return event.back_to is status

    before.__doc__ = f"It was {status.value.replace('_', ' ')} until that message came."
    return before
