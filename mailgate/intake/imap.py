"""Watches shared mailboxes: a thread and a connection for each, so that none waits for another.

IDLE is a hint and never the source: whenever it ends, and every so often anyway, the mailbox is
looked at in full. Mails are taken whether the board can be tended or not.
"""

import math
import os
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from mailgate.errors import Lost, Temporary
from mailgate.imap.link import Link
from mailgate.intake.catchup import LEASE, Catchup
from mailgate.intake.drafts import Drafts
from mailgate.intake.filing import Filing
from mailgate.intake.mailbox import SENT, Board, Mailbox, Place, places
from mailgate.log import log
from mailgate.store import mailboxes
from mailgate.store.db import Database

_LONGEST_IDLE = 300.0  # seconds; some networks forget a silent connection after ten minutes
_STANDBY = 10.0  # seconds between looks at whether the node that watches has gone
_MOST_HURRIED = 5  # looks one after the other, without waiting, as long as the board changes
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0  # seconds between tries after a fault


class _BoardFault(Exception):
    """The board of the mailbox, or its drafts, could not be tended."""


@dataclass(frozen=True, slots=True)
class Also:
    """What is done in a mailbox besides taking its mails."""

    board: Board | None = None
    filing: Filing | None = None
    drafts: Drafts | None = None


NOTHING_ELSE = Also()


class Watcher:
    """Watches one mailbox, as long as no other node does."""

    def __init__(
        self,
        mailbox: Mailbox,
        catchup: Catchup,
        database: Database,
        tenant_id: int,
        owner: str,
        now: Callable[[], datetime],
        connect: Callable[[Mailbox], Link] = lambda mailbox: Link.open(mailbox.account),
        also: Also = NOTHING_ELSE,
    ) -> None:
        self._mailbox = mailbox
        self._catchup = catchup
        self._database = database
        self._tenant_id = tenant_id
        self._owner = owner
        self._now = now
        self._connect = connect
        self._board = also.board
        self._filing = also.filing
        self._drafts = also.drafts
        self._stop = threading.Event()
        self._woken, self._waking = os.pipe()
        self._thread: threading.Thread | None = None
        self._fault: str | None = None
        self._failures = 0
        self._well = False
        self._without_sent = False
        self._board_fault = ""
        self._board_failures = 0
        self._board_rests_until = -math.inf  # by the machine's steady clock

    def start(self) -> None:
        """Watch from now on."""
        name = f"imap-{self._mailbox.name}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def ask_to_stop(self) -> None:
        """Have it end after the batch in hand."""
        self._stop.set()
        if self._thread is not None:
            os.write(self._waking, b"!")

    def join(self) -> None:
        """Wait until it has ended."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None
            os.close(self._woken)
            os.close(self._waking)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                pause = self._watch()
            except Temporary as error:
                pause = self._failed(str(error))
            except Exception as error:  # noqa: BLE001 - one mailbox must not stop the others
                log("job.failed", job=f"mailbox {self._mailbox.name}", error=repr(error))
                pause = self._failed(repr(error))
            self._stop.wait(pause)

    def _watch(self) -> float:
        """Watch until a stop is asked for, or another node does; return how long to pause then."""
        with self._database.write() as connection:
            fence = mailboxes.take(
                connection,
                self._tenant_id,
                self._mailbox.name,
                self._owner,
                self._database.lease_time(self._now()),
                LEASE,
                alone=self._database.path is not None,  # SQLite serves one node
            )
        if fence is None:
            return _STANDBY
        link = self._connect(self._mailbox)
        try:
            self._session(link, fence)
        except Lost:
            return _STANDBY
        except _BoardFault as fault:  # the connection may be no good; mails are taken by another
            self._board_failed(str(fault))
        finally:
            link.close()
        with self._database.write() as connection:
            mailboxes.hold(connection, self._tenant_id, self._mailbox.name, fence, None)
        return 0.0

    def _session(self, link: Link, fence: int) -> None:
        tended = time.monotonic() >= self._board_rests_until
        board, drafts = (self._board, self._drafts) if tended else (None, None)
        found = link.folders()
        states: Sequence[str] = ()
        if drafts is not None:
            drafts.prepare(found)
        if board is not None:
            with self._of_board():
                states = board.prepare(link, found)
        watched = places(self._mailbox, found, states)
        self._tell_of_sent(missing=all(place.road != SENT for place in watched))
        self._catchup.begin()
        seconds = min(self._mailbox.every.total_seconds(), _LONGEST_IDLE)
        if self._board is not None:  # of what is moved outside the INBOX, IDLE says nothing
            seconds = min(seconds, self._board.every.total_seconds())
        hold = partial(self._catchup.hold, fence=fence)
        hurried = 0
        while not self._stop.is_set():
            self._file(link, watched, hold)
            if drafts is not None:
                self._see_drafts(link, drafts, hold)
            beside = () if board is None else board.aside
            stopping = self._stop.is_set
            self._catchup.look(link, fence, watched, stopping, self._board_fault, beside)
            differs = False
            if board is not None:
                with self._of_board():
                    differs = board.look(link, hold, self._catchup.standing)
            if tended:
                self._board_went_well()
            self._went_well()
            hurried = hurried + 1 if differs else 0
            if hurried % _MOST_HURRIED == 0 and not self._stop.is_set():
                link.wait(seconds, self._woken)
            if not tended and time.monotonic() >= self._board_rests_until:
                return

    def _file(
        self, link: Link, watched: Sequence[Place], hold: Callable[[Connection], None]
    ) -> None:
        """File what the gateway has sent, before it could be found there as somebody's."""
        sent = next((place.folder for place in watched if place.road == SENT), None)
        if self._filing is not None and sent is not None:
            self._filing.file(link, sent, hold)

    def _see_drafts(self, link: Link, drafts: Drafts, hold: Callable[[Connection], None]) -> None:
        """See who is answering; the board, which looks next, shows it."""
        with self._of_board():
            changed = drafts.look(link, hold)
        if self._board is not None:
            self._board.unsettle(changed)

    @contextmanager
    def _of_board(self) -> Iterator[None]:
        """Tell a fault of the board from those that keep mails from being taken."""
        try:
            yield
        except Lost:
            raise
        except Temporary as error:
            raise _BoardFault(str(error)) from error
        except Exception as error:
            raise _BoardFault(repr(error)) from error

    # --- how it goes ---

    def _tell_of_sent(self, *, missing: bool) -> None:
        if missing and not self._without_sent:
            log("mailbox.without_sent", mailbox=self._mailbox.name)
        self._without_sent = missing

    def _went_well(self) -> None:
        if not self._well:
            log("mailbox.watched", mailbox=self._mailbox.name)
        self._well, self._fault, self._failures = True, None, 0

    def _failed(self, fault: str) -> float:
        """Note a fault, told of once while it lasts; return the seconds to the next try."""
        self._well = False
        self._failures += 1
        if fault != self._fault:
            log("mailbox.failed", mailbox=self._mailbox.name, error=fault)
            self._fault = fault
        try:
            with self._database.write() as connection:
                mailboxes.told(connection, self._tenant_id, self._mailbox.name, None, fault)
        except Temporary as error:
            log("database.unavailable", where="imap", error=str(error))
        return _pause(self._failures)

    def _board_failed(self, fault: str) -> None:
        """Let the board rest after a fault, which is told of once while it lasts."""
        self._board_failures += 1
        self._board_rests_until = time.monotonic() + _pause(self._board_failures)
        if fault != self._board_fault:
            log("board.failed", mailbox=self._mailbox.name, error=fault)
            self._board_fault = fault

    def _board_went_well(self) -> None:
        if self._board_fault:
            log("board.recovered", mailbox=self._mailbox.name)
        self._board_fault, self._board_failures = "", 0


def _pause(failures: int) -> float:
    """Return the seconds to the next try after so many that failed."""
    longest = min(_FIRST_PAUSE * 2.0 ** min(failures, 10), _LONGEST_PAUSE)
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - only so that not all come at once


class Watchers:
    """All mailboxes of a node."""

    def __init__(self, watchers: Iterable[Watcher]) -> None:
        self._watchers = tuple(watchers)

    def start(self) -> None:
        """Watch each from now on."""
        for watcher in self._watchers:
            watcher.start()

    @property
    def alive(self) -> bool:
        """Whether every thread runs."""
        return all(watcher.alive for watcher in self._watchers)

    def stop(self) -> None:
        """Finish the batches in hand, and stop."""
        for watcher in self._watchers:
            watcher.ask_to_stop()
        for watcher in self._watchers:
            watcher.join()
