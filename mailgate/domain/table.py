"""The table of the lifecycle: what each event does to a ticket in each status.

Read from the top; the first row that lists the event, the status and a guard that holds is the
one that acts. A row with an act of `keep` records the event and moves nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mailgate.domain import (
    acts,
    approving,
    aside,
    bygone,
    escalating,
    events,
    guards,
    rating,
    records,
    retracting,
    splitting,
    whose,
)
from mailgate.domain.draft import Draft
from mailgate.domain.events import Event
from mailgate.domain.model import TURN_OF, Side, Status, Ticket
from mailgate.domain.policy import Policy

Guard = Callable[[Ticket, Any, Policy, datetime], bool]

ANY = frozenset(Status)
OURS = frozenset(status for status in Status if TURN_OF[status] is Side.SYSTEM)
FRESH = frozenset({Status.NEW, Status.OPEN, Status.REOPENED})
LIVE = ANY - {Status.CLOSED}
WAITING = frozenset({Status.WAITING})
RESOLVED = frozenset({Status.RESOLVED})
CLOSED = frozenset({Status.CLOSED})
ENDED = RESOLVED | CLOSED


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `says` is the sentence for people."""

    event: type[Event]
    on: frozenset[Status]
    guard: Guard | None
    act: Callable[[Draft], None]
    says: str


TABLE: tuple[Row, ...] = (
    # --- mail of the customer's side
    Row(events.Opened, frozenset({Status.NEW}), guards.unopened, acts.opened, "a new matter"),
    Row(
        events.CustomerWrote,
        ANY,
        guards.discarded,
        acts.keep,
        "the ticket was set aside as spam or merged: recorded",
    ),
    Row(
        events.CustomerWrote,
        ANY,
        guards.overtaken,
        acts.tell_holders,
        "older than the last change of turn: recorded at its own time, the turn stays",
    ),
    Row(
        events.CustomerWrote,
        ANY,
        guards.stale_confirmation,
        acts.tell_holders,
        "a confirm or rating address that is no longer good: recorded, nothing moves",
    ),
    Row(
        events.CustomerWrote,
        RESOLVED,
        guards.confirms,
        acts.close_by_customer,
        "the requester agrees: closed by the customer",
    ),
    Row(
        events.CustomerWrote,
        ENDED,
        guards.thanks,
        acts.keep,
        "only thanks: recorded, nothing moves",
    ),
    Row(
        events.CustomerWrote,
        RESOLVED,
        None,
        acts.reopened_from_resolved,
        "not settled after all: reopened",
    ),
    Row(
        events.CustomerWrote,
        CLOSED,
        guards.in_window,
        acts.reopened_from_closed,
        "within the reopen window: reopened",
    ),
    Row(
        events.CustomerWrote,
        CLOSED,
        None,
        acts.follow_up,
        "past the reopen window: a new ticket follows this one",
    ),
    Row(
        events.CustomerWrote,
        WAITING,
        None,
        acts.customer_answered,
        "the customer answered: our turn",
    ),
    Row(
        events.CustomerWrote,
        OURS,
        None,
        acts.nudged,
        "it is our turn already: a nudge neither postpones nor clears",
    ),
    Row(events.PeopleJoined, ANY, None, acts.join, "others take part from now on"),
    Row(events.CommandRefused, ANY, None, acts.keep, "refused: nothing moves"),
    Row(events.Doubted, ANY, None, acts.keep, "an agent's address without proof: nothing moves"),
    Row(events.Listed, ANY, None, acts.keep, "somebody was sent their tickets: nothing moves"),
    Row(
        events.MachineWrote,
        WAITING,
        guards.away,
        acts.wait_for_return,
        "the customer is away: recorded, reminders wait for the return",
    ),
    Row(
        events.MachineWrote,
        OURS | WAITING,
        guards.cleared,
        acts.resolved_by_machine,
        "the problem is over: resolved",
    ),
    Row(
        events.MachineWrote,
        RESOLVED,
        guards.raised,
        acts.reopened_from_resolved,
        "the problem is there again: reopened",
    ),
    Row(events.MachineWrote, ANY, None, acts.keep, "a machine wrote: recorded, nothing moves"),
    # --- mail of the desk
    Row(
        events.AgentReplied,
        ANY,
        guards.overtaken,
        acts.reply_seen_late,
        "older than the last change of turn: sent and recorded, the turn stays",
    ),
    Row(
        events.AgentReplied,
        OURS,
        guards.written_since,
        acts.reply_seen_late,
        "older than what the customer wrote last: sent and recorded, it stays the desk's turn",
    ),
    Row(events.AgentReplied, OURS, None, acts.reply, "answered: the customer's turn"),
    Row(
        events.AgentReplied,
        WAITING,
        None,
        acts.reply,
        "answered again: the customer's clock and reminders start anew",
    ),
    Row(
        events.AgentReplied,
        RESOLVED,
        None,
        acts.reply_on_resolved,
        "answered: stays resolved, auto-close starts anew",
    ),
    Row(
        events.AgentReplied,
        CLOSED,
        None,
        acts.reply_on_closed,
        "answered: sent and recorded, stays closed",
    ),
    Row(events.NoteAdded, ANY, None, acts.note, "staff looked"),
    # --- mail from before the desk began
    Row(events.Imported, LIVE, bygone.over, bygone.close, "of old: closed, and nobody is told"),
    Row(
        events.Imported,
        LIVE,
        None,
        bygone.begin_now,
        "still open: the time for what the desk must do begins now",
    ),
    # --- commands
    Row(events.Assign, FRESH, guards.to_somebody, acts.assign_fresh, "in an agent's hands"),
    Row(events.Assign, ANY, guards.assigned_already, acts.keep, "holds it already"),
    Row(events.Assign, ANY, guards.to_somebody, acts.assign, "in an agent's hands"),
    Row(
        events.Assign,
        frozenset({Status.IN_PROGRESS}),
        None,
        acts.put_back,
        "in nobody's hands",
    ),
    Row(events.Assign, ANY, None, acts.unassign, "in nobody's hands"),
    Row(events.AssignTeam, ANY, guards.same_team, acts.keep, "has it already"),
    Row(events.AssignTeam, ANY, None, acts.assign_team, "in a team's hands"),
    Row(events.Wait, WAITING, None, acts.keep, "waits already"),
    Row(events.Wait, OURS | RESOLVED, None, acts.wait, "the customer's turn from now"),
    Row(
        events.Resolve,
        RESOLVED,
        guards.with_words,
        acts.reply_on_resolved,
        "resolved already: the words are sent, auto-close starts anew",
    ),
    Row(events.Resolve, RESOLVED, None, acts.keep, "resolved already"),
    Row(events.Resolve, OURS | WAITING, None, acts.resolve, "settled: the customer is asked"),
    Row(
        events.Resolve,
        CLOSED,
        guards.moved,
        acts.resolve_silently,
        "moved back to resolved: no notice",
    ),
    Row(
        events.Confirm,
        RESOLVED,
        guards.this_resolution,
        acts.close_by_customer,
        "confirmed: closed by the customer",
    ),
    Row(events.Confirm, CLOSED, guards.this_resolution, acts.keep, "confirmed already"),
    Row(events.Rated, CLOSED, rating.rateable, rating.rate, "rated by the customer"),
    Row(events.Close, LIVE, None, acts.close_by_agent, "closed by an agent"),
    Row(
        events.Close,
        CLOSED,
        guards.moved_out_of_spam,
        aside.no_spam,
        "no spam after all: it stays closed, and mail opens it again",
    ),
    Row(events.Close, CLOSED, None, acts.keep, "closed already"),
    Row(events.Reopen, frozenset({Status.REOPENED}), None, acts.keep, "reopened already"),
    Row(events.Reopen, ENDED, guards.not_merged, acts.reopen, "taken up again by an agent"),
    Row(events.TakeBack, OURS, None, acts.keep, "our turn already"),
    Row(events.TakeBack, WAITING, None, acts.take_back, "our turn again"),
    Row(events.SetPriority, ANY, guards.same_priority, acts.keep, "has it already"),
    Row(events.SetPriority, ANY, None, acts.set_priority, "deadlines are worked out anew"),
    Row(events.SetCategory, ANY, guards.same_category, acts.keep, "has it already"),
    Row(events.SetCategory, ANY, None, acts.set_category, "sorted anew"),
    Row(events.SetKind, ANY, guards.same_kind, acts.keep, "has it already"),
    Row(events.SetKind, ANY, None, acts.set_kind, "another kind of matter"),
    Row(events.Tag, ANY, None, acts.tag, "tagged"),
    Row(events.SetFields, ANY, guards.same_fields, acts.keep, "has them already"),
    Row(events.SetFields, ANY, None, acts.set_fields, "fields filled in"),
    Row(events.SetRecord, ANY, records.known, records.keep_nothing, "is so already"),
    Row(events.SetRecord, ANY, records.outdated, acts.keep, "older than what is known of it"),
    Row(events.SetRecord, ANY, records.dropped, records.put, "none of this matter"),
    Row(events.SetRecord, ANY, records.has_room, records.put, "how another system has it"),
    Row(events.SetRequester, ANY, guards.same_requester, acts.keep, "is theirs already"),
    Row(events.SetRequester, ANY, None, whose.set_requester, "another's matter from now on"),
    Row(events.PolicyChanged, ANY, None, acts.policy_changed, "deadlines are worked out anew"),
    Row(events.SetTimes, ANY, guards.same_times, acts.keep, "has them already"),
    Row(events.SetTimes, ANY, None, acts.set_times, "deadlines are worked out anew"),
    Row(events.Follow, ANY, None, acts.follow, "followers changed"),
    Row(events.Snooze, OURS | WAITING, guards.ahead, acts.snooze, "silent until then"),
    Row(events.MergeInto, CLOSED, guards.merged_there, acts.keep, "goes on there already"),
    Row(events.MergeInto, ANY, guards.can_merge, acts.merge_into, "goes on in another ticket"),
    Row(events.Absorb, ANY, guards.not_merged, acts.keep, "another ticket goes on here"),
    Row(events.Unmerge, CLOSED, guards.merged, acts.unmerge, "stands alone again"),
    Row(events.AnswerStopped, ANY, None, acts.stopped, "an answer was stopped before it was sent"),
    Row(
        events.SplitOff,
        OURS,
        guards.stood(Status.WAITING),
        acts.wait,
        "a message left for a ticket of its own: the customer's turn, as before it",
    ),
    Row(
        events.SplitOff,
        OURS,
        guards.stood(Status.RESOLVED),
        splitting.resolved_again,
        "a message left for a ticket of its own: resolved, as before it",
    ),
    Row(
        events.SplitOff,
        OURS,
        guards.stood(Status.CLOSED),
        acts.close_by_agent,
        "a message left for a ticket of its own: closed, as before it",
    ),
    Row(events.SplitOff, ANY, None, acts.keep, "a message left for a ticket of its own"),
    Row(events.Discard, LIVE, None, aside.discard, "set aside; its timers stop"),
    Row(events.Discard, CLOSED, guards.discarded_so, acts.keep, "set aside already"),
    Row(
        events.Discard,
        CLOSED,
        guards.only_closed,
        aside.set_aside,
        "set aside: mail opens what was withdrawn again, and no spam",
    ),
    Row(events.Discard, CLOSED, guards.spam_after_all, aside.set_aside, "spam after all"),
    Row(events.Escalate, LIVE, approving.by_right, escalating.escalate, "one level up"),
    Row(events.Escalate, LIVE, approving.none_pending, approving.ask, "an approval is asked for"),
    Row(events.Approve, LIVE, approving.decides, approving.approve, "approved: one level up"),
    Row(events.Reject, LIVE, approving.decides, approving.reject, "rejected: it stays as it is"),
    # --- the clock
    Row(
        events.DeadlinePassed,
        ANY,
        guards.not_running,
        acts.keep,
        "overtaken: this deadline no longer runs",
    ),
    Row(
        events.DeadlinePassed,
        OURS,
        guards.timer("system_response"),
        acts.overdue,
        "the desk's time has run out",
    ),
    Row(
        events.DeadlinePassed,
        WAITING,
        guards.our_reply_pending,
        acts.hold,
        "our last reply has not been delivered: the customer's clock waits",
    ),
    Row(
        events.DeadlinePassed,
        WAITING,
        guards.timer("client_response"),
        acts.client_overdue,
        "the customer's time has run out",
    ),
    Row(
        events.DeadlinePassed,
        WAITING,
        guards.timer("reminder"),
        acts.remind,
        "the next reminder of the ladder",
    ),
    Row(
        events.DeadlinePassed,
        WAITING,
        guards.timer("resolve_silent"),
        acts.resolve_unanswered,
        "no answer to any reminder: resolved",
    ),
    Row(
        events.DeadlinePassed,
        RESOLVED,
        guards.timer("auto_close"),
        acts.auto_close,
        "nobody objected: closed by the clock",
    ),
    Row(events.DeadlinePassed, OURS | WAITING, guards.timer("wake"), acts.wake, "awake again"),
    Row(
        events.DeadlinePassed,
        ANY,
        guards.timer("target_near"),
        acts.near,
        "a target is near",
    ),
    Row(
        events.DeadlinePassed,
        ANY,
        guards.timer("target_missed"),
        acts.breach,
        "a target was missed",
    ),
    Row(
        events.DeadlinePassed,
        CLOSED,
        guards.timer("survey"),
        rating.ask,
        "closed for a while: the customer is asked how it went",
    ),
    Row(
        events.DeadlinePassed,
        OURS,
        approving.asks_first,
        approving.ask_by_rule,
        "left lying, an approval is asked for",
    ),
    Row(
        events.DeadlinePassed,
        OURS,
        guards.timer("escalation"),
        escalating.escalate_by_rule,
        "left lying, one level up",
    ),
    Row(
        events.DeadlinePassed,
        LIVE,
        guards.timer("approval_reminder"),
        approving.remind,
        "who is to approve is reminded",
    ),
    Row(
        events.DeadlinePassed,
        LIVE,
        guards.timer("approval_expired"),
        approving.expire,
        "nobody has approved or rejected it in time: it stays as it is",
    ),
    Row(
        events.Retracted,
        ANY,
        None,
        retracting.take_back,
        "a mail seen late shows that it is not so: taken back",
    ),
    # --- the outbox
    Row(
        events.Delivered,
        WAITING,
        guards.reply_of_this_turn,
        acts.reply_delivered,
        "our reply has arrived",
    ),
    Row(
        events.Delivered,
        WAITING,
        guards.reminder_of_this_turn,
        acts.reminder_delivered,
        "the reminder has left: the next step counts from here",
    ),
    Row(events.Delivered, ANY, None, acts.keep, "recorded; nothing moves"),
    Row(
        events.Undelivered,
        WAITING,
        guards.reply_of_this_turn,
        acts.reply_undelivered,
        "our reply did not arrive: staff are told, the customer's clock waits",
    ),
    Row(events.Undelivered, ANY, None, acts.undelivered, "a mail did not arrive: staff are told"),
    Row(events.Delayed, ANY, None, acts.delayed, "a mail has not left for hours: staff are told"),
)
