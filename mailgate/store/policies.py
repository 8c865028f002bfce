"""Snapshots of the rules under which events were decided, each kept once."""

import json
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from mailgate.domain.model import Priority, Thresholds
from mailgate.domain.policy import FIELDS, Policy
from mailgate.store import schema


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


def keep(connection: Connection, ids: Iterator[int], policy: Policy) -> int:
    """Return the id of the snapshot of `policy`, kept now if it was not."""
    snapshot = body(policy)
    digest = sha256(json.dumps(snapshot, sort_keys=True).encode()).hexdigest()
    table = schema.policy
    known = select(table.c.id).where(table.c.digest == digest)
    found = connection.execute(known).scalar()
    if found is not None:
        return int(found)
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    connection.execute(
        dialect.insert(table)
        .values(id=next(ids), digest=digest, body=snapshot)
        .on_conflict_do_nothing()
    )
    return int(connection.execute(known).scalar_one())
