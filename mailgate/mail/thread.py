"""Which ticket a mail belongs to, and whether its sender may join it.

The ladder: a signed address of ours, a ticket number in the subject, In-Reply-To and then
References, else a new ticket. A number alone is known to many, so it joins only who takes part in
that ticket; a stranger gets a new ticket that mentions the old one to the agents.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from mailgate.mail.parsed import ParsedMail
from mailgate.mail.signer import Signer, TicketAddress
from mailgate.mail.trust import Trust

NumberReader = Callable[[str], tuple[str, ...]]
"""Finds every ticket number of any format ever used in a text, upper-case, in its order."""

_LONGEST_SUBJECT = 500
_MOST_IDS = 51  # In-Reply-To and the last 50 References
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))
_BROKEN = re.compile(r" ?([-_/.‐‑‒–—−]) ?")


class Rung(StrEnum):
    """The step of the ladder on which a mail found its ticket.

    OVERFLOW is none of `place`: a flood of new matters goes into one ticket.
    """

    SIGNED = "signed"
    NUMBER = "number"
    REFERENCE = "reference"
    OVERFLOW = "overflow"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Keys:
    """What in a mail may point to a ticket, each in the order in which it is tried."""

    signed: tuple[TicketAddress, ...] = ()
    numbers: tuple[str, ...] = ()
    message_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """What the store knows of the keys of one mail; a merged ticket has led on already.

    `numbers` and `message_ids` lead to tickets. `people` are those who may join a ticket by its
    number, normalised. `issued_to` says of a Message-ID of ours to whom it went, and of another
    who sent it.
    """

    numbers: Mapping[str, int] = field(default_factory=dict)
    message_ids: Mapping[str, int] = field(default_factory=dict)
    people: Mapping[int, frozenset[str]] = field(default_factory=dict)
    issued_to: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a mail goes.

    `joined` is false, and `ticket_id` None, when a new ticket is to be opened. `other_address`:
    the sender is not who the key was given to: the text is added and marked, and nothing else is
    granted. `mentions` are tickets to be named to the agents. `tried` tells the way, in words.
    """

    ticket_id: int | None
    rung: Rung
    joined: bool
    other_address: bool
    mentions: tuple[str, ...]
    tried: tuple[str, ...]


def keys(
    mail: ParsedMail,
    recipients: Sequence[str],
    numbers: NumberReader,
    signer: Signer,
    now: datetime,
) -> Keys:
    """Return what in the mail may point to a ticket.

    `recipients` are the envelope's; To and Cc are looked at too, since an alias on the way may
    have replaced them. Message-IDs come in the order of trust: In-Reply-To, then References from
    the right, since programs add the nearest last.
    """
    holder = mail.strict_from or ""
    to = dict.fromkeys((*recipients, *(box.address for box in (*mail.to, *mail.cc))))
    read = (signer.read_ticket_address(address, holder, now) for address in to)
    ids = dict.fromkeys((*mail.in_reply_to, *reversed(mail.references)))
    return Keys(
        tuple(dict.fromkeys(found for found in read if found is not None)),
        _numbers(mail.subject, numbers),
        tuple(ids)[:_MOST_IDS],
    )


def place(keys: Keys, found: Found, sender: str | None, trust: Trust = Trust.UNKNOWN) -> Placement:
    """Return the ticket of the mail that `sender` (the one strict From, normalised) wrote.

    With `Trust.FAILED` the From is evidence of nothing: no number joins, and what is joined
    otherwise counts as written from another address.
    """
    search = _Search(keys, found, sender if trust is not Trust.FAILED else None)
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


def _numbers(subject: str, reader: NumberReader) -> tuple[str, ...]:
    """Return the numbers in a subject, also one that folding has torn at a hyphen."""
    line = " ".join(subject[:_LONGEST_SUBJECT].translate(_INVISIBLE).split())
    return reader(line) or reader(_BROKEN.sub(r"\1", line))


@dataclass(frozen=True, slots=True)
class _Search:
    """The ladder over one mail; `sender` None is somebody of whom nothing is known."""

    keys: Keys
    found: Found
    sender: str | None
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
        for number in self.keys.numbers:
            ticket = self.found.numbers.get(number)
            if ticket is None:
                self.tried.append(f"number {number}: there is no such ticket")
            elif self._takes_part(ticket):
                self.tried.append(f"number {number}: the sender takes part in it")
                return ticket, True
            else:
                self.tried.append(f"number {number}: the sender takes no part in it")
        return None

    def by_message_id(self) -> tuple[int, bool] | None:
        """Return the ticket of the first known Message-ID, and whether it was the sender's."""
        known = [mid for mid in self.keys.message_ids if mid in self.found.message_ids]
        if not known:
            if self.keys.message_ids:
                self.tried.append(f"references: none of {len(self.keys.message_ids)} is known")
            return None
        ticket = self.found.message_ids[known[0]]
        same = (mid for mid in known if self.found.message_ids[mid] == ticket)
        own = self._takes_part(ticket) or (
            self.sender is not None
            and any(self.found.issued_to.get(mid) == self.sender for mid in same)
        )
        who = "the sender's own" if own else "somebody else's"
        self.tried.append(f"reference {known[0]}: known, {who}")
        return ticket, own

    def placement(self, ticket: int | None, rung: Rung, *, other_address: bool) -> Placement:
        """Return the outcome; other known tickets that the mail names are mentioned."""
        named = dict.fromkeys((*(a.number for a in self.keys.signed), *self.keys.numbers))
        known = (number for number in named if number in self.found.numbers)
        mentions = tuple(number for number in known if self.found.numbers[number] != ticket)
        return Placement(
            ticket, rung, ticket is not None, other_address, mentions, tuple(self.tried)
        )

    def _fault(self, address: TicketAddress) -> str:
        if not address.genuine:
            return "altered"
        if address.expired:
            return "expired"
        return "" if address.number in self.found.numbers else "there is no such ticket"

    def _takes_part(self, ticket: int) -> bool:
        return self.sender is not None and self.sender in self.found.people.get(ticket, ())
