"""The sequences of ticket numbers: each number is given once."""

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from mailgate.store import schema


def lock(connection: Connection, tenant_id: int, template: str, period: str) -> int:
    """Return the next free number of a period; nobody else gets it before the transaction ends."""
    table = schema.number_sequence
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    connection.execute(
        dialect.insert(table)
        .values(tenant_id=tenant_id, template=template, period=period, next=1)
        .on_conflict_do_nothing()
    )
    free = connection.execute(
        select(table.c.next)
        .where(
            table.c.tenant_id == tenant_id,
            table.c.template == template,
            table.c.period == period,
        )
        .with_for_update()
    ).scalar_one()
    return int(free)


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


def templates(connection: Connection, tenant_id: int) -> list[str]:
    """Return every number format that was ever used."""
    table = schema.number_sequence.c
    rows = connection.execute(select(table.template).where(table.tenant_id == tenant_id).distinct())
    return list(rows.scalars())
