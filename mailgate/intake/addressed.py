"""Commands that stand in an address, mostly in Bcc: `support+done@` leaves no trace for customers.

They count in what was sent from the shared account, and in the mail of an agent who is proved. The
mail itself has gone where its author sent it: nothing of it can be refused, only what it asks for.
"""

from collections.abc import Iterator
from dataclasses import replace
from email.utils import getaddresses

from mailgate.desk import commands as asked
from mailgate.desk import held, merging, naming
from mailgate.desk.ledger import Ledger
from mailgate.desk.messages import NOTE, NewMessage
from mailgate.desk.settings import Settings
from mailgate.domain import events, shorthand
from mailgate.domain.arguments import nearest
from mailgate.domain.commands import SETS_ASIDE, Command, Fault, Script, read
from mailgate.domain.model import Actor
from mailgate.domain.people import Agent
from mailgate.errors import Refused
from mailgate.intake import agents, splitting
from mailgate.intake.mailbox import SENT
from mailgate.intake.reading import Reading

_NEEDS_A_NAME = frozenset({"take", "follow", "unfollow"})


def lines(reading: Reading, settings: Settings) -> tuple[str, ...]:
    """Return the commands of a mail's addresses as lines, and what is none with its mark before it.

    Of what was sent Bcc counts, which mail programs keep in the copy, and To where it went to
    nobody else; of any other mail, to whom it came.
    """
    if reading.claimed.road != SENT:
        ours = reading.claimed.recipients
    else:
        hidden = getaddresses(list(reading.mail.headers.get("bcc", ())))
        shown = () if reading.others else (*reading.mail.to, *reading.mail.cc)
        ours = (*(address for _, address in hidden), *(box.address for box in shown))
    known = settings.names
    details = (reading.own.split(address)[1].lower() for address in ours)
    said = ((word, shorthand.line(word, known)) for word in dict.fromkeys(details) if word)
    # A dot stands in signed addresses, which lead to a ticket, and say nothing.
    return tuple(line or f"/{word}" for word, line in said if line or "." not in word)


def is_command(reading: Reading, settings: Settings, *, beside: bool = False) -> bool:
    """Tell whether a mail came to nothing of ours but to addresses that hold a command.

    `beside`: the desk's plain address may stand beside one, as it does in an answer to all.
    """
    known = settings.names
    details = [reading.own.split(address)[1].lower() for address in reading.claimed.recipients]
    asking = [word for word in details if word and shorthand.line(word, known)]
    others = [word for word in details if word not in asking and (word or not beside)]
    return bool(asking) and not others


def unknown(said: tuple[str, ...], names: shorthand.Names) -> Fault | None:
    """Return what is wrong with the first of these lines that stands for no address of ours.

    Above an answer such a line could go to the customer; and what an address cannot say, as
    `/approve`, is not to be said by one that is called so.
    """
    for line in said:
        word = line.removeprefix("/")
        if read(line).text or not shorthand.says(word, names):
            near = nearest(word, list(shorthand.words(names)))
            return Fault(line, "no address of ours is called so", f"+{near}" if near else "")
    return None


def act(
    ledger: Ledger, reading: Reading, agent: Agent, ticket_id: int, message: NewMessage
) -> tuple[str, str]:
    """Carry out a mail of an agent who is proved; return the state in which it ends, and why.

    What they wrote to the customer by themselves is the desk's answer, and anything else a note.
    """
    ticket, at, who = ledger.ticket(ticket_id), reading.claimed.received_at, asked.actor(agent)
    message = replace(message, author=agent.name, author_name=agent.display_name)
    says_something = bool(message.text.strip() or message.attachments)
    if not ticket.people.isdisjoint(reading.others):
        ledger.apply(ticket_id, events.AgentReplied(at=at, actor=who, sent=True), message)
    elif says_something:
        note = replace(message, kind=NOTE)
        ledger.apply(ticket_id, events.NoteAdded(at=at, actor=who), note)
    asks = carry_out(ledger, reading, ticket_id, who, agent)
    says = f"{agent.name} to an address that holds a command; {asks}"
    return "threaded" if says_something else "commands_only", says


def carry_out(
    ledger: Ledger, reading: Reading, ticket_id: int | None, who: Actor, agent: Agent | None
) -> str:
    """Carry out the commands of a mail's addresses, all or none; return what came of it in words.

    What cannot be done is told to the agent, or to the administrators where nobody is known.
    """
    said = lines(reading, ledger.settings)
    if not said:
        return ""
    script = read("\n".join(said))
    no_address = unknown(said, ledger.settings.names)
    faults = [no_address] if no_address else list(script.faults)
    if ticket_id is None:
        faults.append(Fault(", ".join(said), "the mail is about no ticket", ""))
    names = {command.name for command in script.commands}
    if "cancel" in names and ticket_id is not None:
        return _cancel(ledger, reading, ticket_id, who, agent, alone=len(said) == 1)
    faults += _flaws(said, script)
    mark = ledger.mark()
    if not faults and ticket_id is not None:
        try:
            if splitting.NAME in names:
                splitting.see_that_it_is_alone(reading, ledger.ticket(ticket_id), names)
            for command in agents.ordered(script.commands):
                _happen(ledger, reading, ticket_id, command, who, agent)
        except Refused as refusal:
            ledger.undo(mark)
            faults.append(Fault(", ".join(said), str(refusal), ""))
    if not faults and ticket_id is not None and names & SETS_ASIDE.keys():
        at = reading.claimed.received_at  # not before all is done: what is stopped is not undone
        held.stop(ledger, ticket_id, at, who, who.id)
    if not faults:
        return f"by address: {', '.join(said)}"
    agents.not_done(ledger, reading, agent, ticket_id, faults)
    return f"not carried out: {', '.join(said)}"


def _cancel(
    ledger: Ledger,
    reading: Reading,
    ticket_id: int,
    who: Actor,
    agent: Agent | None,
    *,
    alone: bool,
) -> str:
    """Stop the answers that wait on a ticket, whatever else is asked for: that is not done."""
    at = reading.claimed.received_at
    stopped, reason = agents.stop_held(ledger, at, who, who.id, (ticket_id,))
    if stopped and alone:
        return "by address: /cancel"
    fault = Fault("/cancel", reason, "/cancel alone")
    agents.not_done(ledger, reading, agent, ticket_id, [fault])
    return f"by address: /cancel; {reason}"


def _flaws(said: tuple[str, ...], script: Script) -> Iterator[Fault]:
    """Yield what is wrong with these lines as a whole."""
    names = {command.name for command in script.commands}
    aside = sorted(names & SETS_ASIDE.keys())
    if aside and len(names) > 1:
        reason = f"with it {SETS_ASIDE[aside[0]]} may hear from us"
        yield Fault(", ".join(said), reason, f"/{aside[0]} alone")
    if "merge" in names and names & agents.ENDS:
        yield Fault(", ".join(said), "/merge itself ends a ticket", "/merge without them")


def _happen(
    ledger: Ledger,
    reading: Reading,
    ticket_id: int,
    command: Command,
    who: Actor,
    agent: Agent | None,
) -> None:
    if command.name == "note":  # what can be a note is one already
        return
    me = command.name in _NEEDS_A_NAME or command.argument == ("me",)
    if me and agent is None:
        raise Refused("nothing in the mail says who you are: name yourself in From")
    if command.name == splitting.NAME:
        splitting.happen(ledger, reading, who, ticket_id, command)
        return
    match command.name, command.argument:
        case "merge", (str(number),):
            _merge(ledger, reading, ticket_id, number, who)
            return
    event = asked.event(command, ledger.settings, agent, reading.claimed.received_at)
    if isinstance(event, events.Discard):
        merging.see_that_none_goes_on_here(ledger, ticket_id)
    ledger.apply(ticket_id, replace(event, actor=who), None, None)


def _merge(ledger: Ledger, reading: Reading, ticket_id: int, number: str, who: Actor) -> None:
    """Let the ticket go on in that of a number.

    Only as what was sent asks for it: what vouches for any other mail does so as well when its
    customer sends it on to an address of their choice, and they would choose where they go on.
    """
    if reading.claimed.road != SENT:
        raise Refused("it is merged by a line on top of an answer, or from the shared mailbox")
    target = naming.named(ledger.connection, ledger.settings, number)
    into = events.MergeInto(at=reading.claimed.received_at, actor=who, target=target)
    merging.merge(ledger, ticket_id, into)
