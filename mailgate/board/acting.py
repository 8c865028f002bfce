"""What agents have moved: what a drop asks for is done, and one that fails stops no other."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from mailgate.desk.door import Desk
from mailgate.desk.ledger import Ledger
from mailgate.domain import board as rules
from mailgate.domain.board import Drop, Lane, Layout, Spot
from mailgate.domain.events import Event
from mailgate.domain.model import Actor, ActorKind, Ticket
from mailgate.errors import Conflict, Lost, Temporary
from mailgate.log import log
from mailgate.store.board import Board, Due

_AT_ONCE = 100  # tickets whose drops are acted upon in one commit
_REST = timedelta(minutes=1)  # until a drop that failed is tried again


@dataclass(frozen=True, slots=True)
class Acted:
    """What came of the drops of a ticket, which was as in `before`; the one that counts was `to`.

    `overruled` is where others were dropped.
    """

    before: Ticket
    to: Spot
    events: Sequence[Event]
    overruled: Sequence[Lane]


def act(ledger: Ledger, board: Board, ticket_id: int, drops: Sequence[Drop]) -> Acted:
    """Let happen what the drops of one ticket ask for."""
    ticket, to = ledger.ticket(ticket_id), rules.winner(drops).to
    events = rules.asked(ticket, to, ledger.now, Actor(ActorKind.MAILBOX, board.mailbox))
    for event in events:
        ledger.apply(ticket_id, event)
    board.acted_upon(ticket_id)
    return Acted(ticket, to, events, sorted({drop.to.lane for drop in drops} - {to.lane}))


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
            acted |= self._try(dict(due[start : start + _AT_ONCE]), now, hold)
        return acted

    def _try(
        self, due: Mapping[int, Sequence[Drop]], now: datetime, hold: Callable[[Connection], None]
    ) -> bool:
        """Act on the drops of these tickets; where that fails, on those of each alone.

        Return whether anything was done.
        """
        try:
            self._write(due, now, hold)
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
                acted |= self._try({ticket_id: drops}, now, hold)
        return acted

    def _write(
        self, due: Mapping[int, Sequence[Drop]], now: datetime, hold: Callable[[Connection], None]
    ) -> None:
        with self._desk.writing(now, len(due)) as ledger:
            hold(ledger.connection)
            board = self._board(ledger.connection)
            acted = [act(ledger, board, ticket_id, drops) for ticket_id, drops in due.items()]
        for each in acted:
            for lane in each.overruled:
                facts = {"mailbox": self._mailbox, "ticket": each.before.number}
                log("board.overruled", **facts, lane=lane.value)

    def _set_aside(self, ticket_id: int, now: datetime, error: Exception) -> None:
        """Leave a ticket as it is for a while, and its mails where they lie; it is told once."""
        if ticket_id not in self._aside:
            log("board.drop_failed", mailbox=self._mailbox, ticket=ticket_id, exc_info=error)
        self._aside[ticket_id] = now + _REST

    def _board(self, connection: Connection) -> Board:
        return Board(connection, self._desk.settings.tenant_id, self._mailbox, self._due)
