"""Turns stored mails into events, in batches; neither a bad mail nor a slow one stops the others.

A batch is read without the database, then decided and written in one transaction. What has to be
waited for is read aside, and joins a later batch, and so does a mail that would overtake the one it
answers. A mail that fails is tried again alone, and
parked with its traceback after three tries.
"""

import contextlib
import threading
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from mailgate.desk.door import Desk
from mailgate.errors import Conflict, Temporary
from mailgate.intake.aside import Aside
from mailgate.intake.ending import Ending
from mailgate.intake.lookup import look_up
from mailgate.intake.reading import Reader, Reading
from mailgate.intake.sorting import sort
from mailgate.log import log, together
from mailgate.mail.signer import Signer
from mailgate.store import audit, inbox
from mailgate.store.inbox import Claimed

BATCH = 100
BATCH_OCTETS = 32 * 1024 * 1024
LEASE = timedelta(seconds=60)
_RENEWALS = 4  # how often the lease of what is read aside is made longer before it would lapse
LATER = timedelta(seconds=10)
"""How long a mail waits for which there is no room to be read."""
TRIES = 3
MOST_LOST = 5
"""Claims of one mail that may end without a word, as when the gateway is killed."""
_CONFLICTS = 8
_ENOUGH = 100
"""Mails after which the tables of a new desk hold enough for the database to learn from them."""
_IDLE = 1.0  # seconds between looks when nothing wakes the worker
_LONGEST_ERROR = 8000


class _Lost(Exception):
    """Another worker has taken over some of the mails."""


class Worker:
    """Processes accepted mails for one desk."""

    def __init__(
        self,
        desk: Desk,
        reader: Reader,
        signer: Signer,
        now: Callable[[], datetime],
        owner: str,
        sent: Callable[[], None],
        lease: timedelta = LEASE,
    ) -> None:
        self._desk = desk
        self._reader = reader
        self._signer = signer
        self._now = now
        self._owner = owner
        self._sent = sent
        self._lease = lease
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._aside = Aside(self._wake.set)
        self._renewed = now()
        self._taken = 0
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Process whatever waits, and then whatever comes."""
        self._thread = threading.Thread(target=self._run, name="intake", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def wake(self) -> None:
        """Say that there is a new mail."""
        self._wake.set()

    def stop(self) -> None:
        """Finish the batch in hand, and stop; what is read aside is read again another time."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._give_back(self._aside.close())

    def drain(self) -> None:
        """Process whatever waits, to the end, in the thread of who calls."""
        try:
            while self.run_once() or self._aside.mails:
                self._aside.wait(self._lease.total_seconds() / _RENEWALS)
        finally:
            self._give_back(self._aside.close())

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            try:
                done = self.run_once()
            except Temporary as error:
                log("database.unavailable", where="intake", error=str(error))
                done = 0
            except Exception as error:  # noqa: BLE001 - whatever it was, the next mail may be well
                log("job.failed", job="intake", error=repr(error))
                done = 0
            if not done:
                self._wake.wait(_IDLE)

    def run_once(self) -> int:
        """Process one batch; return how many mails were taken in hand."""
        now, tenant_id = self._now(), self._desk.settings.tenant_id
        with self._desk.database.write() as connection:
            self._renew(connection, now)
            at = self._desk.database.lease_time(now)
            claimed = inbox.claim(
                connection, tenant_id, self._owner, now, self._lease, BATCH, BATCH_OCTETS, at
            )
            # A mail whose claims ended without a word may have ended the worker: it goes alone,
            # after the others, and is not held before: whatever ends us then is not its fault.
            lost = [mail for mail in claimed if mail.lost]
            inbox.give_back(connection, tenant_id, lost)
        read = self._aside.take(now)
        mine = [mail for mail in claimed if not mail.lost]
        try:
            readings = self._fetch(read, now)
            self._settle(readings + self._begin(mine, now))
            if lost:
                self._take_alone(lost[0], now)
        except Temporary:
            held = {mail.id for mail in self._aside.mails}
            mails = (*mine, *(mail for mail, _ in read))
            self._give_back([mail for mail in mails if mail.id not in held])
            raise
        if claimed or read:
            self._sent()
        self._learn(len(claimed))
        return len(claimed) + len(read)

    def _learn(self, taken: int) -> None:
        """Let the database learn what is in its tables, once some mails have gone into them."""
        before, self._taken = self._taken, self._taken + taken
        if before < _ENOUGH <= self._taken:
            with self._desk.database.write() as connection:
                audit.learn(connection)

    def _take_alone(self, mail: Claimed, now: datetime) -> None:
        """Process a mail whose claims ended without a word, if it is still there."""
        database, tenant_id = self._desk.database, self._desk.settings.tenant_id
        with database.write() as connection:
            until = database.lease_time(self._now()) + self._lease
            again = inbox.claim_again(connection, tenant_id, mail, self._owner, until)
        if again is None:
            return
        try:
            if again.lost >= MOST_LOST:
                self._fail(again, "the gateway ended each time while it read this mail", TRIES)
            else:
                self._settle(self._begin([again], now))
        except Temporary:
            self._give_back([again])
            raise

    def _renew(self, connection: Connection, now: datetime) -> None:
        """Make the leases of what is read aside longer, before they lapse."""
        often = self._lease / _RENEWALS
        if not timedelta(0) <= now - self._renewed < often:  # the clock may be set back
            mails, until = self._aside.mails, self._desk.database.lease_time(now) + self._lease
            inbox.renew(connection, self._desk.settings.tenant_id, mails, until)
            self._renewed = now

    def _fetch(
        self, read: Sequence[tuple[Claimed, "Future[Reading]"]], now: datetime
    ) -> list[Reading]:
        """Return what was read aside."""
        readings: list[Reading] = []
        for mail, reading in read:
            try:
                readings.append(reading.result())
            except Temporary as error:
                self._defer([mail], now, str(error))
            except Exception:  # noqa: BLE001 - a mail that cannot be read must not stop the others
                self._fail(mail, traceback.format_exc(), mail.attempts + 1)
        return readings

    def _begin(self, claimed: Sequence[Claimed], now: datetime) -> list[Reading]:
        """Return what can be read at once; the rest is read aside."""
        readings: list[Reading] = []
        crowded: list[Claimed] = []
        for at, mail in enumerate(claimed):
            if self._now() - now > self._lease / 2:  # reading went on for long: what is left, later
                self._give_back(claimed[at:])
                break
            try:
                begun = self._reader.begin(mail, now)
            except Exception:  # noqa: BLE001 - a mail that cannot be read must not stop the others
                self._fail(mail, traceback.format_exc(), mail.attempts + 1)
                continue
            if self._aside.takes(begun, mail):
                if not self._aside.put(mail, begun, now):
                    crowded.append(mail)
            elif isinstance(begun, Reading):
                readings.append(begun)
        self._defer(crowded, now, "too many mails are being read")
        return readings

    def _settle(self, readings: Sequence[Reading]) -> None:
        for reading, _ in self._process(readings):
            for _, error in self._process([reading]):  # alone, whatever fails is its own fault
                self._fail(reading.claimed, error, reading.claimed.attempts + 1)

    def _defer(self, claimed: Sequence[Claimed], now: datetime, why: str) -> None:
        """Let go of mails for which there is no room; others pass them meanwhile."""
        if claimed:
            self._give_back(claimed, now + LATER)
            log("mail.deferred", mails=[mail.id for mail in claimed], why=why)

    def _give_back(self, claimed: Sequence[Claimed], until: datetime | None = None) -> None:
        """Let go of what could not be done now, so that it need not wait for the lease to lapse."""
        if not claimed:
            return
        with contextlib.suppress(Temporary), self._desk.database.write() as connection:
            inbox.give_back(connection, self._desk.settings.tenant_id, claimed, until)

    def _process(self, readings: Sequence[Reading]) -> list[tuple[Reading, str]]:
        """Decide and write a batch; return the mails that failed, unchanged, and why."""
        error = "somebody else changed the same tickets each time"
        for _ in range(_CONFLICTS if readings else 0):
            try:
                return self._write(readings)
            except Conflict:
                continue
            except _Lost:
                if len(readings) == 1:
                    log("lease.expired", mail=readings[0].claimed.id)
                    return []
                error = "another worker has taken over some mails of the batch"
                break
            except Temporary:
                raise
            except Exception:  # noqa: BLE001 - the batch is tried again, mail by mail
                error = traceback.format_exc()
                break
        else:
            if len(readings) == 1:  # others were always quicker, which is no fault of the mail
                self._defer([readings[0].claimed], self._now(), error)
                return []
        return [(reading, error) for reading in readings]

    def _write(self, readings: Sequence[Reading]) -> list[tuple[Reading, str]]:
        now = self._now()
        failed: list[tuple[Reading, str]] = []
        endings: list[tuple[Reading, Ending]] = []
        early: list[Claimed] = []
        held: list[Claimed] = []  # let go already
        with self._desk.writing(now, len(readings)) as ledger:
            lookup = look_up(ledger, readings, self._signer)
            for reading in readings:
                mark = ledger.mark()
                try:
                    ending = sort(ledger, lookup, reading)
                    if ending.state == inbox.PENDING:
                        (held if ending.word else early).append(reading.claimed)
                        continue
                    lookup.learn(reading, ending.ticket_id, ending.state)
                    endings.append((reading, ending))
                except Temporary:
                    raise
                except Exception:
                    if len(readings) == 1:
                        raise
                    ledger.undo(mark)
                    failed.append((reading, traceback.format_exc()))
            ledger.flush()
            rows = [row_of(reading, ending, now) for reading, ending in endings]
            if inbox.settle(ledger.connection, ledger.settings.tenant_id, rows) != len(rows):
                raise _Lost
            inbox.wait(ledger.connection, ledger.settings.tenant_id, early, now)
        if early:
            why = "others that come before them are not yet processed"
            log("mail.deferred", mails=[mail.id for mail in early], why=why)
        if held:
            log("mail.held", mails=[mail.id for mail in held])
        with together():
            for reading, ending in endings:
                _tell(reading, ending)
        return failed

    def _fail(self, mail: Claimed, error: str, attempts: int) -> None:
        """Count a failed try; after the last one the mail is parked with its error."""
        now = self._now()
        parked = attempts >= TRIES
        row = {
            "id": mail.id,
            "fence": mail.fence,
            "state": inbox.PARKED if parked else inbox.PENDING,
            "attempts": attempts,
            "next_try_at": None if parked else now + timedelta(seconds=2**attempts),
            "error": error[-_LONGEST_ERROR:],
            "done_at": now if parked else None,
        }
        with self._desk.database.write() as connection:
            held = inbox.settle(connection, self._desk.settings.tenant_id, [row])
        if held:
            log("mail.parked" if parked else "mail.failed", mail=mail.id, attempts=attempts)


def row_of(reading: Reading, ending: Ending, now: datetime) -> dict[str, Any]:
    """Return what is written of a mail when it has ended; the verdict is for `explain`."""
    placement, verdict = ending.placement, reading.verdict
    return {
        "id": reading.claimed.id,
        "fence": reading.claimed.fence,
        "state": ending.state,
        "fingerprint": reading.fingerprint,
        "ticket_id": ending.ticket_id,
        "verdict": {
            "kind": verdict.kind.value,
            "machine": verdict.machine,
            "may_answer": verdict.may_answer,
            "reasons": list(verdict.reasons),
            "trust": reading.authentication.level.value,
            "authentication": list(reading.authentication.reasons),
            "says": ending.says,
            "rung": placement.rung.value if placement else None,
            "other_address": placement.other_address if placement else False,
            "mentions": list(placement.mentions) if placement else [],
            "tried": list(placement.tried) if placement else [],
            "degraded": list(reading.mail.degraded),
        },
        "degraded": bool(reading.mail.degraded),
        "error": None,
        "done_at": now,
    }


_LINES = {
    "opened": "mail.opened",
    "threaded": "mail.threaded",
    "commands_only": "mail.commands_only",
    "command_refused": "mail.command_refused",
    "sent_back": "mail.sent_back",
    "report": "mail.report",
    "suppressed": "mail.suppressed",
    "quarantined": "mail.quarantined",
}


def _tell(reading: Reading, ending: Ending) -> None:
    if reading.mail.degraded:
        log("mail.degraded", mail=reading.claimed.id, why=reading.mail.degraded)
    log(
        _LINES[ending.word or ending.state],
        mail=reading.claimed.id,
        ticket=ending.ticket_id,
        message_id=reading.mail.message_id,
        why=ending.says,
    )
