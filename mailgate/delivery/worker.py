"""Sends what the outbox holds: each notice once, as far as anybody can tell.

That its content begins to leave is written down before it does, in one transaction with how the
notice before it ended. When the answer never comes the notice is either sent again with the same
Message-ID or held for a person, as configured.
"""

import hashlib
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from mailgate.delivery.breaker import State
from mailgate.delivery.ending import Entry, Rules, ending
from mailgate.delivery.lateness import Lateness
from mailgate.delivery.lease import Claims
from mailgate.delivery.letter import Writer
from mailgate.delivery.record import Record
from mailgate.delivery.stint import Stint, Stints
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
from mailgate.delivery.way import Way
from mailgate.desk.canary import SUBJECT as CANARY
from mailgate.desk.door import Desk
from mailgate.domain.people import Role
from mailgate.errors import Conflict, Permanent, Temporary
from mailgate.log import log
from mailgate.store import inbox, letters, outbox
from mailgate.store.letters import Carried
from mailgate.store.outbox import Due

BATCH = 20
"""Notices claimed at once: the texts of all of them are in memory."""
_IMPOSSIBLE = 554  # RFC 5321 section 4.2.3: the transaction failed, for a reason of our own
_IDLE = 1.0


@dataclass(frozen=True, slots=True)
class _Tried:
    """How one try ended, and the mail itself where a copy of it is to be filed."""

    due: Due
    result: Result
    at: datetime
    copy: bytes | None


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
        way: Way,
        tell: Callable[[Stint], object] = lambda _stint: None,
    ) -> None:
        self._desk = desk
        self._stints = Stints(now, tell)
        self._writer = writer
        self._transport = transport
        self._rules = rules
        self._now = now
        self._owner = owner
        self._claims = Claims(desk, now, rules.lease)
        self._session: Session | None = None
        self._results: list[_Tried] = []  # since the last look at the way
        self._record = Record(desk, now)
        self._lateness = Lateness(desk, rules.delay_notice_after)
        self._noted = rules.on_unknown == "hold" or not transport.repeatable
        self._way = way
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

    def _guarded(self, work: Callable[[], int | None]) -> int:
        try:
            return work() or 0
        except Temporary as error:
            log("database.unavailable", where="delivery", error=str(error))
        except Exception as error:  # noqa: BLE001 - whatever it was, the next notice may be well
            log("delivery.failed", exc_info=error)
        return 0

    @property
    def tries(self) -> Mapping[str, int]:
        """How many tries have ended how, in the words of the log."""
        return dict(self._stints.tries)

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
        self._lateness.look(now)
        state = self._way.state(now)
        if state is State.OPEN:
            self._stints.end()
            return 0
        most = BATCH if state is State.CLOSED else 1
        with self._desk.database.write() as connection:
            tenant_id = self._desk.settings.tenant_id
            rules, at = self._rules, self._claims.now()
            claimed = outbox.claim(
                connection, tenant_id, self._owner, now, rules.lease, most, rules.furthest, at
            )
        if not claimed:
            self._stints.end()
            return 0
        self._stints.begin()
        with self._claims.kept(claimed, at):
            done = self._deliver_all(claimed)
        self._stints.end(more=True)
        return done

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
            self._writer.forget()
            self._settle()
            self._record.give_back(waiting)
        self._write_down()
        return len(claimed) - len(waiting)

    def _read(self, dues: Sequence[Due]) -> dict[int, Carried]:
        with self._desk.database.read() as connection:
            return letters.carried(connection, dues)

    def _deliver(self, due: Due, carried: Carried) -> bool:
        """Send one notice; False when the way is out of order and the rest need not try."""
        if due.began_at is not None and self._rules.on_unknown == "hold":
            end = Unknown("it had begun to leave when the gateway stopped")
            return self._ended(due, end, tried=False)
        if self._has_left(due):
            gone = Never(_IMPOSSIBLE, "they do not work here any more")
            return self._ended(due, gone, tried=False)
        mail = self._mail(due, carried)
        if not isinstance(mail, Outgoing):
            return self._ended(due, mail, tried=False)
        copy = mail.raw if self._desk.settings.files and carried.is_answer(due) else None
        return self._ended(due, self._send(due, mail), copy=copy)

    def _has_left(self, due: Due) -> bool:
        """Tell whether a mail for one of the staff has waited until they were none of it."""
        inside = due.role != Role.CUSTOMER.value and due.notice != CANARY
        return inside and due.recipient not in self._desk.settings.staff.by_address

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
            sender = self._writer.envelope_from(due)
            return Outgoing(sender, due.recipient, raw, _name(due), again=due.doubtful)
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
            if self._noted:
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
        if isinstance(result, Later | Unknown) and not self._claims.holds(due):
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
            self._settle()
            self._session.close()
            self._session = None

    def _settle(self) -> None:
        """See to it that what was sent is there to stay, and keep how each notice ended."""
        fault = self._session and self._results and self._session.settle()
        for tried in self._results:
            left = isinstance(tried.result, Sent)
            end = Unknown(fault) if fault and left else tried.result
            entry = ending(tried.due, end, self._rules, tried.at)
            self._record.add(replace(entry, copy=tried.copy if left and not fault else None))
        self._results = []

    def _ended(
        self, due: Due, result: Result, *, tried: bool = True, copy: bytes | None = None
    ) -> bool:
        """Note how it ended, to be written down soon; False when the way is out of order.

        What was not `tried` says nothing about the way. `copy` is filed where it has left.
        """
        self._results.append(_Tried(due, result, self._now(), copy))
        self._stints.tried(result)
        if isinstance(result, Later | Unknown) and result.connection:
            self._close()
            self._way.failed(result.reason, self._now())
            return False
        if tried:
            self._way.worked(self._now())
        return True

    def _begin(self, due: Due, raw: bytes) -> None:
        """Write down that the content is about to leave, and what it is."""
        self._claims.check(due)
        columns = {"began_at": self._now(), "lease_until": self._claims.extended(due)}
        kept = {} if due.kept else {"rendered": raw}
        self._settle()
        self._record.begin(Entry(due, columns | kept))

    def _write_down(self) -> None:
        self._settle()
        self._record.write()


def _name(due: Due) -> str:
    """Return what names a mail at each try and no other mail; it sorts by when it was decided."""
    at = due.created_at
    mark = hashlib.sha256(due.rfc_id.encode()).hexdigest()[:16]
    return f"{int(at.timestamp())}.M{at.microsecond:06}Q{due.id}R{mark}.mailgate"
