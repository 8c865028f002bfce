"""A life of a ticket, and what `verify` finds wrong with it."""

from hashlib import sha256

from sqlalchemy import delete, select

from mailgate.desk.commands import Letter, carry_out
from mailgate.desk.messages import NewAttachment, NewMessage
from mailgate.desk.verify import EVERYTHING, verify
from mailgate.domain.events import (
    AgentReplied,
    Assign,
    Delivered,
    NoteAdded,
    Resolve,
    SetPriority,
    Tag,
)
from mailgate.domain.model import GATEWAY, Actor, ActorKind, Priority, Side
from mailgate.errors import Refused
from mailgate.store import inbox, schema

from .conftest import ALICE, CUSTOMER

AGENT = Actor(ActorKind.AGENT, "alice")
FILE = b"%PDF-1.7 a bill"


def content(raw, part):
    if part == "gone":
        raise Refused("the mail has no such part")
    return raw


def faults(world, *, deep=False, content=content, scope=EVERYTHING):
    with world.database.read() as connection:
        return list(verify(connection, world.desk.settings, content, deep=deep, scope=scope))


def lived(world):
    """A ticket that went through most of what can happen, with a mail and an attachment."""
    ticket = world.open()
    stamp = {"actor": AGENT}
    world.pass_time(hours=25)
    world.tick()
    world.apply(ticket, Assign(at=world.now, assignee="alice", **stamp))
    letter = Letter(b"From: alice\r\n\r\nhello", ALICE, "<a@b>", "f" * 64, "hello")
    carry_out(
        world.desk, ticket.id, AgentReplied(at=world.now, **stamp), world.now, letter, "by phone"
    )
    world.apply(
        ticket,
        Delivered(
            at=world.now, actor=GATEWAY, notice="agent_reply", turn=2, recipient=ticket.requester
        ),
    )
    world.pass_time(hours=49)
    world.tick()
    world.apply(ticket, SetPriority(at=world.now, priority=Priority.LOW, **stamp))
    world.customer_writes(ticket)
    world.apply(ticket, Tag(at=world.now, added=("vip",), **stamp))
    world.apply(ticket, Resolve(at=world.pass_time(hours=1), **stamp))
    return ticket


def attach(world, ticket, part="1", size=None, digest=None, event=NoteAdded, rfc_id=None):
    """Add a message with one attachment, whose mail is the attachment itself."""
    arrival = inbox.Arrival(FILE, 1, "default", (), "", "", "smtp", world.now)
    with world.database.write() as connection:
        (id_,) = inbox.put(connection, world.database.ids(connection, 2), [arrival])
        row = {"id": id_, "fence": 0, "state": "threaded", "ticket_id": ticket.id}
        inbox.settle(connection, 1, [row | {"done_at": world.now}])
        mail_id = connection.execute(
            select(DELIVERY.c.mail_id).where(DELIVERY.c.id == id_)
        ).scalar()
    digest = digest or sha256(FILE).hexdigest()
    file = NewAttachment(part, "bill.pdf", "application/pdf", size or len(FILE), digest)
    message = NewMessage(
        side=Side.CLIENT,
        author=CUSTOMER,
        author_name="Carol",
        at=world.now,
        text="see the bill",
        mail_id=mail_id,
        rfc_id=rfc_id,
        sender=CUSTOMER,
        attachments=(file,),
    )
    world.apply(ticket, event(at=world.now, actor=AGENT), message)


TICKET, EVENT, TURN, TIMER = schema.ticket, schema.event, schema.turn, schema.timer
OUTBOX, DELIVERY = schema.outbox, schema.mail_delivery
MAIL = {"id": 9_000_000, "digest": "0", "size": 0, "raw": b""}


def remove_timers(world):
    with world.database.write() as connection:
        connection.execute(delete(TIMER).where(TIMER.c.fired_at.is_(None)))
