"""Rows for tests of the store: any table can be filled, as the schema or the database tells."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    DateTime,
    Integer,
    LargeBinary,
    Table,
    func,
    select,
)

from mailgate.domain.model import Ticket
from mailgate.store import inbox, schema, tickets
from mailgate.store.contexts import Context
from mailgate.store.db import Database
from mailgate.store.inbox import Arrival
from mailgate.store.types import Instant, Packed
from tests.store.databases import TENANT

NOW = datetime(2026, 3, 2, 9, 30, 15, 123456, tzinfo=UTC)

_STATES = {"mail_delivery": "pending", "outbox": "ready"}
_numbers = count(1_000_000)


def plant(connection: Connection, table: Table, tenant_id: int, **given: Any) -> dict[str, Any]:
    """Insert a row that the schema accepts, and rows of the same tenant that it must refer to.

    Columns that may be empty are, unless given.
    """
    row = dict(given)
    for key in table.foreign_key_constraints:
        for element in key.elements:
            column, target = element.parent, element.column
            if target.table.name == "tenant":
                row["tenant_id"] = tenant_id
            elif column.name not in {*row, "tenant_id"} and not column.nullable:
                row[column.name] = plant(connection, target.table, tenant_id)[target.name]
    for column in table.columns:
        if column.name not in row and not column.nullable and column.server_default is None:
            row[column.name] = _value(column)
    connection.execute(table.insert().values(row))
    return row


def _value(column: Column[Any]) -> Any:
    if column.name == "state":
        return _STATES[column.table.name]
    if isinstance(column.type, Instant | DateTime):
        return NOW
    octets, documents = (LargeBinary, Packed), (JSON, Context)
    for kind, value in ((documents, ["x"]), (Boolean, False), (octets, b"x")):
        if isinstance(column.type, kind):
            return value
    number = next(_numbers)
    return number if isinstance(column.type, Integer) else f"x{number}"


def every(connection: Connection, table: Table) -> list[dict[str, Any]]:
    """Return every row of a table, in the order of its key."""
    found = connection.execute(select(table).order_by(*table.primary_key)).mappings()
    return [dict(row) for row in found]


def total(connection: Connection, table: Table) -> int:
    """Return how many rows a table has."""
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def ids() -> Iterator[int]:
    """Return ids that no row of a test has."""
    return count(next(_numbers) * 1000)


def arrival(raw: bytes = b"Message-ID: <hello@x>\r\n\r\nwords\r\n", **changes: Any) -> Arrival:
    """Return a mail as the intake hands it over."""
    values = {
        "tenant_id": TENANT,
        "queue": "default",
        "recipients": ("support@desk.example",),
        "mail_from": "carol@customer.example",
        "peer": "127.0.0.1",
        "road": "smtp",
        "received_at": NOW,
    }
    return Arrival(raw=raw, **(values | changes))


def keep(database: Database, *arrivals: Arrival) -> list[int]:
    """Keep mails; return the ids of their deliveries."""
    with database.write() as connection:
        return inbox.put(connection, database.ids(connection, 2 * len(arrivals)), arrivals)


def ticket(id_: int, **facts: Any) -> Ticket:
    """Return a ticket that can be stored."""
    return Ticket(**({"id": id_, "number": f"TKT-{id_}", "created_at": NOW} | facts))


def ticket_row(ticket: Ticket, tenant_id: int = TENANT) -> dict[str, Any]:
    """Return the columns of a ticket, as the write door fills them."""
    more = {"tenant_id": tenant_id, "updated_at": NOW, "next_due_at": None}
    return tickets.to_row(ticket) | more


def store(database: Database, *stored: Ticket, tenant_id: int = TENANT) -> None:
    """Create tickets."""
    with database.write() as connection:
        tickets.create(connection, [ticket_row(each, tenant_id) for each in stored])


def notice(connection: Connection, tenant_id: int = TENANT, **columns: Any) -> int:
    """Put a notice into the outbox, with an event that caused it; return its id."""
    columns = {"next_try_at": NOW, "created_at": NOW, "role": "customer"} | columns
    return plant(connection, schema.outbox, tenant_id, **columns)["id"]
