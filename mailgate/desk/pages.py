"""What a ledger holds until it is written, and points to which that can be taken back."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mailgate.desk.messages import NewMessage
from mailgate.domain.canary import Canary
from mailgate.domain.model import Ticket
from mailgate.store.moving import Move


@dataclass
class Pages:
    """Rows that are decided and not yet written."""

    events: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    attachments: list[dict[str, Any]] = field(default_factory=list)
    turns_begun: list[dict[str, Any]] = field(default_factory=list)
    turns_changed: list[dict[str, Any]] = field(default_factory=list)
    fired: list[tuple[int, str, int, int]] = field(default_factory=list)
    references: list[tuple[str, int, str]] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    outbox: list[dict[str, Any]] = field(default_factory=list)
    returned: list[tuple[int, str]] = field(default_factory=list)
    suspended: list[tuple[str, str]] = field(default_factory=list)
    away: list[tuple[str, datetime, datetime]] = field(default_factory=list)
    canaries: list[Canary] = field(default_factory=list)
    at_once: list[datetime] = field(default_factory=list)

    def keep(self, message: NewMessage, message_id: int, tenant_id: int, ticket_id: int) -> None:
        """Put down what is said on a ticket, or that it is said there from now on."""
        if message.leaves is None:
            self.messages.append(message.row(message_id, tenant_id, ticket_id))
            self.attachments += message.attachment_rows(message_id, tenant_id)
            return
        source = message.leaves.ticket_id
        self.moves.append(Move(message_id, source, ticket_id, message.rfc_id, message.mail_id))

    def pairs(self) -> dict[tuple[str, int], str]:
        """Return (Message-ID, ticket id) -> who wrote that mail, of the references."""
        return {(rfc_id, ticket): sender for rfc_id, ticket, sender in self.references}

    def reference_rows(self, tenant_id: int, known: set[tuple[str, int]]) -> list[dict[str, Any]]:
        """Return the rows of the references that are not `known`."""
        return [
            {"tenant_id": tenant_id, "rfc_id": rfc_id, "ticket_id": ticket, "sender": sender}
            for (rfc_id, ticket), sender in self.pairs().items()
            if (rfc_id, ticket) not in known
        ]

    def lengths(self) -> dict[str, int]:
        """Return how much there is of each."""
        return {name: len(rows) for name, rows in vars(self).items()}

    def cut(self, lengths: dict[str, int]) -> None:
        """Forget what came since there was so much.

        Raises RuntimeError where something was written at once since: it would stand alone, and
        so the whole transaction is to be taken back.
        """
        if len(self.at_once) > lengths["at_once"]:
            raise RuntimeError("what was written at once is taken back with all the rest only")
        for name, length in lengths.items():
            del getattr(self, name)[length:]


@dataclass(frozen=True, slots=True)
class Mark:
    """A point to which `Ledger.undo` can go back."""

    lengths: dict[str, int]
    tickets: dict[int, Ticket]
    people: dict[str, tuple[str, datetime]]
    next_number: int | None
    touched: frozenset[int]
    reworked: frozenset[int]
