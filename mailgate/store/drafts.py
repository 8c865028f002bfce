"""Drafts of answers that lie in shared mailboxes: which tickets somebody is answering there."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, select

from mailgate.store import prepared, schema
from mailgate.store.portions import portions

_DRAFT = schema.imap_draft


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft in the mailbox, by the epoch of its UID and that; `since` it lies there."""

    uidvalidity: int
    uid: int
    ticket_id: int
    since: datetime

    def row(self, tenant_id: int, mailbox: str) -> dict[str, Any]:
        """Return the columns of its row."""
        columns = {name: getattr(self, name) for name in Draft.__slots__}
        return {"tenant_id": tenant_id, "mailbox": mailbox, **columns}


def _of(tenant_id: int, mailbox: str) -> ColumnElement[bool]:
    return and_(_DRAFT.c.tenant_id == tenant_id, _DRAFT.c.mailbox == mailbox)


def lying(connection: Connection, tenant_id: int, mailbox: str) -> list[Draft]:
    """Return the drafts of answers that lay in a mailbox at the last look."""
    columns = [_DRAFT.c[name] for name in Draft.__slots__]
    rows = connection.execute(select(*columns).where(_of(tenant_id, mailbox)))
    return [Draft(*row) for row in rows]


def came(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Note drafts that have come."""
    prepared.insert(connection, _DRAFT, rows, ignore=True)


def went(connection: Connection, tenant_id: int, mailbox: str, went: Collection[Draft]) -> None:
    """Note that drafts lie there no more."""
    for draft in went:
        connection.execute(
            delete(_DRAFT).where(
                _of(tenant_id, mailbox),
                _DRAFT.c.uidvalidity == draft.uidvalidity,
                _DRAFT.c.uid == draft.uid,
            )
        )


def answering(
    connection: Connection, tenant_id: int, ticket_ids: Collection[int]
) -> list[tuple[int, str, datetime]]:
    """Return (ticket, mailbox, since when) of each draft for these tickets, the oldest first."""
    found: list[tuple[int, str, datetime]] = []
    for some in portions(ticket_ids):
        rows = connection.execute(
            select(_DRAFT.c.ticket_id, _DRAFT.c.mailbox, _DRAFT.c.since).where(
                _DRAFT.c.tenant_id == tenant_id,
                _DRAFT.c.ticket_id.in_(some),
            )
        )
        found += [(ticket_id, mailbox, since) for ticket_id, mailbox, since in rows]
    return sorted(found, key=lambda each: each[2])
