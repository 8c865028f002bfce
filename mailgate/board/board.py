"""Keeps the folders of a shared mailbox and the states of its tickets the same, both ways.

Nothing is remembered but what the last look found: whatever is lost on the way, be it an answer of
the server or this whole process, the next look finds what is to be done. A mail that has come into
a folder in which it did not lie is a drop there, however it came; one that has gone means nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from mailgate.board import aside, brake, looking, moving
from mailgate.board.acting import Drops
from mailgate.board.aside import Aside
from mailgate.board.looking import NOTHING_KNOWN
from mailgate.board.marking import Marking
from mailgate.board.moving import Move, Plan
from mailgate.board.preview import Step, previewed, rehearsed
from mailgate.board.renaming import renamed, renamed_back
from mailgate.board.unsettled import Unsettled
from mailgate.desk.door import Desk
from mailgate.domain import board as rules
from mailgate.domain.board import Layout, Names
from mailgate.domain.marks import Meanings
from mailgate.errors import Temporary
from mailgate.imap import folders
from mailgate.imap.folders import Folder
from mailgate.imap.link import Examined, Link, NotFiled, NotMoved, Overview
from mailgate.log import log
from mailgate.store import board as store
from mailgate.store import inbox, mailboxes, tickets

_STALE = timedelta(minutes=1)
"""A move of our own that was begun so long before a look, and was not found by it, did not happen.

What is found there later is somebody's drop. A server may need a while for a move of which it
could not tell us any more."""
_THROWN = timedelta(minutes=10)
"""For how long a mail of which we threw a copy away is brought back if no other is left."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The board of a mailbox as the configuration says.

    `identity` tells one mail under whatever UID; so many mails as `brake` that vanish at once are
    too many.
    """

    mailbox: str
    inbox: str
    names: Names
    agents: tuple[str, ...]
    settle: timedelta
    every: timedelta
    identity: Callable[[Overview], str]
    marks: Meanings = field(default_factory=Meanings)
    aside: Aside = field(default_factory=Aside)
    brake: int = 50


class Board:
    """The board of one mailbox; used by one thread."""

    def __init__(self, desk: Desk, terms: Terms, now: Callable[[], datetime]) -> None:
        self.every = terms.every
        self._desk = desk
        self._tenant_id = desk.settings.tenant_id
        self._terms = terms
        self._now = now
        self._layout = Layout({rules.OPEN: terms.inbox})
        self._trash: str | None = None
        self._looked_at: datetime | None = None
        self._whole = False  # whether the last look knew all that it found
        self._unsettled = Unsettled(now())
        self._marking = Marking(desk, terms.mailbox, terms.marks, now)
        self._drops = Drops(desk, terms.mailbox, terms.settle, now, self._unsettled.due)

    def prepare(self, link: Link, found: Sequence[Folder]) -> list[str]:
        """Make the folders that are missing; return the full names of all but the INBOX."""
        layout = self._laid_out(link, found)
        self._trash = self._terms.aside.trash_in(found)
        missing = {name for name in layout.all if folders.named(found, name) is None}
        missing -= self._named_again(link, found, missing - layout.former, layout)
        with self._reading() as board:
            stood, meant = board.folders(), board.meanings()
        left = {name for name in layout.former if name in missing or not stood[name].messages}
        left |= aside.given_up(meant, layout) & layout.former
        means = {name: layout.meaning(name) for name in {*layout.folders.values(), *meant}}
        others = any(meant.get(name) != meaning for name, meaning in means.items())
        if left or others:
            with self._desk.database.write() as connection:
                board = self._of(connection)
                for name in sorted(left):
                    board.forget(name, whole=True)
                if others:
                    board.unsettle_all()
                    board.mean({name: means[name] for name in sorted(meant)})
        self._layout = replace(layout, former=layout.former - left)
        self._unsettled.begin()
        for name in self._layout.all:
            if name in missing:
                link.make(name)
                log("board.folder_made", mailbox=self._terms.mailbox, folder=name)
        return [name for name in self._layout.all[:-1] if name not in self._layout.aside]

    def _named_again(
        self, link: Link, found: Sequence[Folder], missing: set[str], layout: Layout
    ) -> set[str]:
        """Give folders that somebody has renamed their names back; return these."""
        names = set()
        for other, name in renamed_back(link, found, missing, layout.all, self._reading):
            facts = {"mailbox": self._terms.mailbox, "source": other, "folder": name}
            log("board.folder_renamed", **facts)
            names.add(name)
        return names

    def unsettle(self, ticket_ids: Iterable[int]) -> None:
        """See to these tickets at the next look: something else is to be shown of them."""
        self._unsettled.due.tickets.update(ticket_ids)

    def preview(self, link: Link) -> list[Step]:
        """Return what would be done now; nothing is, neither there nor here.

        Drops count at once, and what nobody has taken from the mailbox yet does not. Raises
        `Temporary`.
        """
        found, now = link.folders(), self._now()
        layout = self._laid_out(link, found)
        with self._reading() as stored:
            left = aside.given_up(stored.meanings(), layout)
        layout = replace(layout, former=layout.former - left)
        there = [name for name in layout.all if folders.named(found, name) is not None]
        missing = set(layout.all) - {*there, *layout.former}
        others = renamed(link, found, missing, layout.all, self._reading)
        again = {name: other for other, name in others}
        looks = looking.changed(link, layout, self._reading, folders=there)
        strange = aside.seen(link, looks, layout, self._terms.identity)
        with self._desk.rehearsing(now) as ledger:  # nobody else can write: the server has spoken
            board = store.Board(ledger.connection, self._tenant_id, self._terms.mailbox)
            aside.note(ledger.connection, board, strange)
            stood = board.folders()
            for look in looks:
                looking.take_down(board, look, board.intents(), layout, stood, now)
            then = rehearsed(ledger, board, layout)
        return previewed(then, layout, there, again, self._terms.aside.trash_in(found))

    def _inbox(self, found: Sequence[Folder]) -> Folder:
        inbox = folders.named(found, self._terms.inbox)
        if inbox is None:
            raise Temporary(f"there is no folder {self._terms.inbox}")
        return inbox

    def _laid_out(self, link: Link, found: Sequence[Folder]) -> Layout:
        terms, inbox = self._terms, self._inbox(found)
        server = (inbox.name, link.prefix(), inbox.separator or "/")
        board = rules.layout(terms.names, terms.agents, *server, terms.aside.named(found))
        with self._reading() as stored:
            former = stored.folders().keys() - set(board.folders.values())
        return replace(board, former=frozenset(former))

    @property
    def aside(self) -> Sequence[str]:
        """The folders of spam and of what was thrown away, as far as they stand for something."""
        return sorted(self._layout.aside)

    def look(
        self,
        link: Link,
        hold: Callable[[Connection], None],
        standing: Mapping[str, Examined] = NOTHING_KNOWN,
    ) -> bool:
        """Act on what was moved, and move what is to be; return whether anything is other now.

        If not, the last command is an EXAMINE of the INBOX that showed nothing new. `hold` makes
        our claim of the mailbox longer, or raises. Raises `Temporary`. `standing` is how folders
        stood a moment ago, since when nothing was done there; the INBOX is looked into still.

        What was acted on is something other: servers tell of mails by the second, and only the next
        look makes sure that an answer of the same second comes after it.
        """
        differs = self._take_down(link, hold, standing)
        differs = self._drops.act(self._layout, hold) or differs
        differs = self._bring_back(link, hold) or differs
        return self._put_in_place(link, hold) or differs

    @contextmanager
    def _reading(self) -> Iterator[store.Board]:
        with self._desk.database.read() as connection:
            yield self._of(connection)

    def _of(self, connection: Connection) -> store.Board:
        return store.Board(connection, self._tenant_id, self._terms.mailbox, self._unsettled.due)

    def _take_down(
        self,
        link: Link,
        hold: Callable[[Connection], None],
        standing: Mapping[str, Examined],
    ) -> bool:
        """Take down how the folders stand now; return whether they stood otherwise before."""
        began = self._now()
        watched = self._marking.watched
        looks = looking.changed(link, self._layout, self._reading, standing, watched=watched)
        stopped, vanished = self._brake(looks, hold)
        strange = aside.seen(link, looks, self._layout, self._terms.identity)
        self._marking.act(looks, hold)
        whole = True
        if looks or stopped:
            now = self._now()
            with self._desk.database.write() as connection:
                hold(connection)
                board = self._of(connection)
                if stopped:
                    mailboxes.went_on(connection, self._tenant_id, self._terms.mailbox)
                aside.note(connection, board, strange)
                facts = (board.intents(), self._layout, board.folders(), now, self._looked_at)
                wholes = [looking.take_down(board, look, *facts) for look in looks]
                whole = all(wholes)
            if vanished:
                log("board.goes_on", mailbox=self._terms.mailbox, mails=vanished)
        due = self._unsettled.due
        with self._reading() as board:
            self._unsettled.find(board, began)
            asked = self._unsettled.mails()
            owners, pending = board.owners(asked)
            stale = (began - _STALE, self._trash, began - _THROWN)
            lapsed = board.meant(*stale) if whole else []
        if not any(look.is_new and look.folder == self._layout.home for look in looks):
            self._marking.count(owners, hold)
        if owners or lapsed:
            with self._desk.database.write() as connection:
                hold(connection)
                self._of(connection).give(owners)
                self._of(connection).done(lapsed)
        due.mails.difference_update(set(asked) - pending)
        self._looked_at, self._whole = began, whole
        return bool(looks)

    def _brake(
        self, looks: Sequence[looking.Look], hold: Callable[[Connection], None]
    ) -> tuple[bool, int]:
        """Stop where very many mails have vanished at once, unless somebody said to go on.

        Return whether the board had stopped before, and how many have vanished where somebody
        said so; that counts for one look. Raises `Braked`.
        """
        mailbox = self._terms.mailbox
        with self._reading() as board:
            known = mailboxes.brake(board.connection, self._tenant_id, mailbox)
            # While they are put back, those that lack still are no fewer than a person throws away.
            most = self._terms.brake if known.stopped_at is None else 1
            vanished = brake.see(board, looks, self._layout, most)
        if vanished and not known.goes_on:
            if known.stopped_at is None:
                brake.stop(self._desk, mailbox, vanished, self._now(), hold)
            raise brake.Braked(mailbox, vanished)
        return known.stopped_at is not None, vanished

    # --- what we move ---

    def _bring_back(self, link: Link, hold: Callable[[Connection], None]) -> bool:
        """Put mails back of which we threw one copy away, and somebody else the other.

        Return whether there were any; what the server does not take is tried again a while.
        """
        if self._trash is None or not self._whole:
            return False
        with self._reading() as board:
            missing = moving.missing(board, self._trash)
            owners = {ticket_id for _, ticket_id in missing.values()}
            known = tickets.load(board.connection, self._tenant_id, owners)
            raws = {mail_id: inbox.raw(board.connection, mail_id) for mail_id in missing}
        brought = False
        for mail_id, (identity, ticket_id) in missing.items():
            folder, raw = self._layout.folder(known[ticket_id]), raws[mail_id]
            facts = {"mailbox": self._terms.mailbox, "folder": folder}
            if raw:
                try:
                    link.file(folder, raw, self._now(), ())
                except NotFiled as fault:  # it keeps no other from its place
                    log("board.not_moved", **facts, mails=1, error=str(fault))
                    continue
                log("board.brought_back", **facts, ticket=known[ticket_id].number)
            brought = True
            with self._desk.database.write() as connection:
                hold(connection)
                self._of(connection).done([identity])
        return brought

    def _put_in_place(self, link: Link, hold: Callable[[Connection], None]) -> bool:
        """Move the mails of tickets that have changed into the folders where they belong."""
        wanted = self._unsettled.first()
        if not wanted:
            return self._unsettled.more
        with self._reading() as board:
            known = tickets.load(board.connection, self._tenant_id, wanted)
            copies = board.copies(wanted)
        plan = moving.plan(self._layout, known, copies, self._trash)
        self._marking.show(link, {id_: known[id_] for id_ in plan.settled}, copies, hold)
        with self._desk.database.write() as connection:
            hold(connection)
            self._of(connection).settle(plan.settled)
            moving.intend(self._of(connection), plan.moves, self._now())
        self._unsettled.seen_to(set(wanted) - plan.moving)
        for move in plan.moves:
            sure = moving.sure(link, move, copies)
            if not sure.mails:
                continue
            try:
                landed = link.move([mail.uid for mail in sure.mails], sure.source, sure.target)
            except NotMoved as fault:
                self._refused(sure, fault, hold)
                continue
            with self._desk.database.write() as connection:
                hold(connection)
                moving.record(self._of(connection), sure, landed)
            count = len(landed if "UIDPLUS" in link.capabilities else sure.mails)
            if count:
                facts = {"mailbox": self._terms.mailbox, "source": sure.source}
                log("board.moved", **facts, folder=sure.target, mails=count)
        return bool(plan.moves) or self._unsettled.more

    def _refused(self, move: Move, fault: NotMoved, hold: Callable[[Connection], None]) -> None:
        """Leave mails where they lie until their tickets change or are walked through again."""
        facts = {"mailbox": self._terms.mailbox, "folder": move.target}
        log("board.not_moved", **facts, mails=len(move.mails), error=str(fault))
        with self._desk.database.write() as connection:
            hold(connection)
            self._of(connection).done([mail.identity for mail in move.mails])
        self._unsettled.seen_to(Plan([move]).moving)
