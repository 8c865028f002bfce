"""The list of their own open tickets for a customer who asks for it: `support+mytickets@`.

It goes to nobody but a proved sender, at the From that was proved, and once an hour at most. Any
other mail to that address is a mail like any other, so that a person reads it and its sender
learns nothing.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from mailgate.desk.ledger import Ledger
from mailgate.domain.events import Listed
from mailgate.domain.model import Actor, ActorKind, Ticket
from mailgate.domain.people import Recipient, Role
from mailgate.intake.reading import Reading
from mailgate.mail.thread import Placement
from mailgate.mail.trust import Trust
from mailgate.store import outbox

WORD = "mytickets"
NOTICE = "my_tickets"
_MOST = 50  # tickets of one list
_AGAIN = timedelta(hours=1)


def is_asked_for(reading: Reading) -> bool:
    """Tell whether a mail came to the address for the list, and to no other one of ours."""
    recipients = reading.claimed.recipients
    if not recipients or not all(WORD in each.lower() for each in recipients):
        return False
    return all(reading.own.split(each)[1] == WORD for each in recipients)


def listed_lately(ledger: Ledger, readings: Iterable[Reading]) -> set[str]:
    """Return those who ask in this batch and were sent their list within the hour before."""
    asking = {reading.sender for reading in readings if is_asked_for(reading)}
    since = ledger.now - _AGAIN
    return outbox.told(ledger.connection, ledger.settings.tenant_id, NOTICE, asking, since)


def answer(ledger: Ledger, reading: Reading, listed: set[str]) -> str | None:
    """Send the list, and return how it went in words; None where the sender is not proved.

    A mail that a machine wrote, or that nothing automatic may answer, brings no list either.
    `listed` grows by the sender.
    """
    if reading.authentication.level is not Trust.STRONG or not reading.verdict.may_answer:
        return None
    sender, at = reading.sender, reading.claimed.received_at
    if sender in listed:
        return f"{sender} asked for their tickets, and was sent them within the hour before"
    listed.add(sender)
    found = ledger.open_of(sender, _MOST + 1)
    shown = found[:_MOST]
    language = next((ticket.language for ticket in shown if ticket.language), "")
    ledger.meet(sender, reading.sender_name, at)
    ledger.answer(
        reading.claimed.id,
        Listed(at=at, actor=Actor(ActorKind.CUSTOMER, sender), count=len(shown)),
        Recipient(sender, reading.sender_name, Role.CUSTOMER, language),
        NOTICE,
        ticket_id=None,
        extra={
            "tickets": [_facts(ticket) for ticket in shown],
            "more": len(found) > len(shown),
            "answers": reading.mail.message_id,
        },
    )
    return f"{sender} asked for their tickets: {len(shown)}"


def declined(reading: Reading, placement: Placement) -> Placement:
    """Return the same placement, telling of a mail that asked in vain why it is like any other."""
    if not is_asked_for(reading):
        return placement
    why = f"the sender is {reading.authentication.level}, not strong"
    if not reading.verdict.may_answer:
        why = "nothing automatic may answer this mail"
    return replace(placement, tried=(*placement.tried, f"list of tickets: {why}"))


def _facts(ticket: Ticket) -> dict[str, Any]:
    said = ticket.last_response_at or ticket.created_at
    return {
        "number": ticket.number,
        "subject": ticket.subject,
        "status": ticket.status.value,
        "last_message_at": said.isoformat() if said else None,
    }
