"""The figures that are kept ready: of which state they are, reading them, and putting others.

Whoever has worked figures out puts them in the place of those before in one transaction, in which
only what differs is written. Where somebody else was first, theirs stay.
"""

from collections.abc import Collection, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, bindparam, func, select, true

from mailgate.domain.figures import Built
from mailgate.store import schema
from mailgate.store.db import inserting

WORKLOAD, DASHBOARD, PERFORMANCE = "workload", "dashboard", "performance"
TABLES: Mapping[str, Table] = MappingProxyType(
    {
        WORKLOAD: schema.workload_figure,
        DASHBOARD: schema.dashboard_figure,
        PERFORMANCE: schema.daily_figure,
    }
)
"""Each set of figures, and where it is kept."""
MEASURES = tuple(
    column.name
    for column in schema.daily_figure.columns
    if column.name not in {"tenant_id", "day", "about", "name"}
)
"""What is counted of each day."""

_MILLISECOND = timedelta(milliseconds=1)
Row = tuple[Any, ...]
"""The values of a row of such a table, in the order of its columns, without the tenant."""


def built(connection: Connection, tenant_id: int, name: str) -> Built | None:
    """Return of which state a set of figures is; None where it never was worked out."""
    table = schema.figure_set.c
    query = select(
        table.built_at, table.took_ms, table.last_event, table.zone, table.version
    ).where(table.tenant_id == tenant_id, table.name == name)
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    return Built(row[0], row[1] * _MILLISECOND, row[2], row[3], row[4])


def newest_event(connection: Connection, tenant_id: int) -> int:
    """Return the id of the newest event of all; 0 where nothing ever happened.

    Nodes that share a database take their ids in advance: an older one may still come.
    """
    table = schema.event.c
    query = select(func.max(table.id)).where(table.tenant_id == tenant_id)
    return connection.execute(query).scalar_one() or 0


def kept(connection: Connection, tenant_id: int, name: str) -> set[Row]:
    """Return the rows of a set of figures."""
    table = TABLES[name]
    values = [column for column in table.columns if column.name != "tenant_id"]
    rows = connection.execute(select(*values).where(table.c.tenant_id == tenant_id))
    return {tuple(row) for row in rows}


def put(
    connection: Connection,
    tenant_id: int,
    name: str,
    made: Built,
    gone: Collection[Row],
    new: Collection[Row],
) -> bool:
    """Put figures in the place of those before; False, and nothing is done: others were first.

    `made.version` is one more than that of those before; `gone` and `new` are what differs.
    """
    if not _claimed(connection, tenant_id, name, made):
        return False
    table = TABLES[name]
    key = [column.name for column in table.primary_key if column.name != "tenant_id"]
    names = [column.name for column in table.columns if column.name != "tenant_id"]
    if gone:
        same = (table.c[each] == bindparam(f"b_{each}") for each in key)
        delete = table.delete().where(table.c.tenant_id == tenant_id, *same)
        connection.execute(
            delete,
            [{f"b_{k}": v for k, v in zip(names, row, strict=True) if k in key} for row in gone],
        )
    if new:
        rows = [dict(zip(names, row, strict=True)) | {"tenant_id": tenant_id} for row in new]
        connection.execute(table.insert(), rows)
    return True


def _claimed(connection: Connection, tenant_id: int, name: str, made: Built) -> bool:
    """Write down of which state the figures are; False where somebody else has done so since."""
    table = schema.figure_set
    values = {
        "built_at": made.built_at,
        "took_ms": round(made.took / _MILLISECOND),
        "last_event": made.last_event,
        "zone": made.zone,
        "version": made.version,
    }
    if made.version == 1:
        insert = inserting(connection, table).values(tenant_id=tenant_id, name=name, **values)
        first = insert.on_conflict_do_nothing().returning(table.c.name)
        return connection.execute(first).first() is not None
    update = table.update().where(
        table.c.tenant_id == tenant_id,
        table.c.name == name,
        table.c.version == made.version - 1,
    )
    return connection.execute(update.values(values)).rowcount == 1


# --- to be shown ----------------------------------------------------------------------------------


def workload(connection: Connection, tenant_id: int) -> list[RowMapping]:
    """Return what each has to do: agents, then nobody, then teams, each by kind."""
    table = schema.workload_figure
    query = select(table).where(table.c.tenant_id == tenant_id)
    order = (table.c.holder, table.c.name, table.c.kind)
    return list(connection.execute(query.order_by(*order)).mappings())


def dashboard(connection: Connection, tenant_id: int) -> dict[str, dict[str, tuple[int, int]]]:
    """Return what it is about -> name -> count, and seconds together, of how the desk stands."""
    table = schema.dashboard_figure.c
    query = select(table.about, table.name, table.count, table.seconds).where(
        table.tenant_id == tenant_id
    )
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for about, name, count, seconds in connection.execute(query.order_by(table.about, table.name)):
        found.setdefault(about, {})[name] = (count, seconds)
    return found


def by_automation(connection: Connection, tenant_id: int) -> dict[str, int]:
    """Return automation status -> how many tickets have it."""
    table = schema.dashboard_figure.c
    query = select(table.name, table.count).where(
        table.tenant_id == tenant_id, table.about == "automation"
    )
    return dict(connection.execute(query).all())


def loads(connection: Connection, tenant_id: int) -> dict[str, int]:
    """Return agent -> how many tickets on the desk's turn they hold."""
    table = schema.workload_figure.c
    query = (
        select(table.name, func.sum(table.ours))
        .where(table.tenant_id == tenant_id, table.holder == "agent")
        .group_by(table.name)
    )
    return {name: int(count) for name, count in connection.execute(query)}


def daily(
    connection: Connection,
    tenant_id: int,
    first: int,
    last: int,
    about: str | None = None,
    of: str | None = None,
) -> list[RowMapping]:
    """Return the figures of the days `first` to `last`, both as YYYYMMDD, in their order.

    `about` and `of`: only of one sort, and of this agent, team, … of it.
    """
    table = schema.daily_figure
    query = select(table).where(
        table.c.tenant_id == tenant_id,
        table.c.day.between(first, last),
        true() if about is None else table.c.about == about,
        true() if of is None else table.c.name == of,
    )
    order = (table.c.day, table.c.about, table.c.name)
    return list(connection.execute(query.order_by(*order)).mappings())
