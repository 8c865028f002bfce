"""What the clock did to a ticket, and what of that was taken back."""

from datetime import datetime

from sqlalchemy import Connection, RowMapping, exists, select

from mailgate.domain.events import DeadlinePassed, Retracted
from mailgate.store import schema
from mailgate.store.tickets import TICKET

_NAMES = (DeadlinePassed.name, Retracted.name)


def acted_since(connection: Connection, tenant_id: int, ticket_id: int, at: datetime) -> bool:
    """Tell whether the clock has acted on a deadline of a ticket that came due after `at`."""
    table = schema.timer.c
    query = select(
        exists().where(
            table.tenant_id == tenant_id,
            table.subject_kind == TICKET,
            table.subject_id == ticket_id,
            table.fired_at.is_not(None),
            table.due_at > at,
        )
    )
    return bool(connection.execute(query).scalar_one())


def history(
    connection: Connection, tenant_id: int, ticket_id: int, version: int
) -> list[RowMapping]:
    """Return the events of a ticket by which the clock acted or that was taken back, in order.

    Up to the one that made it this version.
    """
    table = schema.event.c
    query = (
        select(schema.event)
        .where(
            table.tenant_id == tenant_id,
            table.subject_kind == TICKET,
            table.subject_id == ticket_id,
            table.name.in_(_NAMES),
            table.n <= version,
        )
        .order_by(table.n)
    )
    return list(connection.execute(query).mappings())
