"""What an agent sent from the shared mailbox: the desk's answer, which the customer has already.

It was sent, whatever we think of it: nothing of it is refused, and nothing sent again. Whoever
puts a mail into that folder has the mailbox, so that nothing more need be proved.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from mailgate.desk import held
from mailgate.desk.ledger import Ledger
from mailgate.desk.messages import NOTE
from mailgate.domain.events import AgentReplied, NoteAdded, Opened, PeopleJoined
from mailgate.domain.model import Actor, ActorKind, Side, Ticket
from mailgate.domain.people import Agent, Staff
from mailgate.intake import addressed, threads, twins
from mailgate.intake.ending import Ending, message_of
from mailgate.intake.lookup import Lookup
from mailgate.intake.mailbox import SENT
from mailgate.intake.reading import Reading
from mailgate.mail.subjects import base_subject
from mailgate.store import answers, history, inbox, recorded

_SECOND = timedelta(seconds=1)
_MOST_OPEN = 50  # tickets of one customer among which a subject is looked for
_BY_MAILBOX = "in the mailbox"


def filed(ledger: Ledger, lookup: Lookup, reading: Reading) -> Ending:
    """Let happen what follows from a mail that was sent.

    To somebody of a ticket's customers it is a reply; to nobody but ourselves, in a ticket's
    thread, a note, and so it is to a third party, which the customer does not see either.
    """
    ours = reading.own.holds(reading.mail.strict_from or "")
    staff = ledger.settings.staff
    if not ours and reading.mail.strict_from not in staff.by_address:
        return Ending("suppressed", says="lies among what was sent, and is none of ours")
    if reading.verdict.machine:
        return Ending("suppressed", says="a machine of the mailbox sent it, such as an auto-reply")
    own = reading.mail.message_id
    if own and answers.handed_in(ledger.connection, ledger.settings.tenant_id, own):
        return Ending("suppressed", says="a copy of what was handed in, and is yet to be sent")
    if own and held.was_stopped(ledger, own):
        return Ending("suppressed", says="a copy of an answer that was stopped before it was sent")
    to = [address for address in reading.others if address not in staff.by_address]
    ticket, by = about(ledger, lookup, reading, to)
    if ticket is None and to and reading.claimed.peer in ledger.settings.outbound:
        return _open(ledger, lookup, reading, to)
    if ticket is None:
        _keep(ledger, lookup, reading)
        who, agent = author(reading, staff)
        asks = addressed.carry_out(ledger, reading, None, who, agent)
        says = f"sent to {', '.join(to[:5]) or 'ourselves'}, about no ticket"
        return Ending("suppressed", says="; ".join(filter(None, (says, asks))))
    same = twins.twin(ledger, lookup, reading, ticket.id)
    if same is not None:
        return Ending("suppressed", says=f"a copy of {same}, under another Message-ID")
    who, agent = author(reading, staff)
    message = message_of(reading, side=Side.SYSTEM)
    message = replace(message, author_name=_shown(ledger, reading, agent))
    if agent is not None:
        message = replace(message, author=agent.name)
    at = reading.claimed.received_at
    if ticket.people.isdisjoint(to):
        note = replace(message, kind=NOTE)
        ledger.apply(ticket.id, NoteAdded(at=at, actor=who), note)
        whom = f"sent to {', '.join(to[:5])}, who is no customer of it" if to else "to ourselves"
        says = f"a note by {by}: {whom}"
    else:
        at = _after_the_question(ticket, at)
        ledger.apply(ticket.id, AgentReplied(at=at, actor=who, sent=True), message)
        _join(ledger, reading, ticket.id, PeopleJoined(at=at, actor=who, people=tuple(to)))
        says = f"answered from the mailbox, by {by}"
    asks = addressed.carry_out(ledger, reading, ticket.id, who, agent)
    return Ending("threaded", ticket.id, "; ".join(filter(None, (says, asks))))


def filed_late(ledger: Ledger, lookup: Lookup, reading: Reading, earlier: int) -> Ending | None:
    """Let a mail among what was sent count that came before, as `earlier`, from nobody we know.

    By Cc or Bcc it may come to the desk long before a slow program has filed its copy, and nothing
    shows then that it is ours.
    """
    if reading.claimed.road != SENT or not reading.own.holds(reading.mail.strict_from or ""):
        return None
    connection, tenant_id = ledger.connection, ledger.settings.tenant_id
    key = (tenant_id, reading.claimed.queue, reading.fingerprint)
    came = inbox.came_by(connection, *key, earlier, reading.claimed.id)
    if not {road for road, _ in came}.isdisjoint((SENT, inbox.SUBMISSION)):
        return None
    if earlier in lookup.unwritten:  # by this very batch
        return Ending(inbox.PENDING, says="the same mail has just come before")
    if not recorded.is_of_a_customer(connection, tenant_id, earlier):
        return None
    ending = filed(ledger, lookup, reading)
    says = f"the same mail came before, as {earlier}; {ending.says}"
    return replace(ending, state="suppressed", says=says)


def _join(ledger: Ledger, reading: Reading, ticket_id: int, happens: PeopleJoined) -> None:
    """Let those in To and Cc take part from now on: their answers are about the same matter.

    In what came by another road somebody may have added them.
    """
    known, most = ledger.ticket(ticket_id).people, ledger.settings.new_people
    new = [address for address in happens.people if address not in known][:most]
    if new and reading.claimed.road == SENT:
        ledger.apply(ticket_id, replace(happens, people=tuple(new)))


def _after_the_question(ticket: Ticket, at: datetime) -> datetime:
    """Return when an answer was sent: mailboxes tell whole seconds, and we when a question came."""
    since = ticket.waiting_since
    return since if since is not None and at < since < at + _SECOND else at


def about(
    ledger: Ledger, lookup: Lookup, reading: Reading, to: list[str]
) -> tuple[Ticket | None, str]:
    """Return the ticket that a mail of the desk's side belongs to, and by what.

    `to`: whom it went to outside. That is by the mails it refers to, the number in its subject, or
    else by to whom it went about what.
    """
    found = lookup.found(reading)
    for mid in reading.keys.message_ids:
        if mid in found.message_ids:
            return ledger.ticket(found.message_ids[mid]), "reference"
    for number in reading.keys.numbers:
        if number in found.numbers:
            return ledger.ticket(found.numbers[number]), "number"
    former = lookup.by_former_number(reading, to)
    if former is not None:
        return former, "former number"
    subject = base_subject(reading.subject)
    for address in to:
        for ticket in ledger.open_of(address, _MOST_OPEN):
            if base_subject(ticket.subject) == subject:
                return ticket, "recipient and subject"
    return None, ""


def author(reading: Reading, staff: Staff) -> tuple[Actor, Agent | None]:
    """Return whose doing it is: an agent whom From or the signature names, else the mailbox's.

    Two that name different agents name nobody.
    """
    own = staff.by_address.get(reading.mail.strict_from or "")
    if own is None:
        name = reading.mail.from_[0].name if reading.mail.from_ else ""
        signature = reading.mail.signature.strip().removeprefix("--").strip().splitlines()
        words = {text.strip().casefold() for text in (name, *signature[:1])} - {""}
        named = [a for a in staff.agents if a.display_name.casefold() in words]
        own = named[0] if len(named) == 1 else None
    if own is None:
        by_imap = reading.claimed.road == SENT
        return Actor(ActorKind.MAILBOX, reading.claimed.peer if by_imap else ""), None
    return Actor(ActorKind.AGENT, own.name), own


def _shown(ledger: Ledger, reading: Reading, agent: Agent | None) -> str:
    if agent is not None:
        return agent.display_name
    return reading.sender_name or f"{ledger.settings.name} ({_BY_MAILBOX})"


def _keep(ledger: Ledger, lookup: Lookup, reading: Reading) -> None:
    """Keep what was sent about no ticket as history, which the answer to it may go on with."""
    at = reading.claimed.received_at
    old = threads.about(reading.mail, at, reading.own.holds, lookup.old)
    if old is not None:
        history.keep(ledger.connection, ledger.settings.tenant_id, [old])
        lookup.old.setdefault(old.rfc_id, old)


def open_for(ledger: Ledger, lookup: Lookup, reading: Reading, to: list[str], who: Actor) -> Ticket:
    """Open a ticket for whom somebody of the desk writes to first, with nothing in it yet.

    An agent who does so holds it, and is told of the answer.
    """
    names = {box.address: box.name for box in (*reading.mail.to, *reading.mail.cc)}
    event = Opened(
        at=reading.claimed.received_at,
        actor=who,
        number="",
        subject=reading.subject,
        requester=to[0],
        requester_name=names.get(to[0], ""),
        category=ledger.settings.categories[0],
        silent=True,
        outbound=True,
        assignee=who.id if who.kind is ActorKind.AGENT else None,
    )
    ticket = ledger.open(event)
    threads.lead_to(ledger, ticket.id, lookup.old, reading.keys.message_ids, to)
    return ticket


def _open(ledger: Ledger, lookup: Lookup, reading: Reading, to: list[str]) -> Ending:
    """Open a ticket for whom an agent wrote to first; it waits on them."""
    who, agent = author(reading, ledger.settings.staff)
    at = reading.claimed.received_at
    ticket = open_for(ledger, lookup, reading, to, who)
    message = message_of(reading, side=Side.SYSTEM)
    message = replace(message, author_name=_shown(ledger, reading, agent))
    if agent is not None:
        message = replace(message, author=agent.name)
    ledger.apply(ticket.id, AgentReplied(at=at, actor=who, sent=True), message)
    _join(ledger, reading, ticket.id, PeopleJoined(at=at, actor=who, people=tuple(to)))
    return Ending("opened", ticket.id, f"sent from the mailbox to {to[0]}, who had no ticket")
