"""A desk that was put back from a backup goes on: nothing is said twice, no number given twice.

What happened after the backup is lost here, but not to the people outside: they have mails of it,
with numbers and Message-IDs that the database no longer knows.
"""

from datetime import datetime

from mailgate.desk import returns
from mailgate.desk.door import Desk
from mailgate.domain.events import Undelivered
from mailgate.domain.hours import local_date
from mailgate.domain.model import GATEWAY
from mailgate.domain.numbers import NumberFormat
from mailgate.domain.people import Role
from mailgate.store import numbers, outbox
from mailgate.store.outbox import Notice

_IDS = 10_000
"""Ids left out for each ticket number: more than a ticket takes in all its life. A Message-ID of
ours is made from ticket, id and recipient, and must not be that of another mail that has left."""

_BATCH = 100


def skip(desk: Desk, now: datetime, count: int) -> None:
    """Leave out the next `count` ticket numbers, of every format, and the ids that go with them."""
    settings, day = desk.settings, local_date(now, desk.settings.zone)
    tenant_id = settings.tenant_id
    with desk.database.write() as connection:
        used = numbers.templates(connection, tenant_id)
        families = {each.family: each for each in map(NumberFormat, used)}
        families[settings.number_format.family] = settings.number_format
        for format_ in families.values():
            numbers.skip(connection, tenant_id, format_, format_.period(day), count)
        desk.database.skip_ids(connection, count * _IDS)


def hold(desk: Desk, now: datetime, reason: str) -> int:
    """End as unknown whatever was waiting to be sent, since it may have been; return how much.

    Tickets learn of it as they do of any mail that may not have arrived.
    """
    tenant_id = desk.settings.tenant_id
    with desk.database.read() as connection:
        waiting = outbox.waiting(connection, tenant_id)
    for begin in range(0, len(waiting), _BATCH):
        ids = waiting[begin : begin + _BATCH]
        with desk.writing(now, len(ids)) as ledger:
            unreached: returns.Unreached = set()
            for notice in outbox.hold(ledger.connection, tenant_id, ids, reason, now):
                if notice.ticket_id is not None and notice.role == Role.CUSTOMER.value:
                    event = _undelivered(notice, reason, now)
                    returns.failed(
                        ledger, notice.ticket_id, event, unreached, automatic=notice.automatic
                    )
    return len(waiting)


def _undelivered(notice: Notice, reason: str, now: datetime) -> Undelivered:
    return Undelivered(
        at=now,
        actor=GATEWAY,
        notice=notice.notice,
        turn=notice.turn,
        recipient=notice.recipient,
        reason=reason,
    )
