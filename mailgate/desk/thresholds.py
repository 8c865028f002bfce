"""Rows of thresholds as people set them: what may be changed, and what a change must not break."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from mailgate.desk.door import Desk
from mailgate.domain.model import Priority, Thresholds
from mailgate.domain.policy import FIELDS, PRESETS, Level, Row, RowType
from mailgate.errors import Refused
from mailgate.store import thresholds

_MOST_NAMED = 5
_Rows = dict[tuple[Level, RowType, str], Row]


def preset(desk: Desk, name: str, now: datetime) -> int:
    """Write the rows of a preset; those that are there stay. Return how many are new."""
    table = PRESETS[name]
    made = [_plain(RowType.GLOBAL, "global", table[Priority.NORMAL])]
    made += [_plain(RowType.PRIORITY, priority.value, table[priority]) for priority in Priority]

    def fill(rows: _Rows) -> None:
        for row in made:
            rows.setdefault(_key(row), row)

    return _change(desk, fill, now)


def _plain(type_: RowType, name: str, row: Thresholds) -> Row:
    """Return a row of all durations; who counts them is left to whoever says when one works."""
    values = {field: getattr(row, field) for field in FIELDS}
    return Row(Level.GATEWAY, type_, name, values)


def put(
    desk: Desk,
    key: tuple[Level, RowType, str],
    values: Mapping[str, Any],
    now: datetime,
    *,
    active: bool | None = None,
) -> None:
    """Set values of a row, which is made if it is not there; `active` None leaves that as it is.

    Raises `Refused` when the last active global row would become inactive.
    """

    def set_values(rows: _Rows) -> None:
        old = rows.get(key, Row(*key, {}))
        active_now = old.active if active is None else active
        rows[key] = Row(*key, {**old.values, **values}, active=active_now)

    _change(desk, set_values, now)


def unset(
    desk: Desk, key: tuple[Level, RowType, str], names: tuple[str, ...], now: datetime
) -> None:
    """Take values of a row away, or without `names` the whole row.

    Raises `Refused` when there is no such row, when it is the last active global one, and when
    tickets have it.
    """

    def take_away(rows: _Rows) -> None:
        if key not in rows:
            raise Refused(
                f"there is no {Row(*key, {}).says}; `mailgate thresholds rows` lists them"
            )
        old = rows.pop(key)
        if names:
            left = {name: value for name, value in old.values.items() if name not in names}
            rows[key] = Row(*key, left, active=old.active)

    _change(desk, take_away, now)


def _key(row: Row) -> tuple[Level, RowType, str]:
    return row.level, row.type, row.name


def _change(desk: Desk, change: Callable[[_Rows], None], now: datetime) -> int:
    """Let the rows be changed, and write the difference; return how many differ."""
    tenant_id = desk.settings.tenant_id
    with desk.database.write() as connection:
        before = {_key(row): row for row in thresholds.rows(connection, tenant_id)}
        after = dict(before)
        change(after)
        gone = before.keys() - after.keys()
        if _globals(before) and not _globals(after):
            raise Refused("it is the last active global row: set what shall hold instead")
        for key in gone:
            if key[1] is RowType.CUSTOM and not any(other[1:] == key[1:] for other in after):
                numbers = thresholds.tickets_with(connection, tenant_id, key[2], _MOST_NAMED + 1)
                if numbers:
                    raise Refused(f"tickets have it: {_listed(numbers)}")
            thresholds.drop(connection, tenant_id, *key)
        changed = [row for key, row in after.items() if before.get(key) != row]
        thresholds.put(connection, tenant_id, changed, now)
    return len(changed) + len(gone)


def _globals(rows: _Rows) -> bool:
    return any(row.active and row.type is RowType.GLOBAL for row in rows.values())


def _listed(numbers: list[str]) -> str:
    more = " and others" if len(numbers) > _MOST_NAMED else ""
    return ", ".join(numbers[:_MOST_NAMED]) + more
