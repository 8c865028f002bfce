"""Answers of agents that wait in the inbox for a while, so that they can still be stopped."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, bindparam, select, update

from mailgate.store import schema
from mailgate.store.inbox import PENDING, SUBMISSION, SUPPRESSED, Claimed
from mailgate.store.schema import fixed

_MINE = schema.mail_delivery.c


def hold(
    connection: Connection,
    tenant_id: int,
    mail: Claimed,
    ticket_id: int,
    until: datetime,
    said: tuple[str, str],
) -> None:
    """Let go of a claimed answer, to be free from `until`, and note its ticket, author and text."""
    author, text = said
    connection.execute(
        update(schema.mail_delivery)
        .where(_MINE.tenant_id == tenant_id, _MINE.id == mail.id, _MINE.fence == mail.fence)
        .values(
            lease_owner=None,
            lease_until=None,
            next_try_at=until,
            ticket_id=ticket_id,
            verdict={"says": f"{author} can stop it for a while", "author": author, "text": text},
            lost=_MINE.lost - 1,
        )
    )


def _waiting(tenant_id: int, ticket_id: int) -> tuple[ColumnElement[bool], ...]:
    """Return what holds of the answers on a ticket that wait and that nobody has in hand."""
    return (
        _MINE.tenant_id == tenant_id,
        _MINE.state == PENDING,
        _MINE.ticket_id == ticket_id,
        _MINE.lease_until.is_(None),
    )


def waiting(connection: Connection, tenant_id: int, ticket_id: int) -> list[tuple[str, datetime]]:
    """Return (author, until when) of the answers on a ticket that wait, the oldest first."""
    rows = connection.execute(
        select(_MINE.verdict, _MINE.next_try_at)
        .where(*_waiting(tenant_id, ticket_id))
        .order_by(_MINE.id)
    )
    return [(verdict["author"], until) for verdict, until in rows]


_MOST_SENT = 20
_MAIL = schema.mail.c
_SENT = (
    select(_MINE.id, _MINE.received_at, _MAIL.raw)
    .join(schema.mail, _MAIL.id == _MINE.mail_id)
    .where(
        _MINE.tenant_id == bindparam("tenant_id"),
        _MINE.ticket_id == bindparam("ticket_id"),
        _MINE.road.in_((SUBMISSION, "sent")),
        _MINE.received_at.between(bindparam("since"), bindparam("until")),
        _MINE.id != bindparam("but"),
    )
    .order_by(_MINE.id.desc())
    .limit(_MOST_SENT)
)


def sent(
    connection: Connection,
    tenant_id: int,
    ticket_id: int,
    span: tuple[datetime, datetime],
    but: int,
) -> list[tuple[int, datetime, bytes]]:
    """Return (delivery, when it was received, raw mail) of what the desk's side sent on a ticket.

    That is what was handed in, or found among what was sent, within `span`, the last ones first;
    `but` is a delivery that is left out.
    """
    since, until = span
    asked = {"tenant_id": tenant_id, "ticket_id": ticket_id, "but": but}
    rows = connection.execute(_SENT, asked | {"since": since, "until": until})
    return [(row.id, row.received_at, row.raw) for row in rows]


_HANDED_IN = (
    select(_MINE.id)
    .where(
        _MINE.tenant_id == bindparam("tenant_id"),
        _MINE.state == fixed(PENDING),
        _MINE.rfc_id == bindparam("rfc_id"),
        _MINE.road == SUBMISSION,
    )
    .limit(1)
)


def handed_in(connection: Connection, tenant_id: int, rfc_id: str) -> bool:
    """Tell whether a mail that was handed in at the submission port is still to be sent."""
    asked = {"tenant_id": tenant_id, "rfc_id": rfc_id}
    return connection.execute(_HANDED_IN, asked).scalar() is not None


def stop(
    connection: Connection, tenant_id: int, ticket_id: int, now: datetime, says: str
) -> list[tuple[int, str, str, str | None]]:
    """End the answers on a ticket that wait and that nobody has in hand.

    Returns (id, author, text, Message-ID) of each, the oldest first.
    """
    theirs = _waiting(tenant_id, ticket_id)
    asked = select(_MINE.id, _MINE.verdict, _MINE.rfc_id).where(*theirs).order_by(_MINE.id)
    if connection.execute(asked).first() is None:  # nearly always, and to look locks nothing
        return []
    rows = connection.execute(asked.with_for_update()).all()
    connection.execute(
        update(schema.mail_delivery)
        .where(*theirs, _MINE.id.in_([row.id for row in rows]))
        .values(state=SUPPRESSED, next_try_at=None, done_at=now, verdict={"says": says})
    )
    return [(id_, said["author"], said["text"], rfc_id) for id_, said, rfc_id in rows]
