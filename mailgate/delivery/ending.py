"""How the sending of one notice ended: what its row is told, and what its ticket's history is.

Only time and answers that speak of the mail count against it; a way that is out of order does not.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from mailgate.delivery.transport import Later, Never, Result, Sent, Unknown
from mailgate.domain.events import Delivered, Event, Undelivered
from mailgate.domain.model import GATEWAY
from mailgate.log import log
from mailgate.store import outbox
from mailgate.store.outbox import Due

UNANSWERED = 5
"""Copies of one mail that go out whole without an answer before a person has to decide.

With the steps of `retry_after` that is a quarter of an hour, in which an overload passes. A next
hop that never answers would else hand on some 240 copies until the mail is given up.
"""
_JITTER = 0.1
_CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class Rules:
    """What to do with a notice whose end is not known, and when to try again and give up.

    The last step of `retry_after` repeats. `lease`: when what a node had in hand is free again
    after it died.
    """

    on_unknown: Literal["resend", "hold"] = "resend"
    give_up_after: timedelta = timedelta(days=5)
    retry_after: tuple[timedelta, ...] = tuple(timedelta(minutes=m) for m in (1, 2, 5, 10, 20, 30))
    lease: timedelta = timedelta(seconds=60)
    delay_notice_after: timedelta = timedelta(hours=4)

    @property
    def furthest(self) -> timedelta:
        """How far ahead a notice may be claimed or put off."""
        return max(outbox.FURTHEST, 2 * max(self.retry_after))


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be written about a notice: columns of its row, and an event of its ticket.

    `copy`: the mail as it left, of which a copy is to be filed in a shared mailbox.
    """

    due: Due
    columns: Mapping[str, Any]
    event: Event | None = None
    copy: bytes | None = None


def given_back(due: Due) -> Entry:
    """Return the entry for a notice that was claimed and not tried."""
    return Entry(due, {"lease_owner": None, "lease_until": None})


def ending(due: Due, result: Result, rules: Rules, now: datetime) -> Entry:
    """Return the entry for a notice that was tried."""
    match result:
        case Sent(detail):
            return _ended(due, outbox.SENT, detail, now)
        case Never(code, reason):
            return _ended(due, outbox.NEVER, f"{code} {reason}", now)
        case Unknown(reason) if rules.on_unknown == "hold":
            return _ended(due, outbox.UNKNOWN, reason, now)
        case Unknown(reason) if due.unanswered + 1 >= UNANSWERED:
            said = f"held after {UNANSWERED} times without an answer: {reason}"
            return _ended(due, outbox.UNKNOWN, said, now)
        case _:
            if now - due.since >= rules.give_up_after:
                return _given_up(due, result, now)
            return _put_off(due, result, rules, now)


def _given_up(due: Due, result: Later | Unknown, now: datetime) -> Entry:
    """Return the entry for a notice that is tried no more; one of its copies may have arrived."""
    may_be_there = due.unanswered > 0 or isinstance(result, Unknown)
    state = outbox.UNKNOWN if may_be_there else outbox.NEVER
    return _ended(due, state, f"given up: {result.reason}", now)


def _ended(due: Due, state: str, reason: str, now: datetime) -> Entry:
    columns: dict[str, Any] = {
        "state": state,
        "reason": reason,
        "done_at": now,
        "attempts": due.attempts + 1,
    }
    event: Event | None = None
    if state == outbox.SENT:
        columns["rendered"] = None
        if due.awaited:
            event = Delivered(
                at=now,
                actor=GATEWAY,
                notice=due.notice,
                turn=due.turn,
                recipient=due.recipient,
            )
    elif due.role == _CUSTOMER:
        event = Undelivered(
            at=now,
            actor=GATEWAY,
            notice=due.notice,
            turn=due.turn,
            recipient=due.recipient,
            reason=reason,
        )
    return Entry(due, columns | dict(given_back(due).columns), event)


def _put_off(due: Due, result: Later | Unknown, rules: Rules, now: datetime) -> Entry:
    columns = {"reason": result.reason, **given_back(due).columns}
    if isinstance(result, Later):
        columns["began_at"] = None  # whatever left of it, nobody has it
    else:
        columns["unanswered"] = due.unanswered + 1
    # A way that is out of order is not the mail's fault, so no try is counted; but the mail goes
    # behind the others, or one that breaks each connection would let none of them pass.
    blameless = isinstance(result, Later) and result.connection
    attempts = 0 if blameless else due.attempts
    wait = rules.retry_after[min(attempts, len(rules.retry_after) - 1)]
    spread = 1 + random.uniform(-_JITTER, _JITTER)  # noqa: S311 - spreads retries, guards nothing
    columns |= {
        "attempts": due.attempts + (0 if blameless else 1),
        "next_try_at": now + wait * spread,
    }
    return Entry(due, columns, None)


_LINES = {
    outbox.SENT: ("notice.sent", "detail"),
    outbox.NEVER: ("notice.never", "why"),
    outbox.UNKNOWN: ("notice.unknown", "why"),
}


def tell(entry: Entry) -> None:
    """Log how it ended; nothing for a notice that was given back untried."""
    due, columns = entry.due, entry.columns
    if "reason" not in columns:
        return
    line, reason = _LINES.get(columns.get("state", ""), ("notice.later", "why"))
    log(
        line,
        notice=due.id,
        kind=due.notice,
        ticket=due.ticket_id,
        message_id=due.rfc_id,
        **{reason: columns["reason"]},
    )
