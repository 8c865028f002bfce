"""Which tickets have mails that may not lie in place: those to which something has happened.

What has happened is asked for by the ids of events. These become visible out of order where several
nodes write, and whoever looks may have failed in between: so from time to time, and at first, all
tickets with mails on the board are walked through, the newest first.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from heapq import nsmallest

from mailgate.store.board import Board, Due

MOST = 200  # tickets that are seen to at once
_MAILS = 2000  # raw mails whose tickets are asked for in one look
_STRETCH = 2000  # tickets of a walk that are looked at in one go
_AGAIN = timedelta(minutes=10)  # from the beginning of a walk to that of the next
_LATE = timedelta(seconds=30)  # after its id was given out, an event may still become visible


class Unsettled:
    """What is known of one board's tickets; used by one thread."""

    def __init__(self, now: datetime) -> None:
        self.due = Due()
        self._after: int | None = None  # all events up to this one have been seen
        self._seen: set[tuple[int, int]] = set()  # and these after it
        self._newest, self._newest_at = 0, now  # which one will take its place, since when
        self._walking, self._began_at = False, now
        self._below: int | None = None  # the last ticket that the walk has come to
        self._asked = 0  # the raw mail whose ticket was asked for last

    def begin(self) -> None:
        """Start anew, with a walk through all tickets."""
        self._after = None

    @property
    def more(self) -> bool:
        """Whether there is more to be seen to at once."""
        return self._walking or len(self.due.tickets) >= MOST

    def find(self, board: Board, now: datetime) -> None:
        """Ask what has happened, and go on with the walk while nothing else is to be done."""
        if self._after is None:
            self._after = self._newest = board.last_event()
            self._newest_at = now
            self._walk(board, now)
        events = board.events(self._after)
        changed = {ticket_id for _, ticket_id in events - self._seen}
        self.due.tickets.update(board.unsettled(changed))
        self._seen = events
        if now - self._newest_at >= _LATE:
            self._after, self._newest = self._newest, max(events, default=(self._newest, 0))[0]
            self._newest_at = now
        if not self._walking and now - self._began_at >= _AGAIN:
            self._walk(board, now)
        if self._walking and len(self.due.tickets) < MOST:
            stretch = board.below(self._below, _STRETCH)
            self.due.tickets.update(board.unsettled(stretch))
            self._walking = len(stretch) == _STRETCH
            self._below = stretch[-1] if stretch else None

    def _walk(self, board: Board, now: datetime) -> None:
        self._walking, self._began_at, self._below = True, now, None
        self.due.mails.update(board.orphans())

    def mails(self) -> list[int]:
        """Return the raw mails whose tickets are to be asked for now; one after the other, all."""
        if len(self.due.mails) <= _MAILS:
            return sorted(self.due.mails)
        later = (mail_id for mail_id in self.due.mails if mail_id > self._asked)
        asked = nsmallest(_MAILS, later) or nsmallest(_MAILS, self.due.mails)
        self._asked = asked[-1]
        return asked

    def first(self) -> list[int]:
        """Return the tickets that are to be seen to now, the newest first."""
        return sorted(self.due.tickets, reverse=True)[:MOST]

    def seen_to(self, ticket_ids: Collection[int]) -> None:
        """Note that nothing is to be done about these tickets until something happens."""
        self.due.tickets.difference_update(ticket_ids)
