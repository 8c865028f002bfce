"""What the rows of the lifecycle table do; each changes a draft and asks for notices."""

from typing import TypeVar

from mailgate.domain.draft import Draft
from mailgate.domain.events import (
    AgentReplied,
    Assign,
    AssignTeam,
    CustomerWrote,
    DeadlinePassed,
    Delayed,
    Delivered,
    Event,
    Follow,
    MachineWrote,
    MergeInto,
    Opened,
    PeopleJoined,
    PolicyChanged,
    Resolve,
    SetCategory,
    SetFields,
    SetKind,
    SetPriority,
    SetTimes,
    Snooze,
    Tag,
    Undelivered,
)
from mailgate.domain.model import ActorKind, Author, ClosedBy, Delay, Disposition, Side, Status
from mailgate.domain.people import Audience
from mailgate.domain.targets import TARGETS, told

E = TypeVar("E", bound=Event)


def _event(draft: Draft, kind: type[E]) -> E:
    """Return the draft's event, known to be of `kind` because its row says so."""
    assert isinstance(draft.event, kind)  # noqa: S101 - the table calls each act with its event
    return draft.event


def keep(draft: Draft) -> None:
    """Record only."""


def wait_for_return(draft: Draft) -> None:
    """Press for no answer before the customer can give one; whose turn it is stays."""
    back_at = _event(draft, MachineWrote).back_at
    draft.set(not_before=back_at)
    draft.because(f"the customer is away: no reminder before {back_at:%Y-%m-%d %H:%M} UTC")


# --- the customer's side ------------------------------------------------------------------------


def opened(draft: Draft) -> None:
    """Begin the ticket's life."""
    event = _event(draft, Opened)
    draft.set(
        number=event.number,
        subject=event.subject,
        kind=event.kind,
        category=event.category,
        priority=event.priority,
        language=event.language,
        requester=event.requester,
        requester_name=event.requester_name,
        team=event.team,
        assignee=event.assignee,
        visibility=event.visibility,
        tags=tuple(sorted(set(event.tags))),
        follows=event.follows,
        created_at=event.at,
        open_since=event.at,
    )
    looked_at = Status.OPEN if event.team else Status.NEW
    draft.to_system(Status.IN_PROGRESS if event.assignee else looked_at, event.at)
    if event.outbound:
        draft.spoke(Side.SYSTEM)
        return
    draft.spoke(Side.CLIENT)
    draft.notify("received", Audience.REQUESTER)
    draft.notify("new_message", Audience.HOLDERS)


def join(draft: Draft) -> None:
    """Let people take part who did not; they see nothing that is older."""
    event = _event(draft, PeopleJoined)
    new = [who for who in dict.fromkeys(event.people) if who not in draft.before.people]
    draft.set(
        participants=(*draft.before.participants, *new),
        joined=(*draft.before.joined, *(event.at for _ in new)),
    )


def tell_holders(draft: Draft) -> None:
    """Show the words to whoever holds the ticket."""
    draft.notify("new_message", Audience.HOLDERS, Audience.FOLLOWERS)


def nudged(draft: Draft) -> None:
    """Tell the holders; a snooze ends, and no clock begins anew."""
    draft.set(snoozed_until=None)
    if _event(draft, CustomerWrote).author is not Author.OTHER:
        draft.spoke(Side.CLIENT)
    tell_holders(draft)


def customer_answered(draft: Draft) -> None:
    """Make it our turn."""
    held = draft.before.assignee is not None
    draft.to_system(Status.IN_PROGRESS if held else Status.OPEN, draft.event.at)
    draft.spoke(Side.CLIENT)
    tell_holders(draft)


def close_by_customer(draft: Draft) -> None:
    """End the ticket with the customer's consent."""
    draft.close(ClosedBy.CUSTOMER)
    draft.spoke(Side.CLIENT)


def reopened_from_resolved(draft: Draft) -> None:
    """Take it up again; whoever holds it is told."""
    draft.reopen(draft.event.at)
    draft.spoke(Side.CLIENT)
    draft.notify("reopened", Audience.HOLDERS, Audience.FOLLOWERS)


def reopened_from_closed(draft: Draft) -> None:
    """Take it up again; the customer, whoever holds it and the administrators are told."""
    draft.reopen(draft.event.at)
    draft.spoke(Side.CLIENT)
    draft.notify("reopened", Audience.REQUESTER, Audience.HOLDERS, Audience.ADMINS)


def follow_up(draft: Draft) -> None:
    """Leave the old ticket as it is and ask for a new one that follows it."""
    draft.follow_up = True


# --- the desk -----------------------------------------------------------------------------------


def _has_left(draft: Draft) -> bool:
    """Tell whether the customer has the words already, from the shared mailbox."""
    return isinstance(draft.event, AgentReplied) and draft.event.sent


def _answered(draft: Draft) -> None:
    draft.spoke(Side.SYSTEM)
    draft.first_response()
    _send(draft)


def _send(draft: Draft) -> None:
    """Send the desk's answer; whoever holds the ticket hears what a colleague has said.

    What somebody in the shared mailbox has sent may well be the assignee's own.
    """
    if not _has_left(draft):
        draft.notify("agent_reply", Audience.CUSTOMERS)
    if draft.event.actor.kind is not ActorKind.MAILBOX:
        draft.notify("answered", Audience.ASSIGNEE)


def reply(draft: Draft) -> None:
    """Make it the customer's turn; their clock may act once the reply is delivered."""
    draft.to_customer(Status.WAITING, draft.event.at)
    _answered(draft)
    draft.set(replied=True, reply_pending=not _has_left(draft))


def reply_on_resolved(draft: Draft) -> None:
    """Start the auto-close anew."""
    draft.to_customer(Status.RESOLVED, draft.event.at)
    _answered(draft)
    draft.set(replied=True)


def reply_on_closed(draft: Draft) -> None:
    """Send it; the ticket stays closed."""
    _answered(draft)
    draft.set(replied=True)


def reply_seen_late(draft: Draft) -> None:
    """Send it; only milestones may move."""
    draft.first_response()
    _send(draft)
    draft.set(replied=True)


def note(draft: Draft) -> None:
    """Staff looked; colleagues are told."""
    draft.staff_looked()
    draft.notify("note_added", Audience.HOLDERS, Audience.FOLLOWERS)


def stopped(draft: Draft) -> None:
    """Nobody is to believe that the customer was answered."""
    draft.notify("note_added", Audience.AUTHOR, Audience.HOLDERS, Audience.FOLLOWERS)


def assign_fresh(draft: Draft) -> None:
    """Somebody begins to work on it."""
    draft.set(status=Status.IN_PROGRESS)
    assign(draft)


def assign(draft: Draft) -> None:
    """Change the holder; the new and the former one are told."""
    event = _event(draft, Assign)
    draft.set(assignee=event.assignee)
    draft.notify("assigned", Audience.ASSIGNEE, reason=event.reason)
    draft.notify("unassigned", Audience.FORMER_ASSIGNEE, reason=event.reason)


def put_back(draft: Draft) -> None:
    """Nobody works on it any more."""
    draft.set(status=Status.OPEN)
    unassign(draft)


def unassign(draft: Draft) -> None:
    """Take it out of its holder's hands; they are told why."""
    draft.set(assignee=None)
    draft.notify("unassigned", Audience.FORMER_ASSIGNEE, reason=_event(draft, Assign).reason)


def assign_team(draft: Draft) -> None:
    """Change the team, which is told when nobody holds the ticket."""
    draft.set(team=_event(draft, AssignTeam).team)
    draft.escalations_anew(draft.now)
    draft.staff_looked()
    if draft.before.assignee is None and draft.ticket().team is not None:
        draft.notify("assigned", Audience.TEAM)


def wait(draft: Draft) -> None:
    """Make it the customer's turn without a word."""
    if draft.before.status is Status.RESOLVED:
        draft.forget_end()
    draft.to_customer(Status.WAITING, draft.event.at)


def _resolved(draft: Draft) -> None:
    draft.forget_end()
    draft.to_customer(Status.RESOLVED, draft.event.at)
    draft.set(resolved_at=draft.event.at, resolution=draft.before.resolution + 1)


def resolve(draft: Draft) -> None:
    """Settle it: the customer is asked to confirm, and the auto-close starts."""
    _resolved(draft)
    event = draft.event
    if isinstance(event, Resolve) and event.message is not None:
        draft.spoke(Side.SYSTEM)
        draft.first_response()
        draft.set(replied=True)
        draft.notify("answered", Audience.ASSIGNEE)
    draft.notify("resolved", Audience.REQUESTER)


def resolved_by_machine(draft: Draft) -> None:
    """Settle it; whoever holds it is told, and the machine is asked nothing."""
    _resolved(draft)
    tell_holders(draft)


def resolve_unanswered(draft: Draft) -> None:
    """Settle it, as of when it was due; the customer has the whole time to object from now."""
    resolve(draft)
    row = draft.policy.row(draft.before)
    draft.set(not_before=draft.policy.after(row, "auto_close", draft.now))


def resolve_silently(draft: Draft) -> None:
    """Settle it without a notice."""
    _resolved(draft)


def close_by_agent(draft: Draft) -> None:
    """End it."""
    draft.close(ClosedBy.AGENT)


def reopen(draft: Draft) -> None:
    """Take it up again; the customer is told, and the holders of what was set aside.

    Of what the customer wrote meanwhile they have heard nothing.
    """
    draft.reopen(draft.event.at)
    draft.notify("reopened", Audience.REQUESTER)
    if draft.before.disposition is not Disposition.NONE:
        draft.notify("reopened", Audience.HOLDERS)


def take_back(draft: Draft) -> None:
    """Make it the desk's turn again, without a word."""
    held = draft.before.assignee is not None
    draft.to_system(Status.IN_PROGRESS if held else Status.OPEN, draft.event.at)


def set_priority(draft: Draft) -> None:
    """Change the priority and, with it, the deadlines."""
    draft.set(priority=_event(draft, SetPriority).priority)
    draft.deadlines_anew()


def set_category(draft: Draft) -> None:
    """Change the category."""
    category = _event(draft, SetCategory).category
    draft.because(f"{category}, before {draft.before.category}")
    draft.set(category=category)
    draft.escalations_anew(draft.now)


def set_kind(draft: Draft) -> None:
    """Change the kind."""
    kind = _event(draft, SetKind).kind
    draft.because(f"{kind}, before {draft.before.kind}")
    draft.set(kind=kind)
    draft.escalations_anew(draft.now)


def tag(draft: Draft) -> None:
    """Put tags on and take tags off."""
    event = _event(draft, Tag)
    kept = (set(draft.before.tags) | set(event.added)) - set(event.removed)
    draft.set(tags=tuple(sorted(kept)))
    draft.escalations_anew(draft.now)


def set_fields(draft: Draft) -> None:
    """Fill in custom fields."""
    values = dict(draft.before.fields) | dict(_event(draft, SetFields).values)
    draft.set(fields=tuple(sorted((k, v) for k, v in values.items() if v)))


def policy_changed(draft: Draft) -> None:
    """Work the deadlines out anew."""
    draft.set(thresholds=_event(draft, PolicyChanged).thresholds)
    draft.deadlines_anew()


def set_times(draft: Draft) -> None:
    """Give it times of its own, over those that it has; the deadlines go by them."""
    values = dict(_event(draft, SetTimes).values)
    kept = dict(draft.before.own_times) if values else {}
    draft.set(own_times=tuple(sorted((kept | values).items())))
    draft.deadlines_anew()


def follow(draft: Draft) -> None:
    """Add or take away a follower."""
    event = _event(draft, Follow)
    others = set(draft.before.followers) - {event.agent}
    draft.set(followers=tuple(sorted(others | {event.agent} if event.follow else others)))


def snooze(draft: Draft) -> None:
    """Be silent until a time."""
    draft.set(snoozed_until=_event(draft, Snooze).until)


def merge_into(draft: Draft) -> None:
    """End it: it goes on in another ticket."""
    if draft.before.status is not Status.CLOSED:
        draft.close(ClosedBy.MERGED)
    draft.set(
        disposition=Disposition.MERGED,
        merged_into=_event(draft, MergeInto).target,
        closed_by=ClosedBy.MERGED,
    )


def unmerge(draft: Draft) -> None:
    """Let it stand alone again, on our turn."""
    held = draft.before.assignee is not None
    draft.forget_end()
    draft.to_system(Status.IN_PROGRESS if held else Status.OPEN, draft.event.at)


# --- the clock ----------------------------------------------------------------------------------


def overdue(draft: Draft) -> None:
    """Flag the delay; the holders and the administrators are told, once a turn."""
    if not draft.before.told:
        draft.notify("overdue", Audience.HOLDERS, Audience.ADMINS)
        draft.set(overdue_count=draft.before.overdue_count + 1)
        draft.escalations_anew(draft.event.at)
    draft.set(delay=Delay.SYSTEM, told=True)


def hold(draft: Draft) -> None:
    """Let the customer's clock wait for our own mail."""
    draft.set(held=True, rearmed=draft.before.rearmed + 1)


def client_overdue(draft: Draft) -> None:
    """Flag the delay; the customer is reminded if there is a reply to remind of."""
    draft.set(delay=Delay.CLIENT)
    if draft.before.replied and not draft.before.told:
        draft.notify("waiting", Audience.REQUESTER)
        draft.set(told=True, reminders=1, reminded_at=None)


def remind(draft: Draft) -> None:
    """Remind the customer again."""
    draft.notify("waiting", Audience.REQUESTER)
    draft.set(reminders=draft.before.reminders + 1, reminded_at=None)


def auto_close(draft: Draft) -> None:
    """End it; the customer is told."""
    draft.close(ClosedBy.AUTO)
    draft.notify("auto_closed", Audience.REQUESTER)


def wake(draft: Draft) -> None:
    """End the silence; deadlines are not restarted, a missed one acts at once."""
    draft.set(snoozed_until=None, rearmed=draft.before.rearmed + 1)
    draft.notify("woken", Audience.HOLDERS)


def near(draft: Draft) -> None:
    """Warn that a target will be missed; once."""
    _target(draft)
    draft.notify("target_near", *_WATCHERS)


def breach(draft: Draft) -> None:
    """Remember the missed target, and tell of it; once."""
    name = _target(draft)
    draft.set(breached=tuple(sorted({*draft.before.breached, name})))
    draft.notify("target_missed", *_WATCHERS)


_WATCHERS = (Audience.HOLDERS, Audience.MEMBERS, Audience.ADMINS)


def _target(draft: Draft) -> str:
    """Mark a step of a target as told; return which target it is."""
    event = _event(draft, DeadlinePassed)
    name = TARGETS[event.step]
    mark = told(event.timer, name)
    draft.set(targets_told=tuple(sorted({*draft.before.targets_told, mark})))
    draft.because(f"the target is the {name.replace('_', ' ')}")
    return name


# --- the outbox ---------------------------------------------------------------------------------


def reply_delivered(draft: Draft) -> None:
    """Let the customer's clock act; where it had to wait, it starts anew from the delivery."""
    draft.set(reply_pending=False)
    if draft.before.held:
        draft.set(held=False, waiting_since=draft.event.at)
        if draft.before.reminded_at is not None:
            draft.set(reminded_at=draft.event.at)


def reminder_delivered(draft: Draft) -> None:
    """Count the next step from here."""
    if draft.before.reminded_at is None:
        draft.set(reminded_at=_event(draft, Delivered).at)


def reply_undelivered(draft: Draft) -> None:
    """Let the customer's clock wait: it must not press for an answer to what never came."""
    draft.set(reply_pending=True, held=True)
    undelivered(draft)


def undelivered(draft: Draft) -> None:
    """Tell whoever holds the ticket, unless they know."""
    event = _event(draft, Undelivered)
    if not event.known:
        draft.notify("undelivered", Audience.HOLDERS, reason=event.reason)


def delayed(draft: Draft) -> None:
    """Tell whoever wrote it; of a customer's words, whoever holds the ticket."""
    event = _event(draft, Delayed)
    audience = Audience.AUTHOR if event.author else Audience.HOLDERS
    draft.notify("delayed", audience, reason=event.reason)
