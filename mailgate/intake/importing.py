"""Brings old mail along: whole threads become tickets with their own dates, and nothing is sent.

A first pass reads headers, so that the mails of a thread come together and the oldest first. Then
whatever is committed is complete: the mail, its ticket, and what becomes of that, with no deadline
on it that has passed. Interrupted anywhere and begun again, it goes on; what is there is passed
over, by whichever road it came.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from mailgate.desk.bygone import Brought, Bygone, Example, LeftOut
from mailgate.desk.door import Desk, persist
from mailgate.desk.ledger import Ledger
from mailgate.domain.events import Imported
from mailgate.domain.model import GATEWAY, Status
from mailgate.errors import Conflict
from mailgate.intake import archive, bygone, conversations
from mailgate.intake.archive import Place, Unreadable
from mailgate.intake.bygone import IMPORT
from mailgate.intake.conversations import Conversations, Entry
from mailgate.intake.lookup import Lookup, look_up
from mailgate.intake.reading import Reader, Reading
from mailgate.intake.worker import row_of
from mailgate.mail.address import domain_of
from mailgate.mail.skim import skim
from mailgate.mail.thread import numbers_in
from mailgate.store import inbox, mailboxes
from mailgate.store.identity import identify
from mailgate.store.inbox import Arrival, Claimed

_MOST_EXAMPLES = 10

Progress = Callable[[int, int], None]
Showing = Callable[[str], AbstractContextManager[Progress]]
"""Shows how far a work of that name is: told (done, in all) now and then."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where old mail goes: a queue, for an address of the desk's.

    `need_room` raises `Temporary` where there is no room for so many octets.
    """

    queue: str
    address: str
    need_room: Callable[[int], None]


@dataclass(frozen=True, slots=True)
class _Mail:
    """One mail, read and made ready to be kept before a transaction begins."""

    entry: Entry
    reading: Reading
    arrival: Arrival


class Importer:
    """Brings old mail to one desk; `open_since`: what is older is closed.

    `since`: threads without a mail since then are left where they are.
    """

    def __init__(
        self,
        desk: Desk,
        reader: Reader,
        to: Destination,
        now: Callable[[], datetime],
        open_since: datetime,
        *,
        since: datetime | None = None,
        dry_run: bool = False,
    ) -> None:
        self._desk = desk
        self._reader = replace(reader, staff=frozenset(), machine_senders={})
        self._to = to
        self._now = now
        self._open_since = open_since
        self._since = since
        self._dry_run = dry_run
        self._brought = Brought()

    def run(self, paths: Sequence[Path], showing: Showing) -> Brought:
        """Bring along all mails at these places. Raises `Temporary`, `Conflict`."""
        found = self._brought = Brought()
        with showing("Headers") as progress:
            mails = self._survey(paths, progress)
        threads = mails.threads(self._since)
        with showing("Mails") as progress:
            done = found.older = len(mails) - sum(map(len, threads))
            for batch in conversations.batches(threads):
                self._to.need_room(sum(entry.place.size for entry in batch))
                fresh = self._fresh(batch)
                if fresh:
                    self._bring([self._ready(entry, raw) for entry, raw in fresh])
                done += len(batch)
                progress(done, len(mails))
        return found

    # --- the first pass ---

    def _survey(self, paths: Sequence[Path], progress: Progress) -> Conversations:
        """Read the headers of all mails."""
        threads = Conversations()
        sources = list(archive.find(paths))
        total = sum(each.size for each in sources if isinstance(each, archive.Source))
        for source in sources:
            if isinstance(source, Unreadable):
                self._leave_out(LeftOut(source.path, None, source.why, fault=True))
                continue
            try:
                for stored in archive.mails(source):
                    self._sort_in(threads, stored)
                    progress(source.start + stored.place.offset + stored.place.size, total)
            except OSError as error:
                why = (error.strerror or str(error)).lower()
                self._leave_out(LeftOut(source.path, None, why, fault=True))
        return threads

    def _sort_in(self, threads: Conversations, stored: archive.Stored) -> None:
        self._brought.mails += 1
        limits, place = self._reader.limits, stored.place
        seen = skim(stored.header, self._now(), limits)
        at = seen.at or stored.at
        if place.size > limits.size:
            self._unread(
                place, f"larger than {limits.size} octets, which [inbound] max_size allows"
            )
        elif seen.empty:
            self._unread(place, "no mail: it has no header")
        elif at is None:
            self._unread(place, "nothing tells when it was written")
        else:
            readers = (self._reader.numbers, self._reader.former or _none)
            numbers = (number for read in readers for number in numbers_in(seen.subject, read))
            threads.add(
                Entry(place, seen.path, min(at, self._now())), (*seen.message_ids, *numbers)
            )

    def _unread(self, place: Place, why: str) -> None:
        self._leave_out(LeftOut(place.source.path, _offset(place), why, fault=True))

    def _leave_out(self, left: LeftOut) -> None:
        self._brought.left_out.append(left)

    # --- the second pass ---

    def _fresh(self, batch: Sequence[Entry]) -> list[tuple[Entry, bytes]]:
        """Return the mails of a batch that are not there yet: these alone need be read whole."""
        found: dict[str, tuple[Entry, bytes]] = {}
        for entry in batch:
            try:
                raw = archive.read(entry.place)
            except OSError as error:
                self._unread(entry.place, (error.strerror or str(error)).lower())
                continue
            digest = identify(raw, entry.at).digest
            self._brought.known += digest in found
            found.setdefault(digest, (entry, raw))
        with self._desk.database.read() as connection:
            tenant_id = self._desk.settings.tenant_id
            there = inbox.known(connection, tenant_id, self._to.queue, found)
        self._brought.known += len(there)
        return [mail for digest, mail in found.items() if digest not in there]

    def _ready(self, entry: Entry, raw: bytes) -> _Mail:
        """Read a mail and pack it, which needs no database."""
        claimed = Claimed(
            id=0,
            tenant_id=self._desk.settings.tenant_id,
            mail_id=0,
            queue=self._to.queue,
            recipients=(self._to.address,),
            mail_from=entry.mail_from,
            peer=IMPORT,
            road=IMPORT,
            received_at=entry.at,
            attempts=0,
            fence=0,
            lost=0,
            released=False,
            raw=raw,
        )
        arrival = Arrival(
            raw=raw,
            tenant_id=claimed.tenant_id,
            queue=claimed.queue,
            recipients=claimed.recipients,
            mail_from=claimed.mail_from,
            peer=claimed.peer,
            road=claimed.road,
            received_at=claimed.received_at,
        )
        return _Mail(entry, self._reader.read(claimed, self._now()), arrival)

    def _bring(self, mails: Sequence[_Mail]) -> None:
        """Write one batch; it is tried again where somebody else changed one of its tickets."""
        now = self._now()

        def once() -> _Batch:
            opening = (
                self._desk.rehearsing(now, Bygone)
                if self._dry_run
                else self._desk.writing(now, len(mails), Bygone)
            )
            with opening as ledger:
                batch = _Batch(ledger, self._to, self._open_since)
                readings = [mail.reading for mail in mails]
                lookup = look_up(ledger, readings, self._reader.signer, bygone=True)
                batch.write(mails, lookup)
            return batch

        persist(once).add_to(self._brought)


class _Batch:
    """What one transaction brings along."""

    def __init__(self, ledger: Ledger, to: Destination, open_since: datetime) -> None:
        self._ledger = ledger
        self._to = to
        self._open_since = open_since
        self._tenant_id = ledger.settings.tenant_id
        self._latest: dict[int, tuple[datetime, bool]] = {}  # mail of each, and whether it thanks
        self._opened: list[int] = []
        self._rows: list[dict[str, object]] = []
        self._known = 0
        self._left_out: list[LeftOut] = []
        self._colleagues: Counter[str] = Counter()

    def write(self, mails: Sequence[_Mail], lookup: Lookup) -> None:
        """Put down each mail, and then what becomes of the tickets."""
        ledger = self._ledger
        digests = [mail.arrival.identity.digest for mail in mails]
        there = inbox.known(ledger.connection, self._tenant_id, self._to.queue, digests)
        for mail, digest in zip(mails, digests, strict=True):
            entry, reading = mail.entry, mail.reading
            key = (self._to.queue, reading.fingerprint)
            if digest in there or key in lookup.duplicates:
                self._known += 1
                continue
            planned = bygone.plan(ledger, lookup, reading)
            if isinstance(planned, str):
                left = LeftOut(entry.place.source.path, _offset(entry.place), planned)
                self._left_out.append(left)
                continue
            self._put_down(lookup, self._keep(mail), planned)
        self._settle()
        ledger.flush()
        if inbox.settle(ledger.connection, self._tenant_id, self._rows) != len(self._rows):
            raise Conflict("another worker has taken a mail that came meanwhile")

    def _keep(self, mail: _Mail) -> Reading:
        """Keep the bytes of a mail, of which nothing is left to be done."""
        connection = self._ledger.connection
        ids = iter(self._ledger.next_id, None)
        (id_,) = inbox.put(connection, ids, [mail.arrival])
        mail_id = mailboxes.mails_of(connection, self._tenant_id, [id_])[id_]
        claimed = replace(mail.reading.claimed, id=id_, mail_id=mail_id)
        return replace(mail.reading, claimed=claimed)

    def _put_down(self, lookup: Lookup, reading: Reading, planned: bygone.Plan) -> None:
        ending = bygone.carry_out(self._ledger, lookup, reading, planned)
        lookup.learn(reading, ending.ticket_id, ending.state)
        self._rows.append(row_of(reading, ending, self._ledger.now))
        theirs = not (planned.ours or reading.verdict.machine)
        if theirs and domain_of(reading.sender) == domain_of(self._to.address):
            self._colleagues[reading.sender] += 1
        if ending.ticket_id is not None:
            self._latest[ending.ticket_id] = (reading.claimed.received_at, planned.thanks)
            if ending.state == "opened":
                self._opened.append(ending.ticket_id)

    def _settle(self) -> None:
        """Close what is over, and let the time begin of what is not: of tickets that were moved.

        Whose turn an old mail did not change goes on as it did.
        """
        for before, ticket in list(self._ledger.changed()):
            moved = before is None or before.turn != ticket.turn
            if not moved or ticket.status is Status.CLOSED or ticket.turn_since is None:
                continue
            last, thanks = self._latest[ticket.id]
            at = max(last, ticket.turn_since)
            event = Imported(at=at, actor=GATEWAY, open_since=self._open_since, thanks=thanks)
            self._ledger.apply(ticket.id, event)

    def add_to(self, brought: Brought) -> None:
        """Count what was written."""
        tickets = [self._ledger.ticket(id_) for id_ in self._opened]
        brought.tickets += len(tickets)
        brought.still_open += sum(ticket.status is not Status.CLOSED for ticket in tickets)
        brought.messages += len(self._rows)
        brought.known += self._known
        brought.left_out += self._left_out
        brought.colleagues += self._colleagues
        for ticket in tickets[: _MOST_EXAMPLES - len(brought.examples)]:
            at = ticket.created_at or self._ledger.now
            brought.examples.append(
                Example(at, ticket.requester, ticket.subject, ticket.status.value)
            )


def _none(_subject: str) -> tuple[str, ...]:
    return ()


def _offset(place: Place) -> int | None:
    return place.offset if place.source.many else None
