"""Sends what the outbox holds: each notice once, as far as anybody can tell.

That its content begins to leave is written down before it does. When the answer never comes the
notice is either sent again with the same Message-ID or held for a person, as configured.
"""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from mailgate.delivery.letter import Writer
from mailgate.delivery.transport import (
    Later,
    Never,
    Outgoing,
    Result,
    Sent,
    Session,
    Transport,
    Unknown,
)
from mailgate.desk.ledger import Desk
from mailgate.domain.events import Delivered, Event, Undelivered
from mailgate.domain.model import GATEWAY
from mailgate.errors import Conflict, Permanent, Temporary
from mailgate.log import log
from mailgate.store import outbox
from mailgate.store.outbox import Due

BATCH = 50
LEASE = timedelta(seconds=60)
SENDING = timedelta(minutes=12)
"""How long a mail stays claimed once its content leaves: RFC 5321 4.5.3.2.6 allows the other side
ten minutes for its last answer."""
_JITTER = 0.1
_IDLE = 1.0
_CONFLICTS = 8


@dataclass(frozen=True, slots=True)
class Rules:
    """What to do with a notice whose end is not known, and when to try again and give up.

    The last step of `retry_after` repeats.
    """

    on_unknown: Literal["resend", "hold"] = "resend"
    give_up_after: timedelta = timedelta(days=5)
    retry_after: tuple[timedelta, ...] = tuple(timedelta(minutes=m) for m in (1, 2, 5, 10, 20, 30))


class Worker:
    """Empties the outbox of one desk."""

    def __init__(
        self,
        desk: Desk,
        writer: Writer,
        transport: Transport,
        rules: Rules,
        now: Callable[[], datetime],
        owner: str,
    ) -> None:
        self._desk = desk
        self._writer = writer
        self._transport = transport
        self._rules = rules
        self._now = now
        self._owner = owner
        self._session: Session | None = None
        self._pause_until: datetime | None = None
        self._failures = 0
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Send whatever waits, and then whatever comes."""
        self._thread = threading.Thread(target=self._run, name="delivery", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def wake(self) -> None:
        """Say that there is something to send."""
        self._wake.set()

    def stop(self) -> None:
        """Finish the mail in hand, and stop."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            try:
                done = self.run_once()
            except Temporary as error:
                log("database.unavailable", where="delivery", error=str(error))
                done = 0
            except Exception as error:  # noqa: BLE001 - whatever it was, the next notice may be well
                log("job.failed", job="delivery", error=repr(error))
                done = 0
            if not done:
                self._close()
                self._wake.wait(_IDLE)
        self._close()

    def run_once(self) -> int:
        """Send one batch; return how many notices were taken in hand."""
        now = self._now()
        if self._pause_until is not None and now < self._pause_until:
            return 0
        with self._desk.database.write() as connection:
            claimed = outbox.claim(connection, self._owner, now, LEASE, BATCH)
        for done, due in enumerate(claimed):
            if self._stop.is_set() or not self._deliver(due):
                self._give_back(claimed[done:])
                return done
        return len(claimed)

    def drain(self) -> int:
        """Send what waits, in this thread, and hang up; return how many were taken in hand."""
        total = 0
        try:
            while done := self.run_once():
                total += done
        finally:
            self._close()
        return total

    def _give_back(self, rest: list[Due]) -> None:
        with self._desk.database.write() as connection:
            for due in rest:
                outbox.note(connection, due, lease_owner=None, lease_until=None)

    def _deliver(self, due: Due) -> bool:
        """Send one notice; False when the way is out of order and the rest need not try."""
        if due.began_at is not None and self._rules.on_unknown == "hold":
            self._settle(due, Unknown("it had begun to leave when the gateway stopped"))
            return True
        try:
            raw = self._letter(due)
        except Temporary as error:
            self._settle(due, Later(str(error), connection=False))
            return True
        except Permanent as error:
            self._settle(due, Never(554, str(error)))
            return True
        mail = Outgoing(self._writer.envelope_from(due), due.recipient, raw)
        try:
            session = self._open()
            result = session.send(mail, lambda: self._begin(due, raw))
        except Conflict:
            return True  # the claim has lapsed: whoever has it now sends it
        except Temporary as error:
            result = Later(str(error), connection=True)
        self._settle(due, result)
        if isinstance(result, Later) and result.connection:
            self._pause()
            return False
        self._failures = 0
        return True

    def _letter(self, due: Due) -> bytes:
        if due.rendered is not None:
            return due.rendered
        with self._desk.database.read() as connection:
            return self._writer.write(connection, due)

    def _open(self) -> Session:
        if self._session is None:
            self._session = self._transport.open()
        return self._session

    def _close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def _pause(self) -> None:
        """Leave a way that is out of order alone for a while."""
        self._close()
        self._failures += 1
        seconds = min(2.0**self._failures, 300.0) * random.uniform(0.8, 1.2)  # noqa: S311 - spreads retries, guards nothing
        self._pause_until = self._now() + timedelta(seconds=seconds)

    def _begin(self, due: Due, raw: bytes) -> None:
        """Write down that the content is about to leave, and what it is."""
        with self._desk.database.write() as connection:
            now = self._now()
            columns = {"began_at": now, "rendered": raw, "lease_until": now + SENDING}
            if not outbox.note(connection, due, **columns):
                raise Conflict("another worker has taken this notice over")

    # --- how it ended ---

    def _settle(self, due: Due, result: Result) -> None:
        now = self._now()
        columns, event = self._outcome(due, result, now)
        columns |= {"lease_owner": None, "lease_until": None}
        for _ in range(_CONFLICTS):
            try:
                self._write(due, columns, event, now)
                break
            except Conflict:
                continue
        _tell(due, columns)

    def _write(self, due: Due, columns: dict[str, Any], event: Event | None, now: datetime) -> None:
        with self._desk.writing(now) as ledger:
            held = outbox.note(ledger.connection, due, **columns)
            if held and event is not None and due.ticket_id is not None:
                ledger.apply(due.ticket_id, event)

    def _outcome(
        self, due: Due, result: Result, now: datetime
    ) -> tuple[dict[str, Any], Event | None]:
        """Return the columns to write, and the event that the ticket's history gets, if any."""
        match result:
            case Sent(detail):
                ended = {"state": outbox.SENT, "reason": detail, "done_at": now, "rendered": None}
                return ended, self._delivered(due, now)
            case Never(code, reason):
                return self._ended(due, outbox.NEVER, f"{code} {reason}", now)
            case Unknown(reason) if self._rules.on_unknown == "hold":
                return self._ended(due, outbox.UNKNOWN, reason, now)
            case Unknown(reason) | Later(reason):
                if now - due.created_at >= self._rules.give_up_after:
                    return self._ended(due, outbox.NEVER, f"given up: {reason}", now)
                return self._put_off(due, result, reason, now), None

    def _put_off(self, due: Due, result: Result, reason: str, now: datetime) -> dict[str, Any]:
        columns: dict[str, Any] = {"reason": reason}
        if isinstance(result, Later) and result.connection:
            return columns  # the way is to blame, not the mail: no try is counted
        steps = self._rules.retry_after
        wait = steps[min(due.attempts, len(steps) - 1)]
        spread = 1 + random.uniform(-_JITTER, _JITTER)  # noqa: S311 - spreads retries, guards nothing
        if isinstance(result, Later):
            columns["began_at"] = None
        return columns | {
            "attempts": due.attempts + 1,
            "next_try_at": now + wait * spread,
        }

    def _ended(
        self, due: Due, state: str, reason: str, now: datetime
    ) -> tuple[dict[str, Any], Event | None]:
        event = None
        if due.role == "customer":
            event = Undelivered(
                at=now,
                actor=GATEWAY,
                notice=due.notice,
                turn=due.turn,
                recipient=due.recipient,
                reason=reason,
            )
        return {"state": state, "reason": reason, "done_at": now}, event

    def _delivered(self, due: Due, now: datetime) -> Event | None:
        if not due.awaited:
            return None
        return Delivered(at=now, actor=GATEWAY, notice=due.notice, turn=due.turn)


_LINES = {
    outbox.SENT: "notice.sent",
    outbox.NEVER: "notice.never",
    outbox.UNKNOWN: "notice.unknown",
}


def _tell(due: Due, columns: dict[str, Any]) -> None:
    log(
        _LINES.get(columns.get("state", ""), "notice.later"),
        notice=due.id,
        kind=due.notice,
        ticket=due.ticket_id,
        message_id=due.rfc_id,
        why=columns.get("reason"),
    )
