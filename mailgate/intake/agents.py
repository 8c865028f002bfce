"""What an agent's mail to a signed address does: a reply, a note, and the commands on top.

A mail with anything in it that cannot be carried out changes nothing and sends nothing; it comes
back to the agent with the reason, the right form and their own text. What goes to the customer may
be held for a while, in which it can be stopped: it stays in the inbox, and nothing has happened.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from mailgate.desk import commands as asked
from mailgate.desk import held, merging, naming, notices, outsiders
from mailgate.desk.ledger import MAIL, Ledger
from mailgate.desk.messages import NOTE, NewMessage
from mailgate.domain import events
from mailgate.domain.commands import SETS_ASIDE, Command, Fault, Script, cancels, read
from mailgate.domain.model import Actor, ActorKind, Ticket
from mailgate.domain.people import Agent
from mailgate.errors import Refused
from mailgate.intake import canned, holdings, splitting, tokens
from mailgate.intake.ending import Ending
from mailgate.intake.reading import Reading
from mailgate.intake.written import DIFFERS
from mailgate.mail.address import normalise
from mailgate.mail.wording import paragraphs
from mailgate.store import answers, inbox, outbox

BEFORE = (
    *("unmerge", "requester", "cc", "reopen", "take", "assign", "follow", "unfollow"),
    *("priority", "category", "kind", "tag", "field", "ref", "threshold"),
    *("escalate", "approve", "reject"),
)
AFTER = ("wait", "close", "snooze", "spam", "withdraw", "merge")
"""The order in which commands are carried out, before and after what is said."""
REFUSED, WAS_THIS_YOU, HELD = "command_refused", "was_this_you", "held"
ENDS = frozenset({"resolve", "reopen", "wait", "close", "snooze", *SETS_ASIDE, "unmerge"})
"""What says where a ticket stands, which `/merge` says as well."""
_ASKED_AGAIN = timedelta(hours=1)
_SHOWN = 20_000  # characters of the agent's text given back


def meant(ledger: Ledger, named: int, text: str) -> int:
    """Return the ticket that a mail is about which came to an address of the one that is `named`.

    That is where it goes on if it is merged, but not for what is said of the merging itself.
    """
    words = {command.name for command in read(text).commands}
    return named if words & {"merge", "unmerge"} else merging.leads_to(ledger, named).id


def act(
    ledger: Ledger,
    reading: Reading,
    agent: Agent,
    ticket_id: int,
    message: NewMessage,
    *,
    note: bool,
    written_to: int,
) -> str:
    """Carry out an agent's mail; return the state in which it ends, or `REFUSED` or `HELD`.

    `written_to` is the ticket whose address it was sent to, which may go on in `ticket_id`.
    """
    script = read(message.text)
    names = {command.name for command in script.commands}
    aside = note or "note" in names
    if "cancel" in names or _cancels(script, aside=aside):
        others = len(script.commands) > 1 or script.faults or script.text.strip()
        alone = not (others or message.attachments)
        why = "; ".join(command.note for command in script.commands if command.name == "cancel")
        return _cancel(ledger, reading, agent, (ticket_id, written_to), why, alone=alone)
    done = attempt(ledger, reading, agent, ticket_id, message, note=note, written_to=written_to)
    if isinstance(done, str):
        return done
    refuse(ledger, reading, agent, ticket_id, done)
    return REFUSED


def ended(word: str, ticket_id: int, says: str) -> Ending:
    """Return how a mail has ended of which `act` returned a word."""
    if word == HELD:
        return Ending(inbox.PENDING, ticket_id, "it can be stopped for a while", word=word)
    return Ending("commands_only" if word == REFUSED else word, ticket_id, says, word=word)


def attempt(
    ledger: Ledger,
    reading: Reading,
    agent: Agent,
    ticket_id: int,
    message: NewMessage,
    *,
    note: bool,
    written_to: int,
    at_once: bool = False,
) -> str | list[Fault]:
    """Carry out an agent's mail and return the state in which it ends, or why nothing of it is.

    `at_once`: it is not held before it is sent. `written_to` as of `act`.
    """
    script = read(message.text)
    names = {command.name for command in script.commands}
    aside = note or "note" in names
    faults, mark = list(script.faults), ledger.mark()
    if reading.written is not None and reading.written.differs:
        faults.append(DIFFERS)
    here = splitting.begin(ledger, reading, asked.actor(agent), ticket_id, script, faults)
    said = (*canned.texts(ledger, agent, here, script, faults), script.text)
    text = "\n\n".join(part for part in said if part.strip())
    message = replace(message, author=agent.name, author_name=agent.display_name, text=text)
    message = replace(message, html=_formatted(reading, script, said))
    says_something = bool(text or message.attachments)
    fault = _flaw(reading, script, says_something=says_something, aside=aside)
    if fault is None and says_something and not aside and here == ticket_id:
        fault = _stray(ledger.ticket(written_to), ledger.ticket(ticket_id), names)
    if fault is not None:
        faults.append(fault)
    if not faults:
        try:
            _carry_out(ledger, reading, agent, here, message, script.commands, note=note)
        except Refused as refusal:
            faults.append(Fault(_line(script.commands), str(refusal), ""))
    if faults:
        ledger.undo(mark)
        return faults
    if names & SETS_ASIDE.keys():  # not before all is carried out: what is stopped is not undone
        at = reading.claimed.received_at
        held.stop(ledger, ticket_id, at, asked.actor(agent), agent.name)
    until = None if at_once else _held_until(ledger, reading)
    if until is not None and says_something and not aside:
        ledger.undo(mark)
        said_by = (agent.name, text if len(text) <= _SHOWN else f"{text[:_SHOWN]}\n[…]")
        tenant_id, mail = ledger.settings.tenant_id, reading.claimed
        ledger.at_once()
        answers.hold(ledger.connection, tenant_id, mail, ticket_id, until, said_by)
        return HELD
    if "list" in names:
        holdings.send(ledger, reading, agent, asked.actor(agent))
    return "threaded" if says_something or _notes(script.commands) else "commands_only"


def _flaw(reading: Reading, script: Script, *, says_something: bool, aside: bool) -> Fault | None:
    """Return what is wrong with a mail as a whole, if anything; `aside`: all of it is a note."""
    names = {command.name for command in script.commands}
    if not script.commands and not script.faults and not says_something:
        why = "nothing stands above the marked line" if reading.mail.text else "the mail is empty"
        return Fault("", why, "write your answer above the marked line")
    if (fault := splitting.flaw(script.commands)) is not None:
        return fault
    if "merge" in names and names & ENDS:
        return Fault(_line(script.commands), "/merge itself ends a ticket", "/merge without them")
    if aside:
        empty = "note" in names and not (says_something or _notes(script.commands))
        return Fault("/note", "there is no text for the note", "/note: text") if empty else None
    if script.below is not None:
        return script.below
    if reading.quotes_signed:
        reason = "it holds what was signed for one of us (an address, a link), and would go out"
        return Fault("", reason, "cut what is quoted, leave such a file out, or add /note")
    for word in sorted(names & SETS_ASIDE.keys()):
        whom = SETS_ASIDE[word]
        if says_something:
            reason = f"the text below it would go to {whom}"
            return Fault(f"/{word}", reason, f"/{word}: why, or /note above the text")
        if names & {"resolve", "reopen"}:
            reason = f"with it {whom} would hear from us"
            return Fault(_line(script.commands), reason, f"/{word} alone")
    return None


def _formatted(reading: Reading, script: Script, said: Sequence[str]) -> str | None:
    """Return what is said as its author formatted it; what macros say stands above that."""
    written = reading.written
    if written is None or written.html is None or written.text != script.text:
        return None
    return "".join((*map(paragraphs, said[:-1]), written.html))


def _stray(written_to: Ticket, ticket: Ticket, names: set[str]) -> Fault | None:
    """Return why an answer to a merged ticket cannot go to the people of where it goes on.

    Whoever wrote it had the customer of the one in mind, and others must not read it by surprise.
    """
    if ticket.merged_into is not None and "unmerge" not in names:
        reason = f"{ticket.number} goes on in another ticket, and nothing is sent from it"
        return Fault("", reason, "the same without /merge, or with /unmerge")
    if ticket.people <= written_to.people:
        return None
    return Fault(
        "",
        f"{written_to.number} goes on in {ticket.number}, and somebody else would get this answer",
        f"the same as an answer to this mail, for the people of {ticket.number}; "
        f"or, to the same address as before, with /unmerge above it, for {written_to.number}",
    )


def _held_until(ledger: Ledger, reading: Reading) -> datetime | None:
    """Return until when a mail waits before it is carried out; None when that has passed.

    Who sets the clock back makes no answer wait for longer.
    """
    received_at, hold = reading.claimed.received_at, ledger.settings.hold
    waits = received_at <= ledger.now < received_at + hold
    return received_at + hold if waits else None


def _cancels(script: Script, *, aside: bool) -> bool:
    """Tell whether `/cancel` stands in a mail other than as it should; in a note it is text."""
    lines = [fault.line for fault in script.faults]
    if script.below is not None and not aside:
        lines.append(script.below.line)
    return any(map(cancels, lines))


def _cancel(
    ledger: Ledger, reading: Reading, agent: Agent, about: tuple[int, int], why: str, *, alone: bool
) -> str:
    """Stop the answers that wait, whatever else the mail holds: that is sent back and not done.

    What was asked for in a hurry must not fail for a signature below it. `about` is the ticket, and
    that to whose address it was sent; on all that go on there an answer may wait as well.
    """
    ticket_id, _ = about
    at_once = (ledger, reading.claimed.received_at, asked.actor(agent))
    stopped, reason = stop_held(*at_once, agent.name, about, why)
    if stopped and alone:
        return "commands_only"
    refuse(ledger, reading, agent, ticket_id, [Fault("/cancel", reason, "/cancel alone")])
    return REFUSED


def stop_held(
    ledger: Ledger, at: datetime, who: Actor, name: str, about: Iterable[int], why: str = ""
) -> tuple[int, str]:
    """Stop the answers that wait on tickets, the first of them that which the mail is about.

    Return how many did, and what is to be told of a mail that asked for more, or in vain. `name`:
    who stops them.
    """
    settings, (ticket_id, *others) = ledger.settings, about
    number = ledger.ticket(ticket_id).number
    here = merging.merged_into(ledger.connection, settings.tenant_id, ticket_id)
    ids = dict.fromkeys((ticket_id, *others, *(ticket.id for ticket in here)))
    stopped = sum(held.stop(ledger, id_, at, who, name, why) for id_ in ids)
    reason = f"no answer on {number} waits any more: each is sent after {settings.hold.seconds} s"
    if stopped:
        answers_ = "the answer was" if stopped == 1 else f"{stopped} answers were"
        reason = f"{answers_} stopped and not sent; nothing else in this mail was carried out"
    elif not settings.hold:
        reason = "answers are sent at once here: [agents] hold would let them wait"
    return stopped, reason


def ordered(commands: Iterable[Command]) -> list[Command]:
    """Return commands in the order in which they are carried out; others come last."""
    order = {name: at for at, name in enumerate((*BEFORE, "resolve", *AFTER))}
    return sorted(commands, key=lambda command: order.get(command.name, len(order)))


def _line(commands: tuple[Command, ...]) -> str:
    return ", ".join(f"/{command.name}" for command in commands)


def _notes(commands: tuple[Command, ...]) -> bool:
    return any(command.name == "note" and command.note for command in commands)


def _carry_out(
    ledger: Ledger,
    reading: Reading,
    agent: Agent,
    ticket_id: int,
    message: NewMessage,
    commands: tuple[Command, ...],
    *,
    note: bool,
) -> None:
    stamp: dict[str, Any] = {"at": reading.claimed.received_at, "actor": asked.actor(agent)}
    named = [command for command in commands if command.name in BEFORE]
    for command in sorted(named, key=lambda command: BEFORE.index(command.name)):
        happen(ledger, reading, agent, ticket_id, command)
    _say(ledger, ticket_id, message, commands, stamp, note=note)
    for command in commands:
        if command.name in AFTER:
            happen(ledger, reading, agent, ticket_id, command)


def happen(
    ledger: Ledger, reading: Reading, agent: Agent, ticket_id: int, command: Command
) -> None:
    """Let happen what a command asks for that says nothing to anybody. Raises `Refused`."""
    note = command.note or None
    match command.name, command.argument:
        case "merge", (str(number),):
            target = naming.named(ledger.connection, ledger.settings, number)
            at, by = reading.claimed.received_at, asked.actor(agent)
            into = events.MergeInto(at=at, actor=by, target=target)
            merging.merge(ledger, ticket_id, into, note)
            return
    event = _event(ledger, reading, agent, ticket_id, command)
    if isinstance(event, events.Discard):
        merging.see_that_none_goes_on_here(ledger, ticket_id)
    if isinstance(event, events.Unmerge):
        merging.unmerge(ledger, ticket_id, event, note)
    else:
        ledger.apply(ticket_id, event, None, note)


def _event(
    ledger: Ledger, reading: Reading, agent: Agent, ticket_id: int, command: Command
) -> events.Event:
    """Return the event that a command asks for; raise `Refused` for who and what cannot be."""
    at, settings = reading.claimed.received_at, ledger.settings
    match command.name, command.argument:
        case (("approve" | "reject"), _):
            which = tokens.approval(reading, ledger.ticket(ticket_id))
            return asked.decision(command, which, agent, at)
        case ("cc" | "requester") as word, (*addresses,):
            people = [normalise(str(address)) for address in addresses]
            ticket, by = ledger.ticket(ticket_id), (asked.actor(agent), at)
            return outsiders.event(word, people, ticket, settings, reading.own.holds, by)
    return asked.event(command, settings, agent, at)


def _say(
    ledger: Ledger,
    ticket_id: int,
    message: NewMessage,
    commands: tuple[Command, ...],
    stamp: dict[str, Any],
    *,
    note: bool,
) -> None:
    """Add what is said: as a note, as the resolution, or as a reply to the customer."""
    names = {command.name for command in commands}
    resolve = next((command for command in commands if command.name == "resolve"), None)
    aside = "\n\n".join(c.note for c in commands if c.name == "note" and c.note)
    if aside or note or "note" in names:
        text = "\n\n".join(part for part in (aside, message.text) if part.strip())
        if text or message.attachments:
            ledger.apply(
                ticket_id, events.NoteAdded(**stamp), replace(message, kind=NOTE, text=text)
            )
    elif resolve is not None and (message.text.strip() or message.attachments):
        _see_that_somebody_gets_it(ledger.ticket(ticket_id), stamp["at"])
        resolution = replace(message, resolution=True)
        ledger.apply(ticket_id, events.Resolve(**stamp), resolution, resolve.note or None)
        return
    elif message.text.strip() or message.attachments:
        ticket = ledger.ticket(ticket_id)
        asked.answerable(ticket)
        _see_that_somebody_gets_it(ticket, stamp["at"])
        ledger.apply(ticket_id, events.AgentReplied(**stamp), message)
    if resolve is not None:
        ledger.apply(ticket_id, events.Resolve(**stamp), None, resolve.note or None)


def _see_that_somebody_gets_it(ticket: Ticket, at: datetime) -> None:
    """Raise `Refused` for an answer that was written before all who would get it joined."""
    joined = [ticket.joined_at(address) for address in ticket.people]
    if joined and all(since is not None and since > at for since in joined):
        raise Refused(
            f"{ticket.number} went to somebody else after this was written, and nobody would get "
            "it: read it over, and send it once more"
        )


def refuse(
    ledger: Ledger, reading: Reading, agent: Agent, ticket_id: int, faults: Sequence[Fault]
) -> None:
    """Give a mail back to the agent with what is wrong with it; nothing of it was done."""
    _answer(ledger, reading, agent, ticket_id, _shown(faults))


def _shown(faults: Iterable[Fault]) -> list[dict[str, str]]:
    return [{"line": f.line, "reason": f.reason, "form": f.right_form} for f in faults]


def refused(reading: Reading, by: Actor, reasons: Iterable[str]) -> events.CommandRefused:
    """Return the event that what a mail asks for was not carried out."""
    at = reading.claimed.received_at
    return events.CommandRefused(at=at, actor=by, reason="; ".join(reasons))


def not_done(
    ledger: Ledger,
    reading: Reading,
    agent: Agent | None,
    ticket_id: int | None,
    faults: Iterable[Fault],
) -> None:
    """Tell what could not be carried out of a mail that has gone out: its author, if known.

    Else the administrators hear of it.
    """
    lines, settings = _shown(faults), ledger.settings
    by = Actor(ActorKind.MAILBOX) if agent is None else asked.actor(agent)
    event = refused(reading, by, (line["reason"] for line in lines))
    if agent is not None:
        facts = {"commands": lines, "gone_out": True}
        _write_to(ledger, reading, agent, ticket_id, event, REFUSED, facts)
        return
    told = {
        "commands": lines,
        "gone_out": True,
        "ticket": _about(ledger, reading, ticket_id),
        "message": _said(reading, reading.sender_name, reading.mail.strict_from or ""),
    }
    to = [(admin, told) for admin in settings.staff.administrators]
    ledger.announce((MAIL, reading.claimed.id, 1), event, to, REFUSED)


def send_back(ledger: Ledger, reading: Reading, agent: Agent, ticket_id: int) -> None:
    """Return an agent's mail that came to the plain address, with one signed for each purpose."""
    reason = (
        "it came to the desk's plain address, which anybody could have done in your name; "
        "send it to the reply address of this mail to answer the customer, or to the note "
        "address to leave an internal note"
    )
    _answer(ledger, reading, agent, ticket_id, [{"line": "", "reason": reason, "form": ""}])


def asked_lately(ledger: Ledger, senders: Collection[str]) -> set[str]:
    """Return those of the staff among the senders who were asked within the last hour."""
    staff = ledger.settings.staff.by_address.keys() & set(senders)
    since = ledger.now - _ASKED_AGAIN
    return outbox.told(ledger.connection, ledger.settings.tenant_id, WAS_THIS_YOU, staff, since)


def ask(
    ledger: Ledger, reading: Reading, agent: Agent, ticket_id: int, asked_already: set[str]
) -> None:
    """Ask an agent, at the address we know, whether a mail without proof was theirs.

    At most once an hour, or whoever forges the address could flood it: `asked_already` grows by the
    agent. It answers the agent and not the mail, and brings signed addresses for the ticket that
    the mail was about.
    """
    if agent.address in asked_already:
        return
    reason = f"{reading.authentication.level.value}, without an address signed for {agent.name}"
    event = events.Doubted(
        at=reading.claimed.received_at, actor=Actor(ActorKind.GATEWAY), reason=reason
    )
    _write_to(ledger, reading, agent, ticket_id, event, WAS_THIS_YOU, {})
    asked_already.add(agent.address)


def _answer(
    ledger: Ledger, reading: Reading, agent: Agent, ticket_id: int, lines: list[dict[str, str]]
) -> None:
    event = refused(reading, asked.actor(agent), (line["reason"] for line in lines))
    _write_to(ledger, reading, agent, ticket_id, event, REFUSED, {"commands": lines})


def _write_to(
    ledger: Ledger,
    reading: Reading,
    agent: Agent,
    ticket_id: int | None,
    event: events.Event,
    notice: str,
    extra: dict[str, Any],
) -> None:
    """Write to an agent about a mail, with its text."""
    told = extra | {"message": _said(reading, agent.display_name, agent.address)}
    if ticket_id is None:
        told["ticket"] = _about(ledger, reading, None)
    ledger.answer(
        reading.claimed.id,
        event,
        ledger.settings.staff.recipient(agent),
        notice,
        ticket_id=ticket_id,
        extra=told,
    )


def _said(reading: Reading, author: str, address: str) -> dict[str, Any]:
    return {
        "author": author,
        "address": address,
        "side": "system",
        "text": (reading.mail.new_text or reading.mail.text)[:_SHOWN],
        "at": reading.claimed.received_at.isoformat(),
    }


def _about(ledger: Ledger, reading: Reading, ticket_id: int | None) -> dict[str, Any]:
    """Return what is told of the ticket; without one that is what the mail itself is called."""
    none = replace(notices.NO_TICKET, subject=reading.subject)
    ticket = none if ticket_id is None else ledger.ticket(ticket_id)
    return notices.facts(ticket, ledger.settings.staff)
