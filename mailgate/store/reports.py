"""What people and programs are shown: tickets, what was said on them, notices, figures.

Queries that read and never write. The automation status is made from the rows of the one table in
`mailgate.domain.automation`, as an SQL expression.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    Table,
    and_,
    case,
    func,
    literal,
    or_,
    select,
    true,
)

from mailgate.domain.automation import AUTOMATION
from mailgate.domain.model import ClosedBy, Delay
from mailgate.store import schema

_DAY = timedelta(days=1)

ACTIVE: Mapping[str, str] = {
    "waiting_for_system": "waiting_for_system_response",
    "waiting_for_client": "waiting_for_client_response",
    "delayed_by_system": "delayed_by_system",
    "delayed_by_client": "delayed_by_client",
    "resolved_pending_confirmation": "resolved_awaiting_confirmation",
    "reopened": "reopened",
}
"""The figures that add up to all active tickets: name in the statistics, automation status."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which tickets; every condition that is given must hold, of several values any will do.

    `assignee` empty means that nobody holds it. `search` is a text that stands in the number, the
    subject, the requester or a message, in any capitals. `record`: of another system.
    """

    statuses: Sequence[str] = ()
    automation: Sequence[str] = ()
    priorities: Sequence[str] = ()
    assignee: str | None = None
    team: str | None = None
    requester: str | None = None
    tags: Sequence[str] = ()
    record: str | None = None
    search: str | None = None
    overdue: bool = False
    escalated: bool = False
    to_approve: bool = False


def automation_status() -> ColumnElement[str]:
    """Return the automation status of a row of `ticket`."""
    table = schema.ticket.c
    whens = [
        (and_(true(), *(table[name].in_(values) for name, values in row.when.items())), row.name)
        for row in AUTOMATION
    ]
    return case(*((when, literal(name)) for when, name in whens))


def tickets(
    connection: Connection, tenant_id: int, wanted: Wanted, most: int | None = None
) -> list[RowMapping]:
    """Return tickets, newest first: the row with `automation_status` and `messages`, a count."""
    table = schema.ticket
    query = (
        _with_figures()
        .where(table.c.tenant_id == tenant_id, *_conditions(connection, wanted))
        .order_by(table.c.id.desc())
        .limit(most)
    )
    return list(connection.execute(query).mappings())


def ticket(connection: Connection, tenant_id: int, id_: int) -> RowMapping | None:
    """Return one ticket as `tickets` does."""
    table = schema.ticket.c
    query = _with_figures().where(table.tenant_id == tenant_id, table.id == id_)
    return connection.execute(query).mappings().one_or_none()


def _same(one: Table, other: Table) -> ColumnElement[bool]:
    """Both rows are of the same tenant."""
    return one.c.tenant_id == other.c.tenant_id


def _with_figures() -> Select[Any]:
    said = (
        select(func.count())
        .where(
            _same(schema.message, schema.ticket), schema.message.c.ticket_id == schema.ticket.c.id
        )
        .scalar_subquery()
    )
    return select(
        schema.ticket, automation_status().label("automation_status"), said.label("messages")
    )


def _conditions(connection: Connection, wanted: Wanted) -> list[ColumnElement[bool]]:
    table = schema.ticket.c
    found: list[ColumnElement[bool]] = [
        column.in_(values)
        for column, values in (
            (table.status, wanted.statuses),
            (table.priority, wanted.priorities),
            (automation_status(), wanted.automation),
        )
        if values
    ]
    if wanted.assignee is not None:
        held = table.assignee == wanted.assignee
        found.append(held if wanted.assignee else table.assignee.is_(None))
    if wanted.team is not None:
        found.append(table.team == wanted.team)
    if wanted.requester is not None:
        found.append(func.lower(table.requester) == wanted.requester.lower())
    if wanted.overdue:
        found.append(table.delay != Delay.NONE.value)
    if wanted.escalated:
        found.append(table.escalation_level > 0)
    if wanted.to_approve:
        found.append(table.approval.is_not(None))
    found += [_tagged(connection, tag) for tag in wanted.tags]
    if wanted.record is not None:
        found.append(_has_record(connection, wanted.record))
    if wanted.search:
        found.append(_says(wanted.search))
    return found


def _tagged(connection: Connection, tag: str) -> ColumnElement[bool]:
    """Whether a ticket bears a tag; its tags are a list in JSON."""
    sqlite = connection.dialect.name == "sqlite"
    unfold = func.json_each if sqlite else func.json_array_elements_text
    each = unfold(schema.ticket.c.tags).table_valued("value")
    return select(literal(1)).select_from(each).where(each.c.value == tag).exists()


def _has_record(connection: Connection, record: str) -> ColumnElement[bool]:
    """Whether a ticket has a record of another system; they are a list of objects in JSON."""
    sqlite = connection.dialect.name == "sqlite"
    unfold = func.json_each if sqlite else func.json_array_elements
    each = unfold(schema.ticket.c.records).table_valued("value")
    found = func.json_extract if sqlite else func.json_extract_path_text
    name = found(each.c.value, "$.record" if sqlite else "record")
    return select(literal(1)).select_from(each).where(name == record).exists()


def _says(text: str) -> ColumnElement[bool]:
    table, message = schema.ticket.c, schema.message.c
    columns = (table.number, table.subject, table.requester, table.requester_name)
    in_message = (
        select(literal(1))
        .where(message.ticket_id == table.id, message.text.icontains(text, autoescape=True))
        .exists()
    )
    return or_(in_message, *(column.icontains(text, autoescape=True) for column in columns))


# --- one ticket ---------------------------------------------------------------------------------


def messages(connection: Connection, tenant_id: int, ticket_id: int) -> list[RowMapping]:
    """Return what was said on a ticket, in the order of its times."""
    table = schema.message
    query = (
        select(table)
        .where(table.c.tenant_id == tenant_id, table.c.ticket_id == ticket_id)
        .order_by(table.c.at, table.c.id)
    )
    return list(connection.execute(query).mappings())


def attachments(connection: Connection, tenant_id: int, ticket_id: int) -> list[RowMapping]:
    """Return the attachments of a ticket in the order of its messages, each with its mail_id."""
    table, message = schema.attachment, schema.message
    query = (
        select(table, message.c.mail_id)
        .join(message, and_(_same(message, table), message.c.id == table.c.message_id))
        .where(message.c.tenant_id == tenant_id, message.c.ticket_id == ticket_id)
        .order_by(message.c.at, message.c.id, table.c.n)
    )
    return list(connection.execute(query).mappings())


def events(connection: Connection, tenant_id: int, ticket_id: int) -> list[RowMapping]:
    """Return the history of a ticket."""
    table = schema.event
    query = (
        select(table)
        .where(
            table.c.tenant_id == tenant_id,
            table.c.subject_kind == "ticket",
            table.c.subject_id == ticket_id,
        )
        .order_by(table.c.n)
    )
    return list(connection.execute(query).mappings())


def timers(connection: Connection, tenant_id: int, ticket_id: int) -> list[RowMapping]:
    """Return the deadlines of a ticket, also those acted on, in their order."""
    table = schema.timer
    query = (
        select(table)
        .where(
            table.c.tenant_id == tenant_id,
            table.c.subject_kind == "ticket",
            table.c.subject_id == ticket_id,
        )
        .order_by(table.c.due_at, table.c.kind)
    )
    return list(connection.execute(query).mappings())


def deliveries(connection: Connection, tenant_id: int, ticket_id: int) -> list[RowMapping]:
    """Return the mails that ended in a ticket, oldest first, without their bytes."""
    table = schema.mail_delivery
    query = (
        select(table)
        .where(table.c.tenant_id == tenant_id, table.c.ticket_id == ticket_id)
        .order_by(table.c.received_at, table.c.id)
    )
    return list(connection.execute(query).mappings())


# --- mail ---------------------------------------------------------------------------------------


def mail_events(connection: Connection, tenant_id: int, id_: int) -> list[RowMapping]:
    """Return what happened about a mail itself, such as that its commands were refused."""
    table = schema.event
    query = (
        select(table)
        .where(
            table.c.tenant_id == tenant_id,
            table.c.subject_kind == "mail",
            table.c.subject_id == id_,
        )
        .order_by(table.c.n)
    )
    return list(connection.execute(query).mappings())


def notices(
    connection: Connection,
    tenant_id: int,
    states: Sequence[str] = (),
    event_ids: Collection[int] | None = None,
    ticket_id: int | None = None,
    most: int | None = None,
) -> list[RowMapping]:
    """Return notices of the outbox, newest first, with the ticket's number; no states: all."""
    table, ticket = schema.outbox, schema.ticket
    left_out = {"context", "rendered", "lease_owner", "lease_until", "fence"}
    columns = [column for column in table.c if column.name not in left_out]
    query = (
        select(*columns, ticket.c.number)
        .outerjoin(ticket, and_(_same(ticket, table), ticket.c.id == table.c.ticket_id))
        .where(table.c.tenant_id == tenant_id)
        .order_by(table.c.id.desc())
        .limit(most)
    )
    if states:
        query = query.where(table.c.state.in_(states))
    if event_ids is not None:
        query = query.where(table.c.event_id.in_(event_ids))
    if ticket_id is not None:
        query = query.where(table.c.ticket_id == ticket_id)
    return list(connection.execute(query).mappings())


def delivery(connection: Connection, tenant_id: int, id_: int) -> RowMapping | None:
    """Return how one mail came in and ended, with its bytes."""
    table, mail = schema.mail_delivery, schema.mail
    query = (
        select(table, mail.c.raw, mail.c.size)
        .join(mail, mail.c.id == table.c.mail_id)
        .where(table.c.tenant_id == tenant_id, table.c.id == id_)
    )
    return connection.execute(query).mappings().one_or_none()


# --- figures ------------------------------------------------------------------------------------


def statistics(connection: Connection, tenant_id: int, now: datetime) -> dict[str, int]:
    """Return the automation statistics; the six figures of `ACTIVE` add up to the first."""
    table, status = schema.ticket.c, automation_status().label("automation_status")
    rows = connection.execute(
        select(status, func.count()).where(table.tenant_id == tenant_id).group_by(status)
    )
    counted = dict(rows.all())
    figures = {name: counted.get(value, 0) for name, value in ACTIVE.items()}
    closed = connection.execute(
        select(func.count()).where(
            table.tenant_id == tenant_id,
            table.closed_by == ClosedBy.AUTO.value,
            table.closed_at > now - _DAY,
            table.closed_at <= now,
        )
    ).scalar_one()
    return {
        "total_active_tickets": sum(figures.values()),
        **figures,
        "auto_closed_last_24h": closed,
    }
