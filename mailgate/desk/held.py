"""Answers of agents that wait to be sent, and are not to be after all.

What was written is kept as a note, and its author and whoever holds the ticket are told: nobody is
to go on believing that the customer was answered.
"""

from datetime import datetime

from mailgate.desk.ledger import Ledger
from mailgate.desk.messages import NOTE, NewMessage
from mailgate.desk.settings import Settings
from mailgate.domain.events import AnswerStopped
from mailgate.domain.model import Actor, Side
from mailgate.store import answers, moving, reports


def stop(
    ledger: Ledger, ticket_id: int, at: datetime, actor: Actor, name: str, why: str = ""
) -> int:
    """Stop every answer that waits on a ticket; return how many did. `name`: who stops them."""
    settings = ledger.settings
    says = f"{name} stopped it before it was sent"
    stopped = answers.stop(ledger.connection, settings.tenant_id, ticket_id, ledger.now, says)
    if stopped:
        ledger.at_once()
    for mail, author, text, rfc_id in stopped:
        whose = _shown(settings, author)
        message = NewMessage(
            side=Side.SYSTEM,
            author=actor.id,
            author_name=_shown(settings, actor.id),
            at=at,
            text=f"This answer of {whose} was stopped before it was sent:\n\n{text}".strip(),
            kind=NOTE,
            rfc_id=rfc_id,
            sender=author,
        )
        event = AnswerStopped(at=at, actor=actor, mail=mail, author=author)
        ledger.apply(ticket_id, event, message, why or None)
    return len(stopped)


def was_stopped(ledger: Ledger, rfc_id: str) -> bool:
    """Tell whether a mail is an answer that was stopped, by its Message-ID.

    A mail program may have filed a copy among what was sent, which nobody has got.
    """
    connection, tenant_id = ledger.connection, ledger.settings.tenant_id
    return any(
        event["name"] == AnswerStopped.name and event["data"]["message"] == message
        for message, ticket in moving.of_mail(connection, tenant_id, rfc_id)
        for event in reports.events(connection, tenant_id, ticket)
    )


def _shown(settings: Settings, name: str) -> str:
    agent = settings.staff.find(name)
    return name if agent is None else agent.display_name
