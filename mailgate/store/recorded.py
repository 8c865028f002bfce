"""What was recorded since a time, in the order in which it was decided."""

from datetime import datetime

from sqlalchemy import Connection, RowMapping, select

from mailgate.domain.model import Side
from mailgate.store import schema
from mailgate.store.inbox import NOT_KEPT, PARKED, PENDING
from mailgate.store.tickets import TICKET


def deliveries(connection: Connection, tenant_id: int, since: datetime) -> list[RowMapping]:
    """Return the deliveries that have ended since, but for those that could not be processed."""
    table = schema.mail_delivery
    query = (
        select(table)
        .where(
            table.c.tenant_id == tenant_id,
            table.c.done_at >= since,
            table.c.state.not_in((PENDING, PARKED)),
        )
        .order_by(table.c.done_at, table.c.received_at, table.c.id)
    )
    return list(connection.execute(query).mappings())


def events(connection: Connection, tenant_id: int, since: datetime) -> list[RowMapping]:
    """Return the events of tickets that were recorded since."""
    table = schema.event
    query = (
        select(table)
        .where(
            table.c.tenant_id == tenant_id,
            table.c.subject_kind == TICKET,
            table.c.recorded_at >= since,
        )
        .order_by(table.c.recorded_at, table.c.id)
    )
    return list(connection.execute(query).mappings())


def elsewhere(connection: Connection, tenant_id: int, mail_id: int, own: int) -> int | None:
    """Return the first delivery by which the very same mail came and counted, but for its `own`."""
    table = schema.mail_delivery.c
    query = select(table.id).where(
        table.tenant_id == tenant_id,
        table.mail_id == mail_id,
        table.id != own,
        table.state.not_in(NOT_KEPT),
    )
    return connection.execute(query.order_by(table.id).limit(1)).scalar()


def is_of_a_customer(connection: Connection, tenant_id: int, id_: int) -> bool:
    """Tell whether what a delivery brought stands on a ticket as said by the customer's side."""
    message, came = schema.message.c, schema.mail_delivery.c
    query = (
        select(message.id)
        .join(schema.mail_delivery, came.mail_id == message.mail_id)
        .where(
            came.tenant_id == tenant_id,
            came.id == id_,
            message.tenant_id == tenant_id,
            message.ticket_id == came.ticket_id,
            message.side == Side.CLIENT.value,
        )
    )
    return connection.execute(query.limit(1)).scalar() is not None
