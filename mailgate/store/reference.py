"""The page about the database that is written from its schema.

docs/database.md has every table and column with what it is for; a test holds that the file in the
repository equals what comes from here.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Index,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
)
from sqlalchemy.types import JSON

from mailgate.store.contexts import Context
from mailgate.store.schema import metadata
from mailgate.store.types import Instant, Packed

_HEAD = """\
# Database

<!-- Written by `mailgate.store.reference.reference()`; a test compares. -->

The same tables on SQLite and on PostgreSQL, made and changed by migrations when the gateway starts.
Read them as you like, but write by mailgate only: what is changed by hand is missing in the history
of its ticket, and `mailgate verify` says so.

- **Ids** come from one sequence for all tables: an id names one row of the whole database.
- **Times** are instants with microseconds. PostgreSQL keeps `timestamptz`; SQLite keeps the
  microseconds since 1970-01-01 00:00 UTC as a whole number, so that
  `datetime(created_at / 1000000, 'unixepoch')` shows one.
- **Tenants**: `tenant_id` stands in every row that belongs to a desk. References within a desk lead
  through (`tenant_id`, id), so that none can lead into another desk.
- **Subjects**: events and timers name what they are about by a kind and an id.
- **Claims**: who works on a row holds it until `lease_until`. `fence` counts the claims; what is
  written under an earlier one is not taken.
"""
_COLUMNS = "| column | holds | what for |\n| --- | --- | --- |\n"


def reference() -> str:
    """Return docs/database.md."""
    return _HEAD + "".join(map(_table, metadata.tables.values()))


def _table(table: Table) -> str:
    text = f"\n## `{table.name}`\n\n{_sentence(table.comment)}\n\n{_COLUMNS}"
    text += "".join(_row(column) for column in table.columns)
    return text + "\n" + "".join(f"- {line}\n" for line in _keys(table))


def _row(column: Column[Any]) -> str:
    cells = (f"`{column.name}`", _holds(column), column.comment or "")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _holds(column: Column[Any]) -> str:
    kind, leads_to = column.type, _leads_to(column)
    words = {
        Instant: "time",
        JSON: "JSON",
        Context: "JSON",
        LargeBinary: "bytes",
        Packed: "bytes",
        Boolean: "true or false",
    }
    if leads_to is not None:
        word = f"id in `{leads_to}`"
    elif isinstance(kind, String):
        word = "text" if kind.length is None else f"text, at most {kind.length}"
    else:
        word = next((word for each, word in words.items() if isinstance(kind, each)), "number")
    return f"{word}, or nothing" if column.nullable else word


def _leads_to(column: Column[Any]) -> str | None:
    """Return the table a column leads to; the tenant in a composite key leads to tenants only."""
    found = {
        key.column.table.name
        for key in column.foreign_keys
        if column.name != "tenant_id" or key.column.table.name == "tenant"
    }
    return next(iter(found), None)


def _keys(table: Table) -> Iterator[str]:
    yield f"Key: {_names(table.primary_key.columns)}"
    unique = [c for c in table.constraints if isinstance(c, UniqueConstraint)]
    for constraint in sorted(unique, key=lambda each: _names(each.columns)):
        yield f"Once only: {_names(constraint.columns)}"
    for index in sorted(table.indexes, key=lambda each: str(each.name)):
        yield f"{'Once only' if index.unique else 'Index'}: {_names(index.columns)}{_part(index)}"
    for check in (c for c in table.constraints if isinstance(c, CheckConstraint)):
        yield f"Always: `{check.sqltext}`"


def _part(index: Index) -> str:
    where = index.dialect_options["postgresql"]["where"]
    return "" if where is None else f", of rows where `{where}`"


def _names(columns: Iterable[Column[Any]]) -> str:
    return ", ".join(f"`{column.name}`" for column in columns)


def _sentence(text: str | None) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""
