"""What must be sent: claimed by one worker at a time, and settled once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    Update,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    tuple_,
    update,
)

from mailgate.store import schema
from mailgate.store.schema import fixed
from mailgate.store.types import Instant

FURTHEST = timedelta(hours=1)
"""More than the longest step between two tries, unless the configuration knows longer ones."""

LONGEST_QUIET = timedelta(days=1)
"""More than any quiet hours last; a day on which clocks are set back has an hour more."""

READY, SENT, NEVER, UNKNOWN, SUPPRESSED = "ready", "sent", "never", "unknown", "suppressed"


@dataclass(frozen=True, slots=True)
class Due:
    """A notice that one worker has taken, until its lease lapses.

    `began_at` is set when an earlier try had begun to send the content and never told the end;
    `kept` tells that its first rendering is there, see `rendered`; `unanswered` are the tries in
    which it went out whole and no answer came. `lapsed`: the worker that had claimed it before
    never told what it did. `quiet_until`: it had to wait until then, so that nobody was woken.
    """

    id: int
    tenant_id: int
    ticket_id: int | None
    event_id: int
    notice: str
    recipient: str
    role: str
    automatic: bool
    awaited: bool
    turn: int
    rfc_id: str
    message_id: int | None
    context: Mapping[str, Any]
    kept: bool
    attempts: int
    unanswered: int
    created_at: datetime
    quiet_until: datetime | None
    retried_at: datetime | None
    began_at: datetime | None
    fence: int
    lapsed: bool

    @property
    def since(self) -> datetime:
        """Since when it could be sent, or sent again: its tries and its lateness count from here.

        That is when it was decided, put back by a person, or when quiet hours ended.
        """
        return self.retried_at or self.quiet_until or self.created_at

    @property
    def doubtful(self) -> bool:
        """Whether it may have been handed over already, for all that was written down."""
        return self.lapsed or self.unanswered > 0 or self.retried_at is not None


def claim(
    connection: Connection,
    tenant_id: int,
    owner: str,
    now: datetime,
    lease: timedelta,
    most: int,
    furthest: timedelta = FURTHEST,
    lease_time: datetime | None = None,
) -> list[Due]:
    """Take up to `most` notices whose time has come and that nobody works on, oldest first.

    What is claimed or put off for longer than `furthest` was so by a clock that has been set back
    since: it is taken when there is nothing else to do, unless it waits for the end of quiet hours
    that is less than a day off. Claims are timed by `lease_time`, `now`
    without it.
    """
    claimed_at = lease_time or now
    times = {"tenant_id": tenant_id, "now": now, "beyond": now + furthest, "most": most}
    times |= {"quiet_beyond": now + LONGEST_QUIET}
    times |= {"lease_now": claimed_at, "lease_beyond": claimed_at + furthest}
    chosen = connection.execute(_DUE, times).all()
    if not chosen:
        chosen = connection.execute(_PUT_OFF_BEYOND, times).all()
    if not chosen:
        return []
    lapsed = {row.id: row.lapsed for row in chosen}
    ids = {"ids": list(lapsed)}
    connection.execute(_TAKE, ids | {"owner": owner, "until": claimed_at + lease})
    return [Due(*(*row, lapsed[row.id])) for row in connection.execute(_TAKEN, ids)]


_OUTBOX = schema.outbox.c
_THESE = _OUTBOX.id.in_(bindparam("ids", expanding=True))
_NOW, _BEYOND = bindparam("now", type_=Instant()), bindparam("beyond", type_=Instant())
_FREE = (
    select(_OUTBOX.id, _OUTBOX.lease_owner.is_not(None).label("lapsed"))
    .where(
        _OUTBOX.tenant_id == bindparam("tenant_id"),
        _OUTBOX.state == fixed(READY),
        or_(
            _OUTBOX.lease_until.is_(None),
            _OUTBOX.lease_until < bindparam("lease_now", type_=Instant()),
            _OUTBOX.lease_until > bindparam("lease_beyond", type_=Instant()),
        ),
    )
    .order_by(_OUTBOX.next_try_at, _OUTBOX.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_DUE = _FREE.where(_OUTBOX.next_try_at <= _NOW)
_PUT_OFF_BEYOND = _FREE.where(
    _OUTBOX.next_try_at > _BEYOND,
    or_(
        _OUTBOX.quiet_until.is_(None),
        _OUTBOX.next_try_at > _OUTBOX.quiet_until,
        _OUTBOX.quiet_until > bindparam("quiet_beyond", type_=Instant()),
    ),
)
_TAKE = (
    update(schema.outbox)
    .where(_THESE)
    .values(lease_owner=bindparam("owner"), lease_until=bindparam("until"), fence=_OUTBOX.fence + 1)
)
# In the order of a notice's fields, but for the last. The rendering stays where it is: with its
# files it may be larger than all the rest together.
_KEPT = _OUTBOX.rendered.is_not(None)
_COLUMNS = (name for name in Due.__slots__ if name != "lapsed")
_TAKEN = (
    select(*(_KEPT if name == "kept" else _OUTBOX[name] for name in _COLUMNS))
    .where(_THESE)
    .order_by(_OUTBOX.id)
)


def rendered(connection: Connection, due: Due) -> bytes | None:
    """Return the mail as it was first rendered, if that is known."""
    table = schema.outbox.c
    query = select(table.rendered).where(table.tenant_id == due.tenant_id, table.id == due.id)
    return connection.execute(query).scalar()


def note(connection: Connection, notes: Sequence[tuple[Due, Mapping[str, Any]]]) -> list[bool]:
    """Write columns of claimed notices; False for each that has ended or whose claim lapsed."""
    ids = {"ids": [due.id for due, _ in notes]}
    claimed = {(row.tenant_id, row.id, row.fence) for row in connection.execute(_CLAIMED, ids)}
    alike: dict[frozenset[str], list[dict[str, Any]]] = {}
    written = []
    for due, columns in notes:
        written.append((due.tenant_id, due.id, due.fence) in claimed)
        if written[-1]:
            key = {"b_tenant_id": due.tenant_id, "b_id": due.id}
            alike.setdefault(frozenset(columns), []).append({**key, **columns})
    for names, rows in alike.items():
        connection.execute(_noting(names), rows)
    return written


_CLAIMED = (
    select(_OUTBOX.tenant_id, _OUTBOX.id, _OUTBOX.fence)
    .where(_THESE, _OUTBOX.state == fixed(READY))
    .order_by(_OUTBOX.id)
    .with_for_update()
)


@cache
def _noting(names: frozenset[str]) -> Update:
    """Return the statement that writes these columns: built once, since every mail needs it."""
    table = schema.outbox
    return (
        update(table)
        .where(table.c.tenant_id == bindparam("b_tenant_id"), table.c.id == bindparam("b_id"))
        .values({name: bindparam(name) for name in sorted(names)})
    )


def renew(connection: Connection, dues: Sequence[Due], until: datetime) -> set[int]:
    """Make claims that still hold longer; return the ids of those notices.

    What has ended or was let go of stays free, though its fence is the same.
    """
    table = schema.outbox
    ours = [(due.id, due.fence) for due in dues]
    statement = (
        update(table)
        .where(
            table.c.id.in_([id_ for id_, _ in ours]),
            tuple_(table.c.id, table.c.fence).in_(ours),
            table.c.state == READY,
            table.c.lease_until.is_not(None),
        )
        .values(lease_until=until)
        .returning(table.c.id)
    )
    return set(connection.execute(statement).scalars())


_RECENT_AUTOMATIC = select(_OUTBOX.recipient, _OUTBOX.ticket_id, _OUTBOX.created_at).where(
    _OUTBOX.tenant_id == bindparam("tenant_id"),
    _OUTBOX.recipient.in_(bindparam("wanted", expanding=True)),
    _OUTBOX.created_at > bindparam("since"),
    _OUTBOX.role == "customer",
    _OUTBOX.automatic,
    _OUTBOX.state != SUPPRESSED,
)
"""Spelt once: it is asked with each batch of mails."""


def recent_automatic(
    connection: Connection, tenant_id: int, addresses: Iterable[str], since: datetime
) -> list[tuple[str, int | None, datetime]]:
    """Return (address, ticket id, time) of the automatic mail to customers at these addresses."""
    wanted = list(addresses)
    if not wanted:
        return []
    asked = {"tenant_id": tenant_id, "wanted": wanted, "since": since}
    return list(connection.execute(_RECENT_AUTOMATIC, asked).all())


def _counting_strangers(*states: str) -> Select[int]:
    table = schema.outbox.c
    return select(func.count()).where(
        table.tenant_id == bindparam("tenant_id"),
        table.stranger,
        table.state.in_(states),
        table.created_at > bindparam("since"),
    )


_TO_STRANGERS = _counting_strangers(READY, SENT, NEVER, UNKNOWN)
_HELD_FROM_STRANGERS = _counting_strangers(SUPPRESSED)


def to_strangers(
    connection: Connection, tenant_id: int, since: datetime, *, held: bool = False
) -> int:
    """Return how many acknowledgements went to unknown senders since then.

    With `held` those that were held back since there were too many are counted instead.
    """
    query = _HELD_FROM_STRANGERS if held else _TO_STRANGERS
    return connection.execute(query, {"tenant_id": tenant_id, "since": since}).scalar_one()


def told(
    connection: Connection, tenant_id: int, notice: str, addresses: Iterable[str], since: datetime
) -> set[str]:
    """Return those of the addresses to which such a notice went, or is to go, after `since`."""
    wanted = list(addresses)
    if not wanted:
        return set()
    table = schema.outbox.c
    query = select(table.recipient).where(
        table.tenant_id == tenant_id,
        table.recipient.in_(wanted),
        table.created_at > since,
        table.notice == notice,
        table.state != SUPPRESSED,
    )
    return set(connection.execute(query).scalars())


@dataclass(frozen=True, slots=True)
class Notice:
    """What a mail of ours was about, for when it is answered or comes back.

    `left`: its content has begun to be sent, and nothing is known to have gone wrong with it.
    """

    id: int
    ticket_id: int | None
    notice: str
    turn: int
    recipient: str
    role: str
    automatic: bool
    left: bool


def notices(connection: Connection, tenant_id: int, ids: Iterable[int]) -> dict[int, Notice]:
    """Return id -> notice for those that exist."""
    wanted = list(ids)
    if not wanted:
        return {}
    table = schema.outbox.c
    columns = [_left() if name == "left" else table[name] for name in Notice.__slots__]
    rows = connection.execute(
        select(*columns).where(table.tenant_id == tenant_id, table.id.in_(wanted))
    )
    return {notice.id: notice for notice in (Notice(*row) for row in rows)}


def _left() -> ColumnElement[bool]:
    """Say that a mail has left, or may have; not so one that a person has put back since."""
    table = schema.outbox.c
    sending = and_(table.state == READY, table.began_at.is_not(None))
    return or_(table.state == SENT, table.state == UNKNOWN, sending)


def never_reached(
    connection: Connection, tenant_id: int, tickets: Iterable[int], but: Iterable[int]
) -> set[tuple[int, str]]:
    """Return (ticket id, address) of the notices, other than `but`, that failed for good there."""
    wanted = list(tickets)
    if not wanted:
        return set()
    table = schema.outbox.c
    query = select(table.ticket_id, table.recipient).where(
        table.tenant_id == tenant_id,
        table.ticket_id.in_(wanted),
        table.state == NEVER,
        table.id.not_in(list(but)),
    )
    return {(ticket_id, address) for ticket_id, address in connection.execute(query)}


def failed(
    connection: Connection, tenant_id: int, reasons: Mapping[int, str], now: datetime
) -> int:
    """Note that mails which had left came back, id -> why; returns of how many it was so."""
    if not reasons:
        return 0
    table = schema.outbox
    statement = (
        update(table)
        .where(table.c.tenant_id == tenant_id, table.c.id == bindparam("b_id"), _left())
        .values(state=NEVER, reason=bindparam("b_reason"), done_at=now)
    )
    rows = [{"b_id": id_, "b_reason": reason} for id_, reason in sorted(reasons.items())]
    return connection.execute(statement, rows).rowcount


@dataclass(frozen=True, slots=True)
class Late:
    """A mail with a person's words that has not left yet; `author` is empty if it is no agent."""

    id: int
    ticket_id: int
    message_id: int
    notice: str
    recipient: str
    reason: str | None
    author: str


def late(
    connection: Connection, tenant_id: int, before: datetime, most: int, *, lock: bool
) -> list[Late]:
    """Return mails with a person's words that wait since `before`, of which nobody was told.

    Those have a ticket, since every message has one. Were it asked for here, SQLite would look by
    tickets, and through all that was ever sent.
    With `lock` those that somebody else writes to are passed over.
    """
    table, message = schema.outbox.c, schema.message.c
    author = case((message.side == "system", message.author), else_="").label("author")
    columns = [author if name == "author" else table[name] for name in Late.__slots__]
    query = (
        select(*columns)
        .join(
            schema.message,
            and_(message.tenant_id == table.tenant_id, message.id == table.message_id),
        )
        .where(
            table.tenant_id == tenant_id,
            table.state == fixed(READY),
            table.automatic.is_(False),
            table.delayed_at.is_(None),
            func.coalesce(table.retried_at, table.quiet_until, table.created_at) <= before,
        )
        .order_by(table.id)
        .limit(most)
    )
    if lock:
        query = query.with_for_update(skip_locked=True, of=schema.outbox)
    return [Late(*row) for row in connection.execute(query)]


def told_late(connection: Connection, tenant_id: int, ids: Iterable[int], now: datetime) -> None:
    """Note that staff were told of these mails."""
    table = schema.outbox
    connection.execute(
        update(table)
        .where(table.c.tenant_id == tenant_id, table.c.id.in_(list(ids)))
        .values(delayed_at=now)
    )


def release(
    connection: Connection, tenant_id: int, ids: Sequence[int] | None, now: datetime
) -> int:
    """Send notices again that ended as never or unknown, all with None; returns how many.

    Each gets the whole schedule of retries anew, however old it is.
    """
    table = schema.outbox
    statement = (
        update(table)
        .where(
            table.c.tenant_id == tenant_id,
            table.c.state.in_((NEVER, UNKNOWN)),
            *(() if ids is None else (table.c.id.in_(ids),)),
        )
        .values(
            state=READY,
            next_try_at=now,
            retried_at=now,
            delayed_at=None,
            attempts=0,
            unanswered=0,
            began_at=None,
            done_at=None,
            reason=None,
        )
    )
    return connection.execute(statement).rowcount


def waiting(connection: Connection, tenant_id: int) -> list[int]:
    """Return the ids of the notices that have not ended, oldest first."""
    table = schema.outbox.c
    query = select(table.id).where(table.tenant_id == tenant_id, table.state == fixed(READY))
    return list(connection.execute(query.order_by(table.id)).scalars())


def awaited(connection: Connection, tenant_id: int) -> list[RowMapping]:
    """Return what has not ended and the clock waits for, soonest first: what `Delivered` says.

    `next_try_at` is when each is to leave.
    """
    table = schema.outbox.c
    query = (
        select(table.ticket_id, table.notice, table.turn, table.recipient, table.next_try_at)
        .where(table.tenant_id == tenant_id, table.state == fixed(READY), table.awaited)
        .order_by(table.next_try_at, table.id)
    )
    return list(connection.execute(query).mappings())


def hold(
    connection: Connection, tenant_id: int, ids: Sequence[int], reason: str, now: datetime
) -> list[Notice]:
    """End notices that wait as unknown, for a person to decide on; return what they are about."""
    table = schema.outbox
    statement = (
        update(table)
        .where(
            table.c.tenant_id == tenant_id,
            table.c.id.in_(bindparam("ids", expanding=True)),
            table.c.state == READY,
        )
        .values(state=UNKNOWN, reason=reason, done_at=now, lease_owner=None, lease_until=None)
    )
    connection.execute(statement, {"ids": list(ids)})
    found = notices(connection, tenant_id, ids)
    return [found[id_] for id_ in ids if id_ in found]
