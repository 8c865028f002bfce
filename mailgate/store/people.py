"""People who have written to the desk."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select, update

from mailgate.store import schema


def known(connection: Connection, tenant_id: int, addresses: Iterable[str]) -> set[str]:
    """Return those of the addresses that have written before."""
    wanted = list(addresses)
    if not wanted:
        return set()
    table = schema.contact.c
    rows = connection.execute(
        select(table.address).where(table.tenant_id == tenant_id, table.address.in_(wanted))
    )
    return set(rows.scalars())


def seen(
    connection: Connection,
    tenant_id: int,
    people: Mapping[str, tuple[str, datetime]],
    known_before: set[str],
) -> None:
    """Note that people wrote: address -> (name, when)."""
    table = schema.contact
    fresh = [
        {
            "tenant_id": tenant_id,
            "address": address,
            "name": name,
            "first_seen_at": at,
            "last_seen_at": at,
        }
        for address, (name, at) in people.items()
        if address not in known_before
    ]
    if fresh:
        connection.execute(insert(table), fresh)
    again = [
        {"b_address": address, "b_name": name, "b_at": at}
        for address, (name, at) in people.items()
        if address in known_before
    ]
    if again:
        connection.execute(
            update(table)
            .where(table.c.tenant_id == tenant_id, table.c.address == bindparam("b_address"))
            .values(name=bindparam("b_name"), last_seen_at=bindparam("b_at")),
            again,
        )
