"""What flags and keywords of a mail on the board mean for its ticket."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from mailgate.domain.events import Event, SetPriority, Tag
from mailgate.domain.model import Actor, Delay, Disposition, Priority, Ticket

FLAGGED = "\\Flagged"
"""The one flag that every mail program shows (RFC 9051 2.3.2)."""
_MOST_PRESSING_FIRST = tuple(Priority)


@dataclass(frozen=True, slots=True)
class Meanings:
    """Which marks count: the priority of a flagged mail's ticket, and keywords that are tags.

    `overdue` and `answering` are keywords that the gateway itself puts on mails whose ticket is
    late, and for whose ticket a draft of an answer lies there; empty: none.
    """

    flagged: Priority | None = None
    tags: tuple[str, ...] = ()
    overdue: str = ""
    answering: str = ""

    @property
    def watched(self) -> tuple[str, ...]:
        """The marks that are looked for, of which some are our own."""
        flag = () if self.flagged is None else (FLAGGED,)
        ours = filter(None, (self.overdue, self.answering))
        return (*flag, *self.tags, *ours)


def asked(
    ticket: Ticket,
    added: Collection[str],
    removed: Collection[str],
    meanings: Meanings,
    at: datetime,
    by: Actor,
) -> tuple[Event, ...]:
    """Return what it means that mails of a ticket have got marks, and have lost others for good.

    A flag makes a ticket press more and never less; taken off, it leaves the priority as it is.
    """
    if ticket.disposition is Disposition.MERGED:
        return ()
    events: list[Event] = []
    flagged = meanings.flagged
    if flagged is not None and FLAGGED in added and _presses_more(flagged, ticket.priority):
        events.append(SetPriority(at=at, actor=by, priority=flagged))
    on = tuple(sorted(t.lower() for t in meanings.tags if t in added))
    off = tuple(sorted(t.lower() for t in meanings.tags if t in removed))
    fresh = tuple(tag for tag in on if tag not in ticket.tags)
    stale = tuple(tag for tag in off if tag in ticket.tags)
    if fresh or stale:
        events.append(Tag(at=at, actor=by, added=fresh, removed=stale))
    return tuple(events)


def is_late(ticket: Ticket) -> bool:
    """Tell whether the mails of a ticket are to bear the mark of what is overdue."""
    return ticket.delay is Delay.SYSTEM


def _presses_more(one: Priority, other: Priority) -> bool:
    return _MOST_PRESSING_FIRST.index(one) < _MOST_PRESSING_FIRST.index(other)
