"""What the desk changes and customers can be told: the status, the priority, and who holds it.

What the customer caused they know, and what goes on elsewhere or is of no concern to them, such as
a ticket set aside or merged, is not told.
"""

from mailgate.domain.draft import Notify
from mailgate.domain.events import (
    AgentReplied,
    Event,
    Imported,
    MergeInto,
    Opened,
    Resolve,
    SplitOff,
    Unmerge,
)
from mailgate.domain.model import ActorKind, Disposition, Ticket
from mailgate.domain.people import Audience
from mailgate.domain.policy import Policy, Telling

CHANGED = "changed"
"""The notice of it."""

FIELDS: tuple[str, ...] = ("status", "priority", "assignee")
"""What it tells of, in this order."""

_CUSTOMERS_OWN = frozenset({ActorKind.CUSTOMER, ActorKind.MACHINE})
_TOLD_OTHERWISE = (Opened, Imported, AgentReplied, Resolve, MergeInto, Unmerge, SplitOff)
_TO_CUSTOMERS = frozenset({Audience.REQUESTER, Audience.CUSTOMERS})


def news(
    before: Ticket, after: Ticket, event: Event, policy: Policy, effects: tuple[Notify, ...]
) -> tuple[Notify, ...]:
    """Return the notice that tells the customer what `event` has changed, if it is to be told.

    A status that comes with one of the other `effects` to the customer is told there.
    """
    if policy.tell_changes is Telling.OFF or isinstance(event, _TOLD_OTHERWISE):
        return ()
    if event.actor.kind in _CUSTOMERS_OWN or after.disposition is not Disposition.NONE:
        return ()
    found = {name for name in FIELDS if getattr(before, name) != getattr(after, name)}
    if any(effect.audience in _TO_CUSTOMERS for effect in effects):
        found.discard("status")
    return (Notify(CHANGED, Audience.REQUESTER),) if found else ()
