"""The automation status: what reports, API and statistics say of a ticket.

One table, read from the top; `status_of` applies it to a ticket, and the store makes the SQL
expression from the same rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mailgate.domain.model import ClosedBy, Delay, Status, Ticket


@dataclass(frozen=True, slots=True)
class Row:
    """One line: the name, and for each field the values that it must have."""

    name: str
    when: Mapping[str, frozenset[str]] = field(default_factory=dict)


AUTOMATION: tuple[Row, ...] = (
    Row("resolved_awaiting_confirmation", {"status": frozenset({Status.RESOLVED})}),
    Row(
        "auto_closed",
        {"status": frozenset({Status.CLOSED}), "closed_by": frozenset({ClosedBy.AUTO})},
    ),
    Row("closed", {"status": frozenset({Status.CLOSED})}),
    Row("delayed_by_system", {"delay": frozenset({Delay.SYSTEM})}),
    Row("delayed_by_client", {"delay": frozenset({Delay.CLIENT})}),
    Row("reopened", {"status": frozenset({Status.REOPENED})}),
    Row("waiting_for_client_response", {"status": frozenset({Status.WAITING})}),
    Row("waiting_for_system_response"),
)


def status_of(ticket: Ticket) -> str:
    """Return the automation status of `ticket`."""
    return next(
        row.name
        for row in AUTOMATION
        if all(getattr(ticket, name) in values for name, values in row.when.items())
    )
