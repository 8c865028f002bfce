"""Questions to the database that find nothing while all is well: rows that belong to nothing.

Most of them the database itself keeps from coming true; a file that was copied, mended by hand or
restored in part may still hold them. Each is answered in one pass: what has no index to look up
is compared as a whole, since a look for each row would take the square of their number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Exists,
    FromClause,
    LargeBinary,
    and_,
    except_,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.sql.expression import SelectBase

from mailgate.store import schema
from mailgate.store.inbox import NOT_KEPT, PARKED, PENDING
from mailgate.store.joining import JOINED
from mailgate.store.outbox import READY
from mailgate.store.tickets import TICKET
from mailgate.store.zipping import PACKED

MOST = 100
"""So many rows are named for one question."""

_MAIL, _CANARY = "mail", "canary"
_OPENED = "opened"
_ON_A_TICKET = (_OPENED, "threaded")


@dataclass(frozen=True, slots=True)
class Question:
    """A query for ids; of each that it finds, `says` is true. `subject` is what the id names."""

    check: str
    subject: str
    says: str
    query: SelectBase


def answers(connection: Connection, question: Question) -> Sequence[int]:
    """Return the ids that a question finds, the first hundred."""
    found: Any = question.query.subquery()
    ids = select(found.c[0]).distinct().limit(MOST)
    return connection.execute(ids).scalars().all()


def questions(tenant_id: int) -> list[Question]:
    """Return everything that must find nothing."""
    parts = (
        *(_of_mail, _of_sums, _of_words, _of_messages),
        *(_of_tickets, _of_events, _of_the_outbox),
    )
    return [question for part in parts for question in part(tenant_id)]


def _any(*conditions: ColumnElement[bool]) -> Exists:
    return select(literal(1)).where(*conditions).exists()


def _gone(table: FromClause, tenant_id: int, column: ColumnElement[int]) -> ColumnElement[bool]:
    """Say that a column names a row of this tenant which is not there."""
    there = _any(table.c.tenant_id == tenant_id, table.c.id == column)
    return and_(column.is_not(None), ~there)


def _of_mail(tenant_id: int) -> list[Question]:
    table, mail = schema.mail_delivery.c, schema.mail.c
    mine = table.tenant_id == tenant_id
    return [
        Question(
            "mail",
            "raw mail",
            "is in no queue: it would never be processed",
            except_(select(mail.id), select(table.mail_id)),
        ),
        Question(
            "mail",
            "raw mail",
            "is longer or shorter than what came",
            select(mail.id).where(
                func.substr(mail.raw, 1, len(PACKED)) != literal(PACKED, LargeBinary),
                func.length(mail.raw) != mail.size,
            ),
        ),
        Question(
            "mail",
            "mail",
            "has no raw bytes",
            select(table.id).where(mine, ~_any(mail.id == table.mail_id)),
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
            select(table.id).where(mine, table.state.in_(_ON_A_TICKET), table.ticket_id.is_(None)),
        ),
        Question(
            "mail",
            "mail",
            "ended on a ticket that is not there",
            select(table.id).where(mine, _gone(schema.ticket, tenant_id, table.ticket_id)),
        ),
        Question(
            "parked",
            "mail",
            "is parked and does not say why",
            select(table.id).where(mine, table.state == PARKED, table.error.is_(None)),
        ),
    ]


def _of_sums(tenant_id: int) -> list[Question]:
    """Return what must be as many as the mails that came: words on tickets, and tickets opened."""
    table, message, event = schema.mail_delivery.c, schema.message.c, schema.event.c
    on_a_ticket = and_(
        table.tenant_id == tenant_id,
        table.state.in_(_ON_A_TICKET),
        table.ticket_id.is_not(None),
    )
    read = and_(message.tenant_id == tenant_id, message.mail_id.is_not(None))
    words = select(message.mail_id, func.count().label("n")).where(read).group_by(message.mail_id)
    said = words.having(func.count() > 1).subquery()
    came = (
        select(func.count())
        .where(table.tenant_id == tenant_id, table.mail_id == said.c.mail_id)
        .scalar_subquery()
    )
    by_mail = and_(
        event.tenant_id == tenant_id,
        event.name == "ticket.opened",
        event.correlation.is_not(None),
    )
    opened = select(event.correlation).where(by_mail)
    return [
        Question(
            "mail",
            "raw mail",
            "ended on a ticket, but its words are not there",
            except_(
                select(table.mail_id, table.ticket_id).where(on_a_ticket),
                select(message.mail_id, message.ticket_id).where(read),
            ),
        ),
        Question(
            "mail",
            "raw mail",
            "stands on its tickets more often than it came",
            select(said.c.mail_id).where(said.c.n > came),
        ),
        Question(
            "mail",
            "mail",
            "opened a ticket, but no history begins with it",
            except_(
                select(table.id, table.ticket_id).where(on_a_ticket, table.state == _OPENED),
                select(event.correlation, event.subject_id).where(by_mail),
            ),
        ),
        Question(
            "mail",
            "mail",
            "opened more than one ticket",
            opened.group_by(event.correlation).having(func.count() > 1),
        ),
    ]


def _of_words(tenant_id: int) -> list[Question]:
    """Return what must not be on tickets: words of mails that were set aside, or not read yet."""
    table, message = schema.mail_delivery.c, schema.message.c
    said = and_(message.tenant_id == tenant_id, message.mail_id.is_not(None))
    kept = and_(table.tenant_id == tenant_id, table.state.not_in(NOT_KEPT))
    return [
        Question(
            "mail",
            "raw mail",
            "stands on a ticket, though it came to none",
            except_(select(message.mail_id).where(said), select(table.mail_id).where(kept)),
        ),
    ]


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
            select(table.id).where(mine, _gone(schema.ticket, tenant_id, table.ticket_id)),
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
                attachment.tenant_id == tenant_id,
                _gone(schema.message, tenant_id, attachment.message_id),
            ),
        ),
    ]


def _of_tickets(tenant_id: int) -> list[Question]:
    table, turn, timer = schema.ticket.c, schema.turn.c, schema.timer.c
    reference = schema.reference.c
    leads_nowhere = or_(
        *(_gone(schema.ticket.alias(), tenant_id, at) for at in (table.follows, table.merged_into))
    )
    return [
        Question(
            "ticket",
            "ticket",
            "goes on from, or in, a ticket that is not there",
            select(table.id).where(table.tenant_id == tenant_id, leads_nowhere),
        ),
        Question(
            "turn",
            "ticket",
            "is not there, but a turn of it is",
            select(turn.ticket_id).where(
                turn.tenant_id == tenant_id, _gone(schema.ticket, tenant_id, turn.ticket_id)
            ),
        ),
        Question(
            "timer",
            "ticket",
            "is not there, but a timer of it is",
            select(timer.subject_id).where(
                timer.tenant_id == tenant_id,
                timer.subject_kind == TICKET,
                _gone(schema.ticket, tenant_id, timer.subject_id),
            ),
        ),
        Question(
            "reference",
            "ticket",
            "is not there, but a Message-ID leads to it",
            select(reference.ticket_id).where(
                reference.tenant_id == tenant_id,
                _gone(schema.ticket, tenant_id, reference.ticket_id),
            ),
        ),
    ]


def _of_events(tenant_id: int) -> list[Question]:
    table = schema.event.c
    mine = table.tenant_id == tenant_id
    no_ticket = and_(
        table.subject_kind == TICKET, _gone(schema.ticket, tenant_id, table.subject_id)
    )
    no_mail = and_(
        table.subject_kind == _MAIL, _gone(schema.mail_delivery, tenant_id, table.subject_id)
    )
    no_canary = and_(
        table.subject_kind == _CANARY, _gone(schema.canary, tenant_id, table.subject_id)
    )
    return [
        Question(
            "event",
            "event",
            "is about something that is not there",
            select(table.id).where(mine, or_(no_ticket, no_mail, no_canary)),
        ),
        Question(
            "event",
            "event",
            "was decided under rules that are not there",
            select(table.id).where(mine, ~_any(schema.policy.c.id == table.policy_id)),
        ),
    ]


def _of_the_outbox(tenant_id: int) -> list[Question]:
    table, event = schema.outbox.c, schema.event.c
    mine = table.tenant_id == tenant_id
    caused = and_(event.tenant_id == tenant_id, event.id == table.event_id)
    about_the_same = or_(
        event.subject_kind != TICKET,
        event.subject_id == table.ticket_id,
        and_(table.notice == JOINED, table.ticket_id.is_(None)),  # about many, the first of them
    )
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
            "is about a ticket that is not there",
            select(table.id).where(mine, _gone(schema.ticket, tenant_id, table.ticket_id)),
        ),
        Question(
            "outbox",
            "notice",
            "carries a message that is not there",
            select(table.id).where(mine, _gone(schema.message, tenant_id, table.message_id)),
        ),
        Question(
            "outbox",
            "notice",
            "has ended at no time, or not ended at some time",
            select(table.id).where(mine, (table.state == READY) != table.done_at.is_(None)),
        ),
    ]
