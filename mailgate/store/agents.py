"""What is known of agents: when they last gave a sign of themselves, and until when they are away.

A sign is what they did themselves: a mail, a command. Who they are stands in the configuration.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnCollection, Connection, and_, case, or_, select

from mailgate.store import schema
from mailgate.store.db import inserting

_NOTHING = MappingProxyType(dict.fromkeys(("seen_at", "away_until", "away_said_at")))


@dataclass(frozen=True, slots=True)
class Known:
    """Instants are aware; None: never, and not away. `away_until` may have passed."""

    seen_at: datetime | None
    away_until: datetime | None

    def away_at(self, now: datetime) -> datetime | None:
        """Return until when they are away, None when they are there."""
        away = self.away_until is not None and self.away_until > now
        return self.away_until if away else None


def known(connection: Connection, tenant_id: int) -> dict[str, Known]:
    """Return name -> what is known of each agent of whom something is."""
    table = schema.agent_state.c
    query = select(table.name, table.seen_at, table.away_until).where(table.tenant_id == tenant_id)
    return {name: Known(*rest) for name, *rest in connection.execute(query)}


def note(
    connection: Connection,
    tenant_id: int,
    signs: Iterable[tuple[str, datetime]],
    away: Iterable[tuple[str, datetime | None, datetime]],
) -> None:
    """Note signs of agents, each (name, when), and who is away: (name, until when, said when).

    Until None: they are back. What is older than what is known changes nothing.
    """
    rows: dict[str, dict[str, object]] = {}
    for name, at in sorted(signs):
        rows.setdefault(name, dict(_NOTHING))["seen_at"] = at
    for name, until, said_at in sorted(away, key=lambda each: each[2]):
        rows.setdefault(name, dict(_NOTHING)).update(away_until=until, away_said_at=said_at)
    if not rows:
        return
    statement = inserting(connection, schema.agent_state)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id", "name"],
            set_=_newer(statement.excluded, "seen_at", "seen_at")
            | _newer(statement.excluded, "away_said_at", "away_until", "away_said_at"),
        ),
        # in one order, or two nodes deadlock
        [{"tenant_id": tenant_id, "name": name, **rows[name]} for name in sorted(rows)],
    )


def _newer(given: ColumnCollection[str, Any], said_at: str, *names: str) -> dict[str, Any]:
    """Return what columns become: as given, where that was said later than what stands there."""
    table = schema.agent_state.c
    later = and_(
        given[said_at].is_not(None),
        or_(table[said_at].is_(None), given[said_at] >= table[said_at]),
    )
    return {name: case((later, given[name]), else_=table[name]) for name in names}
