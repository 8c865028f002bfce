"""Begins answers for agents: a draft in the shared mailbox, where a customer's mail waits for one.

A draft of ours is written down before it is made and looked for by its Message-ID before it is made
again. One that nobody has used is taken away when it answers nothing any more: only if it lies
where we put it and is what we put there. An agent's change makes it another mail.
"""

import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import Connection, RowMapping

from mailgate.desk.settings import Settings
from mailgate.domain.model import Disposition, Side, Ticket
from mailgate.errors import MailgateError
from mailgate.imap.link import Link, NotFiled
from mailgate.log import log
from mailgate.mail.compose import Frame, compose
from mailgate.mail.render import Renderer
from mailgate.mail.signer import Signer
from mailgate.store import preparing, tickets
from mailgate.store.board import Board
from mailgate.store.db import Database
from mailgate.store.preparing import Begun

FLAGS = ("\\Draft", "\\Seen")
_AT_ONCE = 20  # tickets in one look: mails must be taken meanwhile
_MOST_EVENTS = 10_000
"""Behind more of them nobody has looked for long: what waits by then is an old matter."""
_LATE = timedelta(seconds=30)  # after its id was given out, an event may still become visible
_CLOCKS_DIFFER = timedelta(days=2)
_MOST = 1024 * 1024  # octets of a draft of ours


@dataclass(frozen=True, slots=True)
class Pen:
    """What a draft is written with; `address` is that of the mailbox."""

    settings: Settings
    renderer: Renderer
    signer: Signer
    address: str

    def write(self, ticket: Ticket, question: RowMapping, rfc_id: str, at: datetime) -> bytes:
        """Return the draft that answers a message. Raises a fault of a template or an address."""
        settings, author = self.settings, question["author"]
        language = ticket.language or settings.language
        context = {
            "desk": {"name": settings.name, "timezone": settings.zone},
            "ticket": {"number": ticket.number, "subject": ticket.subject},
            "recipient": {"name": question["author_name"]},
            "answers": question["rfc_id"],
            "message": {
                "author": question["author_name"] or author,
                "text": question["text"],
                "at": question["at"].isoformat(),
            },
        }
        frame = Frame(
            from_name=settings.name,
            from_address=self.address,
            to_name=question["author_name"],
            to_address=author,
            cc=tuple(sorted(ticket.people - {author})),
            reply_to=None,
            message_id=rfc_id,
            in_reply_to=question["rfc_id"],
            references=(self.signer.root_id(ticket.number), question["rfc_id"]),
            date=at,
            auto_submitted=None,
            loop_mark="",
            language="",
        )
        return compose(self.renderer.prepare(language, context), frame)


class Preparing:
    """The drafts of ours in one mailbox; used by one thread."""

    def __init__(
        self,
        database: Database,
        tenant_id: int,
        mailbox: str,
        now: Callable[[], datetime],
        pen: Pen,
    ) -> None:
        self._database = database
        self._tenant_id = tenant_id
        self._mailbox = mailbox
        self._now = now
        self._pen = pen
        self._after: int | None = None  # all events up to this one have been seen to
        self._seen: set[tuple[int, int]] = set()  # and these after it
        self._newest, self._newest_at = 0, now()  # which one will take its place, since when
        self._left: set[int] = set()  # tickets to be seen to although nothing was seen to happen

    def begin(self) -> None:
        """Read how far we are; with each new connection."""
        self._after, self._seen, self._left = None, set(), set()

    def look(self, link: Link, folder: str, hold: Callable[[Connection], None]) -> None:
        """See to the tickets of which something has happened.

        `hold` makes our claim of the mailbox longer, or raises. Raises `Temporary`.
        """
        after = self._reached(hold)
        with self._database.read() as connection:
            events = Board(connection, self._tenant_id, self._mailbox).events(after)
        happened = {ticket_id for _, ticket_id in events - self._seen}
        changed = sorted(happened | self._left)[:_AT_ONCE]
        if changed:
            self._see_to(link, folder, changed, hold)
            self._seen |= {each for each in events if each[1] in changed}
            self._left.difference_update(changed)
        self._move_on(after, events, hold)

    def _reached(self, hold: Callable[[Connection], None]) -> int:
        """Return the event after which is to be looked.

        It is the newest the first time, and where nobody has looked for long: then only drafts that
        are there already are seen to.
        """
        if self._after is None:
            key = (self._tenant_id, self._mailbox)
            with self._database.read() as connection:
                board = Board(connection, *key)
                stored = preparing.after(connection, *key)
                follows = stored is not None and (
                    len(board.events(stored, _MOST_EVENTS + 1)) <= _MOST_EVENTS
                )
                after = stored if stored is not None and follows else board.last_event()
                self._left = set() if follows else preparing.begun_for(connection, *key)
            if after != stored:
                with self._database.write() as connection:
                    hold(connection)
                    preparing.reach(connection, *key, after)
            self._after = self._newest = after
            self._newest_at = self._now()
        return self._after

    def _move_on(
        self, after: int, events: set[tuple[int, int]], hold: Callable[[Connection], None]
    ) -> None:
        """Leave events behind of which all before them must be visible by now."""
        now = self._now()
        if now - self._newest_at < _LATE or not self._seen >= events:
            return
        reached = self._newest
        self._newest, self._newest_at = max((id_ for id_, _ in events), default=after), now
        if reached > after:
            with self._database.write() as connection:
                hold(connection)
                preparing.reach(connection, self._tenant_id, self._mailbox, reached)
            self._after = reached
            self._seen = {each for each in self._seen if each[0] > reached}

    def _see_to(
        self,
        link: Link,
        folder: str,
        changed: Collection[int],
        hold: Callable[[Connection], None],
    ) -> None:
        key = (self._tenant_id, self._mailbox)
        with self._database.read() as connection:
            found = tickets.load(connection, self._tenant_id, changed)
            wanted = {
                question["id"]: (ticket, question)
                for ticket in found.values()
                if is_waiting(ticket)
                and (question := preparing.question(connection, *key, ticket.id)) is not None
                and question["author"] in ticket.people
            }
            live = preparing.live(connection, *key, changed)
        for begun in live:
            if begun.message_id not in wanted:
                self._take_away(link, folder, begun, hold)
            elif begun.uid is None:  # we fell while it was made
                self._make(link, folder, begun, wanted[begun.message_id], hold)
        standing = {begun.message_id for begun in live}
        for message_id, (ticket, question) in wanted.items():
            if message_id not in standing:
                domain = self._pen.address.rpartition("@")[2]
                rfc_id = f"<answer.{secrets.token_hex(12)}@{domain}>"
                begun = Begun(message_id, ticket.id, rfc_id, self._now())
                with self._database.write() as connection:
                    hold(connection)
                    fresh = preparing.begin(connection, begun.row(*key))
                if fresh:
                    self._make(link, folder, begun, (ticket, question), hold)

    def _make(
        self,
        link: Link,
        folder: str,
        begun: Begun,
        about: tuple[Ticket, RowMapping],
        hold: Callable[[Connection], None],
    ) -> None:
        """Put a draft into the folder, if it does not lie there."""
        now = link.examine(folder)
        since = begun.made_at - _CLOCKS_DIFFER
        found = link.called(begun.rfc_id, since)
        if not found:
            try:
                raw = self._pen.write(*about, begun.rfc_id, begun.made_at)
            except MailgateError as fault:  # of a template, or an address that no mail can bear
                self._failed(begun, fault, hold)
                return
            try:
                uid = link.file(folder, raw, self._now(), FLAGS)
            except NotFiled as fault:
                self._failed(begun, fault, hold)
                return
            link.examine(folder)
            found = [uid] if uid is not None else link.called(begun.rfc_id, since)
            log("mailbox.prepared", mailbox=self._mailbox, ticket=about[0].number)
        bodies = link.bodies(found, _MOST)
        for uid, body in bodies.items():
            lies = {"uidvalidity": now.uidvalidity, "uid": uid, "digest": _digest(body)}
            self._note(begun, lies, hold)

    def _take_away(
        self, link: Link, folder: str, begun: Begun, hold: Callable[[Connection], None]
    ) -> None:
        """Remove a draft that nobody has used, and let go of any other."""
        now = link.examine(folder)
        if begun.uid is None:  # we fell while it was made, and nobody can have used it
            found = link.called(begun.rfc_id, begun.made_at - _CLOCKS_DIFFER)
            digests = {uid: _digest(body) for uid, body in link.bodies(found, _MOST).items()}
            begun = replace(
                begun,
                uidvalidity=now.uidvalidity,
                uid=next(iter(digests), None),
                digest=next(iter(digests.values()), None),
            )
        if begun.uid is not None and begun.uidvalidity == now.uidvalidity:
            lies = link.bodies([begun.uid], _MOST)
            if [_digest(body) for body in lies.values()] == [begun.digest]:
                link.remove(folder, begun.uid)
        self._note(begun, {"ended_at": self._now()}, hold)

    def _failed(
        self, begun: Begun, fault: MailgateError, hold: Callable[[Connection], None]
    ) -> None:
        """Do without a draft, which is a comfort; the next message gets its own."""
        log("mailbox.not_prepared", mailbox=self._mailbox, ticket=begun.ticket_id, error=str(fault))
        self._note(begun, {"ended_at": self._now()}, hold)

    def _note(
        self, begun: Begun, columns: dict[str, object], hold: Callable[[Connection], None]
    ) -> None:
        with self._database.write() as connection:
            hold(connection)
            preparing.note(connection, self._tenant_id, begun.message_id, columns)


def is_waiting(ticket: Ticket) -> bool:
    """Tell whether a customer waits for an answer of the desk."""
    ordinary = ticket.disposition is Disposition.NONE and ticket.visibility == "public"
    return ordinary and ticket.side is Side.SYSTEM


def _digest(body: bytes) -> str:
    return sha256(body).hexdigest()
