"""Tickets and all that hangs on them: read and written in sets, never one by one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from functools import cache
from operator import attrgetter
from types import NoneType
from typing import Any

from sqlalchemy import (
    BindParameter,
    Boolean,
    Connection,
    RowMapping,
    and_,
    bindparam,
    case,
    delete,
    func,
    null,
    select,
    text,
    update,
)

from mailgate.domain.history import plain, revive
from mailgate.domain.model import (
    Approval,
    ClosedBy,
    Delay,
    Disposition,
    ForeignRecord,
    Kind,
    Priority,
    Side,
    Status,
    Ticket,
)
from mailgate.domain.timers import Timer
from mailgate.errors import Conflict
from mailgate.store import prepared, schema
from mailgate.store.portions import portions
from mailgate.store.prepared import Prepared
from mailgate.store.schema import fixed
from mailgate.store.types import Instant

TICKET = "ticket"
"""The subject kind of events and timers about tickets."""

FORMER = "number:"
"""What a reference begins with that is a number of another system."""
_AT_ONCE = 1000  # tickets in one question

_ENUMS: Mapping[str, Any] = {
    "kind": Kind,
    "priority": Priority,
    "status": Status,
    "delay": Delay,
    "disposition": Disposition,
    "last_responder": Side,
    "closed_by": ClosedBy,
}
_TUPLES = (
    *("participants", "followers", "tags", "breached"),
    *("targets_used", "targets_told", "escalated_by"),
)
_RECORDS = tuple[ForeignRecord, ...]
_PAIRS = ("fields", "own_times")
_NAMES = tuple(f.name for f in fields(Ticket))
_values = attrgetter(*_NAMES)
# What is asked for with each batch of mails is spelt once, not each time.
_TENANT: BindParameter[int] = bindparam("tenant_id")
_WANTED: BindParameter[Any] = bindparam("wanted", expanding=True)
_TICKET, _REFERENCE = schema.ticket.c, schema.reference.c
_LOAD = select(schema.ticket).where(_TICKET.tenant_id == _TENANT, _TICKET.id.in_(_WANTED))
_BY_NUMBER = select(_TICKET.number, _TICKET.id).where(
    _TICKET.tenant_id == _TENANT, _TICKET.number.in_(_WANTED)
)
_BY_REFERENCE = (
    select(_REFERENCE.rfc_id, _REFERENCE.ticket_id, _REFERENCE.sender)
    .where(_REFERENCE.tenant_id == _TENANT, _REFERENCE.rfc_id.in_(_WANTED))
    .order_by(_REFERENCE.ticket_id)
)
_FIRST = schema.event.c
_BY_FIRST = and_(
    _FIRST.tenant_id == _TICKET.tenant_id,
    _FIRST.subject_kind == TICKET,
    _FIRST.subject_id == _TICKET.id,
    _FIRST.n == 1,
)
_FOLLOWERS = (
    select(_TICKET.follows, _TICKET.id, _FIRST.data)
    .outerjoin(schema.event, _BY_FIRST)
    .where(_TICKET.tenant_id == _TENANT, _TICKET.follows.in_(_WANTED))
)
_OPENED_SINCE = (
    select(_TICKET.requester, _TICKET.id, _TICKET.created_at, _FIRST.data)
    .join(schema.event, _BY_FIRST)
    .where(
        _TICKET.tenant_id == _TENANT,
        _TICKET.requester.in_(_WANTED),
        _TICKET.created_at > bindparam("since"),
    )
)
_KNOWN_REFERENCES = select(_REFERENCE.rfc_id, _REFERENCE.ticket_id).where(
    _REFERENCE.tenant_id == _TENANT, _REFERENCE.rfc_id.in_(_WANTED)
)
_AS_THEY_ARE = frozenset({str, int, bool, NoneType, datetime})
"""Types of values that need no other form in a row; those of enums are subclasses of str."""


def from_row(row: RowMapping) -> Ticket:
    """Return the ticket that a row holds."""
    values = {name: row[name] for name in _NAMES}
    for name, enum in _ENUMS.items():
        if values[name] is not None:
            values[name] = enum(values[name])
    for name in _TUPLES:
        values[name] = tuple(values[name])
    values["joined"] = tuple(map(datetime.fromisoformat, values["joined"]))
    values["records"] = revive(values["records"], _RECORDS) if values["records"] else ()
    values["approval"] = revive(values["approval"], Approval | None)
    for name in _PAIRS:
        values[name] = tuple((key, value) for key, value in values[name])
    return Ticket(**values)


def to_row(ticket: Ticket) -> dict[str, Any]:
    """Return the columns that a ticket fills."""
    values = zip(_NAMES, _values(ticket), strict=True)
    return {name: value if type(value) in _AS_THEY_ARE else plain(value) for name, value in values}


def load(connection: Connection, tenant_id: int, ids: Iterable[int]) -> dict[int, Ticket]:
    """Return the tickets with these ids, of which there may be any number."""
    found: dict[int, Ticket] = {}
    for some in portions(ids, _AT_ONCE):
        rows = connection.execute(_LOAD, {"tenant_id": tenant_id, "wanted": some})
        found |= {row["id"]: from_row(row) for row in rows.mappings()}
    return found


def by_number(connection: Connection, tenant_id: int, numbers: Iterable[str]) -> dict[str, int]:
    """Return number -> id for those numbers (upper-case) that exist."""
    wanted = list(numbers)
    if not wanted:
        return {}
    rows = connection.execute(_BY_NUMBER, {"tenant_id": tenant_id, "wanted": wanted})
    return dict(rows.all())


def numbered(connection: Connection, tenant_id: int, number: str) -> Ticket | None:
    """Return the ticket of a number (upper-case); None where there is none."""
    id_ = by_number(connection, tenant_id, [number]).get(number)
    return None if id_ is None else load(connection, tenant_id, [id_])[id_]


def by_reference(
    connection: Connection, tenant_id: int, rfc_ids: Iterable[str]
) -> dict[str, list[tuple[int, str]]]:
    """Return Message-ID -> [(ticket id, who wrote that mail)] for those that were seen."""
    wanted = list(rfc_ids)
    found: dict[str, list[tuple[int, str]]] = {}
    if not wanted:
        return found
    rows = connection.execute(_BY_REFERENCE, {"tenant_id": tenant_id, "wanted": wanted})
    for rfc_id, ticket_id, sender in rows:
        found.setdefault(rfc_id, []).append((ticket_id, sender))
    return found


def newest_by_reference(
    connection: Connection, tenant_id: int, rfc_ids: Iterable[str]
) -> dict[str, int]:
    """Return reference -> the newest ticket that it leads to."""
    wanted = list(rfc_ids)
    if not wanted:
        return {}
    table = schema.reference.c
    rows = connection.execute(
        select(table.rfc_id, func.max(table.ticket_id))
        .where(table.tenant_id == tenant_id, table.rfc_id.in_(wanted))
        .group_by(table.rfc_id)
    )
    return dict(rows.all())


def former_numbers(connection: Connection, tenant_id: int, ticket_id: int) -> list[str]:
    """Return the numbers by which other systems knew a ticket."""
    table = schema.reference.c
    rows = connection.execute(
        select(table.rfc_id)
        .where(table.tenant_id == tenant_id, table.ticket_id == ticket_id, text(schema.OF_BEFORE))
        .order_by(table.rfc_id)
    )
    return [rfc_id.removeprefix(FORMER) for rfc_id in rows.scalars()]


def followers_of(connection: Connection, tenant_id: int, ids: Iterable[int]) -> dict[int, int]:
    """Return closed ticket -> the newest ticket that follows it.

    What was split off one is another matter, and left out.
    """
    wanted = list(ids)
    if not wanted:
        return {}
    rows = connection.execute(_FOLLOWERS, {"tenant_id": tenant_id, "wanted": wanted})
    found = sorted((new, old) for old, new, data in rows if not (data or {}).get("split"))
    return {old: new for new, old in found}


def opened_since(
    connection: Connection, tenant_id: int, requesters: Iterable[str], since: datetime
) -> dict[str, dict[int, datetime]]:
    """Return requester -> {ticket id: when} for the tickets that began after `since`.

    Left out are those whose first mail proved who had written it.
    """
    found: dict[str, dict[int, datetime]] = {}
    asked = {"tenant_id": tenant_id, "wanted": list(requesters), "since": since}
    rows = connection.execute(_OPENED_SINCE, asked)
    for requester, id_, created_at, data in rows:
        if not data["proved"]:
            found.setdefault(requester, {})[id_] = created_at
    return found


def open_of(connection: Connection, tenant_id: int, requester: str, most: int) -> list[int]:
    """Return the ids of somebody's tickets that are not closed, the newest ones, newest first."""
    table = schema.ticket.c
    rows = connection.execute(
        select(table.id)
        .where(table.tenant_id == tenant_id, table.requester == requester, table.status != "closed")
        .order_by(table.created_at.desc(), table.id.desc())
        .limit(most)
    )
    return list(rows.scalars())


def create(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert new tickets: columns of `to_row` with tenant_id, updated_at, next_due_at."""
    prepared.insert(connection, schema.ticket, rows)


_KEPT = frozenset({"id", "tenant_id", "number", "created_at", "seen"})


@cache
def _saving(names: tuple[str, ...]) -> Prepared:
    """Return the statement that `save` is made of: built once, since it names every column."""
    table = schema.ticket
    statement = (
        update(table)
        .where(
            table.c.tenant_id == bindparam("b_tenant_id"),
            table.c.id == bindparam("b_id"),
            table.c.version == bindparam("b_seen"),
        )
        .values({name: bindparam(name) for name in names})
    )
    return Prepared(statement, ("b_tenant_id", "b_id", "b_seen", *names))


def save(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write changed tickets; each row says in `seen` which version it was read at.

    Raises `Conflict` when somebody else has written one of them since.
    """
    if not rows:
        return
    names = tuple(name for name in rows[0] if name not in _KEPT)
    parameters = [
        {
            "b_tenant_id": row["tenant_id"],
            "b_id": row["id"],
            "b_seen": row["seen"],
            **{name: row[name] for name in names},
        }
        for row in sorted(rows, key=lambda row: row["id"])  # in one order, or two nodes deadlock
    ]
    if _saving(names).run(connection, parameters) != len(rows):
        raise Conflict("a ticket was changed by somebody else first")


def reschedule(
    connection: Connection,
    tenant_id: int,
    rows: Sequence[tuple[int, int, datetime | None]],
    policy_id: int | None,
) -> None:
    """Write next_due_at of tickets that did not change: (id, version read at, next_due_at).

    It was worked out by the rules `policy_id`. Raises `Conflict` when somebody else has written
    one of them since.
    """
    if not rows:
        return
    table = schema.ticket
    statement = (
        update(table)
        .where(
            table.c.tenant_id == tenant_id,
            table.c.id == bindparam("b_id"),
            table.c.version == bindparam("b_seen"),
        )
        .values(next_due_at=bindparam("b_due"), policy_id=policy_id)
    )
    parameters = [{"b_id": id_, "b_seen": seen, "b_due": due} for id_, seen, due in rows]
    if connection.execute(statement, parameters).rowcount != len(rows):
        raise Conflict("a ticket was changed by somebody else first")


def by_other_rules(connection: Connection, tenant_id: int, policy_id: int, most: int) -> list[int]:
    """Return the ids of tickets that are not closed and whose deadlines go by other rules.

    Those of earlier rules are asked for first, then those of later ones: asked for both at once,
    the database would walk through all that go by these.
    """
    table = schema.ticket.c
    mine = select(table.id).where(table.tenant_id == tenant_id, table.status != fixed("closed"))
    found: list[int] = []
    for others in (table.policy_id < policy_id, table.policy_id > policy_id):
        query = mine.where(others).order_by(table.policy_id, table.id).limit(most - len(found))
        found += connection.execute(query).scalars()
    return found


def save_timers(
    connection: Connection,
    tenant_id: int,
    timers: Mapping[int, tuple[Timer, ...]],
    fresh: frozenset[int],
) -> None:
    """Make these the unfired timers of each ticket; those in `fresh` have none yet."""
    table = schema.timer
    known = [ticket_id for ticket_id in timers if ticket_id not in fresh]
    if known:
        connection.execute(
            delete(table).where(
                table.c.tenant_id == tenant_id,
                table.c.subject_kind == TICKET,
                table.c.subject_id.in_(known),
                table.c.fired_at.is_(None),
            )
        )
    rows = [
        {
            "tenant_id": tenant_id,
            "subject_kind": TICKET,
            "subject_id": ticket_id,
            "kind": timer.kind.value,
            "turn": timer.turn,
            "step": timer.step,
            "due_at": timer.due_at,
            "origin": timer.origin,
        }
        for ticket_id, running in timers.items()
        for timer in running
    ]
    prepared.insert(connection, table, rows)


def fire_timers(
    connection: Connection,
    tenant_id: int,
    fired: Iterable[tuple[int, str, int, int]],
    at: datetime,
) -> None:
    """Mark timers, named by (ticket id, kind, turn, step), as acted on."""
    rows = [
        {"b_id": ticket_id, "b_kind": kind, "b_turn": turn, "b_step": step, "b_at": at}
        for ticket_id, kind, turn, step in fired
    ]
    if not rows:
        return
    table = schema.timer
    connection.execute(
        update(table)
        .where(
            table.c.tenant_id == tenant_id,
            table.c.subject_kind == TICKET,
            table.c.subject_id == bindparam("b_id"),
            table.c.kind == bindparam("b_kind"),
            table.c.turn == bindparam("b_turn"),
            table.c.step == bindparam("b_step"),
        )
        .values(fired_at=bindparam("b_at")),
        rows,
    )


_DUE = (
    select(schema.timer)
    .where(
        schema.timer.c.tenant_id == bindparam("tenant_id"),
        schema.timer.c.fired_at.is_(None),
        schema.timer.c.due_at <= bindparam("until"),
    )
    .order_by(*(schema.timer.c[name] for name in ("due_at", "subject_id", "kind", "turn", "step")))
)
_DUE_FIRST = _DUE.limit(bindparam("most"))


def due_timers(
    connection: Connection,
    tenant_id: int,
    until: datetime,
    most: int | None,
    held: frozenset[str],
    failed: frozenset[int] = frozenset(),
) -> list[RowMapping]:
    """Return the timers that are due at `until`, oldest first.

    At most `most`; None is all of them. Kinds in `held` and tickets in `failed` are left out.
    """
    table, query = schema.timer.c, _DUE if most is None else _DUE_FIRST
    if held:
        query = query.where(table.kind.not_in(held))
    if failed:
        query = query.where(table.subject_id.not_in(failed))
    asked = {"tenant_id": tenant_id, "until": until} | ({} if most is None else {"most": most})
    return list(connection.execute(query, asked).mappings())


def next_timer(connection: Connection, tenant_id: int, after: datetime) -> RowMapping | None:
    """Return number, kind, step and due_at of the first deadline that lies after an instant."""
    table, ticket = schema.timer, schema.ticket
    query = (
        select(ticket.c.number, table.c.kind, table.c.step, table.c.due_at)
        .join(
            ticket, and_(ticket.c.tenant_id == table.c.tenant_id, ticket.c.id == table.c.subject_id)
        )
        .where(
            table.c.tenant_id == tenant_id,
            table.c.subject_kind == TICKET,
            table.c.fired_at.is_(None),
            table.c.due_at > after,
        )
        .order_by(table.c.due_at, table.c.subject_id)
        .limit(1)
    )
    return connection.execute(query).mappings().one_or_none()


def save_turns(
    connection: Connection,
    begun: Sequence[Mapping[str, Any]],
    changed: Sequence[Mapping[str, Any]],
) -> None:
    """Insert new turns; set answered_at and overdue_at of known ones where they are given.

    The overdue_at of one that is `retracted` is taken away.
    """
    table = schema.turn
    prepared.insert(connection, table, begun)
    if changed:
        connection.execute(
            update(table)
            .where(
                table.c.tenant_id == bindparam("b_tenant_id"),
                table.c.ticket_id == bindparam("b_ticket_id"),
                table.c.n == bindparam("b_n"),
            )
            .values(
                answered_at=func.coalesce(
                    bindparam("b_answered_at", type_=Instant()), table.c.answered_at
                ),
                overdue_at=case(
                    (bindparam("b_retracted", type_=Boolean()), null()),
                    else_=func.coalesce(
                        bindparam("b_overdue_at", type_=Instant()), table.c.overdue_at
                    ),
                ),
            ),
            [{f"b_{name}": value for name, value in row.items()} for row in changed],
        )


def add(connection: Connection, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows into one of the tables that only grow."""
    prepared.insert(connection, schema.metadata.tables[table], rows)


def known_references(
    connection: Connection, tenant_id: int, pairs: Iterable[tuple[str, int]]
) -> set[tuple[str, int]]:
    """Return those (Message-ID, ticket id) pairs that are stored already."""
    wanted = set(pairs)
    if not wanted:
        return set()
    named = list({rfc_id for rfc_id, _ in wanted})
    rows = connection.execute(_KNOWN_REFERENCES, {"tenant_id": tenant_id, "wanted": named})
    return {pair for rfc_id, ticket_id in rows if (pair := (rfc_id, ticket_id)) in wanted}
