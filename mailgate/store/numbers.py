"""The sequences of ticket numbers: each number is given once."""

from sqlalchemy import Connection, select, update

from mailgate.domain.numbers import NumberFormat
from mailgate.store import schema
from mailgate.store.db import inserting


def lock(connection: Connection, tenant_id: int, format_: NumberFormat, period: str) -> int:
    """Return the next free number of a period; nobody else gets it before the transaction ends.

    Formats that differ in width or capitals only go on in one sequence.
    """
    table = schema.number_sequence
    connection.execute(
        inserting(connection, table)
        .values(tenant_id=tenant_id, template=format_.template, period=period, next=1)
        .on_conflict_do_nothing()
    )
    rows = connection.execute(
        select(table.c.template, table.c.next)
        .where(table.c.tenant_id == tenant_id, table.c.period == period)
        .order_by(table.c.template)
        .with_for_update()
    )
    same = [free for name, free in rows if NumberFormat(name).family == format_.family]
    return int(max(same))


def advance(connection: Connection, tenant_id: int, template: str, period: str, free: int) -> None:
    """Make `free` the next free number of a locked period."""
    table = schema.number_sequence
    connection.execute(
        update(table)
        .where(
            table.c.tenant_id == tenant_id,
            table.c.template == template,
            table.c.period == period,
        )
        .values(next=free)
    )


def skip(
    connection: Connection, tenant_id: int, format_: NumberFormat, period: str, count: int
) -> None:
    """Leave out the next `count` numbers of a period, as if they had been given."""
    free = lock(connection, tenant_id, format_, period)
    advance(connection, tenant_id, format_.template, period, free + count)


def templates(connection: Connection, tenant_id: int) -> list[str]:
    """Return every number format that was ever used."""
    table = schema.number_sequence.c
    rows = connection.execute(select(table.template).where(table.tenant_id == tenant_id).distinct())
    return list(rows.scalars())
