"""Drafts in a shared mailbox that answer a mail of a ticket: somebody is answering it.

That is no fact of the ticket, but of how the mailbox stands: it is noted like what lies where, and
goes when the draft goes.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from mailgate.imap import folders
from mailgate.imap.folders import Folder
from mailgate.imap.link import Examined, Link, NoFolder, Overview
from mailgate.intake import threads
from mailgate.intake.preparing import Preparing
from mailgate.mail.parse import Limits, rough
from mailgate.store import drafts, preparing, tickets
from mailgate.store.board import Board
from mailgate.store.db import Database
from mailgate.store.drafts import Draft

_MOST = 500  # drafts that are looked at, the newest
_EARLY = timedelta(hours=1)  # for so long a draft may answer a mail that nobody has taken yet


class Drafts:
    """The drafts of one mailbox; used by one thread."""

    def __init__(
        self,
        database: Database,
        tenant_id: int,
        mailbox: str,
        now: Callable[[], datetime],
        limits: Limits,
        preparing: Preparing | None = None,
        *,
        on: bool = True,
    ) -> None:
        """Where it is not `on`, nobody is told of drafts; ours are made by `preparing` even so."""
        self._database = database
        self._tenant_id = tenant_id
        self._mailbox = mailbox
        self._now = now
        self._limits = limits
        self._preparing = preparing
        self._on = on
        self._folder: str | None = None
        self._emptied = False
        self._stood: tuple[Examined, int | None] | None = None
        self._early = False  # whether one may answer a mail that we are about to take
        self._read: dict[int, tuple[datetime, tuple[str, ...]]] = {}  # since when, what it answers

    def prepare(self, found: Sequence[Folder]) -> None:
        """Find the folder of drafts, and forget how it stood; with each new connection."""
        folder = folders.drafts(found)
        self._folder = None if folder is None else folder.name
        if self._preparing is not None:
            self._preparing.begin()
        self._stood, self._read, self._emptied = None, {}, False

    def look(self, link: Link, hold: Callable[[Connection], None]) -> set[int]:
        """Note which tickets are being answered; return those of which that has changed.

        `hold` makes our claim of the mailbox longer, or raises. Raises `Temporary`.
        """
        now = self._examine(link, hold)
        if now is None or not self._on:
            emptied, self._emptied = self._emptied, True
            return set() if emptied else self._note([], hold)
        stands = now, now.modseq
        if stands != self._stood or now.modseq is None:
            self._read_anew(link, now)
        elif not self._early:
            return set()
        changed = self._note(list(self._answering(now, self._read)), hold)
        self._stood = stands
        return changed

    def _read_anew(self, link: Link, now: Examined) -> None:
        """Read what the drafts answer that have come, and forget those that are gone."""
        if self._stood is None or self._stood[0].uidvalidity != now.uidvalidity:
            self._read = {}
        lying = sorted(set(link.uids_after(0, now)) - set(link.struck()))[-_MOST:]
        new = [uid for uid in lying if uid not in self._read]
        for seen in link.overviews(new) if new else []:
            self._read[seen.uid] = seen.at, self._answers(seen)
        self._read = {uid: self._read[uid] for uid in lying if uid in self._read}

    def _examine(self, link: Link, hold: Callable[[Connection], None]) -> Examined | None:
        if self._folder is None:
            return None
        try:
            if self._preparing is not None:
                self._preparing.look(link, self._folder, hold)
            return link.examine(self._folder)
        except NoFolder:  # somebody has deleted it: with the next connection it is looked for
            self._folder = None
            return None

    def _answers(self, seen: Overview) -> tuple[str, ...]:
        """Return the Message-IDs of the mails that a draft answers, the nearest one first."""
        mail = rough(seen.header, self._now(), self._limits)
        return tuple(reversed(threads.referred(mail)))

    def _answering(
        self, now: Examined, read: Mapping[int, tuple[datetime, tuple[str, ...]]]
    ) -> Iterable[Draft]:
        wanted = {mid for _, answers in read.values() for mid in answers}
        with self._database.read() as connection:
            known = tickets.newest_by_reference(connection, self._tenant_id, wanted)
            ours = preparing.lying(connection, self._tenant_id, self._mailbox)
        fresh = self._now() - _EARLY
        self._early = any(
            answers and since > fresh and known.keys().isdisjoint(answers)
            for since, answers in read.values()
        )
        for uid, (since, answers) in read.items():
            ticket_id = next((known[mid] for mid in answers if mid in known), None)
            if ticket_id is not None and (now.uidvalidity, uid) not in ours:
                yield Draft(now.uidvalidity, uid, ticket_id, since)

    def _note(self, found: Sequence[Draft], hold: Callable[[Connection], None]) -> set[int]:
        key = (self._tenant_id, self._mailbox)
        with self._database.read() as connection:
            before = drafts.lying(connection, *key)
        came = [draft for draft in found if draft not in before]
        went = [draft for draft in before if draft not in found]
        changed = {draft.ticket_id for draft in (*came, *went)}
        if changed:
            with self._database.write() as connection:
                hold(connection)
                drafts.went(connection, *key, went)
                drafts.came(connection, [draft.row(*key) for draft in came])
                Board(connection, *key).unsettle(changed)  # its mails are to be marked otherwise
        return changed
