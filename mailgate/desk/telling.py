"""What the log is told of a ledger: each event of a ticket, and each notice that was held back.

The lines are made while the rows are at hand and written when they are committed: a line is never
about what did not happen. They hold no text of anybody's mail.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mailgate.domain.model import Actor, ActorKind, Ticket
from mailgate.log import log
from mailgate.store import tickets
from mailgate.store.outbox import SUPPRESSED

Line = tuple[str, dict[str, object]]
"""The name of a line, and the ids of what it is about."""


def lines(
    events: Iterable[Mapping[str, Any]],
    outbox: Iterable[Mapping[str, Any]],
    known: Mapping[int, Ticket],
) -> Iterator[Line]:
    """Return a line for each row worth one; `known` holds the tickets that they are about."""
    for row in events:
        about = {"mail": row["subject_id"]}
        if row["subject_kind"] == tickets.TICKET:
            about = {"ticket": row["subject_id"], "number": known[row["subject_id"]].number}
        actor = Actor(ActorKind(row["actor_kind"]), row["actor_id"])
        yield row["name"], about | {"actor": str(actor), "at": row["at"]}
    for row in outbox:
        if row["state"] == SUPPRESSED:
            ids = {"notice": row["id"], "kind": row["notice"], "ticket": row["ticket_id"]}
            yield "notice.suppressed", ids | {"why": row["reason"]}


def tell(written: Iterable[Line]) -> None:
    """Log lines whose rows are committed."""
    for name, ids in written:
        log(name, **ids)
