"""The claims of one worker on its notices: short ones, made longer for as long as it lives.

The other side may take ten minutes for its last answer (RFC 5321 section 4.5.3.2.6), and a node
that dies must not keep its mail from the others for so long.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from mailgate.desk.door import Desk
from mailgate.errors import Conflict, MailgateError
from mailgate.log import log
from mailgate.store import outbox
from mailgate.store.outbox import Due

_TIMES = 3  # how often a claim is made longer before it would lapse


class Claims:
    """What one worker has claimed, each for `length` from when it was last made longer."""

    def __init__(self, desk: Desk, now: Callable[[], datetime], length: timedelta) -> None:
        self._desk = desk
        self._now = now
        self.length = length
        self._every = length / _TIMES
        self._until: dict[int, datetime] = {}
        self._in_hand: tuple[Due, Callable[[], None]] | None = None

    def now(self) -> datetime:
        """Return the time by which claims last."""
        return self._desk.database.lease_time(self._now())

    @contextmanager
    def kept(self, dues: Sequence[Due], claimed_at: datetime) -> Iterator[None]:
        """Make these claims longer, in a thread of its own, until the end of the block."""
        self._until = {due.id: claimed_at + self.length for due in dues}
        over = threading.Event()

        def keep() -> None:
            while not over.wait(self._every.total_seconds()):
                self.renew(dues)

        thread = threading.Thread(target=keep, name="delivery-lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    @contextmanager
    def in_hand(self, due: Due, cut: Callable[[], None]) -> Iterator[None]:
        """Have `cut` called, by another thread, if the claim on `due` is lost in this block."""
        self._in_hand = due, cut
        try:
            yield
        finally:
            self._in_hand = None

    def extended(self, due: Due) -> datetime:
        """Return until when a claim lasts that is written down now."""
        until = self._until[due.id] = self.now() + self.length
        return until

    def holds(self, due: Due) -> bool:
        """Whether a claim cannot have become somebody else's yet."""
        return due.id in self._until and self.now() < self._until[due.id]

    def check(self, due: Due) -> None:
        """Raise `Conflict` when the claim may be somebody else's."""
        if not self.holds(due):
            raise Conflict("the claim on this notice has lapsed")

    def renew(self, dues: Sequence[Due]) -> None:
        """Make the claims on notices that have not ended longer, and cut short what was lost."""
        until = self.now() + self.length
        hand = self._in_hand
        try:
            with self._desk.database.write() as connection:
                held = outbox.renew(connection, dues, until)
        except MailgateError as error:
            log("database.unavailable", where="lease", error=str(error))
            lost = hand is not None and self._lapses(hand[0])
        else:
            self._until |= dict.fromkeys(held, until)
            lost = hand is not None and hand[0].id not in held
        # What ended meanwhile was no longer to be held; and the next one is judged the next time.
        if lost and hand is not None and self._in_hand is hand:
            self._until.pop(hand[0].id, None)
            hand[1]()

    def _lapses(self, due: Due) -> bool:
        """Whether a claim will have lapsed before it can be made longer again."""
        until = self._until.get(due.id)  # none: it was cut, and is not through yet
        return until is None or until - self.now() <= self._every
