"""Answers of agents that wait in the inbox for a while, so that they can still be stopped."""

from datetime import datetime

from sqlalchemy import Connection, update

from mailgate.store import schema
from mailgate.store.inbox import PENDING, SUPPRESSED, Claimed

_MINE = schema.mail_delivery.c


def hold(
    connection: Connection, tenant_id: int, mail: Claimed, ticket_id: int, until: datetime
) -> None:
    """Let go of a claimed answer, to be free from `until`, and note which ticket it is about."""
    connection.execute(
        update(schema.mail_delivery)
        .where(_MINE.tenant_id == tenant_id, _MINE.id == mail.id, _MINE.fence == mail.fence)
        .values(
            lease_owner=None,
            lease_until=None,
            next_try_at=until,
            ticket_id=ticket_id,
            lost=_MINE.lost - 1,
        )
    )


def stop(
    connection: Connection, tenant_id: int, ticket_id: int, now: datetime, says: str
) -> list[int]:
    """End the answers on a ticket that wait and that nobody has in hand; return their ids."""
    stopped = connection.execute(
        update(schema.mail_delivery)
        .where(
            _MINE.tenant_id == tenant_id,
            _MINE.state == PENDING,
            _MINE.ticket_id == ticket_id,
            _MINE.lease_until.is_(None),
        )
        .values(state=SUPPRESSED, next_try_at=None, done_at=now, verdict={"says": says})
        .returning(_MINE.id)
    )
    return sorted(stopped.scalars())
