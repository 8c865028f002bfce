"""Addresses that somebody was shown to own by a mail of theirs, and those that take no mail."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, delete, select

from mailgate.store import prepared, schema
from mailgate.store.db import inserting

# What is asked for with each batch of mails is spelt once, not each time.
_TENANT: BindParameter[int] = bindparam("tenant_id")
_WANTED: BindParameter[Any] = bindparam("wanted", expanding=True)
_CONTACT, _SUSPENSION = schema.contact.c, schema.suspension.c
_KNOWN = select(_CONTACT.address).where(
    _CONTACT.tenant_id == _TENANT, _CONTACT.address.in_(_WANTED)
)
_SUSPENDED = select(_SUSPENSION.address, _SUSPENSION.since, _SUSPENSION.reason).where(
    _SUSPENSION.tenant_id == _TENANT, _SUSPENSION.address.in_(_WANTED)
)


def known(connection: Connection, tenant_id: int, addresses: Iterable[str]) -> set[str]:
    """Return those of the addresses from which a mail has come that showed who owns them."""
    wanted = list(addresses)
    if not wanted:
        return set()
    rows = connection.execute(_KNOWN, {"tenant_id": tenant_id, "wanted": wanted})
    return set(rows.scalars())


def seen(
    connection: Connection, tenant_id: int, people: Mapping[str, tuple[str, datetime]]
) -> None:
    """Note that people wrote who were shown to own the address: address -> (name, when)."""
    if not people:
        return
    statement = inserting(connection, schema.contact)
    again = {"name": statement.excluded.name, "last_seen_at": statement.excluded.last_seen_at}
    rows = [
        {
            "tenant_id": tenant_id,
            "address": address,
            "name": name,
            "first_seen_at": at,
            "last_seen_at": at,
        }
        for address, (name, at) in sorted(people.items())  # in one order, or two nodes deadlock
    ]
    connection.execute(
        statement.on_conflict_do_update(index_elements=["tenant_id", "address"], set_=again), rows
    )


def suspend(
    connection: Connection, tenant_id: int, reasons: Mapping[str, str], since: datetime
) -> None:
    """Note that addresses take no mail, address -> why; the first reason stays."""
    if not reasons:
        return
    rows = [
        {"tenant_id": tenant_id, "address": address, "since": since, "reason": reason}
        for address, reason in sorted(reasons.items())  # in one order, or two nodes deadlock
    ]
    prepared.insert(connection, schema.suspension, rows, ignore=True)


def suspended(
    connection: Connection, tenant_id: int, addresses: Iterable[str]
) -> dict[str, tuple[datetime, str]]:
    """Return those of the addresses that take no mail: address -> (since when, why)."""
    wanted = list(addresses)
    if not wanted:
        return {}
    rows = connection.execute(_SUSPENDED, {"tenant_id": tenant_id, "wanted": wanted})
    return {address: (since, reason) for address, since, reason in rows}


def lift(connection: Connection, tenant_id: int, addresses: Iterable[str]) -> None:
    """End the suspension of addresses of which a mail has shown that somebody is there."""
    wanted = list(addresses)
    if wanted:
        table = schema.suspension
        connection.execute(
            delete(table).where(table.c.tenant_id == tenant_id, table.c.address.in_(wanted))
        )
