"""Who holds how many tickets, and which nobody holds: what is asked when they are given away."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, bindparam, case, exists, func, or_, select

from mailgate.domain.table import OURS
from mailgate.store import schema
from mailgate.store.schema import fixed

_OURS = [fixed(status.value) for status in sorted(OURS)]
_LOADS = (
    select(
        schema.ticket.c.assignee,
        func.count(case((schema.ticket.c.status.in_(_OURS), 1))),
        func.max(schema.ticket.c.id),
    )
    .where(
        schema.ticket.c.tenant_id == bindparam("tenant_id"),
        schema.ticket.c.assignee.in_(bindparam("names", expanding=True)),
        schema.ticket.c.status != fixed("closed"),
    )
    .group_by(schema.ticket.c.assignee)
)

_IS_WORK = or_(
    schema.ticket.c.visibility == fixed("internal"),
    exists().where(
        schema.message.c.tenant_id == schema.ticket.c.tenant_id,
        schema.message.c.ticket_id == schema.ticket.c.id,
        schema.message.c.machine.is_(False),
    ),
)


def loads(
    connection: Connection, tenant_id: int, names: Sequence[str]
) -> dict[str, tuple[int, int]]:
    """Return agent -> how many tickets on the desk's turn they hold, and the newest of all theirs.

    What is closed is nobody's any more.
    """
    rows = connection.execute(_LOADS, {"tenant_id": tenant_id, "names": list(names)})
    return {name: (held, newest) for name, held, newest in rows}


def unheld(
    connection: Connection, tenant_id: int, teams: Sequence[str] | None, most: int
) -> list[int]:
    """Return the ids of tickets on the desk's turn that nobody holds, the oldest first.

    Only those of these teams; None is all, also those without one. Public ones on which only
    machines have written are no work yet.
    """
    query = select(schema.ticket.c.id).where(_unheld(tenant_id), _IS_WORK)
    if teams is not None:
        query = query.where(schema.ticket.c.team.in_(teams))
    return list(connection.execute(query.order_by(schema.ticket.c.id).limit(most)).scalars())


def held_since(
    connection: Connection, tenant_id: int, name: str, until: datetime, after: int, most: int
) -> list[int]:
    """Return the ids, beyond `after`, of tickets of an agent whose turn has lasted a while.

    It has been the desk's turn since `until` or longer. The oldest come first.
    """
    table = schema.ticket.c
    query = select(table.id).where(
        table.tenant_id == tenant_id,
        table.assignee == name,
        table.status != fixed("closed"),
        table.status.in_(_OURS),
        table.waiting_since <= until,
        table.id > after,
    )
    return list(connection.execute(query.order_by(table.id).limit(most)).scalars())


def held_by(connection: Connection, tenant_id: int, name: str, most: int) -> list[int]:
    """Return the ids of tickets of an agent that are not closed: first those on the desk's turn.

    Of each sort those come first that have waited for longest.
    """
    table = schema.ticket.c
    theirs = case((table.status.in_(_OURS), 0), else_=1)
    query = select(table.id).where(
        table.tenant_id == tenant_id, table.assignee == name, table.status != fixed("closed")
    )
    order = query.order_by(theirs, table.waiting_since, table.id)
    return list(connection.execute(order.limit(most)).scalars())


def awaiting(
    connection: Connection, tenant_id: int, name: str, now: datetime, most: int
) -> list[int]:
    """Return the ids of tickets on the desk's turn that an agent holds and that are not snoozed.

    Those come first whose turn has lasted longest.
    """
    table = schema.ticket.c
    query = select(table.id).where(
        table.tenant_id == tenant_id,
        table.assignee == name,
        table.status != fixed("closed"),
        table.status.in_(_OURS),
        or_(table.snoozed_until.is_(None), table.snoozed_until <= now),
    )
    return list(
        connection.execute(query.order_by(table.waiting_since, table.id).limit(most)).scalars()
    )


def given_at(connection: Connection, tenant_id: int, ids: Sequence[int]) -> dict[int, datetime]:
    """Return ticket -> when it was last given to somebody, or began."""
    table = schema.event.c
    query = select(table.subject_id, func.max(table.at)).where(
        table.tenant_id == tenant_id,
        table.subject_kind == fixed("ticket"),
        table.subject_id.in_(ids),
        table.name.in_([fixed("ticket.assigned"), fixed("ticket.opened")]),
    )
    rows = connection.execute(query.group_by(table.subject_id))
    return {id_: at for id_, at in rows}  # noqa: C416 - rows are no pairs to the checker


def unheld_count(connection: Connection, tenant_id: int) -> int:
    """Return how many tickets on the desk's turn nobody holds."""
    query = select(func.count()).select_from(schema.ticket).where(_unheld(tenant_id))
    return connection.execute(query).scalar_one()


def _unheld(tenant_id: int) -> ColumnElement[bool]:
    table = schema.ticket.c
    return and_(
        table.tenant_id == tenant_id,
        table.assignee.is_(None),
        table.status != fixed("closed"),
        table.status.in_(_OURS),
    )
