"""The list of the tickets that an agent holds, sent to them alone when they ask for it: `/list`."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

from mailgate.desk import notices
from mailgate.desk.ledger import Ledger
from mailgate.desk.settings import Purpose
from mailgate.domain.events import Listed
from mailgate.domain.model import Actor, Side, Status, Ticket
from mailgate.domain.people import Agent
from mailgate.domain.timers import response_due
from mailgate.errors import Refused
from mailgate.intake.reading import Reading
from mailgate.store import holding

NOTICE = "held_tickets"
_MOST = 50  # tickets of one list
_NEVER = datetime.max.replace(tzinfo=UTC)
_NO_ADDRESS = dict.fromkeys(("reply_to", "reply_address", "note_address"))


def send(ledger: Ledger, reading: Reading, agent: Agent, actor: Actor) -> None:
    """Send an agent the tickets that they hold now, those that are due first before the others."""
    found = _held(ledger, agent.name)
    to = ledger.settings.staff.recipient(agent)
    facts = partial(_facts, ledger, to.address)
    ledger.answer(
        reading.claimed.id,
        Listed(at=reading.claimed.received_at, actor=actor, count=min(len(found), _MOST)),
        to,
        NOTICE,
        ticket_id=None,
        extra={
            **_NO_ADDRESS,
            "tickets": list(map(facts, found[:_MOST])),
            "more": len(found) > _MOST,
            "answers": reading.mail.message_id,
        },
    )


def _held(ledger: Ledger, name: str) -> list[Ticket]:
    """Return the tickets of an agent that are not closed, as they stand now."""
    connection, settings = ledger.connection, ledger.settings
    ledger.load(holding.held_by(connection, settings.tenant_id, name, _MOST + 1))
    mine = (
        ticket
        for _, ticket in ledger.changed()
        if ticket.assignee == name and ticket.status is not Status.CLOSED
    )
    return sorted(mine, key=lambda ticket: (_due(ledger, ticket) or _NEVER, ticket.id))


def _due(ledger: Ledger, ticket: Ticket) -> datetime | None:
    """Return until when the desk has to answer, None where it is not its turn."""
    ours = ticket.side is Side.SYSTEM
    return response_due(ticket, ledger.settings.policy) if ours else None


def _facts(ledger: Ledger, holder: str, ticket: Ticket) -> dict[str, Any]:
    due = _due(ledger, ticket)
    return notices.facts(ticket, ledger.settings.staff) | {
        "due_at": due.isoformat() if due else None,
        "reply_address": _signed(ledger, holder, ticket, "reply"),
        "note_address": _signed(ledger, holder, ticket, "note"),
    }


def _signed(ledger: Ledger, holder: str, ticket: Ticket, purpose: Purpose) -> str | None:
    """Return an address of a ticket; none where its number leaves no room in a local part."""
    desk = ledger.settings.address
    try:
        return ledger.signer.ticket_address(desk, ticket.number, holder, purpose, ledger.now)
    except Refused:
        return None
