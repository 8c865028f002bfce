"""Statements that are spelt once, and run for many rows at a time.

The library works out at each call which parameters a statement has and how each becomes what the
driver takes. Here that is done once for a dialect; then a row costs as much as the driver takes for
it. What is asked goes through `exec_driver_sql` still, so that faults and events stay the same.
Many new rows go to PostgreSQL as one COPY (`store/db.py` carries it out).
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Dialect, Insert, Table, Update

from mailgate.store.db import COPY, insert_for

_Row = Mapping[str, Any]
_Reader = Callable[[_Row], Any]


class Prepared:
    """One statement that writes, and whose parameters are the names of a row.

    `names` are those that each row has; the statement's other parameters have values of their own.
    It has no list of values and no words by `fixed`, which are spelt at each call. `into`: the
    table to which it does nothing but add rows.
    """

    def __init__(
        self, statement: Insert | Update, names: Sequence[str], into: Table | None = None
    ) -> None:
        self._statement = statement
        self._names = names
        self._into = into
        self._spelt: dict[str, tuple[str, _Reader, Mapping[str, str]]] = {}

    def run(self, connection: Connection, rows: Sequence[_Row]) -> int:
        """Run it for each row; return how many rows of the table were written in all."""
        name = connection.dialect.name
        if name not in self._spelt:
            self._spelt[name] = self._spell(connection.dialect)
        words, read, options = self._spelt[name]
        done = connection.exec_driver_sql(
            words, [read(row) for row in rows], execution_options=options
        )
        return done.rowcount

    def _spell(self, dialect: Dialect) -> tuple[str, _Reader, Mapping[str, str]]:
        spelt = self._statement.compile(dialect=dialect, column_keys=list(self._names))
        own = {name: value for name, value in spelt.params.items() if name not in self._names}
        binds = {name: bind for bind, name in spelt.bind_names.items()}
        order = list(spelt.positiontup or binds)
        writers = {
            name: write
            for name in order
            if (write := binds[name].type.dialect_impl(dialect).bind_processor(dialect))
        }
        reader = _reader(order, own, writers)
        if spelt.positional:
            return str(spelt), reader, {}
        options = {} if self._into is None else {COPY: _copy(self._into, order, dialect)}
        return str(spelt), lambda row: dict(zip(order, reader(row), strict=True)), options


def _copy(table: Table, order: Sequence[str], dialect: Dialect) -> str:
    names = dialect.identifier_preparer
    columns = ", ".join(names.format_column(table.c[name]) for name in order)
    return f"COPY {names.format_table(table)} ({columns}) FROM STDIN"


def _reader(
    order: Sequence[str], own: _Row, writers: Mapping[str, Callable[[Any], Any]]
) -> _Reader:
    """Return what turns a row into what the driver takes: its values in this order."""
    take = itemgetter(*order) if len(order) > 1 else lambda row: (row[order[0]],)
    changed = [(order.index(name), write) for name, write in writers.items()]

    def read(row: _Row) -> tuple[Any, ...]:
        values = list(take({**own, **row} if own else row))
        for at, write in changed:
            values[at] = write(values[at])
        return tuple(values)

    return read


@cache
def _insertion(dialect: str, table: Table, names: tuple[str, ...], ignore: bool) -> Prepared:  # noqa: FBT001 - of the cache's key
    statement = insert_for(dialect, table)
    if ignore:
        return Prepared(statement.on_conflict_do_nothing(), names)
    return Prepared(statement, names, table)


def insert(
    connection: Connection, table: Table, rows: Sequence[_Row], *, ignore: bool = False
) -> int:
    """Insert rows that all have the same columns; return how many were inserted.

    `ignore`: leave out those that some unique key forbids.
    """
    if not rows:
        return 0
    return _insertion(connection.dialect.name, table, tuple(rows[0]), ignore).run(connection, rows)
