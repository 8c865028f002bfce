"""Everything that can happen to a ticket, as frozen values; `history` gives the form at rest.

Events from outside (mail, the clock, the outbox) are facts and never refused; commands are wishes
and may be (`mailgate.errors.Illegal`). `at` is when it happened, aware UTC.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from mailgate.domain.model import Actor, Alarm, Author, Kind, Priority, Status


class TimerKind(StrEnum):
    """The deadlines that the clock can reach."""

    SYSTEM_RESPONSE = "system_response"
    CLIENT_RESPONSE = "client_response"
    REMINDER = "reminder"
    RESOLVE_SILENT = "resolve_silent"
    AUTO_CLOSE = "auto_close"
    WAKE = "wake"
    TARGET_NEAR = "target_near"
    TARGET_MISSED = "target_missed"
    ESCALATION = "escalation"
    APPROVAL_REMINDER = "approval_reminder"
    APPROVAL_EXPIRED = "approval_expired"
    SURVEY = "survey"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened; `name` is its word in the history and in the logs."""

    name: ClassVar[str]
    command: ClassVar[bool] = False

    at: datetime
    actor: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Command(Event):
    """What a person asks for; the table may refuse it."""

    name: ClassVar[str]
    command: ClassVar[bool] = True


# --- mail ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened(Event):
    """The first mail of a matter.

    `silent`: nothing automatic may answer it. `unproven`: no mail has ever shown that its sender
    owns the address: what answers it holds none of their words. `proved`: this very mail has shown
    it. `remarks`: pairs of a `Remark` and what it is about, for staff. `outbound`: the desk wrote
    first, and tells nobody. `assignee`: the agent it was given to at once. `split`: it began with a
    message that was said on the ticket which it follows.
    """

    name: ClassVar[str] = "ticket.opened"
    number: str
    subject: str
    requester: str
    requester_name: str = ""
    language: str = ""
    kind: Kind = Kind.REQUEST
    category: str = "general_inquiry"
    priority: Priority = Priority.NORMAL
    team: str | None = None
    visibility: str = "public"
    tags: tuple[str, ...] = ()
    follows: int | None = None
    message: int | None = None
    silent: bool = False
    unproven: bool = False
    proved: bool = False
    remarks: tuple[tuple[str, str], ...] = ()
    outbound: bool = False
    assignee: str | None = None
    split: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerWrote(Event):
    """A message of the customer's side.

    `thanks`: it only thanks or agrees. `confirms`: the resolution whose confirm address it was
    sent to, if any. `silent`: nothing automatic may answer it. `proved` and `remarks` as of
    `Opened`.
    """

    name: ClassVar[str] = "customer.wrote"
    author: Author = Author.REQUESTER
    message: int | None = None
    thanks: bool = False
    confirms: int | None = None
    silent: bool = False
    proved: bool = False
    remarks: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleJoined(Event):
    """Others take part: a believable mail of the customer's side went to them, or staff said so."""

    name: ClassVar[str] = "people.joined"
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineWrote(Event):
    """A mail that a machine wrote, on a known thread.

    `back_at`: by an auto-reply of the requester, when they can answer again. `alarm`: what a
    machine sender says of the problem for which it opened the ticket; `subject` is then the mail's,
    which says how the problem stands now.
    """

    name: ClassVar[str] = "machine.wrote"
    message: int | None = None
    back_at: datetime | None = None
    alarm: Alarm | None = None
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentReplied(Event):
    """A public reply of the desk; `sent`: the customer has it already."""

    name: ClassVar[str] = "agent.replied"
    message: int | None = None
    sent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteAdded(Event):
    """An internal note."""

    name: ClassVar[str] = "note.added"
    message: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported(Event):
    """Old mail was brought along, and has begun the ticket's turn; `at` is that of its last mail.

    A matter of which nothing was heard since `open_since` is over. `thanks`: in that mail the
    customer only thanks or agrees.
    """

    name: ClassVar[str] = "ticket.imported"
    open_since: datetime
    thanks: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRefused(Event):
    """A mail of an agent that could not be carried out; recorded about the mail."""

    name: ClassVar[str] = "command.refused"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubted(Event):
    """A mail bore an agent's address without proof; recorded about the mail."""

    name: ClassVar[str] = "agent.doubted"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed(Event):
    """Somebody asked for their tickets and was sent a list; recorded about the mail."""

    name: ClassVar[str] = "tickets.listed"
    count: int


# --- the clock and the outbox -------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlinePassed(Event):
    """A timer came due; `at` is when it was due, not when somebody looked."""

    name: ClassVar[str] = "deadline.passed"
    timer: TimerKind
    turn: int
    step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Retracted(Event):
    """What the clock held against a side is not so, as a mail seen late shows; `at` is the mail's.

    `what`: values of `Delay` and names of targets; a delay, and a target of one turn, are those of
    `turn`. `still`: which of the targets were missed another time as well.
    """

    name: ClassVar[str] = "deadline.retracted"
    turn: int
    what: tuple[str, ...]
    still: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered(Event):
    """A notice that the clock depends on has left, or will knowingly never (`suppressed`)."""

    name: ClassVar[str] = "notice.delivered"
    notice: str
    turn: int
    recipient: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Undelivered(Event):
    """A mail to the customer was refused for good, or its fate is unknown and it is held.

    `known`: staff have been told before that this ticket does not reach that address.
    """

    name: ClassVar[str] = "notice.undelivered"
    notice: str
    turn: int
    recipient: str
    reason: str
    known: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Delayed(Event):
    """A mail with a person's words has not left for hours; it is still being tried.

    `recipient`: one address or several. `author`: the agent who wrote the words, empty for the
    customer's side.
    """

    name: ClassVar[str] = "notice.delayed"
    notice: str
    recipient: str
    reason: str
    author: str = ""


# --- commands -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Assign(Command):
    """Give the ticket to an agent (None: to nobody)."""

    name: ClassVar[str] = "ticket.assigned"
    assignee: str | None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignTeam(Command):
    """Give the ticket to a team (None: to none)."""

    name: ClassVar[str] = "ticket.team_assigned"
    team: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait(Command):
    """It is the customer's turn, from now."""

    name: ClassVar[str] = "ticket.waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolve(Command):
    """The matter is settled from our side; `message` is the resolution. `moved`: by a drag."""

    name: ClassVar[str] = "ticket.resolved"
    message: int | None = None
    moved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm(Command):
    """The customer agrees, by page or API."""

    name: ClassVar[str] = "ticket.confirmed"
    resolution: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rated(Command):
    """The customer says from 1 to 5 how well a resolution served them; `message`: with a mail."""

    name: ClassVar[str] = "ticket.rated"
    resolution: int
    score: int
    comment: str = ""
    message: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Close(Command):
    """The matter ends. `moved`: by a drag."""

    name: ClassVar[str] = "ticket.closed"
    moved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopen(Command):
    """The matter is taken up again."""

    name: ClassVar[str] = "ticket.reopened"


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBack(Command):
    """It is the desk's turn again, though the customer has not answered."""

    name: ClassVar[str] = "ticket.taken_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPriority(Command):
    """How much it hurries."""

    name: ClassVar[str] = "ticket.priority_set"
    priority: Priority


@dataclass(frozen=True, slots=True, kw_only=True)
class SetCategory(Command):
    """What it is about."""

    name: ClassVar[str] = "ticket.category_set"
    category: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetKind(Command):
    """What sort of matter it is."""

    name: ClassVar[str] = "ticket.kind_set"
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag(Command):
    """Tags put on and taken off."""

    name: ClassVar[str] = "ticket.tagged"
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SetFields(Command):
    """Custom fields; an empty value takes the field away."""

    name: ClassVar[str] = "ticket.fields_set"
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRecord(Command):
    """A record of another system, and how it stands there (empty: not said); or `dropped`."""

    name: ClassVar[str] = "ticket.record_set"
    record: str
    state: str = ""
    dropped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChanged(Command):
    """Thresholds or calendar changed: the deadlines are worked out anew."""

    name: ClassVar[str] = "ticket.policy_changed"
    thresholds: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTimes(Command):
    """Thresholds for this ticket alone, in seconds by name; none at all takes them away."""

    name: ClassVar[str] = "ticket.times_set"
    values: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow(Command):
    """An agent wants to hear of it (or no more)."""

    name: ClassVar[str] = "ticket.followed"
    agent: str
    follow: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Snooze(Command):
    """Silence until a time."""

    name: ClassVar[str] = "ticket.snoozed"
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeInto(Command):
    """This ticket is part of another, where it goes on."""

    name: ClassVar[str] = "ticket.merged"
    target: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRequester(Command):
    """It is somebody else's matter."""

    name: ClassVar[str] = "ticket.requester_set"
    requester: str
    requester_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Absorb(Command):
    """Another ticket goes on here."""

    name: ClassVar[str] = "ticket.absorbed"
    source: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmerge(Command):
    """The ticket stands alone again."""

    name: ClassVar[str] = "ticket.unmerged"


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitOff(Command):
    """A message left for a ticket of its own, `target`.

    `back_to`: how the ticket stood before that message, if its present turn began with it.
    """

    name: ClassVar[str] = "ticket.split"
    target: int
    message: int
    back_to: Status | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerStopped(Command):
    """An agent's mail that was not to be sent after all, and has not been; `author` wrote it."""

    name: ClassVar[str] = "ticket.answer_stopped"
    mail: int
    author: str
    message: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Discard(Command):
    """Spam, or withdrawn by its author."""

    name: ClassVar[str] = "ticket.discarded"
    spam: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalate(Command):
    """One level up: to an agent, or to `team:` and a team's name; None: to the administrators."""

    name: ClassVar[str] = "ticket.escalated"
    to: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approve(Command):
    """The escalation that was asked for is agreed to; `approval`: which; None: the present one."""

    name: ClassVar[str] = "ticket.approved"
    approval: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject(Command):
    """The escalation that was asked for is not to be; `approval` as of `Approve`."""

    name: ClassVar[str] = "ticket.rejected"
    reason: str
    approval: int | None = None
