"""What a notice carries besides its own words: messages, files, and the thread it belongs to."""

from datetime import datetime

from sqlalchemy import Connection, RowMapping, select

from mailgate.store import schema


def message(connection: Connection, tenant_id: int, id_: int) -> RowMapping | None:
    """Return one message."""
    table = schema.message
    query = select(table).where(table.c.tenant_id == tenant_id, table.c.id == id_)
    return connection.execute(query).mappings().one_or_none()


def last_answer(
    connection: Connection, tenant_id: int, ticket_id: int, until: datetime
) -> RowMapping | None:
    """Return the desk's last public message to the customer, not later than `until`."""
    table = schema.message
    query = (
        select(table)
        .where(
            table.c.tenant_id == tenant_id,
            table.c.ticket_id == ticket_id,
            table.c.kind == "public",
            table.c.side == "system",
            table.c.at <= until,
        )
        .order_by(table.c.at.desc(), table.c.id.desc())
        .limit(1)
    )
    return connection.execute(query).mappings().one_or_none()


def last_question(
    connection: Connection, tenant_id: int, ticket_id: int, until: datetime
) -> str | None:
    """Return the Message-ID of the customer's last mail, not later than `until`."""
    table = schema.message.c
    query = (
        select(table.rfc_id)
        .where(
            table.tenant_id == tenant_id,
            table.ticket_id == ticket_id,
            table.side == "client",
            table.rfc_id.is_not(None),
            table.at <= until,
        )
        .order_by(table.at.desc(), table.id.desc())
        .limit(1)
    )
    return connection.execute(query).scalar()


def attachments(connection: Connection, tenant_id: int, message_id: int) -> list[RowMapping]:
    """Return the attachments of a message, in their order."""
    table = schema.attachment
    query = (
        select(table)
        .where(table.c.tenant_id == tenant_id, table.c.message_id == message_id)
        .order_by(table.c.n)
    )
    return list(connection.execute(query).mappings())
