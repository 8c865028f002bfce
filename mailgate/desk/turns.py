"""How events and turns are written down."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from mailgate.domain.events import Event, Retracted
from mailgate.domain.history import payload
from mailgate.domain.model import ActorKind, ClosedBy, Delay, Ticket

_STAFF = (ActorKind.AGENT, ActorKind.ADMIN)  # an agent may be both
_DELAYS = frozenset({Delay.SYSTEM.value, Delay.CLIENT.value})


def event_row(event: Event, tenant_id: int) -> dict[str, Any]:
    """Return the columns that an event itself fills."""
    return {
        "tenant_id": tenant_id,
        "name": event.name,
        "actor_kind": event.actor.kind.value,
        "actor_id": event.actor.id,
        "at": event.at,
        "data": payload(event),
    }


def signs(
    rows: Iterable[Mapping[str, Any]], agents: Collection[str]
) -> Iterator[tuple[str, datetime]]:
    """Yield (who, when) of each event that one of the agents has caused themselves."""
    for row in rows:
        if row["actor_kind"] in _STAFF and row["actor_id"] in agents:
            yield row["actor_id"], row["at"]


def track(
    before: Ticket, after: Ticket, event: Event, tenant_id: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the turns that began and those that changed (answered, overdue).

    Of one that was held to have run out and has not, `retracted` is true.

    A turn is answered when the turn passes to the other side, or when a person ends the ticket; a
    turn that the same side begins anew was not answered.
    """
    begun: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    key: dict[str, Any] = {"tenant_id": tenant_id, "ticket_id": after.id}
    if after.turn != before.turn:
        begun.append(
            key
            | {
                "n": after.turn,
                "side": after.side.value if after.side else "",
                "since": after.turn_since,
            }
        )
    passed = before.turn > 0 and before.side is not None and after.side is not before.side
    answered = passed and not (after.side is None and after.closed_by is ClosedBy.AUTO)
    overdue = after.delay is not Delay.NONE and before.delay is Delay.NONE
    retracted = isinstance(event, Retracted) and not _DELAYS.isdisjoint(event.what)
    if answered or overdue or retracted:
        changed.append(
            key
            | {
                "n": event.turn if isinstance(event, Retracted) else before.turn,
                "answered_at": event.at if answered else None,
                "overdue_at": event.at if overdue else None,
                "retracted": retracted,
            }
        )
    return begun, changed
