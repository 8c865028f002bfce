"""One ticket living through events: what the tests of the lifecycle are written in."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from mailgate.domain import events
from mailgate.domain.events import DeadlinePassed, Event, TimerKind
from mailgate.domain.lifecycle import Decision, decide
from mailgate.domain.model import CLOCK, GATEWAY, Actor, ActorKind, Status, Ticket, changes
from mailgate.domain.policy import Policy, resolve
from mailgate.domain.timers import running

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
CAROL = Actor(ActorKind.CUSTOMER, "carol@customer.example")
DAVE = Actor(ActorKind.CUSTOMER, "dave@customer.example")
ALICE = Actor(ActorKind.AGENT, "alice")
NUMBER = "TKT-2026-00001"


class Life:
    """A ticket, its clock, and what the last event did; every event comes an hour later."""

    def __init__(self, **rules: Any) -> None:
        self.policy = Policy(*resolve(), **rules)
        self.ticket = self.before = Ticket(id=7)
        self.now = START - HOUR
        self.decision: Decision | None = None

    def let(self, event: Event) -> Self:
        """Let an event happen, seen at the present instant."""
        self.before = self.ticket
        self.decision = decide(self.ticket, event, self.policy, self.now)
        self.ticket = self.decision.ticket
        return self

    def do(
        self,
        kind: type[Event],
        actor: Actor = ALICE,
        /,
        *,
        after: timedelta = HOUR,
        at: datetime | None = None,
        **facts: Any,
    ) -> Self:
        """Let `after` pass; then an event of `kind` is seen, which happened now or at `at`."""
        self.now += after
        return self.let(kind(at=at or self.now, actor=actor, **facts))

    # --- words for what is done most ---

    def opened(self, **facts: Any) -> Self:
        values = {"number": NUMBER, "subject": "Printer", "requester": CAROL.id} | facts
        return self.do(events.Opened, CAROL, **values)

    def customer(self, **facts: Any) -> Self:
        return self.do(events.CustomerWrote, CAROL, **facts)

    def assigned(self, assignee: str | None = "alice", **facts: Any) -> Self:
        return self.do(events.Assign, assignee=assignee, **facts)

    def replied(self, **facts: Any) -> Self:
        return self.do(events.AgentReplied, **facts)

    def resolved(self, **facts: Any) -> Self:
        return self.do(events.Resolve, **facts)

    def closed(self, **facts: Any) -> Self:
        return self.do(events.Close, **facts)

    def delivered(self, notice: str = "agent_reply", **facts: Any) -> Self:
        who = self.ticket.requester
        values = {"notice": notice, "turn": self.ticket.turn, "recipient": who} | facts
        return self.do(events.Delivered, GATEWAY, **values)

    def due(self, kind: TimerKind | None = None) -> Self:
        """Let time pass until the next deadline, and let it act."""
        timers = [t for t in running(self.ticket, self.policy) if kind in (None, t.kind)]
        timer = timers[0]
        self.now = timer.due_at
        at, key = timer.due_at, (timer.kind, timer.turn, timer.step)
        return self.let(DeadlinePassed(at=at, actor=CLOCK, timer=key[0], turn=key[1], step=key[2]))

    def with_facts(self, **facts: Any) -> Self:
        """Set facts that no event of today sets, or that would take long to live through."""
        self.ticket = replace(self.ticket, **facts)
        return self

    # --- what the last event did ---

    @property
    def changed(self) -> dict[str, Any]:
        """Return field -> new value."""
        return {name: new for name, (_, new) in changes(self.before, self.ticket).items()}

    @property
    def told(self) -> list[tuple[str, str]]:
        """Return (notice, audience) of each notice asked for."""
        return [(effect.notice, effect.audience.value) for effect in self.decision.effects]

    @property
    def says(self) -> str:
        return self.decision.reasons[0]

    @property
    def timers(self) -> list[tuple[str, timedelta]]:
        """Return (kind, distance from now) of the deadlines that run."""
        timers = running(self.ticket, self.policy)
        return [(timer.kind.value, timer.due_at - self.now) for timer in timers]


def new(**rules: Any) -> Life:
    return Life(**rules).opened()


def open_(**rules: Any) -> Life:
    return new(**rules).do(events.AssignTeam, team="billing")


def in_progress(**rules: Any) -> Life:
    return new(**rules).assigned()


def waiting(**rules: Any) -> Life:
    return in_progress(**rules).replied().delivered(after=timedelta())


def resolved(**rules: Any) -> Life:
    return in_progress(**rules).resolved(message=1)


def closed(**rules: Any) -> Life:
    return in_progress(**rules).replied().closed()


def reopened(**rules: Any) -> Life:
    return closed(**rules).customer()


def spam() -> Life:
    return new().do(events.Discard, spam=True)


def merged() -> Life:
    return in_progress().do(events.MergeInto, target=8)


IN: dict[Status, Callable[..., Life]] = {
    Status.NEW: new,
    Status.OPEN: open_,
    Status.IN_PROGRESS: in_progress,
    Status.WAITING: waiting,
    Status.RESOLVED: resolved,
    Status.CLOSED: closed,
    Status.REOPENED: reopened,
}
"""A ticket in each status, lived up to there."""

OURS = [Status.NEW, Status.OPEN, Status.IN_PROGRESS, Status.REOPENED]
LIVE = [status for status in Status if status is not Status.CLOSED]
