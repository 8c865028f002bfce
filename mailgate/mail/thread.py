"""Which ticket a mail belongs to, and whether its sender may join it.

The ladder: a signed address of ours, a ticket number in the subject, In-Reply-To and then
References, else a new ticket. A number alone is known to many, and a Message-ID that others wrote
can be planted by anybody, so these join only who takes part in that ticket; a stranger gets a new
ticket that mentions the old one to the agents.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Literal

from mailgate.mail.parsed import ParsedMail
from mailgate.mail.signer import Signer, TicketAddress
from mailgate.mail.trust import Trust

NumberNeeds = Literal["not_failed", "aligned"]
"""How well a sender must be known before a number in the subject joins: `[trust] number_needs`."""

NumberReader = Callable[[str], tuple[str, ...]]
"""Finds every ticket number of any format ever used in a text, upper-case, in its order."""

_LONGEST_SUBJECT = 500
_MOST_IDS = 51  # In-Reply-To and the last 50 References
# Where servers and forwarding mailboxes note to whom a mail was addressed before they changed it.
_NOTED_RECIPIENTS = (
    "delivered-to",
    "x-original-to",
    "envelope-to",
    "x-forwarded-to",
    "original-recipient",  # RFC 8098 section 2.3: "rfc822;" stands in front
)
_LONGEST_NOTE, _MOST_NOTES = 1000, 50  # characters of one of these headers, addresses in them all
_ADDRESS = re.compile(r"[^\s<>,;:\"@]{1,64}@[^\s<>,;:\"@]{1,255}")
_BROKEN = re.compile(r" ?([-_/.\u02d7\u2010-\u2015\u2043\u2212\u30fc]) ?")


class Rung(StrEnum):
    """The step of the ladder on which a mail found its ticket.

    Two are none of `place`: OVERFLOW, when a flood of new matters goes into one ticket, and ALERT,
    when the key in a machine sender's mail says which problem it is about.
    """

    SIGNED = "signed"
    NUMBER = "number"
    REFERENCE = "reference"
    OVERFLOW = "overflow"
    ALERT = "alert"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Keys:
    """What in a mail may point to a ticket, each in the order in which it is tried.

    `former` are numbers of other systems, which tickets that came from there were known by.
    """

    signed: tuple[TicketAddress, ...] = ()
    numbers: tuple[str, ...] = ()
    message_ids: tuple[str, ...] = ()
    former: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """What the store knows of the keys of one mail; a merged ticket has led on already.

    `numbers`, `former` and `message_ids` lead to tickets; those ids in `ours` we wrote ourselves.
    `people` are those who may join a ticket by its number, normalised. `issued_to` says of a
    Message-ID of ours to whom it went, and of another who sent it. `called` has the numbers of the
    tickets.
    """

    numbers: Mapping[str, int] = field(default_factory=dict)
    message_ids: Mapping[str, int] = field(default_factory=dict)
    people: Mapping[int, frozenset[str]] = field(default_factory=dict)
    issued_to: Mapping[str, str] = field(default_factory=dict)
    ours: frozenset[str] = frozenset()
    called: Mapping[int, str] = field(default_factory=dict)
    former: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a mail goes.

    `joined` is false, and `ticket_id` None, when a new ticket is to be opened. `other_address`:
    the sender is not who the key was given to: the text is added and marked, and nothing else is
    granted. `mentions` are tickets to be named to the agents. `tried` tells the way, in words.
    `proved`: the sender was shown to be who they say, by what vouches for the mail, or since it
    answers one that we wrote to them, which is what `answers` says.
    """

    ticket_id: int | None
    rung: Rung
    joined: bool
    other_address: bool
    mentions: tuple[str, ...]
    tried: tuple[str, ...]
    proved: bool = False
    answers: bool = False


def keys(
    mail: ParsedMail,
    recipients: Sequence[str],
    numbers: NumberReader,
    signer: Signer,
    now: datetime,
    former: NumberReader | None = None,
) -> Keys:
    """Return what in the mail may point to a ticket.

    `recipients` are the envelope's; To, Cc and what servers noted are looked at too, since an alias
    on the way may have replaced them. Message-IDs come in the order of trust: In-Reply-To, then
    References from the right, since programs add the nearest last.
    """
    holder = mail.strict_from or ""
    boxes = (box.address for box in (*mail.to, *mail.cc))
    to = dict.fromkeys((*recipients, *boxes, *islice(_noted(mail), _MOST_NOTES)))
    read = (signer.read_ticket_address(address, holder, now) for address in to)
    ids = dict.fromkeys((*mail.in_reply_to, *reversed(mail.references)))
    return Keys(
        tuple(dict.fromkeys(found for found in read if found is not None)),
        numbers_in(mail.subject, numbers),
        tuple(ids)[:_MOST_IDS],
        () if former is None else numbers_in(mail.subject, former),
    )


def place(
    keys: Keys,
    found: Found,
    sender: str | None,
    trust: Trust = Trust.UNKNOWN,
    *,
    number_needs: NumberNeeds = "not_failed",
) -> Placement:
    """Return the ticket of the mail that `sender` (the one strict From, normalised) wrote.

    With `Trust.FAILED` the From is evidence of nothing: no number joins, and what is joined
    otherwise counts as written from another address. `number_needs` "aligned" asks for
    `Trust.STRONG` before a number joins.
    """
    believed = sender if trust is not Trust.FAILED else None
    numbered = number_needs == "not_failed" or trust is Trust.STRONG
    answers = believed is not None and _answers(keys, found, believed)
    proved = answers or (believed is not None and trust.vouched)
    search = _Search(keys, found, believed, numbered, proved, answers)
    for rung, step in (
        (Rung.SIGNED, search.by_signed_address),
        (Rung.NUMBER, search.by_number),
        (Rung.REFERENCE, search.by_message_id),
    ):
        hit = step()
        if hit is not None:
            ticket, own = hit
            return search.placement(ticket, rung, other_address=not own)
    return search.placement(None, Rung.NEW, other_address=False)


def _answers(keys: Keys, found: Found, sender: str) -> bool:
    """Tell whether a mail has what we gave to its sender: an address, or a Message-ID of ours."""
    given = (a.genuine and a.holder_matches and not a.expired for a in keys.signed)
    read = (found.issued_to.get(mid) == sender for mid in keys.message_ids if mid in found.ours)
    return any(given) or any(read)


def _noted(mail: ParsedMail) -> Iterator[str]:
    for name in _NOTED_RECIPIENTS:
        for value in mail.headers.get(name, ()):
            yield from _ADDRESS.findall(value[:_LONGEST_NOTE])


def numbers_in(subject: str, reader: NumberReader) -> tuple[str, ...]:
    """Return the numbers in a subject, also one that folding has torn at a hyphen.

    Full-width and other forms of characters are taken for the ordinary ones (NFKC), digits of any
    script for what they are worth, and characters that cannot be seen (Cf) are passed over.
    """
    line = subject[:_LONGEST_SUBJECT]
    if not line.isascii():
        line = "".join(map(_plain, unicodedata.normalize("NFKC", line)))
    line = " ".join(line.split())
    return reader(line) or reader(_BROKEN.sub(r"\1", line))


def _plain(char: str) -> str:
    if char.isascii():
        return char
    if unicodedata.category(char) == "Cf":
        return ""
    digit = unicodedata.decimal(char, None)
    return char if digit is None else str(digit)


@dataclass(frozen=True, slots=True)
class _Search:
    """The ladder over one mail; `sender` None is somebody of whom nothing is known.

    `numbered`: the sender can be believed enough for a number to join. `proved` and `answers` are
    as of `Placement`.
    """

    keys: Keys
    found: Found
    sender: str | None
    numbered: bool
    proved: bool
    answers: bool
    tried: list[str] = field(default_factory=list)

    def by_signed_address(self) -> tuple[int, bool] | None:
        """Return (ticket, whether the sender holds the address or takes part) of rung 1."""
        hits = []
        for address in self.keys.signed:
            fault = self._fault(address)
            if fault:
                self.tried.append(f"signed address for {address.number}: {fault}")
                continue
            ticket = self.found.numbers[address.number]
            own = self.sender is not None and address.holder_matches
            own = own or self._takes_part(ticket)
            who = "its holder wrote" if own else "somebody else than its holder wrote"
            self.tried.append(f"signed address for {address.number}: genuine, {who}")
            hits.append((ticket, own))
        return next((hit for hit in hits if hit[1]), hits[0] if hits else None)

    def by_number(self) -> tuple[int, bool] | None:
        """Return the first ticket named in the subject in which the sender takes part."""
        for number, ticket in self._named():
            if ticket is None:
                self.tried.append(f"number {number}: there is no such ticket")
            elif self._takes_part(ticket) and self.numbered:
                self.tried.append(f"number {number}: the sender takes part in it")
                return ticket, True
            elif self._takes_part(ticket):
                self.tried.append(f"number {number}: nothing vouches for the sender")
            else:
                self.tried.append(f"number {number}: the sender takes no part in it")
        return None

    def by_message_id(self) -> tuple[int, bool] | None:
        """Return the ticket of the first Message-ID that joins, and whether it was the sender's.

        One that we wrote was given to somebody: it joins whoever has it, though not as them. Any
        other joins only who wrote that mail or takes part in its ticket; or, again not as them, who
        names the number of that very ticket too, as a colleague does who answers in the thread.
        """
        known = [mid for mid in self.keys.message_ids if mid in self.found.message_ids]
        if not known and self.keys.message_ids:
            self.tried.append(f"references: none of {len(self.keys.message_ids)} is known")
        named = {ticket for _, ticket in self._named()}
        for mid in known:
            ticket = self.found.message_ids[mid]
            own = self._takes_part(ticket) or self._was_given(ticket, known)
            if own or mid in self.found.ours or ticket in named:
                who = "the sender's own" if own else "somebody else's"
                self.tried.append(f"reference {mid}: known, {who}")
                return ticket, own
            self.tried.append(f"reference {mid}: not ours, and the sender takes no part in it")
        return None

    def placement(self, ticket: int | None, rung: Rung, *, other_address: bool) -> Placement:
        """Return the outcome; other known tickets that the mail points to are mentioned."""
        numbers, ids = self.found.numbers, self.found.message_ids
        named = dict.fromkeys((*(a.number for a in self.keys.signed), *self.keys.numbers))
        known = [number for number in named if number in numbers]
        former = self.found.former
        pointed = [former[number] for number in self.keys.former if number in former]
        pointed += [ids[mid] for mid in self.keys.message_ids if mid in ids]
        told = {numbers[number] for number in known}
        called = (self.found.called.get(id_, "") for id_ in pointed if id_ not in {*told, ticket})
        mentions = [number for number in known if numbers[number] != ticket]
        mentions += [number for number in called if number]
        return Placement(
            ticket,
            rung,
            ticket is not None,
            other_address,
            tuple(dict.fromkeys(mentions)),
            tuple(self.tried),
            self.proved,
            self.answers,
        )

    def _named(self) -> Iterator[tuple[str, int | None]]:
        """Yield each number in the subject with its ticket; of others' only those that have one."""
        former = self.found.former
        yield from ((number, self.found.numbers.get(number)) for number in self.keys.numbers)
        yield from ((number, former[number]) for number in self.keys.former if number in former)

    def _was_given(self, ticket: int, known: Sequence[str]) -> bool:
        """Tell whether the sender got or wrote one of the mails of the ticket referred to."""
        same = (mid for mid in known if self.found.message_ids[mid] == ticket)
        return self.sender is not None and any(
            self.found.issued_to.get(mid) == self.sender for mid in same
        )

    def _fault(self, address: TicketAddress) -> str:
        if not address.genuine:
            return "altered"
        if address.expired:
            return "expired"
        return "" if address.number in self.found.numbers else "there is no such ticket"

    def _takes_part(self, ticket: int) -> bool:
        return self.sender is not None and self.sender in self.found.people.get(ticket, ())
