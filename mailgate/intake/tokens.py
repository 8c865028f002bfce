"""The signed addresses to which a mail came, and what they say."""

from mailgate.domain.model import Ticket
from mailgate.intake.reading import Reading
from mailgate.mail.signer import TicketAddress


def token(reading: Reading, purpose: str) -> TicketAddress | None:
    """Return the signed address for a purpose to which a mail came, if it is its sender's own."""
    return next(
        (
            address
            for address in reading.keys.signed
            if address.genuine
            and address.holder_matches
            and not address.expired
            and address.purpose == purpose
        ),
        None,
    )


def confirms(reading: Reading, ticket: Ticket, *, thanks: bool) -> int | None:
    """Return which resolution a mail confirms, if it does; 0 is none that any ticket has.

    Who agrees that another ticket is settled, which goes on in this one, says nothing of this one.
    """
    confirm = token(reading, "confirm")
    if confirm is None:
        return None
    if confirm.number == ticket.number.upper():
        return confirm.nonce
    return 0 if thanks or not reading.mail.new_text.strip() else None
