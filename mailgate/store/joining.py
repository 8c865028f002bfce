"""Mails in which several notices wait for each other, and how many went to staff lately."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, false, func, or_, select, update

from mailgate.domain.changed import CHANGED
from mailgate.store import schema
from mailgate.store.outbox import LONGEST_QUIET, READY, SUPPRESSED

_CLOSES = timedelta(minutes=1)
"""How long before its time a mail takes no more: clocks of nodes may differ by less."""
JOINED = "joined"
"""The notice that tells several others, and is about no ticket."""
WITHIN = "told with others in notice"
"""How the reason begins for which a notice is not sent that is told in another."""
UNTOLD = "told in another mail, or changed back before it left"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A mail that is not sent before `next_try_at`, and may take more.

    One that tells of several tickets, to staff, is about none of them.
    """

    id: int
    ticket_id: int | None
    recipient: str
    quiet_until: datetime | None
    context: dict[str, Any]
    created_at: datetime
    next_try_at: datetime

    def takes_more(self, now: datetime) -> bool:
        """Whether its time does not come soon."""
        return self.next_try_at > now + _CLOSES

    @property
    def whose(self) -> tuple[str, bool]:
        """To whom it goes, and whether it waits for the end of their quiet hours."""
        return self.recipient, self.quiet_until is not None

    @property
    def untold(self) -> bool:
        """Whether it is to tell of changes, and none is left."""
        return self.ticket_id is not None and not self.context["changes"]

    @property
    def about(self) -> tuple[int | None, str]:
        """The ticket that it is about, and to whom it goes."""
        return self.ticket_id, self.recipient


def sent_to_staff(
    connection: Connection,
    tenant_id: int,
    addresses: Collection[str],
    since: datetime,
    now: datetime,
) -> dict[tuple[str, bool], int]:
    """Return how many mails the gateway itself wrote to each address, by (address, it waits).

    Counted are those written after `since`, and apart from them those that wait at `now` for the
    end of quiet hours, whenever they were written.
    """
    table = schema.outbox.c
    quiet = func.coalesce(table.quiet_until > now, false())
    query = (
        select(table.recipient, quiet, func.count())
        .where(
            table.tenant_id == tenant_id,
            table.recipient.in_(addresses),
            table.created_at > min(since, now - LONGEST_QUIET),
            or_(table.created_at > since, table.quiet_until > now),
            table.role != "customer",
            table.automatic,
            table.state != SUPPRESSED,
        )
        .group_by(table.recipient, quiet)
    )
    return {(row[0], bool(row[1])): row[2] for row in connection.execute(query)}


def waiting(
    connection: Connection,
    tenant_id: int,
    addresses: Collection[str],
    now: datetime,
    *,
    lock: bool,
) -> list[Waiting]:
    """Return such mails to staff whose time does not come soon, the newest last.

    One that somebody is about to send takes no more, by whosever clock. With `lock` those that
    somebody else writes to are passed over, and nobody else gets these.
    """
    theirs = schema.outbox.c.recipient.in_(addresses)
    return _waiting(connection, tenant_id, JOINED, theirs, now, lock=lock)


def of_changes(
    connection: Connection,
    tenant_id: int,
    tickets: Collection[int],
    now: datetime,
    *,
    lock: bool,
) -> list[Waiting]:
    """Return such mails to the customers of tickets, as `waiting` does."""
    theirs = schema.outbox.c.ticket_id.in_(tickets)
    return _waiting(connection, tenant_id, CHANGED, theirs, now, lock=lock)


def _waiting(
    connection: Connection,
    tenant_id: int,
    notice: str,
    theirs: ColumnElement[bool],
    now: datetime,
    *,
    lock: bool,
) -> list[Waiting]:
    table = schema.outbox.c
    query = (
        select(*(table[name] for name in Waiting.__slots__))
        .where(
            table.tenant_id == tenant_id,
            table.state == READY,
            table.next_try_at > now + _CLOSES,
            table.lease_until.is_(None),
            table.attempts == 0,
            table.notice == notice,
            theirs,
        )
        .order_by(table.id)
    )
    if lock:
        query = query.with_for_update(skip_locked=True)
    return [Waiting(*row) for row in connection.execute(query)]


def withdraw(connection: Connection, tenant_id: int, id_: int, now: datetime) -> None:
    """Never send such a mail: nothing is left to be told in it."""
    table = schema.outbox
    connection.execute(
        update(table)
        .where(table.c.tenant_id == tenant_id, table.c.id == id_)
        .values(state=SUPPRESSED, reason=UNTOLD, done_at=now)
    )


def fill(connection: Connection, tenant_id: int, id_: int, context: Mapping[str, Any]) -> None:
    """Write what such a mail is to hold."""
    table = schema.outbox
    connection.execute(
        update(table)
        .where(table.c.tenant_id == tenant_id, table.c.id == id_)
        .values(context=dict(context))
    )
