"""Where every mail is kept before anybody is told that we have it.

One thread commits. Whatever arrives while a commit runs goes into the next one, and what follows
it at once as well, so that many senders share one fsync.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from mailgate.domain.routing import Route
from mailgate.errors import MailgateError, Permanent, Temporary
from mailgate.intake.disk import Disk
from mailgate.log import log
from mailgate.store import audit, inbox
from mailgate.store.db import Database

_FULL = "the disk is nearly full: make room, or lower [inbound] free_disk"
_OURS = "it met a fault of ours; its log says more"
_SLOW = "the store takes too long"
_POSTMASTER = "postmaster"  # an address of every desk (RFC 5321 section 4.5.1)
_REMEMBERED = 60.0
"""Seconds for which a failure is told: who sends mail only to a gateway that is well would
otherwise never try this one again."""
_LONG = 4.0
"""Seconds for which a commit may go on before that is told: soon after, senders are put off."""
_GATHER = 0.001
"""Seconds for which mails are gathered where they come one upon another: larger commits take less
of a processor for each mail than they cost whoever waits."""
_CALM = 1.0
"""Seconds without a commit of several mails after which nobody is in a hurry."""
_MOST = 256
_OCTETS = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Incoming:
    """A mail as a transport hands it over; times are aware UTC.

    road: smtp, lmtp, pipe, imap, sent for what an agent sent out of the shared mailbox, or
        submission for what one handed in after a login: `peer` is then their short name, and the
        recipients need not be ours.
    not_before: when it may be processed, where that is not at once.
    """

    raw: bytes
    mail_from: str
    recipients: tuple[str, ...]
    received_at: datetime
    peer: str
    road: str
    not_before: datetime | None = None


_Queues = Mapping[tuple[int, str], list[str]]
"""The recipients of a mail in each queue of each tenant."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    mail: Incoming
    queues: _Queues
    done: "Future[int]"


@dataclass(frozen=True, slots=True)
class _Batch:
    """Mails of one commit, made ready while more of them come; `hurried` where many do."""

    hurried: bool = False
    done: list["Future[int]"] = field(default_factory=list)
    arrivals: list[inbox.Arrival] = field(default_factory=list)
    firsts: list[int] = field(default_factory=list)

    def add(self, waiting: _Waiting) -> None:
        """Make one ready."""
        arrivals = list(_arrivals(waiting.mail, waiting.queues, hurried=self.hurried))
        self.firsts.append(len(self.arrivals))
        self.arrivals.extend(arrivals)
        self.done.append(waiting.done)


class Inbox:
    """Keeps mails durably; `submit` tells by a future when that is so."""

    def __init__(
        self,
        database: Database,
        route: Callable[[str], Route | None],
        tenants: Callable[[str], int],
        wake: Callable[[], None],
        disk: Disk,
    ) -> None:
        self._database = database
        self._route = route
        self._tenants = tenants
        self._wake = wake
        self._disk = disk
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._open = False
        self._fault: tuple[str, float] | None = None
        self._began: float | None = None  # the commit under way, by the steady clock

    def start(self) -> None:
        """Begin to commit. Says so if the database could lose what was committed."""
        with self._database.read() as connection:
            unsafe = audit.unsafe(connection)
        if unsafe:
            log("database.unsafe", settings=unsafe)
        self._open = True
        self._thread = threading.Thread(target=self._run, name="inbox", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread that commits runs."""
        return self._thread is not None and self._thread.is_alive()

    def stop(self) -> None:
        """Commit what has been handed in, and take no more."""
        self._open = False
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None

    @property
    def fault(self) -> str | None:
        """Why no mail can be kept, or why the last ones could not just now; None when all is well.

        In words of ours: it is shown to whoever asks.
        """
        if not self.has_room(0):
            return _FULL
        began = self._began  # another thread may end it at any time
        if began is not None and time.monotonic() - began > _LONG:
            return _SLOW
        if self._fault is None or time.monotonic() - self._fault[1] > _REMEMBERED:
            return None
        return self._fault[0]

    def has_room(self, octets: int) -> bool:
        """Whether the disk has room for a mail of so many octets."""
        return self._disk.has_room(octets)

    def need_room(self, octets: int) -> None:
        """Raise `Temporary` where the disk has no room for so many octets."""
        if not self.has_room(octets):
            raise Temporary(_FULL)

    def takes(self, address: str) -> bool:
        """Whether mail to an address is mail to this desk."""
        return self._route(address) is not None

    def submit(self, mail: Incoming) -> "Future[int]":
        """Return a future that is done when the mail is durably kept, with its delivery's id.

        Raises `Permanent` when no recipient is ours; the future raises `Temporary` when the mail
        could not be kept.
        """
        queues = self._queues(mail)
        done: Future[int] = Future()
        done.set_running_or_notify_cancel()  # whoever waits may leave; the commit goes on
        if not self._open:
            done.set_exception(Temporary("the gateway is stopping"))
        elif not self.has_room(len(mail.raw)):
            done.set_exception(Temporary(_FULL))
        else:
            self._queue.put(_Waiting(mail, queues, done))
        return done

    def put(self, mail: Incoming) -> int:
        """Keep one mail at once, in this thread; return its delivery's id.

        Raises `Permanent` when no recipient is ours, `Temporary` when it could not be kept.
        """
        self.need_room(len(mail.raw))
        return self._commit(self._batch([mail]))[0]

    def put_all(
        self, mails: Sequence[Incoming], beside: Callable[[Connection, Sequence[int]], None]
    ) -> None:
        """Keep mails at once, in this thread, all or none, and what belongs to them.

        `beside` is called within the transaction, with the ids of the deliveries. Raises as `put`,
        and whatever `beside` raises.
        """
        self.need_room(sum(len(mail.raw) for mail in mails))
        self._commit(self._batch(mails), beside)
        if mails:
            self._wake()

    def _batch(self, mails: Sequence[Incoming]) -> _Batch:
        batch = _Batch()
        for mail in mails:
            batch.add(_Waiting(mail, self._queues(mail), Future()))
        return batch

    def _queues(self, mail: Incoming) -> _Queues:
        queues: dict[tuple[int, str], list[str]] = {}
        for recipient in mail.recipients:
            route = self._route(recipient)
            if route is None and mail.road == inbox.SUBMISSION:
                route = self._route(_POSTMASTER)  # to a customer, and so from the desk
            if route is not None:
                key = (self._tenants(route.tenant), route.queue)
                queues.setdefault(key, []).append(recipient)
        if not queues:
            raise Permanent("no recipient of this mail is an address of this desk")
        return queues

    def _run(self) -> None:
        stopping, before, crowded = False, 0, -_CALM
        while not stopping:
            waiting = self._queue.get()
            now = time.monotonic()
            batch = _Batch(hurried=now - crowded < _CALM)
            # Where the last commit had several mails, more are on their way.
            stopping = self._gather(batch, waiting, now + _GATHER if before > 1 else now)
            before = len(batch.done)
            crowded = now if before > 1 else crowded
            if before:
                self._settle(batch)
            del batch, waiting  # a mail may be large, and the next one may take its time

    def _gather(self, batch: _Batch, waiting: _Waiting | None, until: float) -> bool:
        """Fill a batch with what waits, and with what comes `until` then; True when it is the last.

        `until` is of the steady clock.
        """
        octets = 0
        while waiting is not None:
            octets += len(waiting.mail.raw)
            try:
                batch.add(waiting)
            except Exception as error:  # noqa: BLE001 - one mail must not stop all others
                waiting.done.set_exception(_fault(error))
            if len(batch.done) >= _MOST or octets >= _OCTETS:
                return False
            try:
                left = until - time.monotonic()
                waiting = self._queue.get(left > 0, max(left, 0.0))
            except queue.Empty:
                return False
        return True

    def _settle(self, batch: _Batch) -> None:
        self._began = time.monotonic()
        try:
            ids = self._commit(batch)
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody may be told 250
            fault = _fault(error)
            self._fault = fault.brief, time.monotonic()
            for done in batch.done:
                done.set_exception(fault)
            return
        finally:
            self._began = None
        self._fault = None
        for done, id_ in zip(batch.done, ids, strict=True):
            done.set_result(id_)
        self._wake()

    def _commit(
        self, batch: _Batch, beside: Callable[[Connection, Sequence[int]], None] | None = None
    ) -> list[int]:
        with self._database.write(urgent=True) as connection:
            ids = self._database.ids(connection, 2 * len(batch.arrivals))
            kept = inbox.put(connection, ids, batch.arrivals)
            mine = [kept[first] for first in batch.firsts]
            if beside is not None:
                beside(connection, mine)
        return mine


def _arrivals(mail: Incoming, queues: _Queues, *, hurried: bool) -> Iterator[inbox.Arrival]:
    made: inbox.Arrival | None = None
    for (tenant_id, name), recipients in queues.items():
        made = inbox.Arrival(
            raw=mail.raw,
            tenant_id=tenant_id,
            queue=name,
            recipients=tuple(recipients),
            mail_from=mail.mail_from,
            peer=mail.peer,
            road=mail.road,
            received_at=mail.received_at,
            not_before=mail.not_before,
            hurried=hurried,
            like=made,
        )
        yield made


def _fault(error: Exception) -> Temporary:
    """Return what senders and /readyz are told of an error, which goes into the log."""
    if not isinstance(error, MailgateError):
        log("inbox.failed", exc_info=error)
        return Temporary(_OURS)
    log("database.unavailable", where="inbox", error=str(error))
    return error if isinstance(error, Temporary) else Temporary(str(error))
