"""Mail of ours that did not arrive: the notice is marked, staff are told once, an address rests."""

from dataclasses import replace
from datetime import datetime

from mailgate.desk.ledger import Ledger
from mailgate.domain.events import Undelivered
from mailgate.domain.model import Actor, ActorKind
from mailgate.domain.people import Role
from mailgate.domain.suspension import gone
from mailgate.store.outbox import Notice

Unreached = set[tuple[int, str]]
"""(ticket id, address) of notices that failed for good there, as `outbox.never_reached` tells."""


def returned(
    ledger: Ledger,
    notice: Notice,
    reason: str,
    at: datetime,
    unreached: Unreached,
    *,
    proven: bool,
    dead: frozenset[str] | None = None,
) -> bool:
    """Note that a notice came back for good at `at`; False when the report is not believed.

    `dead` are the addresses of which the report says that nobody is there; None without a report.
    `unreached` grows by the place where this one failed.

    `proven`: the report came to the signed return path of that very mail. Mail with a person's
    words has one, so that a report without that proof says nothing about it; the gateway's own
    words leave with the null path, and are taken back by their Message-ID.
    A customer's becomes an event of the ticket; a member of the staff is not written to about
    mail that does not reach them, so that bounces cannot breed bounces.
    """
    if not notice.left or not (proven or notice.automatic):
        return False
    ledger.came_back(notice.id, reason)
    if notice.role == Role.CUSTOMER.value and notice.ticket_id is not None:
        event = Undelivered(
            at=at,
            actor=Actor(ActorKind.MACHINE),
            notice=notice.notice,
            turn=notice.turn,
            recipient=notice.recipient,
            reason=reason,
        )
        # A mailbox that passes mail on is there, though its target may be gone.
        if proven and (gone(reason) if dead is None else notice.recipient in dead):
            ledger.suspend(notice.recipient, reason)
        failed(ledger, notice.ticket_id, event, unreached, automatic=notice.automatic)
    return True


def failed(
    ledger: Ledger, ticket_id: int, event: Undelivered, unreached: Unreached, *, automatic: bool
) -> None:
    """Let it happen that a notice to a customer does not arrive.

    Staff are told of every answer of theirs that fails, and once for a ticket and an address of
    what the gateway itself wrote.
    """
    place = ticket_id, event.recipient
    ledger.apply(ticket_id, replace(event, known=automatic and place in unreached))
    unreached.add(place)
