"""The values of the ticket desk: what a ticket is, who takes part, whose turn it is.

Everything here is frozen. A time is an aware datetime in UTC; an address is a normalised string.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from enum import StrEnum
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Self


class Status(StrEnum):
    """Where a ticket stands; the turn is a function of it."""

    NEW = "new"
    OPEN = "open"
    IN_PROGRESS = "in_progress"
    WAITING = "waiting_on_customer"
    RESOLVED = "resolved"
    CLOSED = "closed"
    REOPENED = "reopened"


class Side(StrEnum):
    """The two sides of a conversation."""

    CLIENT = "client"
    SYSTEM = "system"


class Delay(StrEnum):
    """Whether the present turn has run out, and whose it is."""

    NONE = "none"
    SYSTEM = "delayed_by_system"
    CLIENT = "delayed_by_client"


class Priority(StrEnum):
    """How much a ticket hurries, most pressing first."""

    CRITICAL = "critical"
    URGENT = "urgent"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        """Accept `medium` as normal, and any capitals."""
        name = str(value).strip().lower()
        if name == "medium":
            return cls("normal")
        return cls(name) if name in cls._value2member_map_ else None


class Kind(StrEnum):
    """What sort of matter a ticket is."""

    REQUEST = "request"
    DISPUTE = "dispute"
    ORDER = "order"
    RECOVERY = "recovery"


class ClosedBy(StrEnum):
    """Who ended a ticket."""

    CUSTOMER = "customer"
    AGENT = "agent"
    AUTO = "auto"
    MERGED = "merged"


class Disposition(StrEnum):
    """Why a ticket left the ordinary road, if it did."""

    NONE = "none"
    SPAM = "spam"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"


class ActorKind(StrEnum):
    """What kind of hand is behind an event."""

    CUSTOMER = "customer"
    AGENT = "agent"
    ADMIN = "admin"
    CLOCK = "clock"
    MACHINE = "machine"
    GATEWAY = "gateway"
    MAILBOX = "mailbox"  # somebody of the staff who has a shared mailbox, whoever it is


class Author(StrEnum):
    """What the sender of a customer's message is to the ticket."""

    REQUESTER = "requester"
    PARTICIPANT = "participant"
    OTHER = "another_address"


class Alarm(StrEnum):
    """What a machine that we know says of a problem."""

    RAISED = "raised"
    CLEARED = "cleared"


TURN_OF: Mapping[Status, Side | None] = MappingProxyType(
    {
        Status.NEW: Side.SYSTEM,
        Status.OPEN: Side.SYSTEM,
        Status.IN_PROGRESS: Side.SYSTEM,
        Status.REOPENED: Side.SYSTEM,
        Status.WAITING: Side.CLIENT,
        Status.RESOLVED: Side.CLIENT,
        Status.CLOSED: None,
    }
)


@dataclass(frozen=True, slots=True)
class Actor:
    """Whose doing an event is: an agent's name, a customer's address, or the gateway itself."""

    kind: ActorKind
    id: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}" if self.id else str(self.kind)


CLOCK = Actor(ActorKind.CLOCK)
GATEWAY = Actor(ActorKind.GATEWAY)


OUR_TIMES: tuple[str, ...] = ("system", "first_response", "resolution", "next_response")
"""What the desk itself must keep to: a row's calendar counts these unless it says otherwise."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """How long each step may take; those in `working` are counted by the row's calendar.

    Without a calendar (empty) every hour counts. Further responses have a target where one is set.
    """

    system: timedelta
    client: timedelta
    auto_close: timedelta
    first_response: timedelta
    resolution: timedelta
    next_response: timedelta | None = None
    calendar: str = ""
    working: tuple[str, ...] = OUR_TIMES


@dataclass(frozen=True, slots=True)
class Approval:
    """What somebody is asked to agree to before a ticket goes one level up, until it is decided.

    `n` counts those of its ticket. `by` is the agent who decides, as administrators always may;
    None: they alone. `asked_by` is the agent who asked and therefore may not, `rule` the mark of
    the rule that did; one of both is empty. The escalation that follows is `to` whom, and why
    (`reason`), and whether the administrators are told as well. A reminder comes at `remind_at`,
    the k-th 2^k times `every` seconds after the one before, as `calendar` counts (empty: every
    hour); `reminded` were sent. It is over at `expires_at`.
    """

    n: int
    since: datetime
    by: str | None
    asked_by: str
    rule: str
    to: str | None
    reason: str
    tell_admins: bool
    every: int
    calendar: str
    remind_at: datetime | None
    expires_at: datetime | None
    reminded: int = 0


@dataclass(frozen=True, slots=True)
class ForeignRecord:
    """What another system has of the same matter: `record` names the system and what it is there.

    `shop:4711` is an example. `state` is how it stood there at the instant `at`, in its own words;
    empty: nobody has said so.
    """

    record: str
    state: str
    at: datetime


@dataclass(frozen=True)  # without slots: see `altered`
class Ticket:
    """One matter of one customer, as it stands after `version` events.

    `turn` counts the turns, `turn_since` is the last change of turn; `waiting_since` is the same
    while it is somebody's turn. `told`, `rearmed`, `reminders` and `reminded_at` say what the
    clock has already done in this turn; `not_before` keeps a changed deadline from lying in the
    past, `escalates_from` that of a rule which fits only since a change; `held` says that the
    customer's clock waits for our last reply to be delivered, which is then what they wait since.
    `joined` says since when each of the participants takes part.
    `targets_since` is since when the time of its targets runs, nothing while that is paused;
    `targets_used` are the seconds that were used before, of the first response and of the
    resolution; `targets_told` what was said of them. Its deadlines were worked out by the rules
    `policy_id`. `own_times` are durations in seconds that hold for it alone. `open_since` is when
    it was opened or last reopened, `overdue_count` how often the desk's time ran out;
    `escalated_by` are the marks of the rules that have escalated it, or asked for that.
    `approvals` counts what was to be approved; `approval` is that which nobody has decided yet.
    `survey_due_at` is when the customer is to be asked how it went, worked out when it was closed;
    `surveyed_at` when it was.
    """

    id: int
    number: str = ""
    subject: str = ""
    kind: Kind = Kind.REQUEST
    category: str = "general_inquiry"
    priority: Priority = Priority.NORMAL
    language: str = ""
    requester: str = ""
    requester_name: str = ""
    participants: tuple[str, ...] = ()
    joined: tuple[datetime, ...] = ()
    assignee: str | None = None
    team: str | None = None
    followers: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    records: tuple[ForeignRecord, ...] = ()
    thresholds: str | None = None
    own_times: tuple[tuple[str, int], ...] = ()
    visibility: str = "public"

    status: Status = Status.NEW
    delay: Delay = Delay.NONE
    disposition: Disposition = Disposition.NONE
    last_responder: Side | None = None
    last_response_at: datetime | None = None
    waiting_since: datetime | None = None

    created_at: datetime | None = None
    open_since: datetime | None = None
    first_response_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    closed_by: ClosedBy | None = None
    reopen_count: int = 0
    overdue_count: int = 0
    first_response_due_at: datetime | None = None
    resolution_due_at: datetime | None = None
    targets_since: datetime | None = None
    targets_used: tuple[int, ...] = ()
    targets_told: tuple[str, ...] = ()
    breached: tuple[str, ...] = ()

    turn: int = 0
    turn_since: datetime | None = None
    told: bool = False
    rearmed: int = 0
    reminders: int = 0
    reminded_at: datetime | None = None
    not_before: datetime | None = None
    escalates_from: datetime | None = None
    replied: bool = False
    reply_pending: bool = False
    held: bool = False
    resolution: int = 0

    snoozed_until: datetime | None = None
    follows: int | None = None
    merged_into: int | None = None
    escalation_level: int = 0
    escalated_at: datetime | None = None
    escalated_to: str | None = None
    escalation_reason: str | None = None
    escalated_by: tuple[str, ...] = ()
    approvals: int = 0
    approval: Approval | None = None
    satisfaction: int | None = None
    survey_due_at: datetime | None = None
    surveyed_at: datetime | None = None

    version: int = field(default=0, compare=False)
    policy_id: int | None = field(default=None, compare=False)

    @property
    def side(self) -> Side | None:
        """Whose turn it is; None when closed."""
        return TURN_OF[self.status]

    @property
    def people(self) -> frozenset[str]:
        """The customer's side: requester and participants."""
        return frozenset((self.requester, *self.participants))

    def altered(self, **facts: Any) -> Self:
        """Return the same ticket with other facts, as `dataclasses.replace` does.

        Each event alters it several times: to copy what it is made of takes a tenth of the time
        that it takes to make it anew. Raises `TypeError` for what is no fact of a ticket.
        """
        if not facts.keys() <= self.__dict__.keys():
            raise TypeError(f"a ticket has no {sorted(facts.keys() - self.__dict__.keys())}")
        ticket = object.__new__(type(self))
        ticket.__dict__.update(self.__dict__)
        ticket.__dict__.update(facts)
        return ticket

    def joined_at(self, address: str) -> datetime | None:
        """Return when somebody joined; None for who was there from the beginning, and others."""
        return dict(zip(self.participants, self.joined, strict=True)).get(address)


TICKET_FACTS: tuple[str, ...] = tuple(
    f.name for f in fields(Ticket) if f.name not in {"id", "version", "policy_id"}
)
"""The fields whose changes an event records; folding all changes of a ticket gives the ticket."""
_facts: Callable[[Ticket], tuple[Any, ...]] = attrgetter(*TICKET_FACTS)


def changes(before: Ticket, after: Ticket) -> dict[str, tuple[Any, Any]]:
    """Return field -> (before, after) for every fact that differs."""
    values = zip(TICKET_FACTS, _facts(before), _facts(after), strict=True)
    return {name: (old, new) for name, old, new in values if old != new}
