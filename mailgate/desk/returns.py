"""Mail of ours that came back: the notice is marked, and staff are told once."""

from datetime import datetime

from sqlalchemy import RowMapping

from mailgate.desk.ledger import Ledger
from mailgate.domain.events import Undelivered
from mailgate.domain.model import Actor, ActorKind
from mailgate.domain.people import Role
from mailgate.store import outbox


def about(ledger: Ledger, outbox_id: int) -> int | None:
    """Return the ticket of the notice that a report is about; None when it is none of ours."""
    row = outbox.one(ledger.connection, ledger.settings.tenant_id, outbox_id)
    return None if row is None else row["ticket_id"]


def returned(ledger: Ledger, outbox_id: int, reason: str, at: datetime, *, proven: bool) -> None:
    """Note that a notice came back for good at `at`.

    `proven`: the report came to the signed return path of that very mail. Mail with a person's
    words has one, so that a report without that proof says nothing about it; the gateway's own
    words leave with the null path, and are taken back by their Message-ID.
    A customer's becomes an event of the ticket; a member of the staff is not written to about
    mail that does not reach them, so that bounces cannot breed bounces.
    """
    row = outbox.one(ledger.connection, ledger.settings.tenant_id, outbox_id)
    if row is None or row["ticket_id"] is None or row["state"] == outbox.NEVER:
        return
    if not proven and not row["automatic"]:
        return
    if row["role"] == Role.CUSTOMER.value:
        ledger.apply(row["ticket_id"], _event(row, reason, at))
    outbox.failed(ledger.connection, ledger.settings.tenant_id, outbox_id, reason, ledger.now)


def _event(row: RowMapping, reason: str, at: datetime) -> Undelivered:
    return Undelivered(
        at=at,
        actor=Actor(ActorKind.MACHINE),
        notice=row["notice"],
        turn=row["turn"],
        recipient=row["recipient"],
        reason=reason,
    )
