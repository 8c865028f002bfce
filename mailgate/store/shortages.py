"""For which tickets nobody is free: of each cause administrators are told once while it lasts."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, delete, select

from mailgate.store import schema
from mailgate.store.db import inserting


def known(connection: Connection, tenant_id: int) -> set[str]:
    """Return the causes that last, and of which somebody was told."""
    table = schema.shortage.c
    return set(
        connection.execute(select(table.cause).where(table.tenant_id == tenant_id)).scalars()
    )


def begin(connection: Connection, tenant_id: int, cause: str, now: datetime) -> bool:
    """Note that a cause is told of; False where somebody else was first."""
    added = connection.execute(
        inserting(connection, schema.shortage)
        .values(tenant_id=tenant_id, cause=cause, since=now)
        .on_conflict_do_nothing()
        .returning(schema.shortage.c.cause)
    )
    return added.first() is not None


def over(connection: Connection, tenant_id: int, causes: Collection[str]) -> None:
    """Note that causes do not last any more."""
    table = schema.shortage
    mine = (table.c.tenant_id == tenant_id, table.c.cause.in_(causes))
    connection.execute(delete(table).where(*mine))
