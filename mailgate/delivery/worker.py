"""Sends what the outbox holds: each notice once, as far as anybody can tell.

That its content begins to leave is written down before it does, in one transaction with how the
notice before it ended. When the answer never comes the notice is either sent again with the same
Message-ID or held for a person, as configured.
"""

import random
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from mailgate.delivery.ending import Entry, Rules, ending, given_back, tell
from mailgate.delivery.lease import Claims
from mailgate.delivery.letter import Writer
from mailgate.delivery.transport import (
    Later,
    Never,
    Outgoing,
    Result,
    Session,
    Transport,
    Unknown,
)
from mailgate.desk import returns
from mailgate.desk.ledger import Desk, Ledger
from mailgate.domain.events import Event, Undelivered
from mailgate.domain.suspension import gone
from mailgate.errors import Conflict, Permanent, Temporary
from mailgate.log import log
from mailgate.store import inbox, letters, outbox
from mailgate.store.letters import Carried
from mailgate.store.outbox import Due

BATCH = 20
"""Notices claimed at once: the texts of all of them are in memory."""
_IMPOSSIBLE = 554  # RFC 5321 section 4.2.3: the transaction failed, for a reason of our own
_IDLE = 1.0
_LONGEST_PAUSE = 300.0  # seconds
_CONFLICTS = 8


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
        self._claims = Claims(desk, now, rules.lease)
        self._session: Session | None = None
        self._endings: list[Entry] = []  # known, and not yet written down
        self._paused: tuple[datetime, timedelta] | None = None  # since when, for how long
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
            if not self._guarded(self.run_once):
                self._close()
                self._wake.wait(_IDLE)
        self._guarded(self._write_down)
        self._close()

    def _guarded(self, work: Callable[[], int]) -> int:
        try:
            return work()
        except Temporary as error:
            log("database.unavailable", where="delivery", error=str(error))
        except Exception as error:  # noqa: BLE001 - whatever it was, the next notice may be well
            log("delivery.failed", exc_info=error)
        return 0

    def drain(self) -> int:
        """Send what waits, in this thread, and hang up; return how many were taken in hand."""
        total = 0
        try:
            while done := self.run_once():
                total += done
        finally:
            self._close()
        return total

    def run_once(self) -> int:
        """Send one batch; return how many notices were taken in hand.

        Raises `Temporary` when the database cannot be used; nothing that is known is forgotten.
        """
        self._write_down()
        now = self._now()
        if self._rests(now):
            return 0
        with self._desk.database.write() as connection:
            tenant_id = self._desk.settings.tenant_id
            lease = self._rules.lease
            claimed = outbox.claim(connection, tenant_id, self._owner, now, lease, BATCH)
        if not claimed:
            return 0
        with self._claims.kept(claimed, now):
            return self._deliver_all(claimed)

    def _deliver_all(self, claimed: Sequence[Due]) -> int:
        """Send a batch in its order, as far as it goes; return how many were taken in hand."""
        waiting = deque(claimed)
        try:
            carried = self._read(claimed)
            works = True
            while works and waiting and not self._stop.is_set():
                works = self._deliver(waiting[0], carried[waiting[0].id])
                waiting.popleft()
        finally:
            self._endings += map(given_back, waiting)
        self._write_down()
        return len(claimed) - len(waiting)

    def _read(self, dues: Sequence[Due]) -> dict[int, Carried]:
        with self._desk.database.read() as connection:
            return letters.carried(connection, dues)

    def _deliver(self, due: Due, carried: Carried) -> bool:
        """Send one notice; False when the way is out of order and the rest need not try."""
        if due.began_at is not None and self._rules.on_unknown == "hold":
            return self._ended(due, Unknown("it had begun to leave when the gateway stopped"))
        mail = self._mail(due, carried)
        if not isinstance(mail, Outgoing):
            return self._ended(due, mail)
        return self._ended(due, self._send(due, mail))

    def _mail(self, due: Due, carried: Carried) -> Outgoing | Later | Never:
        """Return the mail as it was first rendered, or what keeps it from being one."""
        kept = original = None
        wanted = self._writer.original(due, carried)
        if due.kept or wanted is not None:
            with self._desk.database.read() as connection:
                kept = outbox.rendered(connection, due) if due.kept else None
                if kept is None and wanted is not None:
                    original = inbox.raw(connection, wanted)
        try:
            raw = kept or self._writer.write(due, carried, original)
            return Outgoing(self._writer.envelope_from(due), due.recipient, raw)
        except Permanent as error:
            return Never(_IMPOSSIBLE, str(error))
        except Exception as error:  # noqa: BLE001 - one that cannot be written stops no other
            log("notice.failed", notice=due.id, kind=due.notice, exc_info=error)
            reason = str(error) if isinstance(error, Temporary) else repr(error)
            return Later(reason, connection=False)

    def _send(self, due: Due, mail: Outgoing) -> Result:
        """Hand one mail over; what another worker has taken meanwhile is left to that one."""
        begun = False

        def began() -> None:
            nonlocal begun
            self._begin(due, mail.raw)
            begun = True

        session = self._open()
        if isinstance(session, Later):
            return session
        try:
            with self._claims.in_hand(due, session.cut):
                result = session.send(mail, began, partial(self._claims.check, due))
        except Conflict as error:
            return Later(str(error), connection=False)
        except Temporary:
            raise  # the database's: nothing has left
        except Exception as error:  # noqa: BLE001 - what a way out stumbles over may be this mail
            log("delivery.failed", notice=due.id, exc_info=error)
            self._close()
            return Unknown(repr(error)) if begun else Later(repr(error), connection=False)
        if isinstance(result, Later) and not self._claims.holds(due):
            return replace(result, connection=False)  # it was cut by us
        return result

    def _open(self) -> Session | Later:
        if self._session is None:
            try:
                self._session = self._transport.open()
            except Temporary as error:
                return Later(str(error), connection=True)
            except Exception as error:  # noqa: BLE001 - it is the way's fault, not the mail's
                log("delivery.failed", exc_info=error)
                return Later(repr(error), connection=True)
        return self._session

    def _close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def _ended(self, due: Due, result: Result) -> bool:
        """Note how it ended, to be written down soon; False when the way is out of order."""
        self._endings.append(ending(due, result, self._rules, self._now()))
        if isinstance(result, Later) and result.connection:
            self._pause()
            return False
        self._failures = 0
        return True

    def _pause(self) -> None:
        """Leave a way that is out of order alone for a while."""
        self._close()
        self._failures += 1
        seconds = min(2.0 ** min(self._failures, 10), _LONGEST_PAUSE)
        spread = random.uniform(0.8, 1.2)  # noqa: S311 - spreads retries, guards nothing
        self._paused = self._now(), timedelta(seconds=seconds * spread)

    def _rests(self, now: datetime) -> bool:
        """Whether a pause lasts; one that begins in the future is of a clock that was set back."""
        if self._paused is None:
            return False
        since, pause = self._paused
        return timedelta(0) <= now - since < pause

    # --- what is on disk ---

    def _begin(self, due: Due, raw: bytes) -> None:
        """Write down that the content is about to leave, and what it is."""
        self._claims.check(due)
        columns = {"began_at": self._now(), "lease_until": self._claims.extended(due)}
        kept = {} if due.kept else {"rendered": raw}
        if not self._write_down(Entry(due, columns | kept)):
            raise Conflict("another worker has taken this notice over")

    def _write_down(self, beginning: Entry | None = None) -> bool:
        """Write what is known in one piece; False when the beginning's claim has lapsed.

        Raises `Temporary` when the database does not take it: it is kept for the next time.
        """
        entries = [*self._endings, beginning] if beginning else self._endings
        if not entries:
            return True
        try:
            held = self._commit(entries)
        except Temporary:
            raise
        except Exception as error:  # noqa: BLE001 - one ending that cannot be written stops no other
            log("delivery.failed", exc_info=error)
            while self._endings:
                self._write_alone(self._endings[0])
                del self._endings[0]
            return beginning is None or self._commit([beginning])[0]
        self._tell(self._endings, held)
        self._endings = []
        return held[-1]

    def _write_alone(self, entry: Entry) -> None:
        """Write one ending; without its event when it is that which cannot be recorded."""
        try:
            held = self._commit([entry])
        except Temporary:
            raise
        except Exception as error:  # noqa: BLE001 - else the mail would be sent again and again
            log("delivery.failed", notice=entry.due.id, ticket=entry.due.ticket_id, exc_info=error)
            held = self._commit([replace(entry, event=None)])
        self._tell([entry], held)

    def _tell(self, entries: list[Entry], held: list[bool]) -> None:
        for entry, ours in zip(entries, held, strict=False):  # a beginning is not told
            if ours:
                tell(entry)
            else:
                log("lease.expired", notice=entry.due.id)

    def _commit(self, entries: list[Entry]) -> list[bool]:
        """Write entries in one transaction; return for each whether the claim was still ours."""
        for _ in range(_CONFLICTS):
            try:
                return self._put(entries)
            except Conflict:
                log("store.conflict", where="delivery")
        raise Temporary("others change the tickets of these notices all the time")

    def _put(self, entries: list[Entry]) -> list[bool]:
        if not any(entry.event for entry in entries):
            with self._desk.database.write() as connection:
                return [outbox.note(connection, e.due, **e.columns) for e in entries]
        with self._desk.writing(self._now(), len(entries)) as ledger:
            unreached = _unreached(ledger, entries)
            held = []
            for entry in entries:
                held.append(outbox.note(ledger.connection, entry.due, **entry.columns))
                if held[-1] and entry.event is not None and entry.due.ticket_id is not None:
                    _happen(ledger, entry.due, entry.due.ticket_id, entry.event, unreached)
            return held


def _unreached(ledger: Ledger, entries: list[Entry]) -> returns.Unreached:
    """Return where notices of the same tickets have failed before."""
    failed = [entry.due for entry in entries if isinstance(entry.event, Undelivered)]
    tickets = {due.ticket_id for due in failed if due.ticket_id is not None}
    ids = {due.id for due in failed}
    return outbox.never_reached(ledger.connection, ledger.settings.tenant_id, tickets, ids)


def _happen(
    ledger: Ledger, due: Due, ticket_id: int, event: Event, unreached: returns.Unreached
) -> None:
    """Record how the sending of a notice ended; an address that is gone is left in peace."""
    if not isinstance(event, Undelivered):
        ledger.apply(ticket_id, event)
        return
    returns.failed(ledger, ticket_id, event, unreached, automatic=due.automatic)
    if gone(event.reason):
        ledger.suspend(due.recipient, event.reason)
