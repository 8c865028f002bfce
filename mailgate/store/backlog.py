"""What waits and what was set aside: the figures by which a gateway is watched.

Each is read from a partial index of its own, so a look costs as much as there is to be looked at,
whatever the number of tickets.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from mailgate.store import inbox, outbox, schema
from mailgate.store.schema import fixed


@dataclass(frozen=True, slots=True)
class Backlog:
    """Mails and notices that have not ended, or not well; times are UTC, None where none waits.

    A notice that waits for the end of quiet hours counts from then on, which may lie ahead.
    """

    pending: int
    oldest_pending: datetime | None
    parked: int
    quarantined: int
    unsent: int
    oldest_unsent: datetime | None
    unknown: int
    oldest_due: datetime | None


def read(connection: Connection, tenant_id: int) -> Backlog:
    """Count what waits in the queues of a tenant, and what was set aside there."""
    mail, notice = schema.mail_delivery.c, schema.outbox.c

    def mails(state: str) -> int:
        query = select(func.count()).select_from(schema.mail_delivery)
        mine = mail.tenant_id == tenant_id
        return connection.execute(query.where(mine, mail.state == fixed(state))).scalar_one()

    def notices(state: str) -> tuple[int, datetime | None]:
        since = func.coalesce(notice.quiet_until, notice.created_at)
        query = select(func.count(), func.min(since))
        mine = notice.tenant_id == tenant_id
        count, oldest = connection.execute(query.where(mine, notice.state == fixed(state))).one()
        return count, oldest

    unsent, oldest_unsent = notices(outbox.READY)
    return Backlog(
        pending=mails(inbox.PENDING),
        oldest_pending=inbox.oldest_pending(connection, tenant_id),
        parked=mails(inbox.PARKED),
        quarantined=mails(inbox.QUARANTINED),
        unsent=unsent,
        oldest_unsent=oldest_unsent,
        unknown=notices(outbox.UNKNOWN)[0],
        oldest_due=_oldest_due(connection, tenant_id),
    )


def _oldest_due(connection: Connection, tenant_id: int) -> datetime | None:
    """Return when the first deadline comes due, or came, that nobody has acted on."""
    table = schema.timer.c
    query = select(func.min(table.due_at))
    found: datetime | None = connection.execute(
        query.where(table.tenant_id == tenant_id, table.fired_at.is_(None))
    ).scalar()
    return found
