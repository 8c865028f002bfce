"""Counting after the torture: what was acknowledged against what is inside, and what left.

Each fault is a sentence; no fault is an empty list. Whoever has the configuration of one node of a
gateway can ask, however many nodes there are.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, func, select

from mailgate.domain.model import Side
from mailgate.store import inbox, outbox, schema
from tests.acceptance import inside

_HEAD = 4096  # octets of a mail in which the load writes its Message-ID
MESSAGE_ID = re.compile(rb"^Message-ID: *(<[^>\r\n]*>)", re.MULTILINE | re.IGNORECASE)
_TOLD = 10  # faults of one kind that are spelt out

Sending = tuple[str, str]
"""A mail at the smarthost: its Message-ID and its recipient."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One mail as it lies in the database, in one queue; `messages` were written from it."""

    message_id: str
    state: str
    messages: int
    error: str | None


def faults_inside(config: Path, acknowledged: Collection[str], sent: Collection[str]) -> list[str]:
    """Return what was lost or doubled of the mails whose Message-IDs were acknowledged.

    `sent` are all Message-IDs that may be there: an answer may have been lost on its way.
    """
    with inside.opened(config) as app, app.database.read() as connection:
        mails = list(_kept(connection))
        found = [
            *_told("lost", sorted(set(acknowledged) - {mail.message_id for mail in mails})),
            *_told("from nowhere", sorted({mail.message_id for mail in mails} - set(sent))),
            *_told("doubled", _twice(mail.message_id for mail in mails)),
            *_told("not in a final state", _unended(mails)),
            *_told("without exactly one message", _wordless(mails)),
            *_told("ticket numbers doubled", _twice(_numbers(connection))),
            *_told("notices doubled", _twice(_notices(connection))),
            *_told("customers' words that nobody was told of", _untold(connection)),
        ]
    return found + inside.faults(config)


def faults_outside(
    config: Path, arrived: Mapping[Sending, int], kills: int, *, on_unknown: str = "resend"
) -> list[str]:
    """Return what is wrong with the mails at the smarthost, all being sent and `kills` done."""
    with inside.opened(config) as app, app.database.read() as connection:
        columns = schema.outbox.c
        query = select(columns.rfc_id, columns.recipient, columns.state)
        states = {(row.rfc_id, row.recipient): row.state for row in connection.execute(query)}
    count = Counter(states.values())
    doubles = {sending: n for sending, n in arrived.items() if n > 1}
    missing = {sending for sending, state in states.items() if state == outbox.SENT} - set(arrived)
    found = [
        *_told("left without a row in the outbox", sorted(set(arrived) - set(states))),
        *_told("missing at the smarthost", sorted(missing)),
        *_told("given up", [f"{count[outbox.NEVER]} notices"] * bool(count[outbox.NEVER])),
        *_told("still to be sent", [f"{count[outbox.READY]} notices"] * bool(count[outbox.READY])),
    ]
    if on_unknown == "hold":
        return found + _told("doubled though the unknown are held", sorted(doubles))
    if count[outbox.UNKNOWN]:
        found.append(f"unknown though they are sent again: {count[outbox.UNKNOWN]} notices")
    if sum(n - 1 for n in doubles.values()) > kills:
        found += _told(f"more than one double for each of {kills} kills", sorted(doubles.items()))
    return found


def states(config: Path) -> Counter[str]:
    """Return how many notices are in each state."""
    with inside.opened(config) as app, app.database.read() as connection:
        return Counter(connection.execute(select(schema.outbox.c.state)).scalars())


def _told(what: str, which: list) -> list[str]:
    more = f" and {len(which) - _TOLD} more" if len(which) > _TOLD else ""
    return [f"{what}: {', '.join(map(str, which[:_TOLD]))}{more}"] if which else []


def _twice(values: Iterator) -> list:
    return sorted(value for value, n in Counter(values).items() if n > 1)


def _kept(connection: Connection) -> Iterator[Kept]:
    mail, delivery, message = schema.mail.c, schema.mail_delivery.c, schema.message
    written = select(message.c.mail_id, func.count().label("n")).group_by(message.c.mail_id)
    written = written.subquery()
    query = (
        select(mail.raw, delivery.state, written.c.n, delivery.error)
        .join(schema.mail_delivery, delivery.mail_id == mail.id)
        .outerjoin(written, written.c.mail_id == mail.id)
    )
    for raw, state, messages, error in connection.execute(query.execution_options(yield_per=100)):
        head = raw[:_HEAD]
        named = MESSAGE_ID.search(head)
        assert named, f"a mail that the load did not send: {head[:200]!r}"
        yield Kept(named[1].decode(), state, messages or 0, error)


def _unended(mails: list[Kept]) -> list[str]:
    return [
        f"{mail.message_id} is {mail.state} ({mail.error})"
        for mail in mails
        if mail.state in (inbox.PENDING, inbox.PARKED)
    ]


def _wordless(mails: list[Kept]) -> list[str]:
    return [
        f"{mail.message_id} is {mail.state} with {mail.messages} messages"
        for mail in mails
        if mail.messages != (mail.state in ("opened", "threaded"))
    ]


def _numbers(connection: Connection) -> Iterator[str]:
    yield from connection.execute(select(schema.ticket.c.number)).scalars()


def _notices(connection: Connection) -> Iterator[tuple[int, str, str]]:
    columns = schema.outbox.c
    for row in connection.execute(select(columns.event_id, columns.notice, columns.recipient)):
        yield tuple(row)


def _untold(connection: Connection) -> list[str]:
    """Return the customers' messages that outnumber the events with a notice, by ticket."""
    message, event, notice = schema.message.c, schema.event.c, schema.outbox.c
    written = (
        select(message.ticket_id, func.count())
        .where(message.side == Side.CLIENT.value)
        .group_by(message.ticket_id)
    )
    told = (
        select(event.subject_id, func.count(event.id.distinct()))
        .where(event.name.in_(("ticket.opened", "customer.wrote")), notice.event_id == event.id)
        .group_by(event.subject_id)
    )
    events = dict(connection.execute(told).all())
    return [
        f"{events.get(ticket, 0)} of {messages} in ticket {ticket}"
        for ticket, messages in connection.execute(written)
        if events.get(ticket, 0) != messages
    ]
