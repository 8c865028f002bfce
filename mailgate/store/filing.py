"""Answers that the gateway has sent, until a copy lies among what was sent in a shared mailbox."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from mailgate.store import schema
from mailgate.store.db import inserting
from mailgate.store.outbox import Due

_TABLE, _MESSAGE, _DELIVERY = schema.imap_filing, schema.message, schema.mail_delivery
_ROADS = ("imap", "sent")


@dataclass(frozen=True, slots=True)
class Copy:
    """An answer that is to be filed; `original` is the Message-ID of the agent's mail, if any."""

    message_id: int
    rfc_id: str
    original: str | None
    sent_at: datetime
    tries: int


def keep(
    connection: Connection, due: Due, mailboxes: Sequence[str], raw: bytes, times: dict[str, Any]
) -> None:
    """Keep an answer that has left, to be filed in one of these mailboxes.

    That is the one from which the ticket's last mail came, or the first. Of an answer to several
    people the mail that left first is filed. `times` are the columns `sent_at` and `next_try_at`.
    """
    connection.execute(
        inserting(connection, _TABLE)
        .values(
            tenant_id=due.tenant_id,
            message_id=due.message_id,
            mailbox=_home(connection, due, mailboxes) if mailboxes[1:] else mailboxes[0],
            rfc_id=due.rfc_id,
            raw=raw,
            **times,
        )
        .on_conflict_do_nothing()
    )


def _home(connection: Connection, due: Due, mailboxes: Sequence[str]) -> str:
    query = (
        select(_DELIVERY.c.peer)
        .join(_MESSAGE, _MESSAGE.c.mail_id == _DELIVERY.c.mail_id)
        .where(
            _DELIVERY.c.tenant_id == due.tenant_id,
            _DELIVERY.c.road.in_(_ROADS),
            _DELIVERY.c.peer.in_(mailboxes),
            _MESSAGE.c.tenant_id == due.tenant_id,
            _MESSAGE.c.ticket_id == due.ticket_id,
        )
        .order_by(_MESSAGE.c.at.desc(), _MESSAGE.c.id.desc())
        .limit(1)
    )
    return connection.execute(query).scalar() or mailboxes[0]


def waiting(
    connection: Connection, tenant_id: int, mailbox: str, now: datetime, most: int
) -> list[Copy]:
    """Return up to `most` of those whose time has come, the one that waits longest first."""
    asked = {"tenant_id": tenant_id, "mailbox": mailbox, "now": now, "most": most}
    return [Copy(*row) for row in connection.execute(_WAITING, asked)]


_WAITING = (
    select(
        _TABLE.c.message_id, _TABLE.c.rfc_id, _MESSAGE.c.rfc_id, _TABLE.c.sent_at, _TABLE.c.tries
    )
    .join(
        _MESSAGE,
        (_MESSAGE.c.tenant_id == _TABLE.c.tenant_id) & (_MESSAGE.c.id == _TABLE.c.message_id),
    )
    .where(
        _TABLE.c.tenant_id == bindparam("tenant_id"),
        _TABLE.c.mailbox == bindparam("mailbox"),
        _TABLE.c.next_try_at <= bindparam("now"),
    )
    .order_by(_TABLE.c.next_try_at, _TABLE.c.message_id)
    .limit(bindparam("most"))
)


def let_go(connection: Connection, tenant_id: int, mailboxes: Sequence[str]) -> int:
    """Let go of all that waits for others than these mailboxes; return how much that was.

    They are no longer watched, or nothing is filed in them any more.
    """
    return connection.execute(
        update(_TABLE)
        .where(
            _TABLE.c.tenant_id == tenant_id,
            _TABLE.c.mailbox.not_in(mailboxes),
            _TABLE.c.next_try_at.is_not(None),
        )
        .values(raw=None, next_try_at=None)
    ).rowcount


def raw(connection: Connection, tenant_id: int, message_id: int) -> bytes | None:
    """Return the mail as it left; None when it was filed or given up."""
    query = select(_TABLE.c.raw).where(
        _TABLE.c.tenant_id == tenant_id, _TABLE.c.message_id == message_id
    )
    return connection.execute(query).scalar()


def put_off(connection: Connection, tenant_id: int, message_id: int, until: datetime) -> None:
    """Count a try, and note when the next one may begin."""
    _note(connection, tenant_id, message_id, {"tries": _TABLE.c.tries + 1, "next_try_at": until})


def done(connection: Connection, tenant_id: int, message_id: int) -> None:
    """Let go of an answer: it is filed, or never will be."""
    _note(connection, tenant_id, message_id, {"raw": None, "next_try_at": None})


def _note(connection: Connection, tenant_id: int, message_id: int, values: dict[str, Any]) -> None:
    connection.execute(
        update(_TABLE)
        .where(_TABLE.c.tenant_id == tenant_id, _TABLE.c.message_id == message_id)
        .values(values)
    )
