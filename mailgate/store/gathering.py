"""Counts tickets for the figures that are kept ready: in sets, some tickets at a time.

Each question is about the tickets whose ids lie beyond `after`, up to `last`, and is answered by
the database in counts: what comes back is a row for each sort of ticket, however many there are.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    and_,
    case,
    cast,
    extract,
    func,
    literal_column,
    select,
    type_coerce,
)

from mailgate.domain.figures import BUCKET
from mailgate.domain.model import ClosedBy, Delay, Side
from mailgate.domain.table import OURS
from mailgate.store import schema
from mailgate.store.reports import automation_status
from mailgate.store.schema import fixed

SORTS = ("agent", "team", "priority", "category", "kind")
"""What is told apart of the tickets of a day."""

_TICKET = schema.ticket.c
_SECOND = timedelta(seconds=1)
_SORTS = (
    _TICKET.assignee.label("agent"),
    _TICKET.team,
    _TICKET.priority,
    _TICKET.category,
    _TICKET.kind,
)


@dataclass(frozen=True, slots=True)
class Happened:
    """So many tickets of one sort to which one thing happened within a quarter of an hour.

    `measure` is a column of `daily_figure`; `bucket` counts the quarters since 1970. `seconds` is
    what these tickets took for it together. `sort` has the values of `SORTS`.
    """

    measure: str
    bucket: int
    sort: tuple[str | None, ...]
    count: int
    seconds: int


def last_of(connection: Connection, tenant_id: int, after: int, most: int) -> int | None:
    """Return the last id of the next so many tickets beyond one; None where there are no more."""
    some = (
        select(_TICKET.id)
        .where(_TICKET.tenant_id == tenant_id, _TICKET.id > after)
        .order_by(_TICKET.id)
        .limit(most)
        .subquery()
    )
    last: int | None = connection.execute(select(func.max(some.c.id))).scalar_one()
    return last


def held(connection: Connection, tenant_id: int, after: int, last: int) -> list[RowMapping]:
    """Count the tickets that are not closed: by assignee, team and kind.

    Each row also has `ours`, how many of them are on the desk's turn, and `overdue`.
    """
    ours = _TICKET.status.in_([fixed(status.value) for status in sorted(OURS)])
    query = (
        select(
            _TICKET.assignee,
            _TICKET.team,
            _TICKET.kind,
            func.count().label("open"),
            func.sum(case((ours, 1), else_=0)).label("ours"),
            func.sum(case((_TICKET.delay != Delay.NONE.value, 1), else_=0)).label("overdue"),
        )
        .where(*_within(tenant_id, after, last), _TICKET.status != "closed")
        .group_by(_TICKET.assignee, _TICKET.team, _TICKET.kind)
    )
    return list(connection.execute(query).mappings())


def standing(
    connection: Connection, tenant_id: int, after: int, last: int, since: datetime
) -> list[RowMapping]:
    """Count tickets by status, automation status, priority, category and kind.

    Each row also has `count`; `answered` and `resolved`, how many of them are, and in how many
    seconds together; and `auto_closed`, how many the clock has closed after `since`.
    """
    automation = automation_status().label("automation")
    sort = (_TICKET.status, automation, _TICKET.priority, _TICKET.category, _TICKET.kind)
    seconds = _Seconds(connection)
    auto = and_(
        _TICKET.closed_by == ClosedBy.AUTO.value,
        _TICKET.closed_at > since,
    )
    query = (
        select(
            *sort,
            func.count().label("count"),
            func.count(_TICKET.first_response_at).label("answered"),
            seconds.until(_TICKET.first_response_at).label("answered_seconds"),
            func.count(_TICKET.resolved_at).label("resolved"),
            seconds.until(_TICKET.resolved_at).label("resolved_seconds"),
            func.sum(case((auto, 1), else_=0)).label("auto_closed"),
        )
        .where(*_within(tenant_id, after, last))
        .group_by(*sort)
    )
    return list(connection.execute(query).mappings())


def happened(
    connection: Connection,
    tenant_id: int,
    after: int,
    last: int,
    begin: datetime,
    end: datetime,
) -> Iterator[Happened]:
    """Yield what happened from `begin` on and before `end`, sort by sort."""
    seconds = _Seconds(connection)

    def ask(
        measure: str,
        at: ColumnElement[datetime],
        *conditions: ColumnElement[bool],
        took: ColumnElement[Any] | None = None,
        source: Select[Any] | None = None,
    ) -> Iterator[Happened]:
        columns = (seconds.bucket(at).label("bucket"), *_SORTS)
        query = (select(*columns) if source is None else source.add_columns(*columns)).add_columns(
            func.count().label("count"),
            (literal_column("0") if took is None else took).label("seconds"),
        )
        query = query.where(
            *_within(tenant_id, after, last), at >= begin, at < end, *conditions
        ).group_by(*columns)
        for row in connection.execute(query).mappings():
            sort = tuple(row[name] for name in SORTS)
            yield Happened(
                measure, int(row["bucket"]), sort, row["count"], int(row["seconds"] or 0)
            )

    answered, resolved = _TICKET.first_response_at, _TICKET.resolved_at
    yield from ask("opened", _TICKET.created_at)
    yield from ask("missed", _TICKET.created_at, func.json_array_length(_TICKET.breached) > 0)
    yield from ask("answered", answered, took=seconds.until(answered))
    yield from ask("resolved", resolved, took=seconds.until(resolved))
    yield from ask("closed", _TICKET.closed_at)
    auto = _TICKET.closed_by == ClosedBy.AUTO.value
    yield from ask("auto_closed", _TICKET.closed_at, auto)
    yield from ask("reopened", schema.event.c.at, source=_reopenings())
    for measure, side in (("delayed_by_system", Side.SYSTEM), ("delayed_by_client", Side.CLIENT)):
        of_side = schema.turn.c.side == side.value
        yield from ask(measure, schema.turn.c.overdue_at, of_side, source=_turns())


def _within(tenant_id: int, after: int, last: int) -> tuple[ColumnElement[bool], ...]:
    return _TICKET.tenant_id == tenant_id, _TICKET.id > after, _TICKET.id <= last


def _reopenings() -> Select[Any]:
    """Return the events by which tickets came back; not many have any."""
    event = schema.event.c
    came_back = event.changes.op("->")(literal_column("'reopen_count'")).is_not(None)
    return (
        select()
        .select_from(schema.ticket)
        .join(
            schema.event,
            and_(
                event.tenant_id == _TICKET.tenant_id,
                event.subject_kind == fixed("ticket"),
                event.subject_id == _TICKET.id + literal_column("0"),  # SQLite begins with tickets
            ),
        )
        .where(_TICKET.reopen_count > 0, came_back)
    )


def _turns() -> Select[Any]:
    turn = schema.turn.c
    same = and_(turn.tenant_id == _TICKET.tenant_id, turn.ticket_id == _TICKET.id)
    return select().select_from(schema.ticket).join(schema.turn, same)


class _Seconds:
    """Counts time within a statement, as either store keeps instants."""

    def __init__(self, connection: Connection) -> None:
        self._sqlite = connection.dialect.name == "sqlite"

    def bucket(self, at: ColumnElement[datetime]) -> ColumnElement[int]:
        """Return in which `BUCKET` since 1970 an instant lies."""
        seconds = int(BUCKET / _SECOND)
        if self._sqlite:
            return type_coerce(at, BigInteger) // literal_column(f"{seconds}000000", BigInteger)
        return cast(func.floor(extract("epoch", at) / literal_column(str(seconds))), BigInteger)

    def until(self, at: ColumnElement[datetime]) -> ColumnElement[Any]:
        """Return how long tickets took until then, together; None where none got there."""
        begun = _TICKET.created_at
        if self._sqlite:
            took = type_coerce(at, BigInteger) - type_coerce(begun, BigInteger)
            return func.sum(took // literal_column("1000000", BigInteger))
        return cast(func.sum(func.floor(extract("epoch", at - begun))), BigInteger)
