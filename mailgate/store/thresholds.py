"""Rows of thresholds that were set at the command line; they go before the configuration."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, select

from mailgate.domain.policy import Level, Row, RowType
from mailgate.store import schema
from mailgate.store.db import inserting
from mailgate.store.policies import values, written

_SET = schema.threshold.c
_ROWS = (
    select(schema.threshold)
    .where(_SET.tenant_id == bindparam("tenant_id"))
    .order_by(_SET.level, _SET.type, _SET.name)
)
"""Spelt once: it is asked with each batch of mails."""


def rows(connection: Connection, tenant_id: int) -> tuple[Row, ...]:
    """Return every row, in one order."""
    found = connection.execute(_ROWS, {"tenant_id": tenant_id})
    return tuple(
        Row(
            Level(row["level"]),
            RowType(row["type"]),
            row["name"],
            values(row["durations"]),
            active=row["active"],
        )
        for row in found.mappings()
    )


def put(connection: Connection, tenant_id: int, given: Iterable[Row], now: datetime) -> None:
    """Write rows, over those that are there."""
    table = schema.threshold
    for row in given:
        facts = {"durations": written(row.values), "active": row.active, "changed_at": now}
        key = {"level": row.level.value, "type": row.type.value, "name": row.name}
        connection.execute(
            inserting(connection, table)
            .values(tenant_id=tenant_id, **key, **facts)
            .on_conflict_do_update(
                index_elements=["tenant_id", "level", "type", "name"], set_=facts
            )
        )


def drop(connection: Connection, tenant_id: int, level: Level, type_: RowType, name: str) -> None:
    """Take a row away, if it is there."""
    table = schema.threshold.c
    connection.execute(
        delete(schema.threshold).where(
            table.tenant_id == tenant_id,
            table.level == level.value,
            table.type == type_.value,
            table.name == name,
        )
    )


def tickets_with(connection: Connection, tenant_id: int, name: str, most: int) -> list[str]:
    """Return the numbers of tickets that have a custom row and are not closed."""
    table = schema.ticket.c
    found = connection.execute(
        select(table.number)
        .where(
            table.tenant_id == tenant_id,
            table.thresholds == name,
            table.status != "closed",
        )
        .order_by(table.id)
        .limit(most)
    )
    return list(found.scalars())
