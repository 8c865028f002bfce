"""The board: where in a shared mailbox a ticket's mails belong, and what moving one of them means.

The law is that a mail stays where it was dropped: what a drop asks for makes the ticket one whose
mails belong into that very folder. The one exception are tickets that go on in another. What was
thrown away stays where it is: no mail is moved there because of its ticket, nor out of there.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from mailgate.domain.events import Assign, Close, Discard, Event, Reopen, Resolve, TakeBack, Wait
from mailgate.domain.model import TURN_OF, Actor, Disposition, Side, Status, Ticket


class Lane(StrEnum):
    """What a folder of the board stands for, the least final first."""

    OPEN = "open"  # our turn, in nobody's hands
    HELD = "held"  # our turn, in an agent's hands
    WAITING = "waiting"
    RESOLVED = "resolved"
    CLOSED = "closed"
    JUNK = "junk"  # spam
    TRASH = "trash"  # mails that were thrown away, and with the last of them the ticket


ASIDE = frozenset({Lane.JUNK, Lane.TRASH})
"""Folders that are not ours: they are used where they are, and strange mails come into them."""

_FINALITY = {lane: n for n, lane in enumerate(Lane)}
_LANE_OF = {Status.WAITING: Lane.WAITING, Status.RESOLVED: Lane.RESOLVED}


@dataclass(frozen=True, slots=True)
class Spot:
    """A place on the board; `agent` is whose it is, of `Lane.HELD`."""

    lane: Lane
    agent: str | None = None

    def __str__(self) -> str:
        """Return a word that no other place has."""
        return self.lane if self.agent is None else f"{self.lane} {self.agent}"


OPEN = Spot(Lane.OPEN)


def place(ticket: Ticket) -> Spot:
    """Return where the mails of a ticket belong on a board that has every folder."""
    if TURN_OF[ticket.status] is Side.SYSTEM:
        return OPEN if ticket.assignee is None else Spot(Lane.HELD, ticket.assignee)
    if ticket.disposition is Disposition.SPAM:
        return Spot(Lane.JUNK)
    return Spot(_LANE_OF.get(ticket.status, Lane.CLOSED))


def asked(ticket: Ticket, here: Spot, to: Spot, at: datetime, by: Actor) -> tuple[Event, ...]:
    """Return what a drop from `here`, where its mails belong, asks for: nothing if that is there.

    Nor does it of a ticket that goes on in another, whose mails are put back. Into `Lane.TRASH`
    all of its mails were dropped by now; of a ticket that is closed they may well be: it is over.
    """
    if here == to or ticket.disposition is Disposition.MERGED:
        return ()
    waits = ticket.status is Status.WAITING
    again = TakeBack(at=at, actor=by) if waits else Reopen(at=at, actor=by)
    match to.lane:
        case Lane.OPEN | Lane.HELD:
            ours = TURN_OF[ticket.status] is Side.SYSTEM
            hands = Assign(at=at, actor=by, assignee=to.agent)
            back = () if ours else (again,)
            return back if ticket.assignee == to.agent else (*back, hands)
        case Lane.WAITING:
            wait = Wait(at=at, actor=by)
            return (again, wait) if ticket.status is Status.CLOSED else (wait,)
        case Lane.RESOLVED:
            return (Resolve(at=at, actor=by, moved=True),)
        case Lane.JUNK:
            return (Discard(at=at, actor=by, spam=True),)
        case Lane.TRASH:
            over = ticket.status is Status.CLOSED
            return () if over else (Discard(at=at, actor=by, spam=False),)
    return (Close(at=at, actor=by, moved=here.lane is Lane.JUNK),)


# --- folders --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Names:
    """What the folders are called; `held` holds `{name}`. `root`: the folder that they are in.

    None of them holds a separator but `root`, where it is written as a slash.
    """

    root: str = "Tickets"
    held: str = "@{name}"
    waiting: str = "Waiting for customer"
    resolved: str = "Resolved"
    closed: str = "Closed"

    def leaves(self, agents: Iterable[str]) -> dict[Spot, str]:
        """Return the names of all folders but of that for what is nobody's, which is the INBOX."""
        held = {Spot(Lane.HELD, name): self.leaf_of(name) for name in agents}
        return held | {
            Spot(Lane.WAITING): self.waiting,
            Spot(Lane.RESOLVED): self.resolved,
            Spot(Lane.CLOSED): self.closed,
        }

    def leaf_of(self, agent: str) -> str:
        """Return the name of an agent's folder: servers take a dot for a folder within a folder."""
        return self.held.replace("{name}", agent.replace(".", "-"))


@dataclass(frozen=True, slots=True)
class Layout:
    """The full names of the folders, each for one spot; that of `OPEN` is always there.

    `former` are folders that stood for something once: what is there is moved where it belongs.
    """

    folders: Mapping[Spot, str]
    former: frozenset[str] = frozenset()
    _spots: Mapping[str, Spot] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_spots", {name: spot for spot, name in self.folders.items()})

    def place(self, ticket: Ticket) -> Spot:
        """Return where the mails of a ticket belong here.

        Spam is among what is closed where it has no folder of its own.
        """
        spot = place(ticket)
        return Spot(Lane.CLOSED) if spot.lane is Lane.JUNK and spot not in self.folders else spot

    def folder(self, ticket: Ticket) -> str:
        """Return the folder of a ticket; of an agent who has none it is that of nobody."""
        return self.folders.get(self.place(ticket), self.folders[OPEN])

    @property
    def trash(self) -> str | None:
        """The folder in which lies what was thrown away, if that means anything."""
        return self.folders.get(Spot(Lane.TRASH))

    @property
    def aside(self) -> frozenset[str]:
        """The folders that are not ours."""
        return frozenset(name for spot, name in self.folders.items() if spot.lane in ASIDE)

    def spot(self, folder: str) -> Spot | None:
        """Return what a folder stands for."""
        return self._spots.get(folder)

    def meaning(self, folder: str) -> str | None:
        """Return the same as a word."""
        spot = self.spot(folder)
        return None if spot is None else str(spot)

    @property
    def all(self) -> list[str]:
        """Every folder that is looked into, that of new mail last."""
        others = [name for name in self.folders.values() if name != self.home]
        return [*others, *sorted(self.former), self.home]

    @property
    def home(self) -> str:
        """The folder into which new mail comes."""
        return self.folders[OPEN]


def layout(
    names: Names,
    agents: Iterable[str],
    inbox: str,
    prefix: str,
    separator: str,
    aside: Mapping[Lane, str] = MappingProxyType({}),
) -> Layout:
    """Return the board of a server that puts `prefix` before names and divides them so.

    `aside` are the full names of the folders that are not ours and stand for something.
    """
    above = [part for part in names.root.split("/") if part]
    folders = {
        spot: prefix + separator.join((*above, leaf)) for spot, leaf in names.leaves(agents).items()
    }
    ours = {OPEN: inbox, **folders}
    others = {Spot(lane): name for lane, name in aside.items() if name not in ours.values()}
    return Layout(ours | others)


# --- what lies where ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Difference:
    """What has changed in a folder: UIDs; `struck` are marked as deleted, `restored` no more."""

    entered: frozenset[int]
    gone: frozenset[int]
    struck: frozenset[int]
    restored: frozenset[int]


def difference(
    before: Mapping[int, bool], uids: Iterable[int], struck: Iterable[int]
) -> Difference:
    """Compare a folder with what lay there: UID -> whether it was marked as deleted."""
    now, marked = frozenset(uids), frozenset(struck)
    return Difference(
        entered=now - before.keys(),
        gone=frozenset(before.keys() - now),
        struck=frozenset(uid for uid, was in before.items() if not was and uid in marked & now),
        restored=frozenset(uid for uid, was in before.items() if was and uid in now - marked),
    )


@dataclass(frozen=True, slots=True)
class Drop:
    """A mail that somebody put into a folder, and when."""

    to: Spot
    at: datetime


def settled(drops: Iterable[Drop], now: datetime, patience: timedelta) -> bool:
    """Whether nobody has moved anything for a while: a slip of the hand has been undone by then."""
    return all(now - drop.at >= patience for drop in drops)


def winner(drops: Iterable[Drop]) -> Drop:
    """Return the drop that counts of those of one ticket: the last, else the least final one."""
    return max(drops, key=lambda d: (d.at, -_FINALITY[d.to.lane], d.to.agent or ""))
