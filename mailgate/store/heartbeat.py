"""Signs of life of the clock."""

from datetime import timedelta

from sqlalchemy import Connection, select

from mailgate.domain.horizon import Heartbeat
from mailgate.store import schema
from mailgate.store.db import inserting

SILENT = timedelta(minutes=15)
"""A clock that has not run for so long waits for cron, or for a start."""
_CLOCK = "clock"

# Written once: a tick that finds nothing due costs little more than putting its questions together.
_LAST = select(
    schema.heartbeat.c.seen_at, schema.heartbeat.c.hold_until, schema.heartbeat.c.late
).where(schema.heartbeat.c.name == _CLOCK)


def last(connection: Connection) -> Heartbeat:
    """Return the clock's last sign of life."""
    row = connection.execute(_LAST).one_or_none()
    return Heartbeat() if row is None else Heartbeat(*row)


def keep(connection: Connection, beat: Heartbeat) -> None:
    """Write the clock's sign of life."""
    values = {"seen_at": beat.seen_at, "hold_until": beat.hold_until, "late": beat.late}
    connection.execute(
        inserting(connection, schema.heartbeat)
        .values(name=_CLOCK, **values)
        .on_conflict_do_update(index_elements=["name"], set_=values)
    )
