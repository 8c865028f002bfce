"""Which tickets have lived since a time, and which others are of the same matter.

A ticket that follows a closed one goes on with its matter.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, func, or_, select

from mailgate.store import schema
from mailgate.store.portions import portions
from mailgate.store.schema import fixed


@dataclass(frozen=True, slots=True)
class Kin:
    """A ticket of a matter; `lived`: it has lived since the time that was asked about."""

    id: int
    follows: int | None
    lived: bool


def count(connection: Connection, tenant_id: int, since: datetime) -> int:
    """Return how many tickets have lived since: something happened to them, or they are open."""
    query = select(func.count()).select_from(schema.ticket).where(_lived(tenant_id, since))
    return connection.execute(query).scalar_one()


def batches(
    connection: Connection, tenant_id: int, since: datetime, size: int
) -> Iterator[list[int]]:
    """Yield the ids of these tickets in order, `size` at a time."""
    table, last = schema.ticket.c, -1
    while True:
        query = (
            select(table.id)
            .where(_lived(tenant_id, since), table.id > last)
            .order_by(table.id)
            .limit(size)
        )
        ids = list(connection.execute(query).scalars())
        if ids:
            yield ids
        if len(ids) < size:
            return
        last = ids[-1]


def kin(
    connection: Connection, tenant_id: int, ids: Iterable[int], since: datetime
) -> dict[int, Kin]:
    """Return these tickets and all others of their matters, by id."""
    table, found = schema.ticket.c, dict[int, Kin]()
    wanted: set[int] = set(ids)
    while wanted:
        rows = _asked(connection, tenant_id, since, table.id, wanted)
        rows += _asked(connection, tenant_id, since, table.follows, wanted)
        fresh = [Kin(row["id"], row["follows"], row["lived"]) for row in rows]
        near = {id_ for each in fresh for id_ in (each.id, each.follows) if id_ is not None}
        wanted = near - found.keys() - wanted
        found |= {each.id: each for each in fresh}
    return found


def _asked(
    connection: Connection,
    tenant_id: int,
    since: datetime,
    column: ColumnElement[int],
    wanted: Iterable[int],
) -> list[RowMapping]:
    table = schema.ticket.c
    rows: list[RowMapping] = []
    for some in portions(sorted(wanted)):
        query = select(table.id, table.follows, _lived(tenant_id, since).label("lived")).where(
            table.tenant_id == tenant_id, column.in_(some)
        )
        rows += connection.execute(query).mappings()
    return rows


def _lived(tenant_id: int, since: datetime) -> ColumnElement[bool]:
    table = schema.ticket.c
    alive = or_(table.status != fixed("closed"), table.updated_at >= since)
    return and_(table.tenant_id == tenant_id, alive)
