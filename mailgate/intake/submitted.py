"""What an agent hands in at the submission port: an answer, a note, or a first mail to somebody.

The login says who wrote it. Nothing of the mail itself is passed on: what is for a customer goes
out as the desk's own, as an answer to a signed address does. Whoever else stands among the
recipients would wait for it in vain, so a mail that is for others too is refused.
"""

import re
from dataclasses import replace
from typing import Any

from mailgate.desk import commands as asked
from mailgate.desk.ledger import Ledger
from mailgate.desk.messages import NewMessage
from mailgate.domain.commands import Fault, read
from mailgate.domain.events import PeopleJoined
from mailgate.domain.model import Side, Ticket
from mailgate.domain.people import Agent
from mailgate.errors import Refused
from mailgate.intake import addressed, agents, sent
from mailgate.intake.ending import Ending, message_of
from mailgate.intake.lookup import Lookup
from mailgate.intake.reading import Reading
from mailgate.mail.address import normalise
from mailgate.store import history, inbox, tickets
from mailgate.store.identity import identify

_ID = re.compile(r"<[\w.!#$%&'*+/=?^`{|}~-]{1,200}@[\w.-]{1,200}>", re.ASCII)  # RFC 5322 3.6.4
_JOIN = ("cc", "requester")
_MOST_NAMED = 5  # addresses in a sentence


def handed_in(ledger: Ledger, lookup: Lookup, reading: Reading) -> Ending | None:
    """Let happen what follows; None where it is like any mail of a proved agent to the desk.

    Raises `Refused` for what cannot be done and is about no ticket.
    """
    agent = ledger.settings.staff.by_name.get(reading.claimed.peer)
    if agent is None:
        raise Refused(f"there is no agent {reading.claimed.peer} any more")
    _see_whose(reading, agent)
    to, message = _outside(reading), _message(ledger, reading)
    message = replace(message, keeps_id=_is_unused(ledger, reading))
    written_to, purpose = _signed(lookup, reading)
    if written_to is None:
        ticket, _ = sent.about(ledger, lookup, reading, to)
        written_to = None if ticket is None else lookup.written_to(reading, ticket.id)
    if written_to is not None:
        return _on_ticket(ledger, reading, agent, message, written_to, (to, purpose))
    if lookup.awaits(reading):
        return Ending(inbox.PENDING, says="it answers a mail that is not yet processed")
    if to:
        return _open(ledger, lookup, reading, agent, message, to)
    script = read(message.text)
    if script.commands or script.faults:
        raise Refused("it has a command and is about no ticket: answer a mail of the ticket")
    return None


def see_that_it_is_new(ledger: Ledger, reading: Reading, earlier: int | None) -> None:
    """Raise `Refused` for a mail whose copy was there before it: nobody would send it any more.

    Some programs file a copy in what was sent before they hand the mail over, and we have taken it
    for sent. `earlier`: a delivery of the same mail that has been processed.
    """
    mine, tenant_id = reading.claimed, ledger.settings.tenant_id
    digest = identify(mine.raw, mine.received_at).digest
    came = inbox.roads(ledger.connection, tenant_id, mine.queue, digest, mine.id)
    if earlier is not None:
        key = (tenant_id, mine.queue, reading.fingerprint)
        came |= {road for road, _ in inbox.came_by(ledger.connection, *key, earlier, mine.id)}
    if came and inbox.SUBMISSION not in came:
        raise Refused(
            "a copy of it was there before it, and nothing was sent: have your mail program file "
            "what it sends afterwards, or not at all ([[mailbox]] file_answers), and send it anew"
        )


def _message(ledger: Ledger, reading: Reading) -> NewMessage:
    """Return what a mail says, with the commands of its addresses above those of its text."""
    message = message_of(reading, side=Side.SYSTEM)
    lines = addressed.lines(reading, ledger.settings)
    return replace(message, text="\n".join((*lines, message.text))) if lines else message


def _is_unused(ledger: Ledger, reading: Reading) -> bool:
    """Tell whether the Message-ID of a mail is one, and no mail that we know of has it."""
    given = reading.mail.headers.get("message-id", ())
    own = reading.mail.message_id
    if own is None or given != (own,) or not _ID.fullmatch(own):
        return False
    if reading.own.is_own_message_id(own) or any(own == id_ for id_, _, _ in ledger.references()):
        return False
    connection, tenant_id = ledger.connection, ledger.settings.tenant_id
    known = tickets.by_reference(connection, tenant_id, [own])
    return not (known or history.find(connection, tenant_id, [own]))


def _see_whose(reading: Reading, agent: Agent) -> None:
    """Raise `Refused` for a mail that the agent's own hand did not write, or not in their name."""
    if reading.verdict.machine:
        raise Refused("a machine wrote it: such mail is not passed on")
    authors = [box.address for box in reading.mail.from_]
    if not authors or any(a != agent.address and not reading.own.holds(a) for a in authors):
        raise Refused(f"its From must be {agent.address} or the desk's address")


def _outside(reading: Reading) -> list[str]:
    """Return to whom it goes, the desk left out, in the order of To and Cc.

    Who stands in Bcc only comes last.
    """
    to = dict.fromkeys(map(normalise, reading.claimed.recipients))
    outside = [address for address in to if not reading.own.holds(address)]
    return sorted(outside, key=lambda a: (a not in reading.others, _place(reading.others, a)))


def _place(addresses: tuple[str, ...], address: str) -> int:
    return addresses.index(address) if address in addresses else 0


def _signed(lookup: Lookup, reading: Reading) -> tuple[int | None, str]:
    """Return the ticket of a signed address among the recipients, and what that is for.

    Which agent it was signed for does not matter: the login says more. One for notes goes before.
    """
    found = [a for a in reading.keys.signed if a.genuine and a.number in lookup.numbers]
    for purpose in ("note", "reply"):
        for address in found:
            if address.purpose == purpose:
                return lookup.numbers[address.number], purpose
    return None, ""


def _on_ticket(
    ledger: Ledger,
    reading: Reading,
    agent: Agent,
    message: NewMessage,
    written_to: int,
    towards: tuple[list[str], str],
) -> Ending | None:
    """Carry out a mail on a ticket: to its customers a reply, to nobody but the desk a note.

    `towards`: whom it goes to outside, and what the signed address among the recipients is for.
    None for what an agent writes to the desk in a matter of their own.
    """
    to, purpose = towards
    ticket = ledger.ticket(agents.meant(ledger, written_to, message.text))
    if not (to or purpose) and agent.address in ticket.people:
        return None
    fault = (
        addressed.unknown(addressed.lines(reading, ledger.settings), ledger.settings.names)
        or _leaving(ticket, to, message)
        or _misdirected(ticket, to, purpose, _joining(message))
    )
    if fault is not None:
        agents.refuse(ledger, reading, agent, ticket.id, [fault])
        return agents.ended(agents.REFUSED, ticket.id, f"{agent.name} by submission")
    note = not to and purpose != "reply"
    word = agents.act(ledger, reading, agent, ticket.id, message, note=note, written_to=written_to)
    what = "a note" if note else "a reply"
    home = ledger.said_on(reading.claimed.mail_id) or ticket.id
    return agents.ended(word, home, f"{agent.name} by submission, as {what}")


def _joining(message: NewMessage) -> frozenset[str]:
    """Return who takes part by what the mail itself says."""
    given = (c.argument for c in read(message.text).commands if c.name in _JOIN)
    lists = (argument for argument in given if isinstance(argument, tuple))
    return frozenset(normalise(str(each)) for addresses in lists for each in addresses)


def _leaving(ticket: Ticket, to: list[str], message: NewMessage) -> Fault | None:
    """Return what is wrong with a mail to a customer whom it takes off the ticket."""
    words = {command.name for command in read(message.text).commands}
    if "requester" not in words or ticket.requester not in to:
        return None
    reason = f"{ticket.requester} would take part no more, and would get nothing"
    return Fault("/requester", reason, "two mails: the answer, and then /requester")


def _misdirected(
    ticket: Ticket, to: list[str], purpose: str, joining: frozenset[str]
) -> Fault | None:
    """Return what is wrong with the recipients, if anything."""
    strangers = [address for address in to if address not in ticket.people | joining]
    if strangers:
        named = ", ".join(strangers[:_MOST_NAMED])
        reason = f"{named} takes no part in {ticket.number}, and would get nothing"
        right = f"the same mail without that recipient, or /cc {strangers[0]} on top"
        return Fault("", reason, right)
    if to and purpose == "note":
        return Fault("", "it goes to the address for notes and to a customer", "one of the two")
    return None


def _open(
    ledger: Ledger,
    lookup: Lookup,
    reading: Reading,
    agent: Agent,
    message: NewMessage,
    to: list[str],
) -> Ending:
    """Open a ticket for whom an agent writes to first; it waits on them. It is never held."""
    _see_that_it_may_open(ledger, reading, message, to)
    stamp: dict[str, Any] = {"at": reading.claimed.received_at, "actor": asked.actor(agent)}
    ticket = sent.open_for(ledger, lookup, reading, to, asked.actor(agent))
    if to[1:]:
        ledger.apply(ticket.id, PeopleJoined(**stamp, people=tuple(to[1:])))
    done = agents.attempt(
        ledger,
        reading,
        agent,
        ticket.id,
        message,
        note=False,
        written_to=ticket.id,
        at_once=True,
    )
    if not isinstance(done, str):
        raise Refused("; ".join(map(said, done)))
    return Ending("opened", ticket.id, f"{agent.name} wrote to {to[0]}, who had no ticket")


def _see_that_it_may_open(
    ledger: Ledger, reading: Reading, message: NewMessage, to: list[str]
) -> None:
    settings = ledger.settings
    fault = addressed.unknown(addressed.lines(reading, settings), settings.names)
    if fault is not None:
        raise Refused(said(fault))
    if not settings.submission_opens:
        raise Refused("it is about no ticket: answer a mail of the ticket, or name its number")
    colleagues = [address for address in to if address in settings.staff.by_address]
    if colleagues:
        raise Refused(f"{colleagues[0]} is of the staff: such mail does not go by this port")
    hidden = [address for address in to if address not in reading.others]
    if hidden:
        raise Refused(f"{hidden[0]} stands neither in To nor in Cc")
    if len(to) > settings.new_people:
        raise Refused(f"it is for more than {settings.new_people} people")
    script = read(message.text)
    names = {command.name for command in script.commands}
    if "requester" in names:
        raise Refused("/requester: there is no ticket yet; write to whose matter it is")
    if "note" in names:
        raise Refused("/note: the customer has no ticket yet that it could be put down on")
    says_something = script.text or reading.mail.attachments or "macro" in names
    if not (says_something or script.faults):
        raise Refused("there is nothing in it for the customer, who has no ticket yet")


def said(fault: Fault) -> str:
    """Return a fault in one sentence."""
    line = f"{fault.line}: " if fault.line and not fault.reason.startswith(fault.line) else ""
    right = f"; right: {fault.right_form}" if fault.right_form else ""
    return f"{line}{fault.reason}{right}"
