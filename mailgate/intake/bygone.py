"""What an old mail is to the desk: who wrote it, to which ticket it belongs, or why it is left out.

Nobody is answered and nothing proved by it. Who takes no part in a ticket and answers in its thread
is heard, as somebody else; by a number alone only those join who take part.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mailgate.desk.ledger import Ledger
from mailgate.desk.messages import NOTE, NewMessage
from mailgate.domain.events import (
    AgentReplied,
    CustomerWrote,
    Event,
    MachineWrote,
    NoteAdded,
    Opened,
)
from mailgate.domain.model import Actor, ActorKind, Author, Side, Ticket
from mailgate.intake.ending import Ending, message_of
from mailgate.intake.lookup import Lookup, former_reference
from mailgate.intake.reading import Reading
from mailgate.mail.screen import Kind
from mailgate.mail.thanks import is_bare_thanks

IMPORT = "import"
"""The road of what was brought along, and the tag of the tickets that it has opened."""
_US = Actor(ActorKind.MAILBOX, IMPORT)  # an agent's own word would be a sign that they are here

_LEFT_OUT = {
    Kind.OWN: "the gateway itself has sent it",
    Kind.BOUNCE: "a mail that came back, or a report of it",
    Kind.REPORT: "a report about a mail",
    Kind.SPAM: "spam, by what the filter in front says",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What follows from one mail: on a ticket, or a new one; `to` are whom one of ours wrote to.

    `thanks`: the customer wrote it, and it only thanks or agrees.
    """

    ticket: Ticket | None
    by: str
    ours: bool
    to: tuple[str, ...]
    thanks: bool


def plan(ledger: Ledger, lookup: Lookup, reading: Reading) -> Plan | str:
    """Return what is to follow from a mail, or why it is left out."""
    kind, mail = reading.verdict.kind, reading.mail
    if reading.canary is not None or kind in _LEFT_OUT:
        return _LEFT_OUT.get(kind, _LEFT_OUT[Kind.OWN])
    staff = ledger.settings.staff
    ours = mail.strict_from in staff.by_address or reading.own.holds(mail.strict_from or "")
    if not (ours or reading.sender):
        return "it does not say who wrote it"
    to = tuple(each for each in reading.others if each not in staff.by_address) if ours else ()
    ticket, by = _ticket(ledger, lookup, reading, to or (reading.sender,))
    if ticket is None and reading.verdict.machine:
        return "a machine wrote it, about no ticket that is known"
    if ticket is None and ours and not to:
        return "one of the desk wrote it, to nobody of its customers"
    words = not (ours or reading.verdict.machine or mail.attachments)
    return Plan(ticket, by, ours, to, words and is_bare_thanks(mail.new_text))


def _ticket(
    ledger: Ledger, lookup: Lookup, reading: Reading, people: Sequence[str]
) -> tuple[Ticket | None, str]:
    """Return the ticket of a mail that `people` wrote or got, and by what it was found."""
    found = lookup.found(reading)
    for mid in reading.keys.message_ids:
        if mid in found.message_ids:
            return ledger.ticket(found.message_ids[mid]), "reference"
    for number in reading.keys.numbers:
        ticket = ledger.ticket(found.numbers[number]) if number in found.numbers else None
        if ticket is not None and not ticket.people.isdisjoint(people):
            return ticket, "number"
    return lookup.by_former_number(reading, people), "former number"


def carry_out(ledger: Ledger, lookup: Lookup, reading: Reading, plan: Plan) -> Ending:
    """Put down what follows from a mail that is kept."""
    ledger.caused_by(reading.claimed.id)
    ending = _put_down(ledger, lookup, reading, plan)
    for number in reading.keys.former:
        if ending.ticket_id is not None:
            ledger.refer(former_reference(number), ending.ticket_id, reading.sender)
    return ending


def _put_down(ledger: Ledger, lookup: Lookup, reading: Reading, plan: Plan) -> Ending:
    if plan.ticket is None:
        return _open(ledger, lookup, reading, plan)
    newer = lookup.followers.get(plan.ticket.id)
    for ticket_id in (plan.ticket.id, newer):  # what was closed for too long is gone on with there
        if ticket_id is None:
            continue
        event, message = _said(ledger, reading, plan, ledger.ticket(ticket_id))
        if not ledger.apply(ticket_id, event, message).follow_up:
            return Ending("threaded", ticket_id, f"brought along, by {plan.by}")
    takes_part = reading.sender in plan.ticket.people
    return _open(ledger, lookup, reading, plan, plan.ticket if takes_part else None)


def _said(ledger: Ledger, reading: Reading, plan: Plan, ticket: Ticket) -> tuple[Event, NewMessage]:
    """Return what a mail is to its ticket, and what it says."""
    at, sender = reading.claimed.received_at, reading.sender
    if reading.verdict.machine:
        side = Side.SYSTEM if plan.ours else Side.CLIENT
        message = message_of(reading, side=side, machine=True)
        return MachineWrote(at=at, actor=Actor(ActorKind.MACHINE, sender)), message
    if plan.ours:
        if ticket.people.isdisjoint(plan.to):
            return NoteAdded(at=at, actor=_US), replace(_of_ours(ledger, reading), kind=NOTE)
        return AgentReplied(at=at, actor=_US, sent=True), _of_ours(ledger, reading)
    author = Author.PARTICIPANT if sender in ticket.participants else Author.OTHER
    if sender == ticket.requester:
        author = Author.REQUESTER
    event = CustomerWrote(
        at=at,
        actor=Actor(ActorKind.CUSTOMER, sender),
        author=author,
        thanks=plan.thanks,
        silent=True,
    )
    other = author is Author.OTHER
    return event, message_of(reading, side=Side.CLIENT, other_address=other)


def _of_ours(ledger: Ledger, reading: Reading) -> NewMessage:
    """Return what one of ours wrote: the agent whose address it came from, else the desk."""
    message = message_of(reading, side=Side.SYSTEM)
    agent = ledger.settings.staff.by_address.get(reading.mail.strict_from or "")
    if agent is None:
        return replace(message, author_name=reading.sender_name or ledger.settings.name)
    return replace(message, author=agent.name, author_name=agent.display_name)


def _open(
    ledger: Ledger, lookup: Lookup, reading: Reading, plan: Plan, follows: Ticket | None = None
) -> Ending:
    """Open a ticket for who wrote first, or for whom one of ours wrote to."""
    at, sender = reading.claimed.received_at, reading.sender
    requester, name = sender, reading.sender_name
    if plan.ours:
        requester = plan.to[0]
        boxes = {box.address: box.name for box in (*reading.mail.to, *reading.mail.cc)}
        name = boxes.get(requester, "")
    event = Opened(
        at=at,
        actor=_US if plan.ours else Actor(ActorKind.CUSTOMER, sender),
        number="",
        subject=reading.subject,
        requester=requester,
        requester_name=name,
        category=ledger.settings.categories[0],
        tags=(IMPORT,),
        follows=None if follows is None else follows.id,
        silent=True,
        unproven=not lookup.knows(requester),
        outbound=plan.ours,
    )
    if plan.ours:
        ticket = ledger.open(event)
        said = AgentReplied(at=at, actor=_US, sent=True)
        ledger.apply(ticket.id, said, _of_ours(ledger, reading))
    else:
        message = message_of(reading, side=Side.CLIENT)
        ticket = ledger.open(event, replace(message, text=reading.mail.text))
    return Ending("opened", ticket.id, "brought along, a new matter")
