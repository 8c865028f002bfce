"""What the store knows of a batch of mails, asked for in sets."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from mailgate.desk import assignment, merging
from mailgate.desk.ledger import Ledger
from mailgate.desk.returns import Unreached
from mailgate.domain.assignment import Load
from mailgate.domain.canary import Canary
from mailgate.domain.model import Ticket
from mailgate.intake import agents, mytickets, overflow
from mailgate.intake.mailbox import SENT
from mailgate.intake.reading import Reading
from mailgate.mail.screen import Kind
from mailgate.mail.signer import OwnMessageId, Signer
from mailgate.mail.thread import Found
from mailgate.store import canaries, history, inbox, outbox, people, recorded, tickets
from mailgate.store.history import Old
from mailgate.store.inbox import Claimed
from mailgate.store.outbox import Notice

PATIENCE = timedelta(seconds=30)
"""How long a mail waits for the one that it answers, as when another node is just reading that."""


@dataclass(frozen=True)
class Lookup:
    """Answers, for each mail of a batch, which tickets its keys lead to, and who is known."""

    ledger: Ledger
    numbers: dict[str, int]
    seen: dict[str, list[tuple[int, str]]]
    own: dict[str, OwnMessageId]
    notices: dict[int, Notice]
    duplicates: dict[tuple[str, str], int]
    followers: dict[int, int]
    lately: overflow.Lately
    known: set[str]
    asked: set[str]
    listed: set[str]
    unreached: Unreached
    alerts: dict[str, int]
    canaries: dict[int, Canary]
    awaited: dict[str, datetime]
    old: dict[str, Old]
    sent: dict[int, list[Reading]] = field(default_factory=dict)
    unwritten: set[int] = field(default_factory=set)

    @cached_property
    def held(self) -> Mapping[str, Load]:
        """What agents hold."""
        return assignment.held(self.ledger)

    def found(self, reading: Reading) -> Found:
        """Return what the keys of one mail lead to, merged tickets followed to where they go on.

        Who takes part in a merged ticket still finds to where it goes on.
        """
        wanted = reading.keys.message_ids
        named = {n: self.numbers[n] for n in self._named(reading) if n in self.numbers}
        named |= self._split_off(reading)
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
                if own.unique in self.notices:
                    issued_to[mid] = self.notices[own.unique].recipient
                continue
            hits = self._hits(mid, added)
            if hits:
                message_ids[mid], issued_to[mid] = self._nearest(hits, reading.sender)
        former = {n: self._nearest(hits, reading.sender)[0] for n, hits in self._former(reading)}
        through |= {*message_ids.values(), *former.values()}
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
            {number: self.leads_to(id_) for number, id_ in former.items()},
        )

    def _former(self, reading: Reading) -> Iterator[tuple[str, list[tuple[int, str]]]]:
        """Yield (number of another system, what it leads to) for those in the subject."""
        added = self._added(frozenset(map(former_reference, reading.keys.former)))
        for number in reading.keys.former:
            key = former_reference(number)
            hits = self._hits(key, added)
            if hits:
                yield number, hits

    def _hits(self, key: str, added: Mapping[str, list[tuple[int, str]]]) -> list[tuple[int, str]]:
        """Return what a reference leads to by now, also by this batch."""
        gone = {(move.rfc_id, move.source) for move in self.ledger.moves()}
        hits = self.seen.get(key, []) + added.get(key, [])
        return [hit for hit in hits if (key, hit[0]) not in gone]

    def _split_off(self, reading: Reading) -> dict[str, int]:
        """Return number in the subject -> the ticket that was split off, where one answers that.

        The number is of the old ticket, on which the message was said that the mail answers.
        """
        mid = next(iter(reading.keys.message_ids), "")
        hits = self._hits(mid, self._added(frozenset({mid})))
        here = (self.ledger.ticket(id_) for id_, _ in hits)
        mine = {t.follows: t.id for t in here if reading.sender in t.people}
        ids = ((number, self.numbers.get(number)) for number in reading.keys.numbers)
        return {number: mine[id_] for number, id_ in ids if id_ is not None and id_ in mine}

    def by_former_number(self, reading: Reading, people: Collection[str]) -> Ticket | None:
        """Return the ticket that a number of another system leads to, if one of `people` has it."""
        for _, hits in self._former(reading):
            for id_, _ in hits:
                ticket = self.ledger.ticket(self.leads_to(id_))
                if not (ticket.people | self.ledger.ticket(id_).people).isdisjoint(people):
                    return ticket
        return None

    def _nearest(self, hits: Sequence[tuple[int, str]], sender: str) -> tuple[int, str]:
        """Return the hit that concerns the sender: others may have claimed the same Message-ID."""
        theirs = [hit for hit in hits if sender in self.ledger.ticket(hit[0]).people]
        written = [hit for hit in hits if hit[1] == sender]
        return (theirs or written or hits)[0]

    def awaits(self, reading: Reading) -> bool:
        """Tell whether a mail answers one that was accepted before it and is not yet processed."""
        mail = reading.claimed
        return _is_patient(mail, self.ledger.now) and any(
            mid in self.awaited and self.awaited[mid] < mail.received_at
            for mid in reading.keys.message_ids
        )

    def is_patient(self, reading: Reading) -> bool:
        """Tell whether a mail may still wait for another one."""
        return _is_patient(reading.claimed, self.ledger.now)

    def knows(self, address: str) -> bool:
        """Tell whether somebody was ever shown to own an address, by this batch or before."""
        return address in self.known or self.ledger.has_met(address)

    def reported(self, reading: Reading) -> Notice | None:
        """Return the notice that a report is about, by its return path or by the Message-ID."""
        unique, report = reading.verdict.bounced_outbox, reading.mail.report
        if unique is None and report is not None:
            own = self.own.get(report.original_message_id or "")
            unique = own.unique if own is not None else None
        return None if unique is None else self.notices.get(unique)

    def elsewhere(self, reading: Reading) -> int | None:
        """Return the delivery by which the same mail has come to another queue, and counted."""
        for (_, fingerprint), id_ in self.duplicates.items():
            if fingerprint == reading.fingerprint:
                return id_
        mine, tenant_id = reading.claimed, self.ledger.settings.tenant_id
        return recorded.elsewhere(self.ledger.connection, tenant_id, mine.mail_id, mine.id)

    def learn(self, reading: Reading, ending_ticket: int | None, state: str) -> None:
        """Take in what one mail of the batch, which ends in a state, has changed for the next."""
        if state not in inbox.NOT_KEPT:
            self.duplicates[reading.claimed.queue, reading.fingerprint] = reading.claimed.id
        self.unwritten.add(reading.claimed.id)
        self.awaited.pop(reading.mail.message_id or "", None)
        if ending_ticket is not None:
            if reading.claimed.road in (SENT, inbox.SUBMISSION):
                self.sent.setdefault(ending_ticket, []).append(reading)
            ticket = self.ledger.ticket(ending_ticket)
            if ticket.follows is not None and state == "opened":
                self.followers[ticket.follows] = ending_ticket

    def alerted(self, reference: str) -> int | None:
        """Return the newest ticket that the alerts of one problem have opened."""
        added = [id_ for rfc_id, id_, _ in self.ledger.references() if rfc_id == reference]
        return max((*added, self.alerts.get(reference, 0))) or None

    def leads_to(self, ticket_id: int) -> int:
        """Return the ticket in which a merged one goes on, or the ticket itself."""
        return merging.leads_to(self.ledger, ticket_id).id

    def written_to(self, reading: Reading, ticket_id: int) -> int:
        """Return by which ticket a mail led to `ticket_id`: by that one, or one that goes on in it.

        Mails that it refers to tell before a number in its subject.
        """
        mids, numbers = reading.keys.message_ids, reading.keys.numbers
        numbers = (*(self.own[mid].number for mid in mids if mid in self.own), *numbers)
        seen = (hit[0] for mid in mids for hit in self.seen.get(mid, ()))
        named = (*seen, *(self.numbers[number] for number in numbers if number in self.numbers))
        return next((id_ for id_ in named if self.leads_to(id_) == ticket_id), ticket_id)

    def _named(self, reading: Reading) -> set[str]:
        return {*reading.keys.numbers, *(address.number for address in reading.keys.signed)}

    def _added(self, wanted: frozenset[str]) -> dict[str, list[tuple[int, str]]]:
        found: dict[str, list[tuple[int, str]]] = {}
        for rfc_id, ticket_id, sender in self.ledger.references():
            if rfc_id in wanted:
                found.setdefault(rfc_id, []).append((ticket_id, sender))
        return found


def look_up(
    ledger: Ledger, readings: Sequence[Reading], signer: Signer, *, bygone: bool = False
) -> Lookup:
    """Ask the store once for everything that a batch of mails may point to.

    `bygone`: they are of the past, so that no flood is to be feared of them.
    """
    connection, tenant_id = ledger.connection, ledger.settings.tenant_id
    mids = {mid for reading in readings for mid in reading.keys.message_ids}
    mids |= _reported(readings)
    own = {mid: read for mid in mids if (read := signer.read_message_id(mid)) is not None}
    named = {number for reading in readings for number in reading.keys.numbers}
    named |= {address.number for reading in readings for address in reading.keys.signed}
    named |= {read.number for read in own.values()}
    # Before what is there already: a mail that another worker ends meanwhile is in one of the two.
    awaited = inbox.awaited(connection, tenant_id, mids - own.keys())
    numbers = tickets.by_number(connection, tenant_id, named)
    former = {former_reference(n) for reading in readings for n in reading.keys.former}
    seen = tickets.by_reference(connection, tenant_id, (mids - own.keys()) | former)
    ids = {*numbers.values(), *(hit[0] for hits in seen.values() for hit in hits)}
    followers = tickets.followers_of(connection, tenant_id, ids)
    sent = {read.unique for read in own.values() if not read.root}
    back = (reading.verdict.bounced_outbox for reading in readings)
    notices = outbox.notices(connection, tenant_id, sent.union(id_ for id_ in back if id_))
    about = {n.ticket_id for n in notices.values() if n.ticket_id is not None}
    references = {each.alert.reference for each in readings if each.alert is not None}
    alerted = tickets.newest_by_reference(connection, tenant_id, references)
    _load(ledger, {*ids, *followers.values(), *about, *alerted.values()})
    senders = {reading.sender for reading in readings}
    return Lookup(
        ledger,
        numbers,
        seen,
        own,
        notices,
        _duplicates(ledger, readings),
        followers,
        overflow.Lately({}) if bygone else overflow.lately(ledger, readings),
        people.known(connection, tenant_id, senders.union(_passed_on(readings))),
        agents.asked_lately(ledger, senders),
        mytickets.listed_lately(ledger, readings),
        outbox.never_reached(connection, tenant_id, _returning(readings, about), ()),
        alerted,
        canaries.out(connection, tenant_id, (r.canary for r in readings if r.canary is not None)),
        {mid: at for mid, at in awaited.items() if mid not in seen},
        history.find(connection, tenant_id, mids) if ledger.settings.mailboxes else {},
    )


def former_reference(number: str) -> str:
    """Return the reference by which a number of another system leads to a ticket."""
    return f"{tickets.FORMER}{number}"


def _is_patient(mail: Claimed, now: datetime) -> bool:
    """Whether a mail still waits for others: for a while only, whoever wrote those."""
    since = mail.waiting_since
    return since is None or timedelta(0) <= now - since < PATIENCE


def _load(ledger: Ledger, ids: Iterable[int]) -> None:
    """Read tickets, and those in which merged ones go on."""
    found = ledger.load(ids)
    while found:
        found = ledger.load(t.merged_into for t in found.values() if t.merged_into is not None)


def _passed_on(readings: Iterable[Reading]) -> set[str]:
    """Return whose mails agents pass on in a batch."""
    return {each.forwarded.sender for each in readings if each.forwarded is not None}


def _returning(readings: Sequence[Reading], about: set[int]) -> set[int]:
    """Return the tickets that a batch is about if any of it is a bounce."""
    return about if any(r.verdict.kind is Kind.BOUNCE for r in readings) else set()


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
