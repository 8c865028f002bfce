"""Flags and keywords of mails on a board: what agents set counts, and ours are shown.

They are acted upon before it is written down how a folder stands, so that after a fall in between
the next look finds the same. What a mail bears when it comes into a folder means nothing, as it has
been moved with it; but of a mail that nobody has moved it counts once it is known whose it is.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from mailgate.board.looking import Look
from mailgate.desk.door import Desk, persist
from mailgate.desk.ledger import Ledger
from mailgate.domain import marks as rules
from mailgate.domain.marks import Meanings
from mailgate.domain.model import Actor, ActorKind, Ticket
from mailgate.errors import Refused
from mailgate.imap.link import Link, NotMarked
from mailgate.log import log
from mailgate.store import drafts
from mailgate.store.board import Lying
from mailgate.store.marks import Marks

_REST = timedelta(minutes=10)  # until a folder that keeps no keyword is tried again


@dataclass
class _Change:
    """What has changed of one mark in one folder; `new` mails came with it, or have gone."""

    folder: str
    mark: str
    added: set[int]
    lost: set[int]
    came: set[int] = field(default_factory=set)
    gone: set[int] = field(default_factory=set)


class Marking:
    """The marks of one board; used by one thread."""

    def __init__(
        self, desk: Desk, mailbox: str, meanings: Meanings, now: Callable[[], datetime]
    ) -> None:
        self._desk = desk
        self._tenant_id = desk.settings.tenant_id
        self._mailbox = mailbox
        self._meanings = meanings
        self._now = now
        self._refused: dict[str, datetime] = {}  # folders, and when they may be tried again

    @property
    def watched(self) -> tuple[str, ...]:
        """The marks that are looked for."""
        return self._meanings.watched

    def act(self, looks: Iterable[Look], hold: Callable[[Connection], None]) -> None:
        """Act on what agents have marked. Raises `Temporary`, and then the next look finds it."""
        with self._desk.database.read() as connection:
            found = [change for look in looks for change in self._changes(connection, look)]
        if not found:
            return
        persist(partial(self._write, found, hold))

    def _of(self, connection: Connection) -> Marks:
        return Marks(connection, self._tenant_id, self._mailbox)

    def _changes(self, connection: Connection, look: Look) -> Iterable[_Change]:
        borne = {} if look.is_new else self._of(connection).borne(look.folder)
        for mark in self.watched:
            now, before = set(look.marks.get(mark, ())), borne.get(mark, set())
            fresh = now - before
            change = _Change(
                look.folder,
                mark,
                added=fresh - look.found.entered,
                lost={uid for uid in before - now if uid in look.uids},
                came=fresh & look.found.entered,
                gone={uid for uid in before if uid not in look.uids},
            )
            if change.added or change.lost or change.came or change.gone:
                yield change

    def _write(self, changes: Sequence[_Change], hold: Callable[[Connection], None]) -> None:
        now = self._now()
        with self._desk.writing(now, len(changes)) as ledger:
            hold(ledger.connection)
            marks = self._of(ledger.connection)
            added: dict[int, set[str]] = defaultdict(set)
            lost: dict[int, set[str]] = defaultdict(set)
            for change in changes:
                whose = marks.tickets(change.folder, change.added | change.lost)
                for uids, by_ticket in ((change.added, added), (change.lost, lost)):
                    for uid in uids & whose.keys():
                        by_ticket[whose[uid]].add(change.mark)
                marks.put(change.folder, change.mark, change.added | change.came)
                marks.take(change.folder, change.mark, change.lost | change.gone)
            for ticket_id in sorted(added.keys() | lost.keys()):
                gone = {m for m in lost[ticket_id] if not marks.bearing([ticket_id], m)}
                self._happen(ledger, ticket_id, added[ticket_id], gone)

    def _happen(
        self, ledger: Ledger, ticket_id: int, added: Collection[str], gone: Collection[str]
    ) -> None:
        by = Actor(ActorKind.MAILBOX, self._mailbox)
        ticket = ledger.ticket(ticket_id)
        mark = ledger.mark()
        try:
            for event in rules.asked(ticket, added, gone, self._meanings, ledger.now, by):
                ledger.apply(ticket_id, event)
        except Refused as refusal:  # one ticket must not stop the others
            ledger.undo(mark)
            facts = {"mailbox": self._mailbox, "ticket": ticket.number}
            log("board.mark_failed", **facts, error=str(refusal))

    def count(self, owners: Mapping[int, int], hold: Callable[[Connection], None]) -> None:
        """Act on marks of new mails that were set before anybody knew whose the mails are.

        `owners` are the tickets of the raw mails of which that is known now. Raises `Temporary`.
        """
        if not self.watched or not owners:
            return
        with self._desk.database.read() as connection:
            marked = self._of(connection).of_new(owners)
        added: dict[int, set[str]] = defaultdict(set)
        for mail_id, marks in marked.items():
            added[owners[mail_id]] |= marks.intersection(self.watched)
        if added:
            persist(partial(self._count, added, hold))

    def _count(
        self, added: Mapping[int, Collection[str]], hold: Callable[[Connection], None]
    ) -> None:
        with self._desk.writing(self._now(), len(added)) as ledger:
            hold(ledger.connection)
            for ticket_id in sorted(added):
                self._happen(ledger, ticket_id, added[ticket_id], ())

    # --- what we mark ourselves ---

    def show(
        self,
        link: Link,
        tickets: Mapping[int, Ticket],
        copies: Sequence[Lying],
        hold: Callable[[Connection], None],
    ) -> None:
        """Put our marks on the mails of tickets to which they apply, and take them off others."""
        late = {id_ for id_, ticket in tickets.items() if rules.is_late(ticket)}
        self._show(link, self._meanings.overdue, late, tickets, copies, hold)
        if self._meanings.answering:
            with self._desk.database.read() as connection:
                found = drafts.answering(connection, self._tenant_id, tickets)
            answering = {id_ for id_, mailbox, _ in found if mailbox == self._mailbox}
            self._show(link, self._meanings.answering, answering, tickets, copies, hold)

    def _show(
        self,
        link: Link,
        mark: str,
        meant: Collection[int],
        tickets: Collection[int],
        copies: Sequence[Lying],
        hold: Callable[[Connection], None],
    ) -> None:
        """Have the mails of the tickets that are `meant` bear a mark, and of these no others."""
        if not mark or not tickets:
            return
        now = self._now()
        with self._desk.database.read() as connection:
            borne = self._of(connection).bearing(tickets, mark)
        bearing = {(folder, uid) for _, folder, uid in borne}
        wrong: dict[tuple[str, bool], list[int]] = defaultdict(list)
        for copy in copies:
            if copy.ticket_id in tickets and not copy.struck:
                on = copy.ticket_id in meant
                if on != ((copy.folder, copy.uid) in bearing):
                    wrong[copy.folder, on].append(copy.uid)
        for (folder, on), uids in sorted(wrong.items()):
            if self._refused.get(folder, now) > now:
                continue
            try:
                link.mark(folder, uids, mark, on=on)
            except NotMarked as fault:
                if folder not in self._refused:
                    facts = {"mailbox": self._mailbox, "folder": folder, "mark": mark}
                    log("board.not_marked", **facts, error=str(fault))
                self._refused[folder] = now + _REST
                continue
            with self._desk.database.write() as connection:
                hold(connection)
                marks = self._of(connection)
                (marks.put if on else marks.take)(folder, mark, uids)
