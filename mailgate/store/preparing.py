"""Answers that are begun for agents in a shared mailbox: to what, and where they lie."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, exists, select, update

from mailgate.store import schema
from mailgate.store.db import inserting

_TABLE, _MESSAGE, _DELIVERY = schema.imap_prepared, schema.message, schema.mail_delivery


@dataclass(frozen=True, slots=True)
class Begun:
    """A draft of ours; the last three are None until it is known to lie there."""

    message_id: int
    ticket_id: int
    rfc_id: str
    made_at: datetime
    uidvalidity: int | None = None
    uid: int | None = None
    digest: str | None = None

    def row(self, tenant_id: int, mailbox: str) -> dict[str, Any]:
        """Return the columns of its row."""
        columns = {name: getattr(self, name) for name in Begun.__slots__}
        return {"tenant_id": tenant_id, "mailbox": mailbox, **columns}


def after(connection: Connection, tenant_id: int, mailbox: str) -> int | None:
    """Return the event up to which answers were prepared; None before the first time."""
    table = schema.imap_mailbox.c
    query = select(table.prepared_after).where(table.tenant_id == tenant_id, table.name == mailbox)
    return connection.execute(query).scalar()


def reach(connection: Connection, tenant_id: int, mailbox: str, reached: int) -> None:
    """Note the event up to which answers were prepared."""
    table = schema.imap_mailbox
    connection.execute(
        update(table)
        .where(table.c.tenant_id == tenant_id, table.c.name == mailbox)
        .values(prepared_after=reached)
    )


def question(
    connection: Connection, tenant_id: int, mailbox: str, ticket_id: int
) -> RowMapping | None:
    """Return the last public message of a ticket, where a person's mail to the mailbox it is."""
    delivered = exists().where(
        _DELIVERY.c.tenant_id == tenant_id,
        _DELIVERY.c.mail_id == _MESSAGE.c.mail_id,
        _DELIVERY.c.road == "imap",
        _DELIVERY.c.peer == mailbox,
    )
    query = (
        select(_MESSAGE, delivered.label("delivered"))
        .where(
            _MESSAGE.c.tenant_id == tenant_id,
            _MESSAGE.c.ticket_id == ticket_id,
            _MESSAGE.c.kind == "public",
            _MESSAGE.c.machine.is_(False),
        )
        .order_by(_MESSAGE.c.at.desc(), _MESSAGE.c.id.desc())
        .limit(1)
    )
    row = connection.execute(query).mappings().one_or_none()
    if row is None or row["side"] != "client" or not row["delivered"] or row["other_address"]:
        return None
    return row if row["rfc_id"] else None


def _live(tenant_id: int, mailbox: str) -> ColumnElement[bool]:
    return and_(
        _TABLE.c.tenant_id == tenant_id, _TABLE.c.mailbox == mailbox, _TABLE.c.ended_at.is_(None)
    )


_COLUMNS = [_TABLE.c[name] for name in Begun.__slots__]


def live(
    connection: Connection, tenant_id: int, mailbox: str, ticket_ids: Collection[int]
) -> list[Begun]:
    """Return the drafts of ours for these tickets that have not ended."""
    rows = connection.execute(
        select(*_COLUMNS).where(_live(tenant_id, mailbox), _TABLE.c.ticket_id.in_(ticket_ids))
    )
    return [Begun(*row) for row in rows]


def begun_for(connection: Connection, tenant_id: int, mailbox: str) -> set[int]:
    """Return the tickets for which there are drafts of ours that have not ended."""
    query = select(_TABLE.c.ticket_id).where(_live(tenant_id, mailbox))
    return set(connection.execute(query).scalars())


def lying(connection: Connection, tenant_id: int, mailbox: str) -> set[tuple[int, int]]:
    """Return (UIDVALIDITY, UID) of the drafts of ours that have not ended."""
    rows = connection.execute(
        select(_TABLE.c.uidvalidity, _TABLE.c.uid).where(
            _live(tenant_id, mailbox), _TABLE.c.uid.is_not(None)
        )
    )
    return {(uidvalidity, uid) for uidvalidity, uid in rows}


def begin(connection: Connection, row: Mapping[str, Any]) -> bool:
    """Note a draft that is about to be made; False where there was one for that message."""
    statement = (
        inserting(connection, _TABLE)
        .values(row)
        .on_conflict_do_nothing()
        .returning(_TABLE.c.message_id)
    )
    return connection.execute(statement).scalar() is not None


def note(connection: Connection, tenant_id: int, message_id: int, columns: dict[str, Any]) -> None:
    """Write columns of the draft that answers a message."""
    connection.execute(
        update(_TABLE)
        .where(_TABLE.c.tenant_id == tenant_id, _TABLE.c.message_id == message_id)
        .values(columns)
    )
