"""What is known of agents: when they last gave a sign of themselves, and until when they are away.

A sign is what they did themselves: a mail, a command. Who they are stands in the configuration.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, case, or_, select

from mailgate.store import schema
from mailgate.store.db import inserting


@dataclass(frozen=True, slots=True)
class Known:
    """Instants are aware; None: never, and not away. `away_until` may have passed."""

    seen_at: datetime | None
    away_until: datetime | None


def known(connection: Connection, tenant_id: int) -> dict[str, Known]:
    """Return name -> what is known of each agent of whom something is."""
    table = schema.agent_state.c
    query = select(table.name, table.seen_at, table.away_until).where(table.tenant_id == tenant_id)
    return {name: Known(*rest) for name, *rest in connection.execute(query)}


def seen(connection: Connection, tenant_id: int, signs: Iterable[tuple[str, datetime]]) -> None:
    """Note signs of agents, each (name, when); an older one changes nothing."""
    newest = dict(sorted(signs))  # in one order, or two nodes deadlock
    if not newest:
        return
    statement = inserting(connection, schema.agent_state)
    now, before = statement.excluded.seen_at, schema.agent_state.c.seen_at
    newer = case((or_(before.is_(None), now > before), now), else_=before)
    rows = [{"tenant_id": tenant_id, "name": name, "seen_at": at} for name, at in newest.items()]
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id", "name"], set_={"seen_at": newer}
        ),
        rows,
    )


def away(connection: Connection, tenant_id: int, until: Mapping[str, datetime | None]) -> None:
    """Note until when agents are away, name -> when; None: they are back."""
    if not until:
        return
    statement = inserting(connection, schema.agent_state)
    again = {"away_until": statement.excluded.away_until}
    rows = [
        {"tenant_id": tenant_id, "name": name, "away_until": at}
        for name, at in sorted(until.items())  # in one order, or two nodes deadlock
    ]
    connection.execute(
        statement.on_conflict_do_update(index_elements=["tenant_id", "name"], set_=again), rows
    )
