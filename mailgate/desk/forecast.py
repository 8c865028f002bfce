"""What the clock will do in the days ahead if nobody writes: a look into the future, not a plan.

Each deadline is acted on by the same rules as when it comes, on what the one before has left, and
what is sent is taken to arrive at once. Nothing is written. Only the state of now is read, so a
long look keeps nobody waiting.
"""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any

from mailgate.desk import notices
from mailgate.desk.clock import Step, act
from mailgate.desk.door import Desk
from mailgate.desk.ledger import Ledger
from mailgate.domain.events import DeadlinePassed, TimerKind
from mailgate.domain.timers import running
from mailgate.store import tickets
from mailgate.store.db import let_idle
from mailgate.store.outbox import SUPPRESSED


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A notice to somebody; `held_back` says why it would not be sent, if so.

    `quiet_until`: the end of their quiet hours, for which it waits.
    """

    notice: str
    recipient: str
    held_back: str | None
    quiet_until: datetime | None


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

    What is overdue already comes first, at `now`. The gateway is taken to run all along.
    """
    with desk.database.read() as connection:
        let_idle(connection)
        settings = desk.current(connection)
        due = tickets.due_timers(connection, settings.tenant_id, until, None, frozenset())
        ledger = Ledger(connection, count(-1, -1), settings, desk.signer, now)
        waiting = [(max(row["due_at"], now), row["subject_id"]) for row in due]
        heapq.heapify(waiting)
        while waiting:
            at, ticket_id = heapq.heappop(waiting)
            rows = _due(ledger, ticket_id, at)
            if not rows:  # what happened meanwhile has moved it
                continue
            ledger = ledger.later(at)
            steps = list(act(ledger, rows))
            events, outbox = ledger.decided()
            yield from _told(at, steps, events, outbox)
            ledger = ledger.later(at)
            for row in outbox:  # what the clock waits for has left at once
                if row["awaited"] and row["state"] != SUPPRESSED:
                    ledger.apply(ticket_id, notices.arrived(row, at))
            for row in _due(ledger, ticket_id, until):
                heapq.heappush(waiting, (max(row["due_at"], at), ticket_id))


def _due(ledger: Ledger, ticket_id: int, until: datetime) -> list[dict[str, Any]]:
    """Return the timers of a ticket that are due by then, as the store would."""
    return [
        {
            "subject_id": ticket_id,
            "kind": timer.kind.value,
            "turn": timer.turn,
            "step": timer.step,
            "due_at": timer.due_at,
        }
        for timer in running(ledger.ticket(ticket_id), ledger.settings.policy)
        if timer.due_at <= until
    ]


def _told(
    at: datetime,
    steps: Sequence[Step],
    events: Sequence[Mapping[str, Any]],
    outbox: Sequence[Mapping[str, Any]],
) -> Iterator[Foreseen]:
    passed = [event["id"] for event in events if event["name"] == DeadlinePassed.name]
    for step, event_id in zip(steps, passed, strict=True):
        sent = tuple(
            Outgoing(row["notice"], row["recipient"], row["reason"], row["quiet_until"])
            for row in outbox
            if row["event_id"] == event_id
        )
        told_in = None if sent else _told_in(step, outbox)
        yield Foreseen(
            at, step.number, step.timer, step.target, step.says, step.status, sent, told_in
        )


def _told_in(step: Step, outbox: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the notice that names what a step would have told in one of its own."""
    return next(
        (
            row["notice"]
            for row in outbox
            for also in row["context"]["also"]
            if also["target"] is not None
            and (also["notice"], also["target"]["which"]) == (step.timer, step.target)
        ),
        None,
    )
