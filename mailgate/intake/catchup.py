"""Takes in what is new in a mailbox: the mail, where it lies, and how far we are, in one commit.

Whatever stops it anywhere, what was not committed is found again, and what was is not. Mails of
all folders go in by the time at which they came, so that no answer is read before its question.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from heapq import merge

from sqlalchemy import Connection

from mailgate.errors import Lost, Temporary
from mailgate.imap.link import Examined, Link, NoFolder, Overview
from mailgate.intake import threads
from mailgate.intake.identity import OF_MBSYNC, identity_of
from mailgate.intake.inbox import Inbox, Incoming
from mailgate.intake.mailbox import IMAP, SENT, Mailbox, Place
from mailgate.log import log
from mailgate.mail.parse import Limits, rough
from mailgate.mail.parsed import ParsedMail
from mailgate.mail.plain import one_line
from mailgate.store import history, mailboxes
from mailgate.store.db import Database
from mailgate.store.history import Old
from mailgate.store.mailboxes import Copy, Cursor

BATCH, BATCH_OCTETS = 200, 16 * 1024 * 1024
"""Mails, and octets of them, that are fetched and committed at once."""
LEASE = timedelta(seconds=60)
_NOTED = 1000  # mails that are only noted, in one commit
_OVERVIEWS = 500  # mails whose overview is fetched at once
_MOST = 10_000  # mails of a folder in one pass
_OPENED = timedelta(minutes=1)
"""So often each folder is opened, whatever STATUS tells of it: not all servers count alike."""
_TRACES = ("received", "return-path", "delivered-to", "authentication-results")
_COPY_FIRST = timedelta(seconds=30)
"""How long a mail from ourselves waits in the INBOX for its copy among what was sent."""


@dataclass(frozen=True, slots=True)
class _Entry:
    place: Place
    seen: Overview
    identity: str
    fresh: bool  # to be taken
    history: bool = False  # never seen, and not to be taken; else it was seen under another UID
    mail_id: int | None = None
    kept_at: datetime | None = None  # when the mail was kept that this one is, or looks just like

    @property
    def at(self) -> datetime:
        return self.seen.at


class Catchup:
    """Reads one mailbox; used by one thread."""

    def __init__(
        self,
        database: Database,
        tenant_id: int,
        inbox: Inbox,
        mailbox: Mailbox,
        own: frozenset[str],
        now: Callable[[], datetime],
        limits: Limits,
    ) -> None:
        """`own`: addresses as which agents write from the mailbox."""
        self._database = database
        self._tenant_id = tenant_id
        self._inbox = inbox
        self._mailbox = mailbox
        self._own = own
        self._now = now
        self._limits = limits
        self._cursors: dict[str, Cursor] = {}
        self._changed: set[str] = set()
        self._searched: dict[str, Examined] = {}
        self._looked_at: datetime | None = None
        self._began = self._opened_at = now()
        self._opens = True  # each folder, in this look
        self.standing: dict[str, Examined] = {}
        """How each folder stood at the last look, until something is done in it."""

    def begin(self) -> None:
        """Read how far we are; before the first look with a new connection, and after a fault."""
        name = self._mailbox.name
        with self._database.read() as connection:
            self._cursors = mailboxes.cursors(connection, self._tenant_id, name)
            state = mailboxes.states(connection, self._tenant_id, [name])[name]
        self._looked_at = state.looked_at
        self._changed, self._searched = set(), {}
        self._opens, self._opened_at = True, self._now()

    def look(
        self,
        link: Link,
        fence: int,
        places: Sequence[Place],
        stopping: Callable[[], bool],
        fault: str = "",
        beside: Sequence[str] = (),
    ) -> int:
        """Take in everything that is new, the oldest first; return how many mails that were.

        `fault` is what else is amiss with the mailbox; of folders `beside` it is only asked how
        they stand. The last command is an EXAMINE of the last place that showed nothing new. Raises
        `Lost`, or `Temporary`; then `begin` again.
        """
        began, taken = self._now(), 0
        self._began = began
        if began - self._opened_at >= _OPENED:
            self._opens, self._opened_at = True, began
        self.standing = {}
        quiet = False
        while not quiet and not stopping():
            quiet, asked, found = True, False, []
            folders = [*(each.folder for each in places[:-1]), *beside]
            known = {} if self._opens else link.standings(folders)
            self.standing |= {folder: known[folder] for folder in beside if folder in known}
            for place in places:
                try:
                    asked, entries = self._news(link, place, known.get(place.folder))
                except NoFolder as missing:
                    if place.road != SENT:
                        raise
                    fault = str(missing)
                    continue
                quiet = quiet and not asked
                found.append(entries)
            for batch in _batches(merge(*found, key=lambda entry: entry.at)):
                taken += self._keep(link, fence, batch)
                if stopping():
                    return taken
            quiet = quiet or (not asked and _only_moved(found))
        if quiet:
            self._finish(fence, began, fault)
            self._opens = False
        return taken

    def _finish(self, fence: int, began: datetime, fault: str) -> None:
        name = self._mailbox.name
        with self._database.write() as connection:
            self.hold(connection, fence)
            changed = {folder: self._cursors[folder] for folder in self._changed}
            mailboxes.advance(connection, self._tenant_id, name, changed)
            mailboxes.told(connection, self._tenant_id, name, began, fault)
        self._looked_at, self._changed = began, set()

    def hold(self, connection: Connection, fence: int) -> None:
        """Make our claim of the mailbox longer, within a transaction; raises `Lost`."""
        at = self._database.lease_time(self._now())
        until = at + max(LEASE, 3 * self._mailbox.every)
        held = mailboxes.hold(connection, self._tenant_id, self._mailbox.name, fence, until)
        if not held:
            raise Lost("another node watches this mailbox now")

    # --- what is new ---

    def _news(self, link: Link, place: Place, known: Examined | None) -> tuple[bool, list[_Entry]]:
        """Return whether it had to be searched, and what is new in a folder.

        `known`: how it stands, as far as it can be told without looking in.
        """
        now = self.standing[place.folder] = known or link.examine(place.folder)
        if now.uidnext is not None and now == self._searched.get(place.folder):
            return False, []
        if link.selected != place.folder:
            now = self.standing[place.folder] = link.examine(place.folder)
        cursor = self._cursor(link, place, now)
        uids = link.uids_after(cursor.last_uid, now)[:_MOST]
        if not uids:
            self._searched[place.folder] = now
            return now.uidnext is not None and now.uidnext - 1 > cursor.last_uid, []
        seen = [
            each
            for start in range(0, len(uids), _OVERVIEWS)
            for each in link.overviews(uids[start : start + _OVERVIEWS])
        ]
        return True, list(self._entries(place, cursor, seen))

    def _cursor(self, link: Link, place: Place, now: Examined) -> Cursor:
        """Return how far a folder was read; one that is new, or has new UIDs, from its start."""
        known = self._cursors.get(place.folder)
        if known is not None and known.uidvalidity == now.uidvalidity:
            return known
        last = (
            now.uidnext - 1 if now.uidnext is not None else max(link.uids_after(0, now), default=0)
        )
        if known is None:
            until = 0 if self._mailbox.takes_history and not place.state else last
            since = self._began.replace(
                microsecond=0
            )  # servers tell when mails came in whole seconds
            cursor = Cursor(now.uidvalidity, 0, until, 0, since)
            says = "mailbox.begun"
        else:
            cursor = Cursor(now.uidvalidity, 0, 0, last, known.first_seen_at)
            says = "mailbox.renumbered"
        log(says, mailbox=self._mailbox.name, folder=place.folder, mails=now.messages)
        self._cursors[place.folder] = cursor
        self._changed.add(place.folder)
        return cursor

    def _entries(self, place: Place, cursor: Cursor, seen: Sequence[Overview]) -> Iterator[_Entry]:
        told = {each.uid: identity_of(each, self._limits) for each in seen}
        identities = {uid: identity for uid, (identity, _) in told.items()}
        unnamed = {identity for identity, has_name in told.values() if not has_name}
        put = {each.uid for each in seen if OF_MBSYNC.search(each.header)}
        by_moves = self._mailbox.board or place.state  # mails come there that came elsewhere before
        filed: Collection[int] = ()
        if place.road == SENT and self._mailbox.files:
            with self._database.read() as connection:
                key = (connection, self._tenant_id, self._mailbox.name)
                filed = mailboxes.noted(*key, place.folder, cursor.uidvalidity, identities)
        matching = [
            identity
            for uid, identity in identities.items()
            if by_moves or uid <= cursor.match_until or identity in unnamed
        ]
        known: dict[str, int | None] = {}
        noted: Collection[int] = ()
        kept_at: dict[int, datetime] = {}
        if matching:
            with self._database.read() as connection:
                key = (connection, self._tenant_id, self._mailbox.name)
                known = mailboxes.known(*key, matching)
                if self._mailbox.board:
                    noted = mailboxes.noted(*key, place.folder, cursor.uidvalidity, identities)
                again = {mail_id for i in unnamed if (mail_id := known.get(i)) is not None}
                kept_at = mailboxes.kept_at(connection, self._tenant_id, again)
        for each in seen:
            identity = identities[each.uid]
            if each.uid in filed:
                yield _Entry(place, each, identity, fresh=False)
                continue
            moved = by_moves and identity in known
            if place.state:  # customers' mail does not come there: what does is moved by somebody
                old = moved or each.at < cursor.first_seen_at
            elif moved and (each.uid in noted or each.uid in put or known[identity] is None):
                old = True
            else:
                old = each.uid <= cursor.match_until and (
                    identity in known or each.at < cursor.first_seen_at
                )
            fresh = not old and each.uid > cursor.history_until
            history = not fresh and identity not in known
            mail_id = known.get(identity)
            at = kept_at.get(mail_id) if mail_id is not None else None
            yield _Entry(place, each, identity, fresh, history, mail_id, at)

    # --- taking ---

    def _keep(self, link: Link, fence: int, batch: Sequence[_Entry]) -> int:
        """Fetch and commit one batch; return how many mails were taken."""
        fetched = list(self._fetched(link, [entry for entry in batch if entry.fresh]))
        read = dict(self._cursors)
        for entry in batch:
            folder = entry.place.folder
            read[folder] = replace(read[folder], last_uid=entry.seen.uid)
        read = {entry.place.folder: read[entry.place.folder] for entry in batch}
        old = self._old([entry for entry in batch if entry.history])

        def beside(connection: Connection, ids: Sequence[int]) -> None:
            self.hold(connection, fence)
            mails = mailboxes.mails_of(connection, self._tenant_id, ids)
            noted = [_copy(entry, read, entry.mail_id) for entry in batch if not entry.fresh]
            taken = zip(fetched, ids, strict=True)
            noted += [_copy(entry, read, mails[id_]) for (entry, _), id_ in taken]
            mailboxes.note(connection, self._tenant_id, self._mailbox.name, noted)
            history.keep(connection, self._tenant_id, old)
            mailboxes.advance(connection, self._tenant_id, self._mailbox.name, read)

        self._inbox.put_all([mail for _, mail in fetched], beside)
        self._cursors |= read
        self._changed -= read.keys()
        if fetched:
            log("mailbox.taken", mailbox=self._mailbox.name, mails=len(fetched))
        return len(fetched)

    def _old(self, entries: Sequence[_Entry]) -> list[Old]:
        """Return what is kept of mails that are history, in their order."""
        if not entries:
            return []
        now, limits = self._now(), self._limits
        mails = [rough(entry.seen.header, now, limits) for entry in entries]
        with self._database.read() as connection:
            earlier = {mid for mail in mails for mid in threads.referred(mail)}
            known = history.find(connection, self._tenant_id, earlier)
        kept = []
        for entry, mail in zip(entries, mails, strict=True):
            old = threads.about(mail, entry.at, self._inbox.takes, known)
            if old is not None:
                known.setdefault(old.rfc_id, old)
                kept.append(old)
        return kept

    def _fetched(self, link: Link, entries: Sequence[_Entry]) -> Iterator[tuple[_Entry, Incoming]]:
        """Yield what is still there of these mails, in their order."""
        bodies: dict[tuple[str, int], bytes] = {}
        for folder in dict.fromkeys(entry.place.folder for entry in entries):
            if link.selected != folder:
                now = link.examine(folder)
                if now.uidvalidity != self._cursors[folder].uidvalidity:
                    raise Temporary(f"{folder} was renumbered while it was read")
            uids = [entry.seen.uid for entry in entries if entry.place.folder == folder]
            found = link.bodies(uids, self._limits.size)
            bodies |= {(folder, uid): raw for uid, raw in found.items()}
        for entry in entries:
            raw = bodies.get((entry.place.folder, entry.seen.uid))
            if raw is not None:
                yield entry, self._incoming(entry, raw)

    def _incoming(self, entry: _Entry, raw: bytes) -> Incoming:
        mail = rough(raw, self._now(), self._limits, "only its header was wanted")
        ourselves = mail.strict_from in self._own
        sent = entry.place.road == SENT or (ourselves and _put_by_us(mail, self._own))
        paths = mail.headers.get("return-path", ())
        path = next(iter(paths), mail.strict_from or "")
        given = (one_line(v).strip("<> ") for v in mail.headers.get("delivered-to", ()))
        recipients = [address for address in given if self._inbox.takes(address)]
        now = self._now()
        return Incoming(
            raw=raw,
            mail_from=one_line(path).strip("<> "),
            recipients=tuple(recipients[:1])
            if recipients and not sent
            else (self._mailbox.address,),
            received_at=self._came_at(entry, now),
            peer=self._mailbox.name,
            road=SENT if sent else IMAP,
            not_before=now + _COPY_FIRST if ourselves and not sent else None,
        )

    def _came_at(self, entry: _Entry, now: datetime) -> datetime:
        """Return when a mail came.

        A mail that somebody moves into the INBOX keeps the time of its server, years ago perhaps;
        to us it came since our last look. But without a Message-ID, one that was kept before came
        then: with the same words it is that mail, and with others another. A clock ahead of ours
        makes no mail of the future.
        """
        if entry.kept_at is not None:
            return entry.kept_at
        cursor = self._cursors[entry.place.folder]
        at = min(entry.at, now)
        looked = self._looked_at
        new = entry.seen.uid > max(cursor.match_until, cursor.history_until)
        if entry.place.road == IMAP and looked and new and cursor.first_seen_at <= looked:
            return max(at, looked)
        return at


def _put_by_us(mail: ParsedMail, own: Collection[str]) -> bool:
    """Tell whether a mail of our address was put there by who has the mailbox's password.

    Some programs keep answers beside questions. Each server on a way leaves its trace (RFC 5321
    section 4.4); where Received is taken out, the last one leaves others. What names somebody else
    in Reply-To is theirs, as from a form of the desk's website.
    """
    brought = any(mail.headers.get(name) for name in _TRACES)
    return not brought and all(box.address in own for box in mail.reply_to)


def _only_moved(found: Iterable[Sequence[_Entry]]) -> bool:
    """Whether all that is new is a few mails that were only noted: no folder was opened for them.

    Opening a large folder anew is dear, and the last one that was opened had nothing new.
    """
    return all(len(few) < _OVERVIEWS and not any(e.fresh for e in few) for few in found)


def _copy(entry: _Entry, read: dict[str, Cursor], mail_id: int | None) -> Copy:
    folder = entry.place.folder
    return Copy(folder, read[folder].uidvalidity, entry.seen.uid, entry.identity, mail_id)


def _batches(entries: Iterable[_Entry]) -> Iterator[list[_Entry]]:
    batch: list[_Entry] = []
    fresh = octets = 0
    for entry in entries:
        size = entry.seen.size if entry.fresh else 0
        full = fresh >= BATCH or octets + size > BATCH_OCTETS or len(batch) >= _NOTED
        if batch and full:
            yield batch
            batch, fresh, octets = [], 0, 0
        batch.append(entry)
        fresh += entry.fresh
        octets += size
    if batch:
        yield batch
