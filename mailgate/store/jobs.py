"""How the jobs of the clock went when they last ran, on whichever node."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from mailgate.store import schema
from mailgate.store.db import inserting

ALONE = (
    select(schema.tenant.c.id)
    .where(schema.tenant.c.id == bindparam("tenant_id"))
    .with_for_update(key_share=True)
)
"""Lets nobody else do what is done once for a tenant before this transaction ends.

Whoever takes mails and opens tickets meanwhile does not wait for it."""
_LONGEST = 300  # characters of a fault, which may hold what somebody else has worded


@dataclass(frozen=True, slots=True)
class LastRun:
    """One run: what it did, in numbers, or the fault that ended it; empty: none did."""

    name: str
    node: str
    began_at: datetime
    took_ms: int
    result: Mapping[str, int]
    fault: str


def last(connection: Connection, tenant_id: int) -> dict[str, LastRun]:
    """Return name -> the last run of each job that ever ran."""
    table = schema.job_run.c
    query = select(
        table.name, table.node, table.began_at, table.took_ms, table.result, table.fault
    ).where(table.tenant_id == tenant_id)
    return {run.name: run for run in (LastRun(*row) for row in connection.execute(query))}


def note(connection: Connection, tenant_id: int, run: LastRun) -> None:
    """Write a run down in the place of the one before."""
    values = {
        "node": run.node,
        "began_at": run.began_at,
        "took_ms": run.took_ms,
        "result": dict(run.result),
        "fault": run.fault[:_LONGEST],
    }
    connection.execute(
        inserting(connection, schema.job_run)
        .values(tenant_id=tenant_id, name=run.name, **values)
        .on_conflict_do_update(index_elements=["tenant_id", "name"], set_=values)
    )
