"""Canaries: sent once for all nodes, and each counted once when it comes back."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    bindparam,
    case,
    exists,
    func,
    insert,
    select,
    update,
)

from mailgate.domain.canary import Canary, Rounds
from mailgate.store import jobs, outbox, schema
from mailgate.store.schema import fixed

_COLUMNS = [schema.canary.c[name] for name in Canary.__slots__]
NOTICE = "canary"


def rounds(connection: Connection, tenant_id: int, *, hold: bool = False) -> Rounds:
    """Return what is known of a tenant's canaries.

    With `hold` no other node does so until this transaction ends.
    """
    if hold:
        connection.execute(jobs.ALONE, {"tenant_id": tenant_id})
    table, letter = schema.canary.c, schema.outbox.c
    known = select(*_COLUMNS).where(table.tenant_id == tenant_id)
    unsent = exists().where(
        letter.tenant_id == tenant_id, letter.state == fixed(outbox.READY), letter.notice == NOTICE
    )
    newest = known.order_by(table.id.desc()).limit(1)
    return Rounds(
        open=_read(connection, known.where(table.done_at.is_(None)).order_by(table.id)),
        newest=next(iter(_read(connection, newest)), None),
        home=next(iter(_read(connection, newest.where(table.back_at.is_not(None)))), None),
        unsent=bool(connection.execute(select(unsent)).scalar()),
    )


def _read(connection: Connection, query: Select[Any]) -> tuple[Canary, ...]:
    return tuple(Canary(*row) for row in connection.execute(query))


def out(connection: Connection, tenant_id: int, ids: Iterable[int]) -> dict[int, Canary]:
    """Return id -> canary for those that exist and have not come back."""
    wanted = list(ids)
    if not wanted:
        return {}
    table = schema.canary.c
    query = select(*_COLUMNS).where(
        table.tenant_id == tenant_id, table.id.in_(wanted), table.back_at.is_(None)
    )
    return {canary.id: canary for canary in _read(connection, query)}


def add(connection: Connection, tenant_id: int, new_id: int, now: datetime) -> None:
    """Write one down that is about to be sent."""
    values = {"id": new_id, "tenant_id": tenant_id, "sent_at": now}
    connection.execute(insert(schema.canary).values(values))


def came_back(connection: Connection, tenant_id: int, back: Mapping[int, datetime]) -> int:
    """Note when canaries came back; returns of how many that was news.

    One that is missing stays open until the alarm is over, which follows from it.
    """
    if not back:
        return 0
    table = schema.canary
    at = bindparam("b_at", type_=table.c.back_at.type)
    statement = (
        update(table)
        .where(
            table.c.tenant_id == tenant_id,
            table.c.id == bindparam("b_id"),
            table.c.back_at.is_(None),
        )
        .values(
            back_at=at,
            done_at=case(
                (table.c.missed_at.is_(None), func.coalesce(table.c.done_at, at)),
                else_=table.c.done_at,
            ),
        )
    )
    rows = [{"b_id": id_, "b_at": at} for id_, at in sorted(back.items())]
    return connection.execute(statement, rows).rowcount


def missed(connection: Connection, tenant_id: int, id_: int, now: datetime) -> bool:
    """Note that one is missing; False when it has come back meanwhile."""
    table = schema.canary
    statement = (
        update(table)
        .where(table.c.tenant_id == tenant_id, table.c.id == id_, table.c.back_at.is_(None))
        .values(missed_at=now)
    )
    return connection.execute(statement).rowcount == 1


def over(connection: Connection, tenant_id: int, until: int, now: datetime) -> None:
    """Note that nothing more follows from the one with the id `until` and those before it."""
    table = schema.canary
    connection.execute(
        update(table)
        .where(
            table.c.tenant_id == tenant_id,
            table.c.id <= until,
            table.c.done_at.is_(None),
        )
        .values(done_at=now)
    )
