"""What the store knows of a batch of mails, asked for in sets."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mailgate.desk.ledger import Ledger
from mailgate.intake import overflow
from mailgate.intake.reading import Reading
from mailgate.mail.screen import Kind
from mailgate.mail.signer import OwnMessageId, Signer
from mailgate.mail.thread import Found
from mailgate.store import inbox, outbox, people, tickets

_LONGEST_CHAIN = 20  # of merged tickets; a longer one is followed no further


@dataclass(frozen=True)
class Lookup:
    """Answers, for each mail of a batch, which tickets its keys lead to, and who is known."""

    ledger: Ledger
    numbers: dict[str, int]
    seen: dict[str, list[tuple[int, str]]]
    own: dict[str, OwnMessageId]
    issued: dict[int, str]
    duplicates: dict[tuple[str, str], int]
    followers: dict[int, int]
    lately: overflow.Lately
    known: set[str]

    def found(self, reading: Reading) -> Found:
        """Return what the keys of one mail lead to, merged tickets followed to where they go on.

        Who takes part in a merged ticket still finds to where it goes on.
        """
        wanted = reading.keys.message_ids
        named = {n: self.numbers[n] for n in self._named(reading) if n in self.numbers}
        through: set[int] = set(named.values())
        message_ids: dict[str, int] = {}
        ours: set[str] = set()
        issued_to: dict[str, str] = {}
        added = self._added(frozenset(wanted))
        for mid in wanted:
            own = self.own.get(mid)
            if own is not None and own.number in self.numbers:
                ours.add(mid)
                message_ids[mid] = self.numbers[own.number]
                if own.unique in self.issued:
                    issued_to[mid] = self.issued[own.unique]
                continue
            hits = self.seen.get(mid, []) + added.get(mid, [])
            if hits:
                message_ids[mid], issued_to[mid] = self._nearest(hits, reading.sender)
        through |= set(message_ids.values())
        taking_part: dict[int, frozenset[str]] = {}
        for id_ in through:
            end = self.leads_to(id_)
            both = self.ledger.ticket(id_).people | self.ledger.ticket(end).people
            taking_part[end] = taking_part.get(end, frozenset()) | both
        return Found(
            {number: self.leads_to(id_) for number, id_ in named.items()},
            {mid: self.leads_to(id_) for mid, id_ in message_ids.items()},
            taking_part,
            issued_to,
            frozenset(ours),
            {id_: self.ledger.ticket(id_).number for id_ in taking_part},
        )

    def _nearest(self, hits: Sequence[tuple[int, str]], sender: str) -> tuple[int, str]:
        """Return the hit that concerns the sender: others may have claimed the same Message-ID."""
        theirs = [hit for hit in hits if sender in self.ledger.ticket(hit[0]).people]
        written = [hit for hit in hits if hit[1] == sender]
        return (theirs or written or hits)[0]

    def knows(self, address: str) -> bool:
        """Tell whether somebody was ever shown to own an address, by this batch or before."""
        return address in self.known or self.ledger.has_met(address)

    def learn(self, reading: Reading, ending_ticket: int | None) -> None:
        """Take in what one mail of the batch has changed for the next ones."""
        if reading.verdict.kind is not Kind.SPAM:  # a copy without the mark is its release
            self.duplicates[reading.claimed.queue, reading.fingerprint] = reading.claimed.id
        if ending_ticket is not None:
            ticket = self.ledger.ticket(ending_ticket)
            self.lately.learn(ticket)
            if ticket.follows is not None:
                self.followers[ticket.follows] = ending_ticket

    def leads_to(self, ticket_id: int) -> int:
        """Return the ticket in which a merged one goes on, or the ticket itself."""
        for _ in range(_LONGEST_CHAIN):
            target = self.ledger.ticket(ticket_id).merged_into
            if target is None:
                break
            ticket_id = target
        return ticket_id

    def _named(self, reading: Reading) -> set[str]:
        return {*reading.keys.numbers, *(address.number for address in reading.keys.signed)}

    def _added(self, wanted: frozenset[str]) -> dict[str, list[tuple[int, str]]]:
        found: dict[str, list[tuple[int, str]]] = {}
        for rfc_id, ticket_id, sender in self.ledger.references():
            if rfc_id in wanted:
                found.setdefault(rfc_id, []).append((ticket_id, sender))
        return found


def look_up(ledger: Ledger, readings: Sequence[Reading], signer: Signer) -> Lookup:
    """Ask the store once for everything that a batch of mails may point to."""
    connection, tenant_id = ledger.connection, ledger.settings.tenant_id
    mids = {mid for reading in readings for mid in reading.keys.message_ids}
    mids |= _reported(readings)
    own = {mid: read for mid in mids if (read := signer.read_message_id(mid)) is not None}
    named = {number for reading in readings for number in reading.keys.numbers}
    named |= {address.number for reading in readings for address in reading.keys.signed}
    named |= {read.number for read in own.values()}
    numbers = tickets.by_number(connection, tenant_id, named)
    seen = tickets.by_reference(connection, tenant_id, mids - own.keys())
    ids = {*numbers.values(), *(hit[0] for hits in seen.values() for hit in hits)}
    ledger.load(ids)
    return Lookup(
        ledger,
        numbers,
        seen,
        own,
        outbox.recipients(connection, tenant_id, (read.unique for read in own.values())),
        _duplicates(ledger, readings),
        tickets.followers_of(connection, tenant_id, ids),
        overflow.lately(ledger, readings),
        people.known(connection, tenant_id, {reading.sender for reading in readings}),
    )


def _reported(readings: Iterable[Reading]) -> set[str]:
    """Return the Message-IDs of the mails that delivery reports are about."""
    reports = (reading.mail.report for reading in readings)
    return {r.original_message_id for r in reports if r is not None and r.original_message_id}


def _duplicates(ledger: Ledger, readings: Sequence[Reading]) -> dict[tuple[str, str], int]:
    queues: dict[str, list[str]] = {}
    for reading in readings:
        queues.setdefault(reading.claimed.queue, []).append(reading.fingerprint)
    return {
        (queue, fingerprint): id_
        for queue, fingerprints in queues.items()
        for fingerprint, id_ in inbox.duplicates(
            ledger.connection, ledger.settings.tenant_id, queue, fingerprints
        ).items()
    }
