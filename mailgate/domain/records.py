# ruff: noqa: ARG001 - the table calls every guard alike
"""What other systems have of a ticket's matter, such as an order, and how it stands there.

Staff say so, or a program that they run; a record may be one of several tickets. It moves neither
turn nor status, and nobody is told.
"""

from datetime import datetime

from mailgate.domain.draft import Draft
from mailgate.domain.events import SetRecord
from mailgate.domain.model import ForeignRecord, Ticket
from mailgate.domain.policy import Policy

MOST = 50
"""Records of one ticket."""


def dropped(ticket: Ticket, event: SetRecord, policy: Policy, now: datetime) -> bool:
    """It is none of this matter."""
    return event.dropped


def known(ticket: Ticket, event: SetRecord, policy: Policy, now: datetime) -> bool:
    """The goal is reached."""
    there = _of(ticket).get(event.record)
    if event.dropped or there is None:
        return event.dropped and there is None
    return event.state in {"", there.state}


def outdated(ticket: Ticket, event: SetRecord, policy: Policy, now: datetime) -> bool:
    """Something newer is known of that record."""
    there = _of(ticket).get(event.record)
    return there is not None and event.at < there.at


def has_room(ticket: Ticket, event: SetRecord, policy: Policy, now: datetime) -> bool:
    """It is known already, or one of not too many: each event keeps all of them."""
    there = _of(ticket)
    return event.record in there or len(there) < MOST


def keep_nothing(draft: Draft) -> None:
    """Record nothing, unless something is said with it."""
    draft.void = True


def put(draft: Draft) -> None:
    """Keep how a record stands, or that it is none of this matter."""
    event = draft.event
    assert isinstance(event, SetRecord)  # noqa: S101 - the table calls each act with its event
    records = _of(draft.before)
    before = records.pop(event.record, None)
    if not event.dropped:
        records[event.record] = ForeignRecord(event.record, event.state, event.at)
    draft.because(" ".join(filter(None, (event.record, event.state))))
    if before is not None and before.state and not event.dropped:
        draft.because(f"before: {before.state}")
    draft.set(records=tuple(records[name] for name in sorted(records)))


def _of(ticket: Ticket) -> dict[str, ForeignRecord]:
    return {each.record: each for each in ticket.records}
