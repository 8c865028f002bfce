"""The intake's tables: raw mails, and for each queue the state a mail is in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, func, insert, or_, select, update

from mailgate.store import schema

PENDING, PARKED, SUPPRESSED = "pending", "parked", "suppressed"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A mail to be kept for one queue of one tenant."""

    raw: bytes
    tenant_id: int
    queue: str
    recipients: tuple[str, ...]
    mail_from: str
    peer: str
    road: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Claimed:
    """A mail that one worker has taken, until its lease lapses."""

    id: int
    tenant_id: int
    mail_id: int
    queue: str
    recipients: tuple[str, ...]
    mail_from: str
    road: str
    received_at: datetime
    attempts: int
    fence: int
    raw: bytes


def put(connection: Connection, ids: Iterator[int], arrivals: Sequence[Arrival]) -> list[int]:
    """Keep mails; return the id of each one's delivery. Bytes seen before add nothing."""
    digests = [sha256(arrival.raw).hexdigest() for arrival in arrivals]
    table = schema.mail.c
    seen_before = select(table.digest, table.id).where(table.digest.in_(set(digests)))
    known: dict[str, int] = dict(connection.execute(seen_before).all())
    new_mails = []
    for arrival, digest in zip(arrivals, digests, strict=True):
        if digest not in known:
            known[digest] = next(ids)
            new_mails.append(
                {
                    "id": known[digest],
                    "digest": digest,
                    "size": len(arrival.raw),
                    "received_at": arrival.received_at,
                    "raw": arrival.raw,
                }
            )
    fresh = {mail["id"] for mail in new_mails}
    seen = _deliveries(connection, set(known.values()) - fresh)
    rows, delivered = [], []
    for arrival, digest in zip(arrivals, digests, strict=True):
        key = (arrival.tenant_id, known[digest], arrival.queue)
        if key not in seen:
            seen[key] = next(ids)
            rows.append(_row(seen[key], known[digest], arrival))
        delivered.append(seen[key])
    if new_mails:
        connection.execute(insert(schema.mail), new_mails)
    if rows:
        connection.execute(insert(schema.mail_delivery), rows)
    return delivered


def _deliveries(connection: Connection, mails: set[int]) -> dict[tuple[int, int, str], int]:
    if not mails:
        return {}
    table = schema.mail_delivery.c
    rows = connection.execute(
        select(table.tenant_id, table.mail_id, table.queue, table.id).where(
            table.mail_id.in_(mails)
        )
    )
    return {(tenant, mail, queue): id_ for tenant, mail, queue, id_ in rows}


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
        "state": PENDING,
    }


def claim(
    connection: Connection, owner: str, now: datetime, lease: timedelta, most: int, octets: int
) -> list[Claimed]:
    """Take the oldest mails that nobody works on: at most `most`, and about `octets` of them."""
    delivery, mail = schema.mail_delivery, schema.mail
    free = (
        select(delivery.c.id, mail.c.size)
        .join(mail, mail.c.id == delivery.c.mail_id)
        .where(
            delivery.c.state == PENDING,
            or_(delivery.c.lease_until.is_(None), delivery.c.lease_until < now),
            or_(delivery.c.next_try_at.is_(None), delivery.c.next_try_at <= now),
        )
        .order_by(delivery.c.id)
        .limit(most)
        .with_for_update(skip_locked=True, of=delivery)
    )
    chosen: list[int] = []
    total = 0
    for id_, size in connection.execute(free):
        if chosen and total + size > octets:
            break
        chosen.append(id_)
        total += size
    if not chosen:
        return []
    connection.execute(
        update(delivery)
        .where(delivery.c.id.in_(chosen))
        .values(lease_owner=owner, lease_until=now + lease, fence=delivery.c.fence + 1)
    )
    rows = connection.execute(
        select(delivery, mail.c.raw)
        .join(mail, mail.c.id == delivery.c.mail_id)
        .where(delivery.c.id.in_(chosen))
        .order_by(delivery.c.id)
    )
    return [_claimed(row) for row in rows.mappings()]


def _claimed(row: RowMapping) -> Claimed:
    values = {name: row[name] for name in Claimed.__slots__ if name != "recipients"}
    return Claimed(**values, recipients=tuple(row["recipients"]))


def settle(connection: Connection, rows: Sequence[dict[str, Any]]) -> int:
    """Write how claimed mails ended; returns how many claims still held.

    Each row has id, fence, state, fingerprint, ticket_id, verdict, degraded, attempts, error,
    next_try_at and done_at. A claim that lapsed and was taken by somebody else is left alone.
    """
    if not rows:
        return 0
    table = schema.mail_delivery
    names = [name for name in rows[0] if name not in {"id", "fence"}]
    statement = (
        update(table)
        .where(table.c.id == bindparam("b_id"), table.c.fence == bindparam("b_fence"))
        .values(
            {name: bindparam(name) for name in names} | {"lease_owner": None, "lease_until": None}
        )
    )
    parameters = [
        {"b_id": row["id"], "b_fence": row["fence"]} | {name: row[name] for name in names}
        for row in rows
    ]
    return connection.execute(statement, parameters).rowcount


def duplicates(
    connection: Connection, tenant_id: int, queue: str, fingerprints: Sequence[str]
) -> dict[str, int]:
    """Return fingerprint -> the delivery by which the same mail came before."""
    table = schema.mail_delivery.c
    rows = connection.execute(
        select(table.fingerprint, table.id).where(
            table.tenant_id == tenant_id,
            table.queue == queue,
            table.fingerprint.in_(fingerprints),
            table.state.not_in((PENDING, PARKED, SUPPRESSED)),
        )
    )
    return dict(rows.all())


def oldest_pending(connection: Connection) -> datetime | None:
    """Return the receipt of the oldest mail that has not been processed."""
    table = schema.mail_delivery.c
    return connection.execute(
        select(table.received_at).where(table.state == PENDING).order_by(table.id).limit(1)
    ).scalar()


def pending(connection: Connection) -> int:
    """Return how many mails have not been processed."""
    table = schema.mail_delivery.c
    return connection.execute(select(func.count()).where(table.state == PENDING)).scalar_one()


def parked(connection: Connection, tenant_id: int) -> list[RowMapping]:
    """Return the mails that could not be processed, oldest first, without their bytes."""
    delivery, mail = schema.mail_delivery, schema.mail
    rows = connection.execute(
        select(delivery, mail.c.size)
        .join(mail, mail.c.id == delivery.c.mail_id)
        .where(delivery.c.tenant_id == tenant_id, delivery.c.state == PARKED)
        .order_by(delivery.c.id)
    )
    return list(rows.mappings())


def retry(connection: Connection, tenant_id: int, ids: Sequence[int] | None) -> int:
    """Put parked mails (None: all) back in the queue; returns how many."""
    table = schema.mail_delivery
    statement = update(table).where(table.c.tenant_id == tenant_id, table.c.state == PARKED)
    if ids is not None:
        statement = statement.where(table.c.id.in_(ids))
    back = statement.values(state=PENDING, attempts=0, next_try_at=None, error=None, done_at=None)
    return connection.execute(back).rowcount


def raw(connection: Connection, mail_id: int) -> bytes | None:
    """Return the bytes of a mail as they came."""
    found = connection.execute(select(schema.mail.c.raw).where(schema.mail.c.id == mail_id))
    return found.scalar()
