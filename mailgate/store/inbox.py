"""The intake's tables: raw mails, and for each queue the state a mail is in."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Connection,
    RowMapping,
    Table,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    update,
)

from mailgate.domain.horizon import LONGEST_HOLD
from mailgate.store import calls, prepared, schema
from mailgate.store.db import RAW
from mailgate.store.identity import Identity, identify
from mailgate.store.prepared import Prepared
from mailgate.store.schema import fixed
from mailgate.store.types import Instant, pack

_BEYOND = timedelta(minutes=2)
"""How far ahead anything is claimed at most: twice the longest lease, as clocks may differ."""
_PUT_OFF = LONGEST_HOLD + _BEYOND
"""How far ahead anything is put off at most."""
_SOON = timedelta(seconds=1)

PENDING, PARKED = "pending", "parked"
SUPPRESSED, QUARANTINED = "suppressed", "quarantined"
SUBMISSION = "submission"
"""The road of what agents hand in after a login; `peer` is then their short name."""
NOT_KEPT = (PENDING, PARKED, SUPPRESSED, QUARANTINED)
"""States in which the same mail may come again; in the words of `uq_mail_delivery_fingerprint`."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A mail to be kept for one queue of one tenant; not to be processed before `not_before`.

    Its identity is worked out and its octets are packed as it is made, before the transaction that
    others wait for. `hurried`: long ones are left. `like`: one of the same octets, made before.
    """

    raw: bytes
    tenant_id: int
    queue: str
    recipients: tuple[str, ...]
    mail_from: str
    peer: str
    road: str
    received_at: datetime
    not_before: datetime | None = None
    hurried: InitVar[bool] = False
    like: InitVar["Arrival | None"] = None
    identity: Identity = field(init=False)
    at_rest: bytes = field(init=False, repr=False)

    def __post_init__(self, hurried: bool, like: "Arrival | None") -> None:
        """Work out its identity and how it will lie."""
        own = identify(self.raw, self.received_at) if like is None else like.identity
        object.__setattr__(self, "identity", own)
        at_rest = pack(self.raw, hurried=hurried) if like is None else like.at_rest
        object.__setattr__(self, "at_rest", at_rest)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A mail that one worker has taken, until its lease lapses.

    `lost` counts the claims before this one that ended without anybody saying how. `released`:
    somebody has looked at it, and it is no spam. `waiting_since`: when it was first found to answer
    a mail that was still pending.
    """

    id: int
    tenant_id: int
    mail_id: int
    queue: str
    recipients: tuple[str, ...]
    mail_from: str
    peer: str
    road: str
    received_at: datetime
    attempts: int
    fence: int
    lost: int
    released: bool
    raw: bytes
    waiting_since: datetime | None = None


def put(connection: Connection, ids: Iterator[int], arrivals: Sequence[Arrival]) -> list[int]:
    """Keep mails; return the id of each one's delivery.

    What is there already adds nothing, also when another node has kept it at the same time.
    """
    digests = [arrival.identity.digest for arrival in arrivals]
    mails, fresh = _keep_bytes(connection, ids, digests, arrivals)
    keys = [
        (arrival.tenant_id, mails[digest], arrival.queue)
        for arrival, digest in zip(arrivals, digests, strict=True)
    ]
    tenants = {arrival.tenant_id for arrival in arrivals}
    seen = _deliveries(connection, tenants, set(mails.values()) - fresh)
    rows: dict[tuple[int, int, str], dict[str, Any]] = {}
    for key, arrival in zip(keys, arrivals, strict=True):
        if key in rows:
            _widen(rows[key], arrival)
        elif key in seen:
            _add_recipients(connection, seen[key], arrival)
        else:
            seen[key] = next(ids)
            rows[key] = _row(seen[key], key[1], arrival)
    if rows:
        calls.call(connection, calls.PROCESS, (arrival.tenant_id for arrival in arrivals))
    ordered = sorted(rows.values(), key=lambda row: (row["mail_id"], row["queue"]))
    if not _insert(connection, schema.mail_delivery, ordered):
        kept = _deliveries(connection, tenants, set(mails.values()))
        for key, arrival in zip(keys, arrivals, strict=True):
            if kept[key] != seen[key]:  # another node was first
                _add_recipients(connection, kept[key], arrival)
        seen = kept
    return [seen[key] for key in keys]


def known(connection: Connection, tenant_id: int, queue: str, digests: Collection[str]) -> set[str]:
    """Return those of these digests of whose mails the queue has a delivery, however it ended."""
    mail, delivery = schema.mail.c, schema.mail_delivery.c
    rows = connection.execute(
        select(mail.digest)
        .join(schema.mail_delivery, delivery.mail_id == mail.id)
        .where(mail.digest.in_(digests), delivery.tenant_id == tenant_id, delivery.queue == queue)
    )
    return set(rows.scalars())


def _keep_bytes(
    connection: Connection, ids: Iterator[int], digests: Sequence[str], arrivals: Sequence[Arrival]
) -> tuple[dict[str, int], set[int]]:
    """Return the id of each digest's mail, and which of them are kept only now.

    Nearly all are new: whether one was there is asked only when not all could be inserted.
    """
    rows: dict[str, dict[str, Any]] = {}
    for arrival, digest in zip(arrivals, digests, strict=True):
        if digest not in rows:
            rows[digest] = {
                "id": next(ids),
                "digest": digest,
                "size": len(arrival.raw),
                "received_at": arrival.received_at,
                "raw": arrival.at_rest,
            }
    mine = {digest: row["id"] for digest, row in rows.items()}
    if _insert(connection, schema.mail, [rows[digest] for digest in sorted(rows)]):
        return mine, set(mine.values())
    known = _mails(connection, digests)
    return known, set(mine.values()) & set(known.values())


def _insert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> bool:
    """Insert rows; False when another node has inserted some of them first.

    They come in an order of their own, so that two nodes with the same mails do not deadlock.
    """
    return prepared.insert(connection, table, rows, ignore=True) == len(rows)


def _mails(connection: Connection, digests: Iterable[str]) -> dict[str, int]:
    table = schema.mail.c
    query = select(table.digest, table.id).where(table.digest.in_(set(digests)))
    return dict(connection.execute(query).all())


def _deliveries(
    connection: Connection, tenants: set[int], mails: set[int]
) -> dict[tuple[int, int, str], int]:
    if not mails:
        return {}
    table = schema.mail_delivery.c
    rows = connection.execute(
        select(table.tenant_id, table.mail_id, table.queue, table.id).where(
            table.tenant_id.in_(tenants), table.mail_id.in_(mails)
        )
    )
    return {(tenant, mail, queue): id_ for tenant, mail, queue, id_ in rows}


def _widen(row: dict[str, Any], arrival: Arrival) -> None:
    row["recipients"] = list(dict.fromkeys([*row["recipients"], *arrival.recipients]))


def _add_recipients(connection: Connection, id_: int, arrival: Arrival) -> None:
    """Add the recipients of a second transaction with the same mail, as long as it waits."""
    table = schema.mail_delivery
    waiting = (
        select(table.c.recipients)
        .where(table.c.tenant_id == arrival.tenant_id, table.c.id == id_, table.c.state == PENDING)
        .with_for_update()
    )
    row: dict[str, Any] = {"recipients": connection.execute(waiting).scalar()}
    if row["recipients"] is None or set(arrival.recipients) <= set(row["recipients"]):
        return
    _widen(row, arrival)
    connection.execute(
        update(table).where(table.c.tenant_id == arrival.tenant_id, table.c.id == id_).values(row)
    )


def _row(id_: int, mail_id: int, arrival: Arrival) -> dict[str, Any]:
    return {
        "id": id_,
        "tenant_id": arrival.tenant_id,
        "mail_id": mail_id,
        "queue": arrival.queue,
        "recipients": list(arrival.recipients),
        "mail_from": arrival.mail_from,
        "peer": arrival.peer,
        "road": arrival.road,
        "received_at": arrival.received_at,
        "rfc_id": arrival.identity.rfc_id,
        "next_try_at": arrival.not_before,
        "state": PENDING,
    }


def claim(
    connection: Connection,
    tenant_id: int,
    owner: str,
    now: datetime,
    lease: timedelta,
    most: int,
    octets: int,
    lease_time: datetime | None = None,
) -> list[Claimed]:
    """Take the oldest mails that nobody works on: at most `most`, and about `octets` of them.

    What is claimed, or put off, for longer than anybody would was so by a clock that has been set
    back since: it is free. Claims are timed by `lease_time`, `now` without it.
    """
    claimed_at = lease_time or now
    times = {"tenant_id": tenant_id, "now": now, "beyond": now + _PUT_OFF, "most": most}
    times |= {"lease_now": claimed_at, "lease_beyond": claimed_at + _BEYOND}
    chosen: list[int] = []
    total = 0
    for id_, size in connection.execute(_WAITING, times):
        if chosen and total + size > octets:
            break
        chosen.append(id_)
        total += size
    if not chosen:
        return []
    ids = {"ids": chosen}
    connection.execute(_TAKE, ids | {"owner": owner, "until": claimed_at + lease})
    return [_claimed(row) for row in connection.execute(_TAKEN, ids).mappings()]


def _free(
    column: Column[datetime], passed: ColumnElement[bool], beyond: str
) -> ColumnElement[bool]:
    return or_(column.is_(None), passed, column > bindparam(beyond, type_=Instant()))


# Built once: a mail that comes alone is claimed alone, and no other can be kept meanwhile.
_DELIVERY = schema.mail_delivery.c
_NOW, _LEASE_NOW = (bindparam(name, type_=Instant()) for name in ("now", "lease_now"))
_THESE = _DELIVERY.id.in_(bindparam("ids", expanding=True))
_WAITING = (
    select(_DELIVERY.id, schema.mail.c.size)
    .join(schema.mail, schema.mail.c.id == _DELIVERY.mail_id)
    .where(
        _DELIVERY.tenant_id == bindparam("tenant_id"),
        _DELIVERY.state == fixed(PENDING),
        _free(_DELIVERY.lease_until, _DELIVERY.lease_until < _LEASE_NOW, "lease_beyond"),
        _free(_DELIVERY.next_try_at, _DELIVERY.next_try_at <= _NOW, "beyond"),
    )
    .order_by(_DELIVERY.received_at, _DELIVERY.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True, of=schema.mail_delivery)
)
_CLAIMING = {
    "lease_owner": bindparam("owner"),
    "lease_until": bindparam("until"),
    "fence": _DELIVERY.fence + 1,
    "lost": _DELIVERY.lost + 1,
}
_TAKE = update(schema.mail_delivery).where(_THESE).values(_CLAIMING)
_TAKE_AGAIN = _TAKE.where(
    _DELIVERY.tenant_id == bindparam("b_tenant_id"),
    _DELIVERY.fence == bindparam("b_fence"),
    _DELIVERY.state == fixed(PENDING),
)
_TAKEN = (
    select(schema.mail_delivery, schema.mail.c.raw)
    .join(schema.mail, schema.mail.c.id == _DELIVERY.mail_id)
    .where(_THESE)
    .order_by(_DELIVERY.received_at, _DELIVERY.id)
    .execution_options(**{RAW: True})
)


def claim_again(
    connection: Connection, tenant_id: int, mail: Claimed, owner: str, until: datetime
) -> Claimed | None:
    """Take a mail that was given back; None where somebody else has taken it since."""
    these = {"ids": [mail.id], "b_tenant_id": tenant_id, "b_fence": mail.fence}
    if not connection.execute(_TAKE_AGAIN, these | {"owner": owner, "until": until}).rowcount:
        return None
    return _claimed(connection.execute(_TAKEN, {"ids": [mail.id]}).mappings().one())


_WANTED: BindParameter[Any] = bindparam("wanted", expanding=True)
_AWAITED = (
    select(_DELIVERY.rfc_id, func.min(_DELIVERY.received_at))
    .where(
        _DELIVERY.tenant_id == bindparam("tenant_id"),
        _DELIVERY.state == fixed(PENDING),
        _DELIVERY.rfc_id.in_(_WANTED),
    )
    .group_by(_DELIVERY.rfc_id)
)
_DUPLICATES = select(_DELIVERY.fingerprint, _DELIVERY.id).where(
    _DELIVERY.tenant_id == bindparam("tenant_id"),
    _DELIVERY.queue == bindparam("queue"),
    _DELIVERY.fingerprint.in_(_WANTED),
    _DELIVERY.state.not_in([fixed(state) for state in NOT_KEPT]),
)


def _claimed(row: RowMapping) -> Claimed:
    values = {name: row[name] for name in Claimed.__slots__}
    return Claimed(**values | {"recipients": tuple(row["recipients"]), "lost": row["lost"] - 1})


def settle(connection: Connection, tenant_id: int, rows: Sequence[dict[str, Any]]) -> int:
    """Write how claimed mails ended; returns how many claims still held.

    Each row has id, fence, state, fingerprint, ticket_id, verdict, degraded, attempts, error,
    next_try_at and done_at. A claim that lapsed and was taken by somebody else is left alone.
    """
    if not rows:
        return 0
    names = tuple(name for name in rows[0] if name not in {"id", "fence"})
    own = {"b_tenant_id": tenant_id}
    parameters = [
        {**own, "b_id": row["id"], "b_fence": row["fence"]} | {name: row[name] for name in names}
        for row in rows
    ]
    return _settling(names).run(connection, parameters)


@cache
def _settling(names: tuple[str, ...]) -> Prepared:
    """Return the statement that writes these columns and lets go of the claim."""
    statement = (
        update(schema.mail_delivery)
        .where(
            _DELIVERY.tenant_id == bindparam("b_tenant_id"),
            _DELIVERY.id == bindparam("b_id"),
            _DELIVERY.fence == bindparam("b_fence"),
        )
        .values(
            {name: bindparam(name) for name in names}
            | {"lease_owner": None, "lease_until": None}
            | {"lost": case((_DELIVERY.lost > 0, _DELIVERY.lost - 1), else_=0)}
        )
    )
    return Prepared(statement, ("b_tenant_id", "b_id", "b_fence", *names))


def renew(
    connection: Connection, tenant_id: int, claimed: Sequence[Claimed], until: datetime
) -> None:
    """Make claims that still hold longer."""
    _write_claims(connection, tenant_id, claimed, {"lease_until": until})


def give_back(
    connection: Connection,
    tenant_id: int,
    claimed: Sequence[Claimed],
    until: datetime | None = None,
) -> None:
    """Let go of claims that were not used, to be free from `until`; they do not count as lost."""
    free = {"lease_owner": None, "lease_until": None, "next_try_at": until}
    fewer = {"lost": schema.mail_delivery.c.lost - 1}
    _write_claims(connection, tenant_id, claimed, free | fewer)


def wait(connection: Connection, tenant_id: int, claimed: Sequence[Claimed], now: datetime) -> None:
    """Let go of mails that answer others still pending, for as long again as each has waited."""
    for mail in claimed:
        since = mail.waiting_since or now
        until = now + max(_SOON, now - since)
        free = {"lease_owner": None, "lease_until": None, "next_try_at": until}
        waits = {"waiting_since": since, "lost": schema.mail_delivery.c.lost - 1}
        _write_claims(connection, tenant_id, [mail], free | waits)


def awaited(
    connection: Connection, tenant_id: int, rfc_ids: Collection[str]
) -> dict[str, datetime]:
    """Return Message-ID -> when it was accepted, of the mails among these that are pending."""
    if not rfc_ids:
        return {}
    rows = connection.execute(_AWAITED, {"tenant_id": tenant_id, "wanted": list(rfc_ids)})
    return dict(rows.all())


def _write_claims(
    connection: Connection, tenant_id: int, claimed: Sequence[Claimed], values: Mapping[str, Any]
) -> None:
    if not claimed:
        return
    table = schema.mail_delivery
    statement = (
        update(table)
        .where(
            table.c.tenant_id == tenant_id,
            table.c.id == bindparam("b_id"),
            table.c.fence == bindparam("b_fence"),
            table.c.state == PENDING,
            table.c.lease_until.is_not(None),
        )
        .values(values)
    )
    connection.execute(statement, [{"b_id": mail.id, "b_fence": mail.fence} for mail in claimed])


def duplicates(
    connection: Connection, tenant_id: int, queue: str, fingerprints: Sequence[str]
) -> dict[str, int]:
    """Return fingerprint -> the delivery by which the same mail came before."""
    asked = {"tenant_id": tenant_id, "queue": queue, "wanted": fingerprints}
    return dict(connection.execute(_DUPLICATES, asked).all())


def came_by(
    connection: Connection, tenant_id: int, queue: str, fingerprint: str, earlier: int, own: int
) -> list[tuple[str, list[str]]]:
    """Return (road, recipients) of each delivery by which a mail came before its `own`.

    `earlier` is one of them.
    """
    table = schema.mail_delivery.c
    same = and_(table.queue == queue, table.fingerprint == fingerprint)
    query = select(table.road, table.recipients).where(
        table.tenant_id == tenant_id, or_(same, table.id == earlier), table.id != own
    )
    return [(road, recipients) for road, recipients in connection.execute(query)]


def roads(connection: Connection, tenant_id: int, queue: str, digest: str, own: int) -> set[str]:
    """Return the roads by which the very same octets have come, but for one delivery."""
    mail, delivery = schema.mail.c, schema.mail_delivery.c
    query = (
        select(delivery.road)
        .join(schema.mail, mail.id == delivery.mail_id)
        .where(
            mail.digest == digest,
            delivery.tenant_id == tenant_id,
            delivery.queue == queue,
            delivery.id != own,
        )
    )
    return set(connection.execute(query).scalars())


_OLDEST_PENDING = (
    select(schema.mail_delivery.c.received_at)
    .where(
        schema.mail_delivery.c.tenant_id == bindparam("tenant_id"),
        schema.mail_delivery.c.state == fixed(PENDING),
    )
    .order_by(schema.mail_delivery.c.received_at)
    .limit(1)
)


def oldest_pending(connection: Connection, tenant_id: int) -> datetime | None:
    """Return the receipt of the oldest mail that has not been processed."""
    return connection.execute(_OLDEST_PENDING, {"tenant_id": tenant_id}).scalar()


def raw(connection: Connection, mail_id: int) -> bytes | None:
    """Return the bytes of a mail as they came."""
    mail = schema.mail.c
    return connection.execute(select(mail.raw).where(mail.id == mail_id)).scalar()
