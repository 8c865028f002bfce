"""What the log is told of a ledger: each event of a ticket, and each notice that was held back.

The lines are made while the rows are at hand and written when they are committed: a line is never
about what did not happen. They hold no text of anybody's mail.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from mailgate.desk.pages import Pages
from mailgate.domain.canary import Canary
from mailgate.domain.model import Actor, ActorKind, Ticket
from mailgate.log import log, together
from mailgate.store import tickets
from mailgate.store.joining import WITHIN
from mailgate.store.outbox import SUPPRESSED
from mailgate.tally import Histogram

RETURNED = "canary.returned"
LATENCY = Histogram((0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800))
"""How long canaries took to come round, of all processes of this node since its start."""

Line = tuple[str, dict[str, object]]
"""The name of a line, and the ids of what it is about."""


def lines(pages: Pages, known: Mapping[int, Ticket], now: datetime) -> Iterator[Line]:
    """Return a line for each fact worth one; `known` holds the tickets that they are about."""
    for row in pages.events:
        about = {row["subject_kind"]: row["subject_id"]}
        if row["subject_kind"] == tickets.TICKET:
            about = {"ticket": row["subject_id"], "number": known[row["subject_id"]].number}
        actor = Actor(ActorKind(row["actor_kind"]), row["actor_id"])
        yield row["name"], about | {"actor": str(actor), "at": row["at"]}
    for row in pages.outbox:
        if row["state"] == SUPPRESSED:
            ids = {"notice": row["id"], "kind": row["notice"], "ticket": row["ticket_id"]}
            name = "notice.joined" if row["reason"].startswith(WITHIN) else "notice.suppressed"
            yield name, ids | {"why": row["reason"]}
    yield from (_returned(canary, now) for canary in pages.canaries)
    yield from (_left(*away) for away in pages.away)


def _returned(canary: Canary, now: datetime) -> Line:
    """Return the line for a canary that came back."""
    seconds = (now - canary.sent_at).total_seconds()
    return RETURNED, {"canary": canary.id, "seconds": seconds, "late": canary.missed_at is not None}


def _left(agent: str, until: datetime, _said_at: datetime) -> Line:
    """Return the line for an agent who says that they are away."""
    return "agent.away", {"agent": agent, "until": until}


def tell(written: Iterable[Line]) -> None:
    """Log lines whose rows are committed."""
    with together():
        for name, ids in written:
            log(name, **ids)
            if name == RETURNED:
                LATENCY.observe(float(str(ids["seconds"])))
