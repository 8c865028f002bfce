"""What the clock will do in the days ahead if nobody writes: a look into the future, not a plan.

Each deadline is acted on by the same rules as when it comes, on what the one before has left, with
the others of its moment, and what is sent is taken to arrive at once. Nothing is written. Only the
state of now is read, so a long look keeps nobody waiting.
"""

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any

from sqlalchemy import Connection

from mailgate.desk import notices
from mailgate.desk.clock import BATCH, Step, act
from mailgate.desk.door import Desk
from mailgate.desk.ledger import Ledger
from mailgate.domain.events import DeadlinePassed, TimerKind
from mailgate.domain.horizon import beat
from mailgate.domain.timers import WAITING_AFTER_OUTAGE, Timer, running
from mailgate.store import heartbeat, outbox, tickets
from mailgate.store.db import let_idle
from mailgate.store.joining import JOINED, Waiting
from mailgate.store.outbox import SUPPRESSED


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A notice to somebody; `held_back` says why it would not be sent, if so.

    `quiet_until`: the end of their quiet hours, for which it waits.
    `joined_at` is when the mail leaves in which it is told with others, where it is.
    """

    notice: str
    recipient: str
    held_back: str | None
    quiet_until: datetime | None = None
    joined_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A deadline that will come, and what will be sent because of it.

    `at` is when it will be acted on, `target` which one it is about, if any, `says` what that does,
    `status` the ticket's after it. `told_in` is the notice of another deadline of the same moment
    that tells of this one, too, so that nobody gets two mails.
    """

    at: datetime
    number: str
    timer: TimerKind
    target: str | None
    says: str
    status: str
    notices: tuple[Outgoing, ...]
    told_in: str | None


def forecast(desk: Desk, now: datetime, until: datetime) -> Iterator[Foreseen]:
    """Yield what will happen from `now` on and up to `until`, in order, as long as nobody acts.

    What is overdue already comes first, at `now`, or after an outage when it is held back no more.
    The gateway is taken to run from now on.
    """
    with desk.database.read() as connection:
        let_idle(connection)
        yield from _Course(desk, connection, now, until).run()


class _Course:
    """The course that things take from now on, as far as one has looked."""

    def __init__(self, desk: Desk, connection: Connection, now: datetime, until: datetime) -> None:
        settings = desk.current(connection)
        self._ledger = Ledger(connection, count(-1, -1), settings, desk.signer, now)
        self._begin, self._until = now, until
        held = beat(heartbeat.last(connection), now).hold_until
        self._customers_from = now if held is None else held
        self._leaving: dict[int, list[Mapping[str, Any]]] = {}
        for row in outbox.awaited(connection, settings.tenant_id):
            self._leaving.setdefault(row["ticket_id"], []).append(dict(row))
        first = {id_: self._leaves(id_) for id_ in self._leaving}
        for row in tickets.due_timers(connection, settings.tenant_id, until, None, frozenset()):
            at, id_ = max(row["due_at"], now), row["subject_id"]
            first[id_] = min(at, first.get(id_, at))
        self._agenda = [(at, id_) for id_, at in first.items()]
        heapq.heapify(self._agenda)

    def run(self) -> Iterator[Foreseen]:
        """Let time pass, from one moment at which something happens to the next."""
        while self._agenda and self._agenda[0][0] <= self._until:
            at, ids = self._agenda[0][0], []
            while self._agenda and self._agenda[0][0] == at:
                ids.append(heapq.heappop(self._agenda)[1])
            self._ledger = self._ledger.later(at)
            self._ledger.load(ids)
            for id_ in ids:
                self._deliver(id_, at)
            yield from self._tick(at, ids)
            for id_ in ids:
                self._look_at(id_, at)

    def _leaves(self, ticket_id: int) -> datetime:
        """Return when the first mail to leave does for which a ticket's clock waits."""
        first: datetime = self._leaving[ticket_id][0]["next_try_at"]
        return max(first, self._begin)

    def _deliver(self, ticket_id: int, at: datetime) -> None:
        rows = self._leaving.get(ticket_id, [])
        while rows and self._leaves(ticket_id) <= at:
            self._ledger.apply(ticket_id, notices.arrived(rows.pop(0), at))

    def _tick(self, at: datetime, ids: Iterable[int]) -> Iterator[Foreseen]:
        """Do what a tick would, in batches as large as it takes."""
        full = True
        while full:
            due = (self._due(id_, at) for id_ in ids)
            rows = sorted((row for each in due for row in each), key=_in_order)
            if not rows:
                return
            full = len(rows) >= BATCH
            self._ledger = self._ledger.later(at)
            steps = list(act(self._ledger, rows[:BATCH]))
            events, written = self._ledger.decided()
            yield from _told(at, steps, events, written, self._ledger.joined)
            self._ledger = self._ledger.later(at)
            for row in written:  # what the clock waits for has left at once
                if row["awaited"] and row["state"] != SUPPRESSED:
                    self._ledger.apply(row["ticket_id"], notices.arrived(row, at))

    def _due(self, ticket_id: int, at: datetime) -> list[dict[str, Any]]:
        """Return the timers of a ticket that are due by then, as the store would."""
        return [
            {
                "subject_id": ticket_id,
                "kind": timer.kind.value,
                "turn": timer.turn,
                "step": timer.step,
                "due_at": timer.due_at,
            }
            for timer in self._running(ticket_id)
            if self._acts(timer) <= at
        ]

    def _look_at(self, ticket_id: int, at: datetime) -> None:
        """Note when something happens to a ticket next."""
        coming = [max(self._acts(timer), at) for timer in self._running(ticket_id)]
        if self._leaving.get(ticket_id):
            coming.append(self._leaves(ticket_id))
        if coming:
            heapq.heappush(self._agenda, (min(coming), ticket_id))

    def _running(self, ticket_id: int) -> tuple[Timer, ...]:
        return running(self._ledger.ticket(ticket_id), self._ledger.settings.policy)

    def _acts(self, timer: Timer) -> datetime:
        """Return when the clock acts on a timer."""
        waits = timer.kind in WAITING_AFTER_OUTAGE
        return max(timer.due_at, self._customers_from if waits else self._begin)


def _in_order(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("due_at", "subject_id", "kind", "turn", "step"))


def _told(
    at: datetime,
    steps: Sequence[Step],
    events: Sequence[Mapping[str, Any]],
    written: Sequence[Mapping[str, Any]],
    joined: Mapping[int, Waiting],
) -> Iterator[Foreseen]:
    passed = [event["id"] for event in events if event["name"] == DeadlinePassed.name]
    for step, event_id in zip(steps, passed, strict=True):
        sent = tuple(
            _outgoing(row, joined.get(row["id"]))
            for row in written
            if row["event_id"] == event_id and row["notice"] != JOINED
        )
        told_in = None if sent else _told_in(step, written)
        yield Foreseen(
            at, step.number, step.timer, step.target, step.says, step.status, sent, told_in
        )


def _outgoing(row: Mapping[str, Any], mail: Waiting | None) -> Outgoing:
    if mail is None:
        return Outgoing(row["notice"], row["recipient"], row["reason"], row["quiet_until"])
    return Outgoing(row["notice"], row["recipient"], None, row["quiet_until"], mail.next_try_at)


def _told_in(step: Step, written: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the notice that names what a step would have told in one of its own."""
    return next(
        (
            row["notice"]
            for row in written
            for also in row["context"]["also"]
            if also["target"] is not None
            and (also["notice"], also["target"]["which"]) == (step.timer, step.target)
        ),
        None,
    )
