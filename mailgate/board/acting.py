"""What agents have moved: what a drop asks for is done, and one that fails stops no other."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from mailgate.desk import held, merging
from mailgate.desk.door import Desk
from mailgate.desk.ledger import Ledger
from mailgate.domain import board as rules
from mailgate.domain.board import Drop, Lane, Layout, Spot
from mailgate.domain.events import Discard, Event
from mailgate.domain.model import Actor, ActorKind, Ticket
from mailgate.errors import Conflict, Lost, Refused, Temporary
from mailgate.log import log
from mailgate.store.board import Board, Due

_AT_ONCE = 100  # tickets whose drops are acted upon in one commit
_REST = timedelta(minutes=1)  # until a drop that failed is tried again


@dataclass(frozen=True, slots=True)
class Acted:
    """What came of the drops of a ticket, which was as in `before`; the one that counts was `to`.

    `overruled` is where others were dropped. `refused`: why nothing was done, where that is so.
    """

    before: Ticket
    to: Spot
    events: Sequence[Event]
    overruled: Sequence[Lane]
    refused: str = ""


def act(
    ledger: Ledger, board: Board, layout: Layout, ticket_id: int, drops: Sequence[Drop]
) -> Acted:
    """Let happen what the drops of one ticket ask for.

    Mails that were thrown away count when no other of the ticket is left, and one among spam when
    it lies nowhere else: anybody can send a copy of a mail that looks like it, and like spam.
    """
    ticket, by = ledger.ticket(ticket_id), Actor(ActorKind.MAILBOX, board.mailbox)
    lanes = {drop.to.lane for drop in drops}
    if lanes & rules.ASIDE:
        lanes -= _in_vain(board, layout, ticket_id)
    count = [drop for drop in drops if drop.to.lane in lanes]
    board.acted_upon(ticket_id)
    if not count:
        return Acted(ticket, drops[0].to, (), ())
    to, mark = rules.winner(count).to, ledger.mark()
    events = rules.asked(ticket, layout.place(ticket), to, ledger.now, by)
    overruled = sorted({drop.to.lane for drop in count} - {to.lane})
    try:
        for event in events:
            if isinstance(event, Discard):
                merging.see_that_none_goes_on_here(ledger, ticket_id)
            ledger.apply(ticket_id, event)
    except Refused as refusal:  # its mails are put back
        ledger.undo(mark)
        return Acted(ticket, to, (), overruled, str(refusal))
    if any(isinstance(event, Discard) for event in events):
        held.stop(ledger, ticket_id, ledger.now, by, by.id)
    return Acted(ticket, to, events, overruled)


def _in_vain(board: Board, layout: Layout, ticket_id: int) -> set[Lane]:
    """Return of which of the folders that are not ours the drops of a ticket do not count."""
    live = [copy for copy in board.copies([ticket_id]) if not copy.struck]
    found = {Lane.TRASH} if any(copy.folder != layout.trash for copy in live) else set[Lane]()
    elsewhere = {copy.mail_id for copy in live if copy.folder not in layout.aside}
    junk = layout.folders.get(Spot(Lane.JUNK))
    dropped = {copy.mail_id for copy in live if copy.folder == junk and copy.dropped_at}
    return found if dropped - elsewhere else found | {Lane.JUNK}


class Drops:
    """What was dropped on one board; used by one thread."""

    def __init__(
        self,
        desk: Desk,
        mailbox: str,
        patience: timedelta,
        now: Callable[[], datetime],
        due: Due,
    ) -> None:
        """`patience`: for how long nobody must have moved anything of a ticket.

        `due`: what is to be looked at then.
        """
        self._desk = desk
        self._mailbox = mailbox
        self._patience = patience
        self._now = now
        self._due = due
        self._aside: dict[int, datetime] = {}

    def act(self, layout: Layout, hold: Callable[[Connection], None]) -> bool:
        """Act on all drops that count by now; return whether there were any. Raises `Temporary`."""
        now = self._now()
        with self._desk.database.read() as connection:
            found = self._board(connection).drops(layout)
        self._aside = {id_: again for id_, again in self._aside.items() if id_ in found}
        due = [
            (ticket_id, drops)
            for ticket_id, drops in found.items()
            if rules.settled(drops, now, self._patience) and self._aside.get(ticket_id, now) <= now
        ]
        acted = False
        for start in range(0, len(due), _AT_ONCE):
            acted |= self._try(layout, dict(due[start : start + _AT_ONCE]), now, hold)
        return acted

    def _try(
        self,
        layout: Layout,
        due: Mapping[int, Sequence[Drop]],
        now: datetime,
        hold: Callable[[Connection], None],
    ) -> bool:
        """Act on the drops of these tickets; where that fails, on those of each alone.

        Return whether anything was done.
        """
        try:
            self._write(layout, due, now, hold)
        except Lost:
            raise
        except Conflict:  # somebody else was first: what is still due then, the next look finds
            pass
        except Temporary:
            raise
        except Exception as error:  # noqa: BLE001 - one ticket is to blame, and each is tried alone
            if len(due) == 1:
                self._set_aside(next(iter(due)), now, error)
        else:
            return True
        acted = False
        if len(due) > 1:
            for ticket_id, drops in due.items():
                acted |= self._try(layout, {ticket_id: drops}, now, hold)
        return acted

    def _write(
        self,
        layout: Layout,
        due: Mapping[int, Sequence[Drop]],
        now: datetime,
        hold: Callable[[Connection], None],
    ) -> None:
        with self._desk.writing(now, len(due)) as ledger:
            hold(ledger.connection)
            board = self._board(ledger.connection)
            acted = [act(ledger, board, layout, id_, drops) for id_, drops in due.items()]
        for each in acted:
            facts = {"mailbox": self._mailbox, "ticket": each.before.number}
            if each.refused:
                log("board.drop_refused", **facts, lane=each.to.lane.value, error=each.refused)
            for lane in each.overruled:
                log("board.overruled", **facts, lane=lane.value)

    def _set_aside(self, ticket_id: int, now: datetime, error: Exception) -> None:
        """Leave a ticket as it is for a while, and its mails where they lie; it is told once."""
        if ticket_id not in self._aside:
            log("board.drop_failed", mailbox=self._mailbox, ticket=ticket_id, exc_info=error)
        self._aside[ticket_id] = now + _REST

    def _board(self, connection: Connection) -> Board:
        return Board(connection, self._desk.settings.tenant_id, self._mailbox, self._due)
