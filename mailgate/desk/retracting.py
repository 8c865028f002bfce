"""What a message that is seen late takes back of what the clock did before: looked up, decided."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import chain
from typing import Any

from sqlalchemy import Connection, RowMapping

from mailgate.desk.retelling import event_of
from mailgate.domain import retracting
from mailgate.domain.events import DeadlinePassed, Event, Retracted
from mailgate.domain.model import Ticket
from mailgate.domain.retracting import Held
from mailgate.store import audit, clocked
from mailgate.store.tickets import TICKET

Rows = Iterable[RowMapping | Mapping[str, Any]]


def disproved(
    connection: Connection, tenant_id: int, lived: tuple[Ticket, Event, Ticket], pending: Rows
) -> Retracted | None:
    """Return what is to be taken back after an event; None where it is nothing.

    `lived`: the ticket before the event, that, and the ticket after it. `pending`: events that are
    decided and not yet written. The clock writes its own before any mail is looked at. What has
    happened to the ticket since does not count: whoever goes through the past knows nothing of it.
    """
    before, event, after = lived
    if not retracting.may_disprove(before, event):
        return None
    if not clocked.acted_since(connection, tenant_id, after.id, event.at):
        return None
    turns = audit.turns(connection, tenant_id, [after.id])[after.id]
    mine = (row for row in pending if (row["subject_kind"], row["subject_id"]) == _key(after))
    rows = chain(clocked.history(connection, tenant_id, after.id, before.version), mine)
    held = retracting.standing(_read(rows, {row["n"]: row["since"] for row in turns}))
    return retracting.disproved(before, event, after, held)


def _key(ticket: Ticket) -> tuple[str, int]:
    return TICKET, ticket.id


def _read(rows: Rows, since: Mapping[int, datetime]) -> Iterator[Held | Retracted]:
    for row in rows:
        event = event_of(row)
        if isinstance(event, Retracted):
            yield event
        elif isinstance(event, DeadlinePassed) and event.turn in since:
            held = retracting.held_by(event, since[event.turn], row["changes"])
            if held is not None:
                yield held
