"""Mails of a shared mailbox that belong to no ticket: which of them are one thread, and whose."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from mailgate.store import prepared, schema
from mailgate.store.portions import portions

_MOST = 200  # mails of one thread that lead to a ticket, the newest

_COLUMNS = [schema.imap_history.c[name] for name in ("rfc_id", "thread", "sender", "people", "at")]


@dataclass(frozen=True, slots=True)
class Old:
    """One mail. `thread` is the Message-ID that it has in common with the others of its thread.

    `people` wrote or got it, as normalised addresses; `sender` is who wrote it, `at` when it came.
    """

    rfc_id: str
    thread: str
    sender: str
    people: Sequence[str]
    at: datetime


def keep(connection: Connection, tenant_id: int, mails: Sequence[Old]) -> None:
    """Keep what is not known yet: of a Message-ID that stands in two mails, the first counts."""
    if mails:
        rows = [
            {
                "tenant_id": tenant_id,
                "rfc_id": mail.rfc_id,
                "thread": mail.thread,
                "sender": mail.sender,
                "people": list(mail.people),
                "at": mail.at,
            }
            for mail in mails
        ]
        prepared.insert(connection, schema.imap_history, rows, ignore=True)


def find(connection: Connection, tenant_id: int, rfc_ids: Collection[str]) -> dict[str, Old]:
    """Return those of these mails that are kept, by Message-ID."""
    table = schema.imap_history.c
    found: dict[str, Old] = {}
    for some in portions(sorted(rfc_ids)):
        rows = connection.execute(
            select(*_COLUMNS).where(
                table.tenant_id == tenant_id,
                table.rfc_id.in_(some),
            )
        )
        found |= {row.rfc_id: Old(*row) for row in rows}
    return found


def thread(connection: Connection, tenant_id: int, name: str) -> list[Old]:
    """Return the mails of a thread; the newest, if these are many."""
    table = schema.imap_history.c
    rows = connection.execute(
        select(*_COLUMNS)
        .where(table.tenant_id == tenant_id, table.thread == name)
        .order_by(table.at.desc())
        .limit(_MOST)
    )
    return [Old(*row) for row in rows]
