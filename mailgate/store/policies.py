"""Snapshots of the rules under which events were decided, each kept once."""

import json
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, select

from mailgate.domain.model import Priority, Thresholds
from mailgate.domain.policy import FIELDS, Policy
from mailgate.store import schema
from mailgate.store.db import inserting


def body(policy: Policy) -> dict[str, Any]:
    """Return a policy as JSON; durations are seconds."""
    window = policy.reopen_window
    return {
        "thresholds": {
            priority.value: {name: getattr(row, name).total_seconds() for name in FIELDS}
            for priority, row in policy.thresholds.items()
        },
        "reopen_window": None if window is None else window.total_seconds(),
        "client_reminders": policy.client_reminders,
        "resolve_silent": policy.resolve_silent,
    }


def restore(snapshot: dict[str, Any]) -> Policy:
    """Return the policy that was written as `body`."""
    window = snapshot["reopen_window"]
    return Policy(
        thresholds={
            Priority(name): Thresholds(
                **{field: timedelta(seconds=value) for field, value in row.items()}
            )
            for name, row in snapshot["thresholds"].items()
        },
        origins={},
        reopen_window=None if window is None else timedelta(seconds=window),
        client_reminders=snapshot["client_reminders"],
        resolve_silent=snapshot["resolve_silent"],
    )


def latest(connection: Connection, tenant_id: int) -> Policy | None:
    """Return the rules under which the newest event was decided; None without any event."""
    event = schema.event.c
    newest = (
        select(event.policy_id)
        .where(event.tenant_id == tenant_id)
        .order_by(event.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    found = connection.execute(
        select(schema.policy.c.body).where(schema.policy.c.id == newest)
    ).scalar()
    return None if found is None else restore(found)


def keep(connection: Connection, ids: Iterator[int], policy: Policy) -> int:
    """Return the id of the snapshot of `policy`, kept now if it was not."""
    snapshot = body(policy)
    digest = sha256(json.dumps(snapshot, sort_keys=True).encode()).hexdigest()
    table = schema.policy
    known = select(table.c.id).where(table.c.digest == digest)
    found = connection.execute(known).scalar()
    if found is not None:
        return int(found)
    connection.execute(
        inserting(connection, table)
        .values(id=next(ids), digest=digest, body=snapshot)
        .on_conflict_do_nothing()
    )
    return int(connection.execute(known).scalar_one())
