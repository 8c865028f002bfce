"""What is asked of a whole database: how it is set, and its histories in batches."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    Table,
    and_,
    func,
    literal,
    select,
    text,
    tuple_,
)

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


def learn(connection: Connection) -> list[str]:
    """Have PostgreSQL count in tables that it has never found anything in; return their names.

    Its own upkeep does so after a minute. Until then it plans for empty tables, and what it has
    planned so looks through all rows of a tenant to find the one that a foreign key names.
    """
    if connection.dialect.name == "sqlite":
        return []
    asked = text(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples <= 0"
        " AND relnamespace = current_schema()::regnamespace"
    )
    known = {table.name for table in schema.metadata.tables.values()}
    names = sorted(known.intersection(connection.execute(asked).scalars()))
    if names:
        quoted = map(connection.dialect.identifier_preparer.quote, names)
        connection.execute(text(f"ANALYZE {', '.join(quoted)}"))
    return names


def dangling(connection: Connection) -> list[tuple[str, int | None, str]]:
    """Return (table, row, table referred to) of what SQLite finds pointing nowhere."""
    if connection.dialect.name != "sqlite":
        return []
    rows = connection.execute(text("PRAGMA foreign_key_check"))
    return [(row[0], row[1], row[2]) for row in rows.fetchmany(_MOST)]


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


@dataclass(frozen=True, slots=True)
class Scope:
    """Which tickets are looked at: all, one by its number, or those that changed since."""

    number: str | None = None
    since: datetime | None = None

    def of(self, tenant_id: int) -> ColumnElement[bool]:
        """Return the condition on tickets."""
        table = schema.ticket.c
        chosen = [table.tenant_id == tenant_id]
        if self.number is not None:
            chosen.append(table.number == self.number)
        if self.since is not None:
            chosen.append(table.updated_at >= self.since)
        return and_(*chosen)


def count(connection: Connection, tenant_id: int, scope: Scope) -> int:
    """Return how many tickets there are."""
    query = select(func.count()).select_from(schema.ticket).where(scope.of(tenant_id))
    return connection.execute(query).scalar_one()


def batches(
    connection: Connection, tenant_id: int, scope: Scope, size: int
) -> Iterator[list[RowMapping]]:
    """Yield tickets, whole rows, `size` at a time."""
    table, last = schema.ticket, -1
    while True:
        query = (
            select(table)
            .where(scope.of(tenant_id), table.c.id > last)
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
    """Return ticket id -> its timers that have not been acted on, soonest first.

    They are put in order here: asked for it, SQLite would walk through those of all tickets.
    """
    table = schema.timer
    query = select(table).where(
        table.c.tenant_id == tenant_id,
        table.c.subject_kind == TICKET,
        table.c.subject_id.in_(ids),
        table.c.fired_at.is_(None),
    )
    rows = connection.execute(query).mappings()
    return _by(sorted(rows, key=lambda row: (row["due_at"], row["kind"])), "subject_id")


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


def sample(connection: Connection, tenant_id: int, most: int) -> Iterator[RowMapping]:
    """Yield `most` pointers to attachments with the ids of their mails.

    Which ones those are does not change and has nothing to do with their age.
    """
    table = schema.attachment.c
    query = _attachments(tenant_id).order_by(table.sha256, table.message_id, table.n).limit(most)
    yield from connection.execute(query).mappings().all()


def attachments(
    connection: Connection, tenant_id: int, scope: Scope, size: int
) -> Iterator[RowMapping]:
    """Yield pointers to all attachments of tickets, read `size` at a time."""
    table, ticket, last = schema.attachment.c, schema.ticket.c, (-1, -1)
    query = (
        _attachments(tenant_id)
        .join(schema.ticket, ticket.id == schema.message.c.ticket_id)
        .where(scope.of(tenant_id))
        .order_by(table.message_id, table.n)
        .limit(size)
    )
    while True:
        after = tuple_(table.message_id, table.n) > tuple_(*map(literal, last))
        rows = connection.execute(query.where(after)).mappings().all()
        yield from rows
        if len(rows) < size:
            return
        last = rows[-1]["message_id"], rows[-1]["n"]


def _attachments(tenant_id: int) -> Select[Any]:
    table, message = schema.attachment, schema.message
    return (
        select(table, message.c.mail_id)
        .join(message, message.c.id == table.c.message_id)
        .where(table.c.tenant_id == tenant_id)
    )


def sums(connection: Connection, tenant_id: int) -> dict[str, int]:
    """Return how many rows the tables have of which each must be accounted for."""
    tables = (schema.ticket, schema.message, schema.event)
    return {
        table.name: connection.execute(
            select(func.count()).select_from(table).where(table.c.tenant_id == tenant_id)
        ).scalar_one()
        for table in tables
    }


def states(connection: Connection, tenant_id: int, table: Table) -> dict[str, int]:
    """Return state -> how many rows of a table are in it."""
    state = table.c.state
    query = select(state, func.count()).where(table.c.tenant_id == tenant_id).group_by(state)
    return dict(connection.execute(query.order_by(state)).all())


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
