"""Which nodes find their way out out of order, for whoever watches; it outlives their processes."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select

from mailgate.store import schema
from mailgate.store.db import inserting

HEARD = timedelta(minutes=5)
"""How long what a node said of its way out holds: it says so each minute while it lasts."""
_LONGEST = 300  # characters of a reason, which a server may have worded


@dataclass(frozen=True, slots=True)
class Broken:
    """A way out that is out of order: which node's, since when, why, and when it was last said."""

    node: str
    since: datetime
    why: str
    seen_at: datetime


def broken(connection: Connection, tenant_id: int, now: datetime) -> list[Broken]:
    """Return what holds now, the longest first; a node that is gone says nothing any more."""
    table = schema.broken_way.c
    query = select(table.node, table.since, table.why, table.seen_at).where(
        table.tenant_id == tenant_id, table.seen_at > now - HEARD
    )
    return [Broken(*row) for row in connection.execute(query.order_by(table.since, table.node))]


def note(connection: Connection, tenant_id: int, way: Broken) -> None:
    """Write down that a way out is out of order, or still is."""
    values = {"since": way.since, "why": way.why[:_LONGEST], "seen_at": way.seen_at}
    connection.execute(
        inserting(connection, schema.broken_way)
        .values(tenant_id=tenant_id, node=way.node, **values)
        .on_conflict_do_update(index_elements=["tenant_id", "node"], set_=values)
    )


def mended(connection: Connection, tenant_id: int, node: str) -> None:
    """Write down that a node's way out is in order again."""
    table = schema.broken_way
    mine = (table.c.tenant_id == tenant_id, table.c.node == node)
    connection.execute(delete(table).where(*mine))
