"""Files what the gateway has sent for agents among what was sent in a shared mailbox.

It is looked for by its Message-ID first: a server may have filed it by itself, or an earlier try
was not written down. That one of ours is ours stands where what was seen stands, so that nobody
takes it for a second answer.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection

from mailgate.imap.link import Link, NotFiled
from mailgate.intake.identity import identity_of
from mailgate.log import log
from mailgate.mail.parse import Limits
from mailgate.store import filing, mailboxes
from mailgate.store.db import Database
from mailgate.store.filing import Copy
from mailgate.store.mailboxes import Copy as Seen

_AT_ONCE = 20  # answers in one look: mails must be taken meanwhile
_STEPS = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60))  # between tries; the last repeats
_GIVEN_UP_AFTER = timedelta(days=7)
_CLOCKS_DIFFER = timedelta(days=2)  # a server's day need not be ours


class Filing:
    """The answers for one mailbox; used by one thread."""

    def __init__(
        self,
        database: Database,
        tenant_id: int,
        mailbox: str,
        now: Callable[[], datetime],
        limits: Limits,
    ) -> None:
        self._database = database
        self._tenant_id = tenant_id
        self._mailbox = mailbox
        self._now = now
        self._limits = limits
        self._fault = ""

    def file(self, link: Link, folder: str, hold: Callable[[Connection], None]) -> int:
        """File in a folder what waits; return how much was seen to.

        `hold` makes our claim of the mailbox longer, or raises. Raises `Temporary` when the
        connection is good for nothing more: what was in hand is put off, and mails can be taken.
        """
        with self._database.read() as connection:
            key = (connection, self._tenant_id, self._mailbox)
            copies = filing.waiting(*key, self._now(), _AT_ONCE)
        for copy in copies:
            with self._database.write() as connection:
                hold(connection)
                until = self._now() + _STEPS[min(copy.tries, len(_STEPS) - 1)]
                filing.put_off(connection, self._tenant_id, copy.message_id, until)
            try:
                self._see_to(link, folder, copy, hold)
            except NotFiled as fault:
                self._failed(copy, str(fault), hold)
        return len(copies)

    def _see_to(
        self, link: Link, folder: str, copy: Copy, hold: Callable[[Connection], None]
    ) -> None:
        now = link.examine(folder)
        since = copy.sent_at - _CLOCKS_DIFFER
        found = link.called(copy.rfc_id, since)
        by_hand = [] if found or not copy.original else link.called(copy.original, since)
        if not (found or by_hand):
            found = self._put(link, folder, copy)
            log("mailbox.filed", mailbox=self._mailbox, folder=folder, message=copy.message_id)
        seen = link.overviews(found) if found else []
        notes = [
            Seen(folder, now.uidvalidity, each.uid, identity_of(each, self._limits)[0], None)
            for each in seen
        ]
        with self._database.write() as connection:
            hold(connection)
            mailboxes.note(connection, self._tenant_id, self._mailbox, notes)
            filing.done(connection, self._tenant_id, copy.message_id)
        self._fault = ""

    def _put(self, link: Link, folder: str, copy: Copy) -> list[int]:
        """Put an answer into the folder; return its UID there, as far as that can be found."""
        with self._database.read() as connection:
            raw = filing.raw(connection, self._tenant_id, copy.message_id)
        if raw is None:
            return []
        uid = link.file(folder, raw, copy.sent_at)
        if uid is not None and link.selected == folder:
            return [uid]
        link.examine(folder)  # it shows what has come since
        return link.called(copy.rfc_id, copy.sent_at - _CLOCKS_DIFFER)

    def _failed(self, copy: Copy, fault: str, hold: Callable[[Connection], None]) -> None:
        """Tell once of what keeps answers from being filed; after a week one is let go of."""
        over = self._now() - copy.sent_at >= _GIVEN_UP_AFTER
        if over or fault != self._fault:
            facts = {"mailbox": self._mailbox, "message": copy.message_id}
            log("mailbox.not_filed", **facts, error=fault, given_up=over)
        self._fault = fault
        if over:
            with self._database.write() as connection:
                hold(connection)
                filing.done(connection, self._tenant_id, copy.message_id)
