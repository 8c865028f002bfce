"""Mail of ours that did not arrive: the notice is marked, staff are told once, an address rests."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import RowMapping

from mailgate.desk.ledger import Ledger
from mailgate.domain.events import Undelivered
from mailgate.domain.model import Actor, ActorKind
from mailgate.domain.people import Role
from mailgate.domain.suspension import gone
from mailgate.store import outbox, people


def about(ledger: Ledger, outbox_id: int) -> int | None:
    """Return the ticket of the notice that a report is about; None when it is none of ours."""
    row = outbox.one(ledger.connection, ledger.settings.tenant_id, outbox_id)
    return None if row is None else row["ticket_id"]


def returned(
    ledger: Ledger,
    outbox_id: int,
    reason: str,
    at: datetime,
    *,
    proven: bool,
    dead: frozenset[str] | None = None,
) -> None:
    """Note that a notice came back for good at `at`.

    `dead` are the addresses of which the report says that nobody is there; None without a report.

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
        automatic, ticket_id = row["automatic"], row["ticket_id"]
        failed(ledger, ticket_id, outbox_id, _event(row, reason, at), automatic=automatic)
        # A mailbox that passes mail on is there, though its target may be gone.
        if proven and (gone(reason) if dead is None else row["recipient"] in dead):
            rest(ledger, row["recipient"], reason)
    outbox.failed(ledger.connection, ledger.settings.tenant_id, outbox_id, reason, ledger.now)


def failed(
    ledger: Ledger, ticket_id: int, outbox_id: int, event: Undelivered, *, automatic: bool
) -> None:
    """Let it happen that a notice to a customer does not arrive.

    Staff are told of every answer of theirs that fails, and once for a ticket and an address of
    what the gateway itself wrote.
    """
    tenant_id = ledger.settings.tenant_id
    known = automatic and outbox.never_reached(
        ledger.connection, tenant_id, ticket_id, event.recipient, but=outbox_id
    )
    ledger.apply(ticket_id, replace(event, known=known))


def rest(ledger: Ledger, address: str, reason: str) -> None:
    """Write nothing automatic to an address until mail comes from it."""
    people.suspend(ledger.connection, ledger.settings.tenant_id, address, ledger.now, reason)


def _event(row: RowMapping, reason: str, at: datetime) -> Undelivered:
    return Undelivered(
        at=at,
        actor=Actor(ActorKind.MACHINE),
        notice=row["notice"],
        turn=row["turn"],
        recipient=row["recipient"],
        reason=reason,
    )
