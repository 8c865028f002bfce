"""What happens because time passed: due timers become events, each once.

A tick reads what is due and nothing else. It acts up to the horizon, and after an outage holds
back what would be a burst (see `mailgate.domain.horizon`).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import Any

from sqlalchemy import Connection, RowMapping

from mailgate.desk.door import Desk, persist
from mailgate.desk.ledger import Ledger
from mailgate.domain.events import DeadlinePassed, TimerKind
from mailgate.domain.horizon import Heartbeat, awaited, beat, horizon
from mailgate.domain.model import CLOCK
from mailgate.domain.targets import about
from mailgate.domain.timers import WAITING_AFTER_OUTAGE, running
from mailgate.errors import Conflict, Temporary
from mailgate.log import log
from mailgate.store import heartbeat, inbox, mailboxes, policies, tickets

BATCH = 100
_BEAT_EVERY = timedelta(minutes=4)
_TRIES = 5

_Due = Callable[[Connection], list[RowMapping]]


@dataclass(frozen=True, slots=True)
class Step:
    """One deadline that the clock acted on, or would; `target` is which one it is about, if any."""

    number: str
    timer: TimerKind
    target: str | None
    due_at: datetime
    says: str
    notices: tuple[str, ...]
    status: str


@dataclass(frozen=True, slots=True)
class Ahead:
    """The first deadline that is not due yet."""

    number: str
    timer: TimerKind
    target: str | None
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Tick:
    """What one run of the clock did; `horizon` is how far it could see.

    `ahead` is looked up by a preview only: a tick reads what is due and nothing else.
    """

    at: datetime
    horizon: datetime
    hold_until: datetime | None
    steps: tuple[Step, ...]
    ahead: Ahead | None = None


class Clock:
    """Runs the deadlines of a desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._tenant_id = desk.settings.tenant_id

    def tick(self, now: datetime) -> Tick:
        """Act on every deadline that is due at `now`, in batches; safe anywhere, twice, at once."""
        failed: set[int] = set()
        steps: list[Step] = []
        with self._desk.database.read() as connection:  # most ticks need no other look
            last = heartbeat.last(connection)
            life, limit = beat(last, now), horizon(now, self._awaited(connection, now))

            def due(connection: Connection) -> list[RowMapping]:
                return tickets.due_timers(
                    connection, self._tenant_id, limit, BATCH, _held(life), frozenset(failed)
                )

            rows = due(connection)
        self._keep(last, life, now)
        while rows:
            batch = self._batch(now, due, rows)
            steps += batch.steps
            failed |= batch.failed
            if len(rows) < BATCH:
                break
            with self._desk.database.read() as connection:
                rows = due(connection)
        return Tick(now, limit, life.hold_until, tuple(steps))

    def refresh(self, now: datetime, batches: int | None = None) -> int:
        """Work the stored deadlines out anew where they go by other rules than those in force.

        Returns how many tickets were looked at: 0 when all go by the rules. To be called at start
        and when rules were set; in batches, at most so many of them, and safe at any time: what
        was done is not done again.
        """
        seen, conflicts = 0, 0
        most = None if batches is None else batches * BATCH
        while most is None or seen < most:
            try:
                ids = self._catch_up(now)
            except Conflict:
                conflicts += 1
                if conflicts == _TRIES:
                    raise
                continue
            if not ids:
                break
            seen += len(ids)
        return seen

    def _catch_up(self, now: datetime) -> list[int]:
        """Let one batch of tickets catch up with the rules; return which."""
        with self._desk.writing(now, BATCH) as ledger:
            rules = policies.find(ledger.connection, ledger.settings.rules) or 0
            ids = tickets.by_other_rules(ledger.connection, self._tenant_id, rules, BATCH)
            ledger.load(ids)
            for ticket_id in ids:
                ledger.catch_up(ticket_id)
        return ids

    def outdated(self) -> bool:
        """Whether deadlines of open tickets still go by other rules than those in force.

        What follows from these is not seen by a look ahead.
        """
        with self._desk.database.read() as connection:
            rules = policies.find(connection, self._desk.current(connection).rules) or 0
            return bool(tickets.by_other_rules(connection, self._tenant_id, rules, 1))

    def preview(self, now: datetime, at: datetime) -> Tick:
        """Return what a tick at the instant `at` would do; nothing is written.

        For an instant ahead of `now` the gateway is taken to have run all along.
        """
        with self._desk.database.read() as connection:
            waiting = self._awaited(connection, at) if at <= now else []
            last = heartbeat.last(connection)
            life = beat(last, at) if at <= now else Heartbeat(at, last.hold_until)
            limit = horizon(at, waiting)
            held = _held(life) if life.hold_until and life.hold_until > at else frozenset()
            settings = self._desk.current(connection)
            ledger = Ledger(connection, count(-1, -1), settings, self._desk.signer, at)
            rows = tickets.due_timers(connection, self._tenant_id, limit, None, held)
            coming = tickets.next_timer(connection, self._tenant_id, limit)
            ahead = None
            if coming is not None:
                kind = TimerKind(coming["kind"])
                target = about(kind, coming["step"])
                ahead = Ahead(coming["number"], kind, target, coming["due_at"])
            return Tick(at, limit, life.hold_until, tuple(act(ledger, rows)), ahead)

    def _awaited(self, connection: Connection, now: datetime) -> list[datetime | None]:
        """Return since when mail may be on its way of which we do not know yet."""
        settings = self._desk.settings
        states = mailboxes.states(connection, settings.tenant_id, settings.mailboxes)
        looks = awaited(now, (state.looked_at for state in states.values()))
        return [inbox.oldest_pending(connection, settings.tenant_id), *looks]

    def _keep(self, last: Heartbeat, life: Heartbeat, now: datetime) -> None:
        """Keep the sign of life now and then."""
        stale = last.seen_at is None or not timedelta(0) <= now - last.seen_at < _BEAT_EVERY
        if stale or (life.hold_until, life.late) != (last.hold_until, last.late):
            with self._desk.database.write() as connection:
                heartbeat.keep(connection, life)

    def _batch(self, now: datetime, due: _Due, rows: Sequence[RowMapping]) -> "_Batch":
        """Act on what is `due`, or one by one on `rows`, of which it was found to consist.

        A ticket on which it fails stops none of the others.
        """
        try:
            return _Batch(self._write(now, due))
        except Temporary:
            raise
        except Exception:  # noqa: BLE001 - one ticket is to blame, and each is now tried alone
            return self._one_by_one(now, rows)

    def _one_by_one(self, now: datetime, rows: Sequence[RowMapping]) -> "_Batch":
        steps: list[Step] = []
        failed: set[int] = set()
        for row in rows:
            try:
                steps += self._write(now, partial(_only, row))
            except Temporary:
                raise
            except Exception as error:  # noqa: BLE001 - it is told, and the others go on
                failed.add(row["subject_id"])
                log("deadline.failed", ticket=row["subject_id"], timer=row["kind"], exc_info=error)
        return _Batch(tuple(steps), frozenset(failed))

    def _write(self, now: datetime, due: _Due) -> tuple[Step, ...]:
        def once() -> tuple[Step, ...]:
            with self._desk.writing(now, BATCH) as ledger:
                return tuple(act(ledger, due(ledger.connection)))

        return persist(once, _TRIES)


def _only(row: RowMapping, _: Connection) -> list[RowMapping]:
    return [row]


@dataclass(frozen=True, slots=True)
class _Batch:
    steps: tuple[Step, ...]
    failed: frozenset[int] = frozenset()


def _held(life: Heartbeat) -> frozenset[str]:
    if life.hold_until is None:
        return frozenset()
    return frozenset(kind.value for kind in WAITING_AFTER_OUTAGE)


def act(ledger: Ledger, rows: Sequence[RowMapping | Mapping[str, Any]]) -> Iterator[Step]:
    """Let due timers happen; one that no longer runs is only written anew.

    Each row has subject_id (of the ticket), kind, turn, step and due_at.
    """
    ledger.load(row["subject_id"] for row in rows)
    for row in rows:
        ticket_id, kind = row["subject_id"], TimerKind(row["kind"])
        ledger.catch_up(ticket_id)
        ticket = ledger.ticket(ticket_id)
        key = (kind, row["turn"], row["step"])
        alive = {
            (timer.kind, timer.turn, timer.step)
            for timer in running(ticket, ledger.settings.policy)
            if timer.due_at <= ledger.now
        }
        if key not in alive:
            ledger.rework(ticket_id)
            continue
        event = DeadlinePassed(
            at=row["due_at"],
            actor=CLOCK,
            timer=kind,
            turn=row["turn"],
            step=row["step"],
        )
        decision = ledger.apply(ticket_id, event)
        ledger.fire(ticket_id, row["kind"], row["turn"], row["step"])
        target = about(kind, row["step"])
        more = (target or "").replace("_", " ")
        if kind is TimerKind.ESCALATION:
            more = decision.reasons[1]  # the rule
        yield Step(
            ticket.number,
            kind,
            target,
            row["due_at"],
            decision.reasons[0] + (f": {more}" if more else ""),
            tuple(f"{effect.notice} to {effect.audience}" for effect in decision.effects),
            decision.ticket.status.value,
        )
