"""What is asked of a whole database: how it is set, and its histories in batches."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select, text

from mailgate.store import schema
from mailgate.store.tickets import TICKET

PRAGMAS: Mapping[str, object] = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
"""What SQLite must be set to, so that what was committed is on the disk (2 is FULL)."""

_MOST = 100  # lines about a damaged file


def pragmas(connection: Connection) -> dict[str, object]:
    """Return how SQLite is set; nothing for another database."""
    if connection.dialect.name != "sqlite":
        return {}
    return {name: connection.execute(text(f"PRAGMA {name}")).scalar() for name in PRAGMAS}


_POSTGRESQL: Mapping[str, frozenset[str]] = {
    "fsync": frozenset({"on"}),
    "full_page_writes": frozenset({"on"}),
    "synchronous_commit": frozenset({"on", "local", "remote_write", "remote_apply"}),
}
"""What a server must be set to for the same, as each of our connections sees it."""


def unsafe(connection: Connection) -> list[str]:
    """Return which settings of the database let it lose what it has committed."""
    if connection.dialect.name == "sqlite":
        found = pragmas(connection)
        return [f"PRAGMA {name} is {v}" for name, v in found.items() if v != PRAGMAS[name]]
    shown = {name: connection.execute(text(f"SHOW {name}")).scalar() for name in _POSTGRESQL}
    return [f"{name} is {value}" for name, value in shown.items() if value not in _POSTGRESQL[name]]


def dangling(connection: Connection) -> list[tuple[str, int | None, str]]:
    """Return (table, row, table referred to) of what SQLite finds pointing nowhere."""
    if connection.dialect.name != "sqlite":
        return []
    rows = connection.execute(text("PRAGMA foreign_key_check"))
    return [(row[0], row[1], row[2]) for row in rows]


def damage(connection: Connection) -> list[str]:
    """Return what SQLite finds wrong with its file; reads all of it."""
    if connection.dialect.name != "sqlite":
        return []
    found = connection.execute(text(f"PRAGMA integrity_check({_MOST})")).scalars()
    return [line for line in found if line != "ok"]


def policies(connection: Connection) -> dict[int, dict[str, Any]]:
    """Return every snapshot of the rules by its id."""
    table = schema.policy.c
    return dict(connection.execute(select(table.id, table.body)).all())


def count(connection: Connection, tenant_id: int) -> int:
    """Return how many tickets there are."""
    table = schema.ticket.c
    return connection.execute(select(func.count()).where(table.tenant_id == tenant_id)).scalar_one()


def batches(connection: Connection, tenant_id: int, size: int) -> Iterator[list[RowMapping]]:
    """Yield all tickets, whole rows, `size` at a time."""
    table, last = schema.ticket, -1
    while True:
        query = (
            select(table)
            .where(table.c.tenant_id == tenant_id, table.c.id > last)
            .order_by(table.c.id)
            .limit(size)
        )
        rows = list(connection.execute(query).mappings())
        if rows:
            yield rows
        if len(rows) < size:
            return
        last = rows[-1]["id"]


def histories(
    connection: Connection, tenant_id: int, ids: Sequence[int]
) -> dict[int, list[RowMapping]]:
    """Return ticket id -> its events, in order."""
    table = schema.event
    query = (
        select(table)
        .where(
            table.c.tenant_id == tenant_id,
            table.c.subject_kind == TICKET,
            table.c.subject_id.in_(ids),
        )
        .order_by(table.c.subject_id, table.c.n)
    )
    return _by(connection.execute(query).mappings(), "subject_id")


def turns(
    connection: Connection, tenant_id: int, ids: Sequence[int]
) -> dict[int, list[RowMapping]]:
    """Return ticket id -> its turns, in order."""
    table = schema.turn
    query = (
        select(table)
        .where(table.c.tenant_id == tenant_id, table.c.ticket_id.in_(ids))
        .order_by(table.c.ticket_id, table.c.n)
    )
    return _by(connection.execute(query).mappings(), "ticket_id")


def timers(
    connection: Connection, tenant_id: int, ids: Sequence[int]
) -> dict[int, list[RowMapping]]:
    """Return ticket id -> its timers that have not been acted on, soonest first."""
    table = schema.timer
    query = (
        select(table)
        .where(
            table.c.tenant_id == tenant_id,
            table.c.subject_kind == TICKET,
            table.c.subject_id.in_(ids),
            table.c.fired_at.is_(None),
        )
        .order_by(table.c.due_at, table.c.kind)
    )
    return _by(connection.execute(query).mappings(), "subject_id")


def notices(
    connection: Connection, tenant_id: int, ids: Sequence[int]
) -> dict[int, list[RowMapping]]:
    """Return event id -> the notices it caused, of the events of these tickets."""
    table = schema.outbox.c
    query = select(table.event_id, table.id, table.notice).where(
        table.tenant_id == tenant_id, table.ticket_id.in_(ids)
    )
    return _by(connection.execute(query).mappings(), "event_id")


def _by(rows: Iterable[RowMapping], name: str) -> dict[int, list[RowMapping]]:
    found: dict[int, list[RowMapping]] = {}
    for row in rows:
        found.setdefault(row[name], []).append(row)
    return found


def sequences(connection: Connection, tenant_id: int) -> list[tuple[str, str, int]]:
    """Return (format, period, next number) of every sequence of ticket numbers."""
    table = schema.number_sequence.c
    query = select(table.template, table.period, table.next).where(table.tenant_id == tenant_id)
    return [(row[0], row[1], row[2]) for row in connection.execute(query)]


def attachments(connection: Connection, tenant_id: int, most: int | None) -> Iterator[RowMapping]:
    """Yield pointers to attachments with the ids of their mails; `most` of them, or all.

    Which ones those are does not change and has nothing to do with their age.
    """
    table, message = schema.attachment, schema.message
    chosen = (
        select(table, message.c.mail_id)
        .join(message, message.c.id == table.c.message_id)
        .where(table.c.tenant_id == tenant_id)
        .order_by(table.c.sha256, table.c.message_id, table.c.n)
        .limit(most)
    )
    yield from list(connection.execute(chosen).mappings())


def mails(connection: Connection) -> Iterator[tuple[int, str, bytes, datetime]]:
    """Yield (id, digest, bytes, receipt) of every raw mail, one at a time."""
    table, last = schema.mail.c, -1
    while True:
        query = (
            select(table.id, table.digest, table.raw, table.received_at)
            .where(table.id > last)
            .order_by(table.id)
            .limit(1)
        )
        row = connection.execute(query).one_or_none()
        if row is None:
            return
        last = row.id
        yield row.id, row.digest, row.raw, row.received_at
