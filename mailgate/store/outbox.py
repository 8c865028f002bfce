"""What must be sent: claimed by one worker at a time, and settled once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, func, or_, select, update

from mailgate.store import schema

READY, SENT, NEVER, UNKNOWN, SUPPRESSED = "ready", "sent", "never", "unknown", "suppressed"


@dataclass(frozen=True, slots=True)
class Due:
    """A notice that one worker has taken, until its lease lapses.

    `began_at` is set when an earlier try had begun to send the content and never told the end.
    """

    id: int
    tenant_id: int
    ticket_id: int | None
    event_id: int
    notice: str
    recipient: str
    role: str
    automatic: bool
    awaited: bool
    turn: int
    rfc_id: str
    message_id: int | None
    context: Mapping[str, Any]
    rendered: bytes | None
    attempts: int
    created_at: datetime
    began_at: datetime | None
    fence: int


def claim(
    connection: Connection, owner: str, now: datetime, lease: timedelta, most: int
) -> list[Due]:
    """Take up to `most` notices whose time has come and that nobody works on, oldest first."""
    table = schema.outbox
    free = (
        select(table.c.id)
        .where(
            table.c.state == READY,
            table.c.next_try_at <= now,
            or_(table.c.lease_until.is_(None), table.c.lease_until < now),
        )
        .order_by(table.c.next_try_at, table.c.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    chosen = list(connection.execute(free).scalars())
    if not chosen:
        return []
    connection.execute(
        update(table)
        .where(table.c.id.in_(chosen))
        .values(lease_owner=owner, lease_until=now + lease, fence=table.c.fence + 1)
    )
    rows = connection.execute(select(table).where(table.c.id.in_(chosen)).order_by(table.c.id))
    return [Due(**{name: row[name] for name in Due.__slots__}) for row in rows.mappings()]


def note(connection: Connection, due: Due, **columns: Any) -> bool:
    """Write columns of a claimed notice; False when the claim has lapsed to somebody else."""
    table = schema.outbox
    statement = (
        update(table).where(table.c.id == due.id, table.c.fence == due.fence).values(**columns)
    )
    return connection.execute(statement).rowcount == 1


def next_due(connection: Connection) -> datetime | None:
    """Return when the next notice wants to be sent."""
    table = schema.outbox.c
    return connection.execute(
        select(table.next_try_at).where(table.state == READY).order_by(table.next_try_at).limit(1)
    ).scalar()


def ready(connection: Connection) -> int:
    """Return how many notices have not ended."""
    table = schema.outbox.c
    return connection.execute(select(func.count()).where(table.state == READY)).scalar_one()


def recent_automatic(
    connection: Connection, tenant_id: int, addresses: Iterable[str], since: datetime
) -> list[tuple[str, int | None, datetime]]:
    """Return (address, ticket id, time) of the automatic mail to customers at these addresses."""
    wanted = list(addresses)
    if not wanted:
        return []
    table = schema.outbox.c
    rows = connection.execute(
        select(table.recipient, table.ticket_id, table.created_at).where(
            table.tenant_id == tenant_id,
            table.recipient.in_(wanted),
            table.created_at > since,
            table.role == "customer",
            table.automatic,
            table.state != SUPPRESSED,
        )
    )
    return list(rows.all())


def to_strangers(connection: Connection, tenant_id: int, since: datetime) -> int:
    """Return how many acknowledgements went to people never seen before, since then."""
    table = schema.outbox.c
    return connection.execute(
        select(func.count()).where(
            table.tenant_id == tenant_id,
            table.stranger,
            table.created_at > since,
            table.state != SUPPRESSED,
        )
    ).scalar_one()


def recipients(connection: Connection, tenant_id: int, ids: Iterable[int]) -> dict[int, str]:
    """Return outbox id -> to whom it went."""
    wanted = list(ids)
    if not wanted:
        return {}
    table = schema.outbox.c
    rows = connection.execute(
        select(table.id, table.recipient).where(table.tenant_id == tenant_id, table.id.in_(wanted))
    )
    return dict(rows.all())


def one(connection: Connection, tenant_id: int, id_: int) -> RowMapping | None:
    """Return one notice."""
    table = schema.outbox
    rows = connection.execute(
        select(table).where(table.c.tenant_id == tenant_id, table.c.id == id_)
    )
    return rows.mappings().one_or_none()


def failed(connection: Connection, id_: int, reason: str, now: datetime) -> None:
    """Note that a mail that had left came back."""
    table = schema.outbox
    connection.execute(
        update(table).where(table.c.id == id_).values(state=NEVER, reason=reason, done_at=now)
    )


def listing(
    connection: Connection, tenant_id: int, states: Sequence[str], most: int
) -> list[RowMapping]:
    """Return notices, newest first; no states: all."""
    table = schema.outbox
    query = select(table).where(table.c.tenant_id == tenant_id)
    if states:
        query = query.where(table.c.state.in_(states))
    return list(connection.execute(query.order_by(table.c.id.desc()).limit(most)).mappings())


def release(connection: Connection, tenant_id: int, ids: Sequence[int], now: datetime) -> int:
    """Send notices again that ended as never or unknown; returns how many."""
    table = schema.outbox
    statement = (
        update(table)
        .where(
            table.c.tenant_id == tenant_id,
            table.c.id.in_(bindparam("ids", expanding=True)),
            table.c.state.in_((NEVER, UNKNOWN)),
        )
        .values(state=READY, next_try_at=now, attempts=0, began_at=None, done_at=None, reason=None)
    )
    return connection.execute(statement, {"ids": list(ids)}).rowcount
