"""The signed addresses to which a mail came, and what they say."""

from mailgate.domain.model import Status, Ticket
from mailgate.errors import Refused
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


def rates(reading: Reading) -> TicketAddress | None:
    """Return the address of a survey to which a mail came, whoever wrote it and whenever."""
    return next((a for a in reading.keys.signed if a.genuine and a.purpose == "rate"), None)


def confirms(reading: Reading, ticket: Ticket, *, thanks: bool) -> int | None:
    """Return which resolution a mail confirms, if it does; 0 is none that any ticket has.

    Who agrees that another ticket is settled, which goes on in this one, says nothing of this one.
    Nor does a rating: it opens nothing again, whatever is written in its mail. To the address of a
    resolution that is over words are words like any others: they are not to be passed over.
    """
    if rates(reading) is not None:
        return 0
    confirm = token(reading, "confirm")
    if confirm is None:
        return None
    here = confirm.number == ticket.number.upper()
    stands = ticket.status is Status.RESOLVED and confirm.nonce == ticket.resolution
    if not (here and stands) and _says_something(reading, thanks=thanks):
        return None
    return confirm.nonce if here else 0


def _says_something(reading: Reading, *, thanks: bool) -> bool:
    said = reading.mail.new_text.strip() or reading.mail.attachments
    return bool(said) and not thanks


def approval(reading: Reading, ticket: Ticket) -> int | None:
    """Return which approval a mail decides by the address it came to; None: the present one.

    Raises `Refused` where that was asked for on another ticket, which goes on in this one.
    """
    note = token(reading, "note") or token(reading, "reply")
    if note is not None and note.number != ticket.number.upper():
        raise Refused(
            f"{note.number} goes on in {ticket.number}: what was asked for on it is over, and "
            f"what is asked for on {ticket.number} is decided by an answer to that mail"
        )
    return note.nonce or None if note is not None else None
