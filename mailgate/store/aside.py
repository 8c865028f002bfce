"""Mails that wait for a person: what could not be read, and what was taken for spam."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Exists, RowMapping, func, select, update

from mailgate.store import schema
from mailgate.store.inbox import PENDING, QUARANTINED
from mailgate.store.schema import fixed


def set_aside(
    connection: Connection, tenant_id: int, state: str, id_: int | None = None
) -> list[RowMapping]:
    """Return the mails that are parked or quarantined, oldest first, without their bytes.

    With `id_` only that one. `known` tells whether the envelope's sender is known, see
    `people.known`.
    """
    delivery, mail = schema.mail_delivery, schema.mail
    query = (
        select(delivery, mail.c.size, _known().label("known"))
        .join(mail, mail.c.id == delivery.c.mail_id)
        .where(delivery.c.tenant_id == tenant_id, delivery.c.state == fixed(state))
        .order_by(delivery.c.id)
    )
    if id_ is not None:
        query = query.where(delivery.c.id == id_)
    return list(connection.execute(query).mappings())


def quarantined_since(
    connection: Connection, tenant_id: int, since: datetime, most: int
) -> list[tuple[int, str]]:
    """Return (id, envelope's sender) of mails from people we know taken for spam after `since`.

    Of more than `most` the newest, in their order.
    """
    table = schema.mail_delivery.c
    query = select(table.id, table.mail_from).where(
        table.tenant_id == tenant_id,
        table.state == fixed(QUARANTINED),
        table.done_at > since,
        _known(),
    )
    rows = connection.execute(query.order_by(table.id.desc()).limit(most)).all()
    return [(id_, mail_from) for id_, mail_from in reversed(rows)]


def quarantined_of_known(connection: Connection, tenant_id: int) -> int:
    """Return how many mails were taken for spam though their sender has written before."""
    table = schema.mail_delivery.c
    query = select(func.count()).where(
        table.tenant_id == tenant_id, table.state == fixed(QUARANTINED), _known()
    )
    return connection.execute(query).scalar_one()


def _known() -> Exists:
    """Tell of a delivery whether the envelope's sender has written before."""
    delivery, contact = schema.mail_delivery, schema.contact
    return (
        select(contact.c.address)
        .where(
            contact.c.tenant_id == delivery.c.tenant_id,
            contact.c.address == func.lower(delivery.c.mail_from),
        )
        .exists()
    )


def put_back(connection: Connection, tenant_id: int, state: str, ids: Sequence[int] | None) -> int:
    """Put mails (None: all) that are parked or quarantined back in the queue; returns how many.

    A quarantined one is no spam from now on.
    """
    table = schema.mail_delivery
    statement = update(table).where(table.c.tenant_id == tenant_id, table.c.state == fixed(state))
    if ids is not None:
        statement = statement.where(table.c.id.in_(ids))
    fresh = {"attempts": 0, "lost": 0, "next_try_at": None, "error": None, "done_at": None}
    fresh["waiting_since"] = None
    released = {"released": True} if state == QUARANTINED else {}
    return connection.execute(statement.values(state=PENDING, **fresh, **released)).rowcount
