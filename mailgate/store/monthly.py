"""Of which months it was reported what they came down to."""

from datetime import datetime

from sqlalchemy import Connection, select

from mailgate.store import jobs, schema
from mailgate.store.schema import fixed

SUBJECT = "month"
"""The subject kind of the events of reports; its id is the month, as YYYYMM."""


def is_reported(connection: Connection, tenant_id: int, number: int, *, hold: bool = False) -> bool:
    """Tell whether the report of a month, such as 202611, was written.

    With `hold` no other node asks so until this transaction ends.
    """
    if hold:
        connection.execute(jobs.ALONE, {"tenant_id": tenant_id})
    table = schema.event.c
    query = select(table.id).where(
        table.tenant_id == tenant_id,
        table.subject_kind == fixed(SUBJECT),
        table.subject_id == number,
    )
    return connection.execute(query.limit(1)).first() is not None


def has_begun(connection: Connection, tenant_id: int, end: datetime) -> bool:
    """Tell whether any ticket began before `end`: else there is nothing to report."""
    table = schema.ticket.c
    query = select(table.id).where(table.tenant_id == tenant_id, table.created_at < end)
    return connection.execute(query.limit(1)).first() is not None
