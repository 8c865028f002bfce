"""What a month came down to, as the tickets tell it, and of which months that was reported."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, func, select

from mailgate.domain.model import ClosedBy
from mailgate.store import schema
from mailgate.store.schema import fixed

SUBJECT = "month"
"""The subject kind of the events of reports; its id is the month, as YYYYMM."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of tickets. `first_response`: the mean time to the first answer, in seconds.

    `opened`, `missed`, `priorities` and `categories` are of those that began in the month; what was
    reopened since counts neither as resolved nor as closed.
    """

    opened: int = 0
    answered: int = 0
    first_response: int | None = None
    missed: int = 0
    resolved: int = 0
    closed: int = 0
    auto_closed: int = 0
    priorities: Mapping[str, int] = field(default_factory=dict)
    categories: Mapping[str, int] = field(default_factory=dict)


def is_reported(connection: Connection, tenant_id: int, number: int) -> bool:
    """Tell whether the report of a month, such as 202611, was written."""
    table = schema.event.c
    query = select(table.id).where(
        table.tenant_id == tenant_id,
        table.subject_kind == fixed(SUBJECT),
        table.subject_id == number,
    )
    return connection.execute(query.limit(1)).first() is not None


def figures(connection: Connection, tenant_id: int, begin: datetime, end: datetime) -> Figures:
    """Return what happened from `begin` on and before `end`."""
    table = schema.ticket.c

    def within(column: ColumnElement[datetime]) -> ColumnElement[bool]:
        return and_(table.tenant_id == tenant_id, column >= begin, column < end)

    def count(*conditions: ColumnElement[bool]) -> int:
        return connection.execute(
            select(func.count()).select_from(schema.ticket).where(*conditions)
        ).scalar_one()

    opened = connection.execute(
        select(table.priority, table.category, table.breached).where(within(table.created_at))
    ).all()
    waits = [
        (first - created).total_seconds()
        for created, first in connection.execute(
            select(table.created_at, table.first_response_at).where(within(table.first_response_at))
        )
    ]
    auto = table.closed_by == ClosedBy.AUTO.value
    return Figures(
        opened=len(opened),
        answered=len(waits),
        first_response=round(sum(waits) / len(waits)) if waits else None,
        missed=sum(bool(row.breached) for row in opened),
        resolved=count(within(table.resolved_at)),
        closed=count(within(table.closed_at)),
        auto_closed=count(within(table.closed_at), auto),
        priorities=dict(Counter(row.priority for row in opened)),
        categories=dict(Counter(row.category for row in opened)),
    )


def has_begun(connection: Connection, tenant_id: int, end: datetime) -> bool:
    """Tell whether any ticket began before `end`: else there is nothing to report."""
    table = schema.ticket.c
    query = select(table.id).where(table.tenant_id == tenant_id, table.created_at < end)
    return connection.execute(query.limit(1)).first() is not None
