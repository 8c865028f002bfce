"""Anything that can happen to a ticket, in any order, for tests of what always holds."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from mailgate.domain import events
from mailgate.domain.escalation import ADMINS, ApprovalRule, Escalation, Since
from mailgate.domain.events import DeadlinePassed, Event, Opened, TimerKind
from mailgate.domain.lifecycle import Decision, decide
from mailgate.domain.model import CLOCK, Actor, ActorKind, Alarm, Author, Priority, Ticket
from mailgate.domain.notices import NOTICES
from mailgate.domain.policy import TIMES, Policy, resolve
from mailgate.domain.timers import CUSTOMER_FACING, Timer, running
from mailgate.errors import Illegal
from tests.domain.lives import ALICE, CAROL, DAVE, NUMBER, START

Key = tuple[str, int, int]

times = st.integers(-(10**8), 10**8).map(lambda ms: START + timedelta(milliseconds=ms))
actors = st.builds(Actor, st.sampled_from(ActorKind), st.sampled_from(["", "alice", CAROL.id]))

# Values near to each other, so that events meet the ticket that they are about.
_CLOSE: dict[str, st.SearchStrategy[Any]] = {
    "at": st.just(START),
    "assignee": st.sampled_from([None, "alice", "bob"]),
    "agent": st.sampled_from(["alice", "bob"]),
    "team": st.sampled_from([None, "billing"]),
    "notice": st.sampled_from(["agent_reply", "waiting", *NOTICES]),
    "recipient": st.sampled_from([CAROL.id, DAVE.id]),
    "requester": st.just(CAROL.id),
    "until": st.integers(-50, 500).map(lambda hours: START + timedelta(hours=hours)),
}
own_times = st.dictionaries(st.sampled_from(TIMES), st.integers(1, 10**8)).map(
    lambda values: tuple(sorted(values.items()))
)


def of_type(hint: Any, numbers: st.SearchStrategy[int], text: st.SearchStrategy[str]) -> Any:
    """Return a strategy for values of a type hint of an event's field."""
    if isinstance(hint, UnionType):
        (known,) = (option for option in get_args(hint) if option is not NoneType)
        return st.none() | of_type(known, numbers, text)
    if get_origin(hint) is tuple:
        inner = [option for option in get_args(hint) if option is not Ellipsis]
        if Ellipsis in get_args(hint):
            return st.lists(of_type(inner[0], numbers, text), max_size=3).map(tuple)
        return st.tuples(*(of_type(option, numbers, text) for option in inner))
    if issubclass(hint, StrEnum):
        return st.sampled_from(hint)
    return {datetime: times, bool: st.booleans(), int: numbers, str: text, Actor: actors}[hint]


def events_of(
    kind: type[Event],
    given: Mapping[str, st.SearchStrategy[Any]],
    numbers: st.SearchStrategy[int],
    text: st.SearchStrategy[str],
) -> st.SearchStrategy[Event]:
    """Return a strategy for events of one kind; `given` goes before what the types allow."""
    hints = get_type_hints(kind)
    values = {
        f.name: given.get(f.name, of_type(hints[f.name], numbers, text)) for f in fields(kind)
    }
    return st.builds(kind, **values)


def any_event(kind: type[Event]) -> st.SearchStrategy[Event]:
    """Return a strategy for every event of a kind that can be written down."""
    return events_of(kind, {}, st.integers(-(2**31), 2**31), st.text(max_size=20))


def likely_event(kind: type[Event]) -> st.SearchStrategy[Event]:
    """Return a strategy for events of a kind that may well be about one ticket."""
    known = _CLOSE | ({"values": own_times} if kind is events.SetTimes else {})
    return events_of(kind, known, st.integers(0, 4), st.sampled_from(["", "one", "two"]))


BOSS = Actor(ActorKind.ADMIN, "boss")
CURRENT = -1
"""Stands for the ticket's present turn or resolution."""

_REPLY = {"notice": "agent_reply", "turn": CURRENT, "recipient": CAROL.id}
_BOUNCE = {**_REPLY, "reason": ""}
_REMINDER = {"notice": "waiting", "turn": CURRENT, "recipient": CAROL.id}

# What moves a ticket most stands more than once.
_MOVES: list[tuple[type[Event], dict[str, Any]]] = [
    *[(events.CustomerWrote, {"author": author}) for author in Author],
    (events.CustomerWrote, {"thanks": True, "proved": True}),
    *[(events.CustomerWrote, {"thanks": True}), (events.CustomerWrote, {"confirms": CURRENT})],
    *[(events.AgentReplied, {})] * 3,
    *[(events.Delivered, _REPLY)] * 3,
    *[(events.Delivered, _REMINDER)] * 2,
    *[(events.Undelivered, _BOUNCE)] * 2,
    *[(events.Wait, {}), (events.Resolve, {}), (events.Resolve, {"message": 1})],
    *[(events.Resolve, {"moved": True}), (events.Confirm, {"resolution": CURRENT})],
    *[(events.Rated, {"resolution": CURRENT, "score": score}) for score in (1, 5)],
    *[(events.Close, {}), (events.Reopen, {}), (events.TakeBack, {})],
    *[(events.Assign, {"assignee": name}) for name in ("alice", "bob", None)],
    *[(events.AssignTeam, {"team": name}) for name in ("billing", None)],
    *[(events.SetPriority, {"priority": priority}) for priority in Priority],
    *[(events.Snooze, {"until": timedelta(days=days)}) for days in (-1, 1, 30)],
    *[(events.SetTimes, {"values": values}) for values in ((("system", 60),), ())],
    *[(events.NoteAdded, {}), (events.MachineWrote, {}), (events.PolicyChanged, {})],
    *[(events.Imported, {"open_since": timedelta(days=days)}) for days in (-30, 30)],
    *[(events.MachineWrote, {"alarm": alarm}) for alarm in Alarm],
    *[(events.MergeInto, {"target": 8}), (events.Unmerge, {}), (events.Unmerge, {})],
    *[(events.Discard, {"spam": spam}) for spam in (True, False)],
    *[(events.Escalate, {"to": "ada"}), (events.Follow, {"agent": "bob"})],
    *[(events.Approve, {"actor": BOSS}), (events.Reject, {"actor": BOSS, "reason": "no"})],
    *[(events.Approve, {}), (events.Approve, {"actor": BOSS, "approval": 1})],
    *[(events.SetRecord, {"record": "shop:1", "state": state}) for state in ("paid", "")],
    (events.SetRecord, {"record": "shop:1", "dropped": True}),
    *[(events.Tag, {"added": ("vip",)}), (events.SetFields, {"values": (("a", "1"),)})],
    (events.DeadlinePassed, {"timer": TimerKind.CLIENT_RESPONSE, "turn": CURRENT, "step": 0}),
]
LEADS = Escalation("leads", timedelta(hours=4), priorities=(Priority.NORMAL, Priority.LOW))
LATE = Escalation("late", timedelta(), Since.OVERDUE, missed=2, to="ada")
OLD = Escalation("old", timedelta(days=5), Since.OPENED, to="team:leads", tell_admins=True)
AGREED = ApprovalRule(ADMINS, timedelta(hours=2), timedelta(days=2))
ASKED = Escalation("asked", timedelta(hours=1), approval=replace(AGREED, by="bob"))
policies = st.builds(
    lambda window, reminders, silent, escalations, asking: Policy(
        *resolve(), window, reminders, silent, escalations=escalations, asking=asking
    ),
    st.sampled_from([None, timedelta(days=1)]),
    st.integers(0, 3),
    st.booleans(),
    st.sampled_from([(), (LEADS, LATE, OLD), (LEADS, ASKED)]),
    st.sampled_from([None, AGREED]),
)


@dataclass(frozen=True)
class Moment:
    """One event of a life; `decision` is None where it was refused."""

    before: Ticket
    event: Event
    now: datetime
    decision: Decision | None
    fired: frozenset[Key]

    @property
    def after(self) -> Ticket:
        return self.before if self.decision is None else self.decision.ticket


# Minutes that pass, minutes by which the event is seen late (None: let the clock act), the event.
steps = st.tuples(
    st.sampled_from([0, 1, 30, *(60 * hours for hours in (2, 5, 24, 49, 100, 200, 400))]),
    st.sampled_from([None, None, None, 0, 0, 0, 0, 90]),
    st.sampled_from(_MOVES),
)
_SHORT, _LONG = (60 * 49, None, None), (60 * 400, None, None)  # the clock acts after so long
_REPLIES = (1, 0, (events.AgentReplied, {}))
_ARRIVES = (1, 0, (events.Delivered, _REPLY))
_BOUNCES = (1, 0, (events.Undelivered, _BOUNCE))
_SNOOZES = (1, 0, (events.Snooze, {"until": timedelta(hours=1)}))
_SLOWER = (1, 0, (events.SetPriority, {"priority": Priority.LOW}))
_FASTER = (1, 0, (events.SetPriority, {"priority": Priority.NORMAL}))
_SILENCE = [_LONG, (1, 0, (events.Delivered, _REMINDER))]
_TURNS: list[list[Any]] = [
    [_REPLIES, _ARRIVES],
    [_REPLIES, _LONG, _ARRIVES, _LONG],
    [_BOUNCES, _LONG, _ARRIVES, _LONG],
    [_SHORT, _SLOWER, _SHORT, _FASTER],
    [_SNOOZES, _SHORT],
    _SILENCE,
    _SILENCE * 4,
]
phrases = st.one_of(steps.map(lambda step: [step]), st.sampled_from(_TURNS))


@st.composite
def lives(draw: st.DrawFn) -> tuple[Policy, list[Moment]]:
    """Return a policy, and everything that happened to one ticket under it, in order."""
    policy = draw(policies)
    said = draw(st.lists(phrases, min_size=5, max_size=25))
    return policy, live(policy, [step for phrase in said for step in phrase])


def live(policy: Policy, script: list[tuple[int, int | None, Any]]) -> list[Moment]:
    """Let a script happen to a ticket that begins at START."""
    opened = Opened(at=START, actor=CAROL, number=NUMBER, subject="Printer", requester=CAROL.id)
    now, moments = START, [_moment(Ticket(id=7), opened, START, policy, frozenset())]
    for minutes, late, happening in script:
        now += timedelta(minutes=minutes)
        last = moments[-1]
        if late is None:
            moments += _tick(last, now, policy)
        else:
            kind, facts = happening
            at = now - timedelta(minutes=late)
            event = _about(last.after, kind, {"at": at, "actor": ALICE} | facts)
            moments.append(_moment(last.after, event, now, policy, last.fired))
    return moments


def _about(ticket: Ticket, kind: type[Event], facts: dict[str, Any]) -> Event:
    current = {"turn": ticket.turn, "resolution": ticket.resolution, "confirms": ticket.resolution}
    facts = {name: current[name] if v == CURRENT else v for name, v in facts.items()}
    for name in facts.keys() & {"until", "open_since"}:
        facts[name] += facts["at"]
    return kind(**facts)


def _moment(
    ticket: Ticket, event: Event, now: datetime, policy: Policy, fired: frozenset[Key]
) -> Moment:
    try:
        decision = decide(ticket, event, policy, now)
    except Illegal:
        decision = None
    return Moment(ticket, event, now, decision, fired)


def _tick(last: Moment, now: datetime, policy: Policy) -> list[Moment]:
    """Let the clock act on what is due, as it does on a real desk: each deadline once."""
    moments: list[Moment] = []
    while due := [timer for timer in running(last.after, policy) if timer.due_at <= now]:
        last = _moment(last.after, _passed(due[0], now), now, policy, last.fired | {key(due[0])})
        moments.append(last)
        assert len(moments) < 50, "the clock never comes to rest"
    return moments


def _passed(timer: Timer, now: datetime) -> DeadlinePassed:
    at = now if timer.kind in CUSTOMER_FACING else timer.due_at
    return DeadlinePassed(at=at, actor=CLOCK, timer=timer.kind, turn=timer.turn, step=timer.step)


def key(timer: Timer) -> Key:
    """Return what the store tells one deadline of a ticket from another by."""
    return (timer.kind.value, timer.turn, timer.step)
