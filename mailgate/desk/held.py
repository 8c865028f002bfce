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
from mailgate.store import answers


def stop(
    ledger: Ledger, ticket_id: int, at: datetime, actor: Actor, name: str, why: str = ""
) -> int:
    """Stop every answer that waits on a ticket; return how many did. `name`: who stops them."""
    settings = ledger.settings
    says = f"{name} stopped it before it was sent"
    stopped = answers.stop(ledger.connection, settings.tenant_id, ticket_id, ledger.now, says)
    for mail, author, text in stopped:
        whose = _shown(settings, author)
        message = NewMessage(
            side=Side.SYSTEM,
            author=actor.id,
            author_name=_shown(settings, actor.id),
            at=at,
            text=f"This answer of {whose} was stopped before it was sent:\n\n{text}".strip(),
            kind=NOTE,
        )
        event = AnswerStopped(at=at, actor=actor, mail=mail, author=author)
        ledger.apply(ticket_id, event, message, why or None)
    return len(stopped)


def _shown(settings: Settings, name: str) -> str:
    agent = settings.staff.find(name)
    return name if agent is None else agent.display_name
