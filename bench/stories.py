"""A few tickets that the gateway itself has made, as patterns for any number more.

Customers open tickets, an agent answers, the customer writes again: each story is told to a real
desk by its own ways in. What then stands in the tables is read back, and everything in it that
belongs to this one ticket (ids, number, names, instants) is marked, so that it can be written
again with others. So a made-up row has whatever a real one has, also next year.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Connection, select
from sqlalchemy.types import JSON

from bench import mix
from mailgate.app import App
from mailgate.store import numbers, schema
from mailgate.store.contexts import Context, without_blanks
from mailgate.store.identity import identify
from mailgate.store.types import Instant, pack

# Both stand out in any text: each digit string that looks so is one of ours.
FIRST_ID = 9_000_000_000
FIRST_NUMBER = 9_000_000
_OURS = re.compile(
    r"(?P<id>90000\d{5})|(?P<number>900000\d)|(?P<at>\d{4}-\d\d-\d\dT[\d:.]+\+00:00)"
)
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

OPENED, NUDGED, ANSWERED, REPLIED = range(4)
SHARES = (OPENED,) * 17 + (NUDGED, ANSWERED, REPLIED)
"""Which story each of twenty tickets has: most are short, or a million would fill a disk."""


def tell(app: App, agent: str) -> int:
    """Have customers and an agent write to each other; return how many tickets there are now."""
    with app.database.write() as connection:
        tenant_id, format_ = app.settings.tenant_id, app.settings.number_format
        app.database.skip_ids(connection, FIRST_ID)
        numbers.skip(connection, tenant_id, format_, "", FIRST_NUMBER)
    for story in range(4):
        _tell_one(app, agent, FIRST_NUMBER + 1 + story, story)
    return 4


def _tell_one(app: App, agent: str, number: int, story: int) -> None:
    """Tell the story of the ticket that will have this number."""
    customer = f"person.{number}@firm.example"
    subject = f"[TKT-{number}] The lamp"

    def write(n: int, sender: str, to: str, words: str) -> None:
        raw = _mail(f"<{number}.{n}@firm.example>", sender, to, subject if n else "The lamp", words)
        app.keep(raw, sender, [to], "smtp")
        app.process()
        app.send()

    write(0, customer, mix.DESK, "The lamp blinks twice and then stays dark.")
    if story == NUDGED:
        write(1, customer, mix.DESK, "Did you get this? It is still dark.")
    if story in (ANSWERED, REPLIED):
        write(1, agent, _way_back(app, agent), "Please screw it in and tell us what happens.")
    if story == ANSWERED:
        write(2, customer, mix.DESK, "I did, and now it hums.")


def _mail(message_id: str, sender: str, to: str, subject: str, words: str) -> bytes:
    lines = [
        f"From: {sender}", f"To: {to}", f"Subject: {subject}", f"Message-ID: {message_id}",
        "Date: Mon, 02 Feb 2026 07:30:00 +0000", "", words, "",
    ]  # fmt: skip
    return "\r\n".join(lines).encode()


def _way_back(app: App, agent: str) -> str:
    """Return the signed address at which an agent answers the newest ticket."""
    table = schema.outbox.c
    query = select(table.context).where(table.recipient == agent).order_by(table.id.desc())
    with app.database.read() as connection:
        context = connection.execute(query.limit(1)).scalar_one()
    return str(context["reply_address"])


# --- patterns -----------------------------------------------------------------------------------


@dataclass(slots=True)
class _Row:
    """A row with marks: at which place of `values` what is put, by name or into which text."""

    table: str
    values: list[Any]
    facts: list[tuple[int, str]] = field(default_factory=list)
    texts: list[tuple[int, str]] = field(default_factory=list)
    raw: int = -1  # the places of a mail's bytes, of its digest and of when it came
    digest: int = -1
    received_at: int = -1


class Pattern:
    """One ticket with all that hangs on it; `write` makes the rows of another one like it."""

    def __init__(self, connection: Connection, ticket_id: int, number: int) -> None:
        self._own: list[tuple[str, dict[str, Any]]] = list(_rows(connection, ticket_id, number))
        self._number = str(number)
        found = {row["id"] for _, row in self._own if "id" in row}
        self._ids = {id_: f"i{at}" for at, id_ in enumerate(sorted(found))}
        self._instants: dict[datetime, str] = {}
        self._sent = [row["rfc_id"] for table, row in self._own if table == "outbox"]
        self._rows = [self._marked(table, row) for table, row in self._own]
        self.ids = len(self._ids)

    def _marked(self, table: str, row: dict[str, Any]) -> _Row:
        marked = _Row(table, [])
        for at, column in enumerate(schema.metadata.tables[table].columns):
            value = row[column.name]
            marked.values.append(value)
            if value is None:
                continue
            if isinstance(column.type, Instant):
                marked.facts.append((at, f"s{self._instant(value)[1:]}"))
            elif isinstance(column.type, JSON | Context):
                kept = without_blanks(value) if isinstance(column.type, Context) else value
                marked.values[at] = self._mark_text(marked, at, json.dumps(kept))
            elif column.name == "fingerprint":
                marked.facts.append((at, f"f{self._ids[row['id']][1:]}"))
            elif column.name == "digest":
                marked.digest = at
            elif isinstance(value, bytes):
                marked.raw = at
                marked.received_at = list(row).index("received_at")
                self._mark_text(marked, at, value.decode())
            elif isinstance(value, str):
                self._mark_text(marked, at, value)
            elif value in self._ids:
                marked.facts.append((at, self._ids[value]))
        return marked

    def _instant(self, value: datetime) -> str:
        return self._instants.setdefault(value, f"t{len(self._instants)}")

    def _mark_text(self, marked: _Row, at: int, text: str) -> str:
        plain = text
        for rfc_id in self._sent:  # nothing in it belongs to this ticket alone: make it so
            text = text.replace(rfc_id, f"<{self._number}.{rfc_id[1:]}")
        pattern = _OURS.sub(self._mark, text.replace("%", "%%"))
        if "%(" in pattern:
            marked.texts.append((at, pattern))
        return plain

    def _mark(self, found: re.Match[str]) -> str:
        if found["number"]:
            return "%(number)s" if found["number"] == self._number else found[0]
        if found["id"]:
            name = self._ids.get(int(found["id"]))
            return f"%({name})s" if name else found[0]
        return f"%({self._instant(datetime.fromisoformat(found['at']))})s"

    def write(
        self, number: int, first_id: int, earlier: timedelta, stored: Callable[[datetime], Any]
    ) -> Iterator[tuple[str, list[Any]]]:
        """Yield the rows of a ticket that was opened `earlier`; `stored` writes an instant."""
        facts: dict[str, Any] = {"number": f"{number:07d}"}
        for at, name in enumerate(self._ids.values()):
            facts[name] = first_id + at
            facts[f"f{at}"] = hashlib.sha256(b"%d.%d" % (number, at)).hexdigest()
        for instant, name in self._instants.items():
            then = instant - earlier
            facts[name] = then.isoformat()
            facts[f"s{name[1:]}"] = stored(then)
            facts[f"d{name[1:]}"] = then
        for pattern in self._rows:
            row = pattern.values.copy()
            for at, name in pattern.facts:
                row[at] = facts[name]
            for at, text in pattern.texts:
                row[at] = text % facts
            if pattern.raw >= 0:
                row[pattern.raw] = row[pattern.raw].encode()
                row[pattern.digest] = self._digest(pattern, row, facts)
                row[pattern.raw] = pack(row[pattern.raw])
            yield pattern.table, row

    @staticmethod
    def _digest(pattern: _Row, row: list[Any], facts: dict[str, Any]) -> str:
        name = next(name for at, name in pattern.facts if at == pattern.received_at)
        return identify(row[pattern.raw], facts[f"d{name[1:]}"]).digest


def _rows(connection: Connection, ticket_id: int, number: int) -> Iterator[tuple[str, dict]]:
    """Yield (table, row) for everything that belongs to a ticket."""
    own = schema.metadata.tables

    def found(table: str, *conditions: ColumnElement[bool]) -> Sequence[dict[str, Any]]:
        query = select(own[table]).where(*conditions)
        return [dict(row) for row in connection.execute(query).mappings()]

    deliveries = found("mail_delivery", own["mail_delivery"].c.ticket_id == ticket_id)
    messages = found("message", own["message"].c.ticket_id == ticket_id)
    about = {
        table: partial(
            found,
            table,
            own[table].c.subject_kind == "ticket",
            own[table].c.subject_id == ticket_id,
        )
        for table in ("event", "timer")
    }
    yield from (("ticket", row) for row in found("ticket", own["ticket"].c.id == ticket_id))
    mails = own["mail"].c.id.in_([row["mail_id"] for row in deliveries])
    yield from (("mail", row) for row in found("mail", mails))
    yield from (("mail_delivery", row) for row in deliveries)
    yield from (("message", row) for row in messages)
    for table in ("event", "timer"):
        yield from ((table, row) for row in about[table]())
    for table in ("turn", "reference", "outbox"):
        rows = found(table, own[table].c.ticket_id == ticket_id)
        yield from ((table, row) for row in rows)
    people = own["contact"].c.address.contains(str(number))
    yield from (("contact", row) for row in found("contact", people))


def patterns(app: App, count: int) -> list[Pattern]:
    """Return what was told as patterns, in the order of the stories."""
    table = schema.ticket.c
    with app.database.read() as connection:
        rows = connection.execute(select(table.id, table.number).order_by(table.id)).all()
        return [Pattern(connection, id_, int(number[-7:])) for id_, number in rows[:count]]


def as_microseconds(at: datetime) -> int:
    """Return an instant as SQLite keeps it."""
    return (at - _EPOCH) // _MICROSECOND
