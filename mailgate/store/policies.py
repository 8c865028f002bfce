"""Snapshots of the rules under which events were decided, each kept once."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, select

from mailgate.domain.hours import Calendar, Span
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
            | {"calendar": row.calendar, "working": list(row.working)}
            for priority, row in policy.thresholds.items()
        },
        "calendars": {
            name: {
                "zone": calendar.zone,
                "week": calendar.week,
                "days": {day.isoformat(): spans for day, spans in sorted(calendar.days.items())},
            }
            for name, calendar in policy.calendars.items()
        },
        "reminders_in": policy.reminders_in,
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
                **{field: timedelta(seconds=row[field]) for field in FIELDS},
                calendar=row["calendar"],
                working=tuple(row["working"]),
            )
            for name, row in snapshot["thresholds"].items()
        },
        calendars={
            name: Calendar(
                calendar["zone"],
                tuple(map(_spans, calendar["week"])),
                {date.fromisoformat(day): _spans(s) for day, s in calendar["days"].items()},
            )
            for name, calendar in snapshot["calendars"].items()
        },
        reminders_in=snapshot["reminders_in"],
        origins={},
        reopen_window=None if window is None else timedelta(seconds=window),
        client_reminders=snapshot["client_reminders"],
        resolve_silent=snapshot["resolve_silent"],
    )


def _spans(pairs: list[list[int]]) -> tuple[Span, ...]:
    return tuple((start, stop) for start, stop in pairs)


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
