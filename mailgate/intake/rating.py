"""Ratings by mail: a survey has an address for each score, signed for the customer.

A mail there never opens a ticket again. Where it counts no more, or comes from somebody else, what
is written in it is put down on the ticket and shown to staff, and nothing moves.
"""

from dataclasses import replace

from mailgate.desk.ledger import Ledger
from mailgate.domain.events import Rated
from mailgate.domain.model import Actor, ActorKind, Side, Status, Ticket
from mailgate.domain.rating import rateable
from mailgate.intake import tokens
from mailgate.intake.ending import Ending, message_of
from mailgate.intake.lookup import Lookup
from mailgate.intake.reading import Reading
from mailgate.mail.signer import TicketAddress
from mailgate.mail.thread import Placement
from mailgate.mail.trust import Trust

_LONGEST = 1000
"""Characters of a comment that stand in the history; the message has all of them."""


def placed(lookup: Lookup, reading: Reading, placement: Placement) -> Placement:
    """Return where a mail goes: a rating to its ticket, also by an address that has expired.

    Who is shown to be a forger has not written as the customer there either.
    """
    address = tokens.rates(reading)
    if placement.ticket_id is not None or address is None or address.number not in lookup.numbers:
        return placement
    ticket_id = lookup.leads_to(lookup.numbers[address.number])
    forged = reading.authentication.level is Trust.FAILED
    return replace(placement, ticket_id=ticket_id, joined=True, other_address=forged)


def taken(ledger: Ledger, lookup: Lookup, reading: Reading, placement: Placement) -> Ending | None:
    """Keep a rating, or pass over one that says nothing; None for a mail that says something."""
    address = tokens.rates(reading)
    if address is None or placement.ticket_id is None or address.number not in lookup.numbers:
        return None
    ticket = ledger.ticket(lookup.numbers[address.number])
    words = reading.mail.new_text.strip()
    written = bool(words or reading.mail.attachments)
    event = Rated(
        at=reading.claimed.received_at,
        actor=Actor(ActorKind.CUSTOMER, reading.sender),
        resolution=ticket.resolution,
        score=address.nonce,
        comment=words[:_LONGEST],
    )
    if not _counts(ledger, reading, address, ticket, event):
        if written:
            return None
        says = "a rating that does not count"
        return Ending("commands_only", placement.ticket_id, says, placement)
    message = message_of(reading, side=Side.CLIENT) if written else None
    ledger.apply(ticket.id, event, message)
    state = "threaded" if written else "commands_only"
    return Ending(state, ticket.id, f"rated {address.nonce} by mail", placement)


def _counts(
    ledger: Ledger, reading: Reading, address: TicketAddress, ticket: Ticket, event: Rated
) -> bool:
    """Tell whether its holder has sent it, in time, and no forger; the ticket is theirs still."""
    own = address.holder_matches and not address.expired and reading.sender == ticket.requester
    if (
        not own
        or reading.authentication.level is Trust.FAILED
        or ticket.status is not Status.CLOSED
    ):
        return False
    return rateable(ticket, event, ledger.settings.policy, event.at)
