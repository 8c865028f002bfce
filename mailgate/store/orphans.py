"""Questions to the database that find nothing while all is well: rows that belong to nothing.

Most of them the database itself keeps from coming true; a file that was copied, mended by hand or
restored in part may still hold them.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Exists, Select, and_, literal, or_, select

from mailgate.store import schema
from mailgate.store.inbox import PARKED, PENDING
from mailgate.store.outbox import READY
from mailgate.store.tickets import TICKET

_MAIL, _CANARY = "mail", "canary"
_MOST = 100  # rows named for one question
_ON_A_TICKET = ("opened", "threaded")


@dataclass(frozen=True, slots=True)
class Question:
    """A query for ids; of each that it finds, `says` is true. `subject` is what the id names."""

    check: str
    subject: str
    says: str
    query: Select[Any]


def answers(connection: Connection, question: Question) -> list[int]:
    """Return the ids that a question finds, the first hundred."""
    return list(connection.execute(question.query.limit(_MOST)).scalars())


def questions(tenant_id: int) -> list[Question]:
    """Return everything that must find nothing."""
    parts = (_of_mail, _of_messages, _of_tickets, _of_the_outbox)
    return [question for part in parts for question in part(tenant_id)]


def _any(*conditions: ColumnElement[bool]) -> Exists:
    return select(literal(1)).where(*conditions).exists()


def _of_mail(tenant_id: int) -> list[Question]:
    table, mail, message = schema.mail_delivery.c, schema.mail.c, schema.message.c
    mine = table.tenant_id == tenant_id
    on_a_ticket = and_(mine, table.state.in_(_ON_A_TICKET))
    said = _any(message.mail_id == table.mail_id, message.tenant_id == tenant_id)
    return [
        Question(
            "mail",
            "raw mail",
            "is in no queue: it would never be processed",
            select(mail.id).where(~_any(table.mail_id == mail.id)),
        ),
        Question(
            "mail",
            "mail",
            "has ended at no time, or not ended at some time",
            select(table.id).where(mine, (table.state == PENDING) != table.done_at.is_(None)),
        ),
        Question(
            "mail",
            "mail",
            "ended on a ticket and names none",
            select(table.id).where(on_a_ticket, table.ticket_id.is_(None)),
        ),
        Question(
            "mail",
            "mail",
            "ended on a ticket, but its words are not there",
            select(table.id).where(on_a_ticket, ~said),
        ),
        Question(
            "mail",
            "mail",
            "is parked and does not say why",
            select(table.id).where(mine, table.state == PARKED, table.error.is_(None)),
        ),
    ]


def _ticket_is_there(tenant_id: int, column: ColumnElement[int]) -> Exists:
    table = schema.ticket.c
    return _any(table.tenant_id == tenant_id, table.id == column)


def _of_messages(tenant_id: int) -> list[Question]:
    table, reference, attachment = schema.message.c, schema.reference.c, schema.attachment.c
    mine = table.tenant_id == tenant_id
    known = _any(
        reference.tenant_id == tenant_id,
        reference.rfc_id == table.rfc_id,
        reference.ticket_id == table.ticket_id,
    )
    return [
        Question(
            "message",
            "message",
            "belongs to no ticket",
            select(table.id).where(mine, ~_ticket_is_there(tenant_id, table.ticket_id)),
        ),
        Question(
            "message",
            "message",
            "was read from a mail that is not there",
            select(table.id).where(
                mine, table.mail_id.is_not(None), ~_any(schema.mail.c.id == table.mail_id)
            ),
        ),
        Question(
            "reference",
            "message",
            "has a Message-ID by which answers to it would not be recognised",
            select(table.id).where(mine, table.rfc_id.is_not(None), ~known),
        ),
        Question(
            "attachment",
            "message",
            "is not there, but an attachment of it is",
            select(attachment.message_id).where(
                attachment.tenant_id == tenant_id, ~_any(table.id == attachment.message_id)
            ),
        ),
    ]


def _of_tickets(tenant_id: int) -> list[Question]:
    event, timer, reference = schema.event.c, schema.timer.c, schema.reference.c
    about_no_mail = and_(
        event.subject_kind == _MAIL, ~_any(schema.mail_delivery.c.id == event.subject_id)
    )
    about_no_canary = and_(
        event.subject_kind == _CANARY, ~_any(schema.canary.c.id == event.subject_id)
    )
    about_no_ticket = and_(
        event.subject_kind == TICKET, ~_ticket_is_there(tenant_id, event.subject_id)
    )
    return [
        Question(
            "event",
            "event",
            "is about something that is not there",
            select(event.id).where(
                event.tenant_id == tenant_id,
                or_(about_no_ticket, about_no_mail, about_no_canary),
            ),
        ),
        Question(
            "timer",
            "ticket",
            "is not there, but a timer of it is",
            select(timer.subject_id).where(
                timer.tenant_id == tenant_id,
                timer.subject_kind == TICKET,
                ~_ticket_is_there(tenant_id, timer.subject_id),
            ),
        ),
        Question(
            "reference",
            "ticket",
            "is not there, but a Message-ID leads to it",
            select(reference.ticket_id).where(
                reference.tenant_id == tenant_id,
                ~_ticket_is_there(tenant_id, reference.ticket_id),
            ),
        ),
    ]


def _of_the_outbox(tenant_id: int) -> list[Question]:
    table, event = schema.outbox.c, schema.event.c
    mine = table.tenant_id == tenant_id
    caused = and_(event.tenant_id == tenant_id, event.id == table.event_id)
    about_the_same = or_(event.subject_kind != TICKET, event.subject_id == table.ticket_id)
    return [
        Question("outbox", "notice", "has no cause", select(table.id).where(mine, ~_any(caused))),
        Question(
            "outbox",
            "notice",
            "is about another ticket than its cause",
            select(table.id).where(mine, _any(caused), ~_any(caused, about_the_same)),
        ),
        Question(
            "outbox",
            "notice",
            "has ended at no time, or not ended at some time",
            select(table.id).where(mine, (table.state == READY) != table.done_at.is_(None)),
        ),
    ]
