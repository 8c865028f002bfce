"""Reads statements as the database gets them: does each say whose rows it is about?

What is read is the text that is sent, so nothing that builds statements can get round it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from sqlalchemy import event
from sqlalchemy.engine import Engine

from mailgate.store import schema

OWNED = frozenset(t.name for t in schema.metadata.tables.values() if "tenant_id" in t.columns)
_WORDS = {"where", "on", "set", "left", "join", "inner", "order", "group", "limit", "for", "using"}
_WORDS |= {"union", "values", "returning", "default", "cross", "having", "as"}
_INSERT = re.compile(r"\binsert into (?P<table>\w+) \((?P<columns>[^)]*)\)", re.IGNORECASE)
_NAMED = r"\w+(?: as \w+| \w+)?"
_TABLES = re.compile(rf"\b(?:from|join|update) ({_NAMED}(?:, {_NAMED})*)", re.IGNORECASE)

# What need not say it, and why.
EXCEPTIONS = {
    r"UPDATE (mail_delivery|outbox) SET lease_owner=": "claims ids that were chosen by tenant",
    r"SELECT (mail_delivery|outbox)\.\w+(?: AS \w+)?, .* WHERE \1\.id IN \(": "reads those",
    r"SELECT .* FROM mail EXCEPT SELECT": "asks for raw mails of which no tenant has a delivery",
}


def forgetful(statements: Iterable[str]) -> str:
    """Tell of statements that do not say whose rows they mean, and have no reason for that."""
    found = {" ".join(each.split()) for each in statements}
    excused = {each for each in found if any(re.match(why, each) for why in EXCEPTIONS)}
    bad = sorted(each for each in found - excused if unscoped(each))
    return "\n\n".join(f"{', '.join(unscoped(each))} in\n{each}" for each in bad)


def unscoped(statement: str) -> list[str]:
    """Return the tables of tenants of which a statement does not say whose rows it means.

    It says so by comparing their tenant with a value, or with that of another table in it.
    """
    text = " ".join(statement.split())
    found = [
        insert["table"]
        for insert in _INSERT.finditer(text)
        if insert["table"] in OWNED and "tenant_id" not in insert["columns"]
    ]
    asked = Counter(_asked(text))
    if not re.search(r"tenant_id (?:= |IN \()\?", text):
        return [*found, *(name.partition(" ")[0] for name in asked)]
    lone = sum(asked.values()) == 1
    for name, times in asked.items():
        table, _, alias = name.partition(" ")
        said = len(re.findall(rf"\b{alias}\.tenant_id (?:=|IN)|= {alias}\.tenant_id\b", text))
        said += lone and len(re.findall(r"(?<![.\w])tenant_id =", text))
        if said < times:
            found.append(table)
    return found


def _asked(text: str) -> Iterator[str]:
    """Yield `table alias` of each table of tenants that is read, changed or joined."""
    for tables in _TABLES.finditer(text):
        for named in tables[1].split(", "):
            table, *more = named.split(" ")
            alias = more[-1] if more and more[-1].lower() not in _WORDS else table
            if table in OWNED:
                yield f"{table} {alias}"


@contextmanager
def listening() -> Iterator[set[str]]:
    """Collect every statement that any database is given meanwhile."""
    heard: set[str] = set()

    def note(_connection, _cursor, statement, *_rest) -> None:
        heard.add(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield heard
    finally:
        event.remove(Engine, "before_cursor_execute", note)
