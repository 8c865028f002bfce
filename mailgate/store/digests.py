"""Of which days the digests have been written: each is one event, and so written once."""

from datetime import datetime

from sqlalchemy import Connection, select

from mailgate.store import jobs, schema
from mailgate.store.schema import fixed

SUBJECT = "digest"
"""The subject kind of their events; its id is the day, as YYYYMMDD."""


def last(
    connection: Connection, tenant_id: int, until: int, *, hold: bool = False
) -> tuple[int, datetime] | None:
    """Return the latest day up to `until`, and when its digests were written; None: none ever.

    Days are numbers such as 20261127. With `hold` no other node asks so until this transaction
    ends.
    """
    if hold:
        connection.execute(jobs.ALONE, {"tenant_id": tenant_id})
    table = schema.event.c
    query = (
        select(table.subject_id, table.at)
        .where(
            table.tenant_id == tenant_id,
            table.subject_kind == fixed(SUBJECT),
            table.subject_id <= until,
        )
        .order_by(table.subject_id.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return None if row is None else (row.subject_id, row.at)
