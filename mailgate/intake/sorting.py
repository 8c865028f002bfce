"""Decides what a mail is to the desk, and lets the one event happen that follows from it.

In this order: a canary, another notice of ours come back, a mail we have already, what an agent
has sent, a bounce or report, spam, an agent's mail, a customer's mail. Every mail ends in exactly
one state; one that answers a mail still pending waits for that for a while.
"""

from dataclasses import replace
from datetime import datetime

from mailgate.desk import assignment, returns
from mailgate.desk.ledger import Ledger
from mailgate.desk.messages import NOTE
from mailgate.domain.events import (
    CustomerWrote,
    Event,
    MachineWrote,
    NoteAdded,
    Opened,
    PeopleJoined,
)
from mailgate.domain.hours import local_date, morning
from mailgate.domain.model import Actor, ActorKind, Alarm, Author, Side, Ticket
from mailgate.domain.people import Agent
from mailgate.domain.remarks import Remark
from mailgate.domain.suspension import gone
from mailgate.intake import (
    agents,
    alerts,
    bcc,
    choice,
    digest,
    mytickets,
    overflow,
    rating,
    remarks,
    sent,
    submitted,
    threads,
    tokens,
)
from mailgate.intake.ending import Ending, message_of
from mailgate.intake.lookup import Lookup
from mailgate.intake.mailbox import SENT
from mailgate.intake.reading import Reading
from mailgate.mail import absence
from mailgate.mail.screen import Kind
from mailgate.mail.thanks import is_bare_thanks
from mailgate.mail.thread import Placement, Rung, place
from mailgate.mail.trust import Trust
from mailgate.store import inbox

_MACHINES_WORD = {
    None: "a machine wrote",
    Alarm.RAISED: "a machine says that the problem is there",
    Alarm.CLEARED: "a machine says that the problem is over",
}


def sort(ledger: Ledger, lookup: Lookup, reading: Reading) -> Ending:
    """Let happen what follows from one mail."""
    ledger.caused_by(reading.claimed.id)
    kind = reading.verdict.kind
    if reading.canary is not None:
        return _canary(ledger, lookup, reading.canary)
    if kind is Kind.OWN:
        return Ending("suppressed", says="a mail of our own came back")
    earlier = lookup.duplicates.get((reading.claimed.queue, reading.fingerprint))
    if reading.claimed.road == inbox.SUBMISSION:
        submitted.see_that_it_is_new(ledger, reading, earlier)
    if earlier is not None:
        further = sent.filed_late(ledger, lookup, reading, earlier)
        further = further or bcc.by_another_address(ledger, lookup, reading, earlier)
        return further or Ending("suppressed", says=f"the same mail came before, as {earlier}")
    if reading.claimed.road == SENT:
        return sent.filed(ledger, lookup, reading)
    if reading.claimed.road == inbox.SUBMISSION:
        ending = submitted.handed_in(ledger, lookup, reading)
        return _written(ledger, lookup, reading) if ending is None else ending
    if kind in (Kind.BOUNCE, Kind.REPORT):
        return _report(ledger, lookup, reading)
    if kind is Kind.SPAM:
        return Ending("quarantined", says="; ".join(reading.verdict.reasons))
    return bcc.by_the_desk(ledger, lookup, reading) or _written(ledger, lookup, reading)


def _written(ledger: Ledger, lookup: Lookup, reading: Reading) -> Ending:
    """Let happen what follows from a mail that says something to the desk."""
    reading = replace(reading, pretences=remarks.pretences(reading, ledger.settings))
    if (
        mytickets.is_asked_for(reading)
        and (says := mytickets.answer(ledger, reading, lookup.listed)) is not None
    ):
        return Ending("commands_only", says=says)
    answering = digest.agent_of(ledger, reading)
    if answering is not None:
        return _answered(ledger, lookup, reading, answering)
    return _placed(ledger, lookup, reading)


def _answered(ledger: Ledger, lookup: Lookup, reading: Reading, agent: Agent) -> Ending:
    """Do what an agent's answer to the digest asks for; a machine's says at most who is away."""
    if not reading.verdict.machine:
        return digest.carry_out(ledger, lookup, reading, agent)
    placement = Placement(None, Rung.NEW, False, False, (), (), answers=True)  # noqa: FBT003 - nothing is placed
    away = _leave(ledger, reading, placement)
    return Ending("report", says=away or "a machine answered the digest")


def _placed(ledger: Ledger, lookup: Lookup, reading: Reading) -> Ending:
    """Find the ticket of a mail that somebody or a machine wrote to the desk, and let it act."""
    placement = place(
        reading.keys,
        lookup.found(reading),
        None if reading.by_form else reading.mail.strict_from,
        reading.authentication.level,
        number_needs=ledger.settings.number_needs,
    )
    if placement.ticket_id is None and lookup.awaits(reading):
        return Ending(inbox.PENDING, says="it answers a mail that is not yet processed")
    placement = mytickets.declined(reading, placement)
    placement = overflow.diverted(ledger, lookup.lately, reading, placement)
    if reading.verdict.machine:
        return _machine(ledger, lookup, reading, placement)
    agent = ledger.settings.staff.by_address.get(reading.mail.strict_from or "")
    if agent is not None:
        ending = _agent(ledger, lookup, reading, placement, agent)
        if ending is not None:
            return ending
    return _customer(ledger, lookup, reading, placement)


def _canary(ledger: Ledger, lookup: Lookup, id_: int) -> Ending:
    """Note that a canary is back; whoever sends an old one again changes nothing."""
    canary = lookup.canaries.pop(id_, None)
    if canary is None:
        return Ending("suppressed", says=f"the canary {id_}, which has come back before")
    ledger.came_home(canary)
    return Ending("report", says=f"the canary {id_}, which has come back")


# --- reports ------------------------------------------------------------------------------------


def _report(ledger: Ledger, lookup: Lookup, reading: Reading) -> Ending:
    """File a bounce or report with the mail that it is about; it never opens a ticket."""
    notice, report = lookup.reported(reading), reading.mail.report
    if notice is None:
        return Ending("report", says="about no mail that we know of")
    says = f"about notice {notice.id}"
    if reading.verdict.kind is Kind.BOUNCE:
        at, dead = reading.claimed.received_at, None
        if report is not None:
            lost = (o for o in report.undelivered if o.action != "delayed" and gone(o.reason))
            dead = frozenset(outcome.final_recipient.lower() for outcome in lost)
        proven = reading.verdict.bounced_outbox is not None
        reason, unreached = _why(reading), lookup.unreached
        if returns.returned(ledger, notice, reason, at, unreached, proven=proven, dead=dead):
            lookup.notices[notice.id] = replace(notice, left=False)
        elif notice.left:
            says = f"says that it is {says}, without the return path that proves it"
        else:
            says += ", of which nothing is on its way"
    return Ending("report", notice.ticket_id, says=says)


def _why(reading: Reading) -> str:
    report = reading.mail.report
    if report is None:
        return "returned to sender"
    return " ".join(part for part in (report.status, report.diagnostic) if part) or "returned"


# --- machines and agents ------------------------------------------------------------------------


def _machine(ledger: Ledger, lookup: Lookup, reading: Reading, placement: Placement) -> Ending:
    """Record what a machine wrote; on no known thread it opens a ticket, unanswered."""
    away = _leave(ledger, reading, placement)
    placement, alarm = alerts.placed(ledger, lookup, reading, placement)
    if placement.ticket_id is None:
        ending = _open(ledger, lookup, reading, placement)
        return replace(ending, says="; ".join(filter(None, (ending.says, away))))
    event = MachineWrote(
        at=reading.claimed.received_at,
        actor=Actor(ActorKind.MACHINE, reading.sender),
        back_at=_back_at(ledger, reading, placement),
        alarm=alarm,
        subject=reading.subject if alarm is not None else "",
    )
    message = message_of(reading, side=Side.CLIENT, machine=True)
    ledger.apply(placement.ticket_id, event, message, overflow.mark(reading, placement))
    says = "; ".join(filter(None, (_MACHINES_WORD[alarm], away)))
    return Ending("threaded", placement.ticket_id, says, placement)


def _back_at(ledger: Ledger, reading: Reading, placement: Placement) -> datetime | None:
    """Return when the requester's auto-reply says that they are back, if it is one and says so.

    One that is forged must not keep the clock from reminding: it has to be proved, as an answer to
    a mail of ours is by its In-Reply-To.
    """
    if reading.verdict.kind is not Kind.AUTO_REPLY or placement.ticket_id is None:
        return None
    if placement.other_address or not placement.proved:
        return None
    if reading.mail.strict_from != ledger.ticket(placement.ticket_id).requester:
        return None
    return _return(ledger, reading, ledger.ticket(placement.ticket_id).subject)


def _leave(ledger: Ledger, reading: Reading, placement: Placement) -> str:
    """Note until when an agent is away, by an auto-reply of theirs that is shown to be; say so.

    It has to answer a mail that we sent them: a reply that somebody else got may be sent on to us.
    """
    agent = ledger.settings.staff.by_address.get(reading.mail.strict_from or "")
    if agent is None or reading.verdict.kind is not Kind.AUTO_REPLY:
        return ""
    if not placement.answers:
        return ""
    about = placement.ticket_id
    until = _return(ledger, reading, "" if about is None else ledger.ticket(about).subject)
    if until is None:
        return ""
    ledger.leave(agent.name, until, reading.claimed.received_at)
    return f"{agent.name} is away until {local_date(until, ledger.settings.zone)}"


def _return(ledger: Ledger, reading: Reading, subject: str) -> datetime | None:
    """Return when the author of an auto-reply is back, if it says so.

    What it quotes does not count: whoever wrote that could say when somebody else is back. Nor does
    anything where the `subject` of the ticket holds such a day, since replies like to repeat it.
    """
    zone, received_at = ledger.settings.zone, reading.claimed.received_at
    today = local_date(received_at, zone)
    if absence.back_on(subject, today) is not None:
        return None
    day = absence.back_on(reading.mail.new_text, today)
    return None if day is None else morning(day, zone)


def _agent(
    ledger: Ledger, lookup: Lookup, reading: Reading, placement: Placement, agent: Agent
) -> Ending | None:
    """Handle an agent's mail; None when they write as a customer would.

    Powers need a signed address of the agent's own, or a From that is proved; without, it is a
    stranger's mail, and the agent is asked.
    """
    level = reading.authentication.level
    token = tokens.token(reading, "note") or tokens.token(reading, "reply")
    if token is not None and token.number in lookup.numbers and level is not Trust.FAILED:
        written_to = lookup.numbers[token.number]
        message = message_of(reading, side=Side.SYSTEM)
        note = token.purpose == "note"
        if note and not message.text:
            message = replace(message, text=reading.mail.text)  # a mail forwarded without a word
        ticket_id = agents.meant(ledger, written_to, message.text)
        word = agents.act(
            ledger, reading, agent, ticket_id, message, note=note, written_to=written_to
        )
        home = ledger.said_on(reading.claimed.mail_id) or ticket_id
        return agents.ended(word, home, f"{agent.name} to a signed {token.purpose} address")
    if level is Trust.STRONG and (ending := bcc.by_agent(ledger, lookup, reading, agent)):
        return ending
    about = placement.ticket_id or _named(lookup, reading)
    if about is None and level is Trust.STRONG:  # it answers a customer's mail, as agents may
        answered, _ = sent.about(ledger, lookup, reading, [])
        about = None if answered is None else answered.id
    own = about is not None and agent.address in ledger.ticket(about).people
    if level is not Trust.STRONG and not (own and placement.proved):
        ending = _customer(ledger, lookup, reading, placement, doubted=agent)
        if about is None:
            about = ending.ticket_id
        if about is not None:
            agents.ask(ledger, reading, agent, about, lookup.asked)
        return replace(ending, says=f"{ending.says}; {agent.name} was not shown to have written it")
    if about is None and level is Trust.STRONG:
        return _forwarded(ledger, lookup, reading, placement, agent)
    if about is None or own:
        return None
    agents.send_back(ledger, reading, agent, about)
    says = f"{agent.name} wrote to the plain address: sent back with signed ones"
    return Ending("commands_only", about, says, placement, word="sent_back")


def _named(lookup: Lookup, reading: Reading) -> int | None:
    """Return the ticket whose number a mail bears, whoever wrote it."""
    numbers = (*reading.keys.numbers, *(signed.number for signed in reading.keys.signed))
    named = (lookup.numbers.get(number) for number in numbers)
    return next((lookup.leads_to(id_) for id_ in named if id_ is not None), None)


# --- customers ----------------------------------------------------------------------------------


def _customer(
    ledger: Ledger,
    lookup: Lookup,
    reading: Reading,
    placement: Placement,
    doubted: Agent | None = None,
) -> Ending:
    """Handle a mail of the customers' side; also one that bears the address of a `doubted` agent.

    A ticket that was closed for too long is followed by a new one, but only for who took part in
    it: whoever else knew its thread would draw the customer's later mails into a ticket of theirs.
    """
    if placement.proved:
        ledger.meet(reading.sender, reading.sender_name, reading.claimed.received_at)
    placement = rating.placed(lookup, reading, placement)
    rated = rating.taken(ledger, lookup, reading, placement)
    if rated is not None:
        return rated
    if placement.ticket_id is None:
        return _open(ledger, lookup, reading, placement, doubted)
    ticket = ledger.ticket(placement.ticket_id)
    if not _wrote(ledger, reading, placement, ticket, doubted):
        newer = lookup.followers.get(ticket.id)
        if newer is None or not _wrote(ledger, reading, placement, ledger.ticket(newer), doubted):
            if _author(reading, placement, ticket) is Author.OTHER:
                mentions = (*placement.mentions, ticket.number)
                alone = replace(placement, ticket_id=None, joined=False, mentions=mentions)
                return _open(ledger, lookup, reading, alone, doubted)
            return _open(ledger, lookup, reading, placement, doubted, follows=ticket)
        ticket = ledger.ticket(newer)
    return Ending("threaded", ticket.id, f"by {placement.rung}", placement)


def _wrote(
    ledger: Ledger,
    reading: Reading,
    placement: Placement,
    ticket: Ticket,
    doubted: Agent | None,
) -> bool:
    """Add a customer's message; False when the ticket is closed for too long to take it."""
    thanks = is_bare_thanks(reading.mail.new_text) and not reading.mail.attachments
    author = _author(reading, placement, ticket)
    own = author is not Author.OTHER
    people = remarks.people(reading, ledger.settings, ticket.people, own=own)
    event = CustomerWrote(
        at=reading.claimed.received_at,
        actor=Actor(ActorKind.CUSTOMER, reading.sender),
        author=author,
        thanks=thanks,
        confirms=tokens.confirms(reading, ticket, thanks=thanks),
        silent=_silent(reading, doubted),
        proved=placement.proved,
        remarks=(*remarks.of(reading, doubted), *people.remarks),
    )
    message = message_of(reading, side=Side.CLIENT, other_address=not own)
    note = overflow.mark(reading, placement)
    if ledger.apply(ticket.id, event, message, note).follow_up:
        return False
    _join(ledger, ticket.id, event, people.joining)
    return True


def _silent(reading: Reading, doubted: Agent | None = None) -> bool:
    """Whether nothing automatic may go to the sender, who may be the victim of a forgery."""
    failed = reading.authentication.level is Trust.FAILED
    return failed or doubted is not None or not reading.verdict.may_answer


def _join(ledger: Ledger, ticket_id: int, cause: Event, people: tuple[str, ...]) -> None:
    if people:
        ledger.apply(ticket_id, PeopleJoined(at=cause.at, actor=cause.actor, people=people))


def _author(reading: Reading, placement: Placement, ticket: Ticket) -> Author:
    sender = reading.mail.strict_from
    if placement.other_address or sender is None:
        return Author.OTHER
    if sender == ticket.requester:
        return Author.REQUESTER
    return Author.PARTICIPANT if sender in ticket.participants else Author.OTHER


def _open(
    ledger: Ledger,
    lookup: Lookup,
    reading: Reading,
    placement: Placement,
    doubted: Agent | None = None,
    follows: Ticket | None = None,
) -> Ending:
    """Open a ticket for a mail."""
    mail = reading.mail
    people = remarks.people(reading, ledger.settings, frozenset({reading.sender}), own=True)
    about = f"{reading.subject}\n{mail.text}"
    chosen = choice.of(reading, ledger.settings, reading.sender, about)
    named = alerts.from_machine_sender(reading)
    by_person = named or not reading.verdict.machine
    holder, given = assignment.begin(ledger, lookup.held, chosen.team, by_person=by_person)
    event = Opened(
        at=reading.claimed.received_at,
        actor=Actor(
            ActorKind.MACHINE if reading.verdict.machine else ActorKind.CUSTOMER, reading.sender
        ),
        number="",
        subject=reading.subject,
        requester=reading.sender,
        requester_name=reading.sender_name,
        category=chosen.category,
        kind=chosen.kind,
        priority=chosen.priority,
        team=chosen.team,
        tags=chosen.tags,
        assignee=holder,
        follows=follows.id if follows is not None else None,
        visibility="internal" if named else "public",
        silent=_silent(reading, doubted),
        language=choice.language(ledger.settings, mail.new_text or mail.text),
        unproven=not lookup.knows(reading.sender),
        proved=placement.proved,
        remarks=(*remarks.of(reading, doubted), *people.remarks),
    )
    message = message_of(reading, side=Side.CLIENT, machine=reading.verdict.machine)
    message = replace(message, text=mail.text)  # what is quoted in a first mail is news to us
    mentions = [*placement.mentions, *([follows.number] if follows is not None else [])]
    note = ", ".join(mentions) or None
    ticket = ledger.open(event, message, note)
    threads.lead_to(ledger, ticket.id, lookup.old, reading.keys.message_ids, [reading.sender])
    alerts.remember(ledger, reading, ticket.id)
    _join(ledger, ticket.id, event, people.joining)
    if not placement.proved:
        lookup.lately.learn(ticket)
    why = ("a new matter", *chosen.why, given)
    return Ending("opened", ticket.id, "; ".join(filter(None, why)), placement)


def _forwarded(
    ledger: Ledger, lookup: Lookup, reading: Reading, placement: Placement, agent: Agent
) -> Ending | None:
    """Open a ticket for the customer whose mail an agent passes on; None when it is not so.

    The agent vouches for the matter, not for the address: nobody becomes known by it, and to who
    is not, nothing of what the mail said is sent. What the agent wrote above it is a note.
    """
    inner = reading.forwarded
    settings, at = ledger.settings, reading.claimed.received_at
    if inner is None or inner.sender in settings.staff.by_address:
        return None
    if reading.own.holds(inner.sender):
        return None
    pretence = remarks.pretence(inner.name, inner.sender, settings)
    name = inner.name if pretence is None else ""
    subject = inner.subject or reading.subject
    about = f"{subject}\n{inner.text}"
    chosen = choice.of(reading, settings, inner.sender, about, by_staff=True)
    holder, given = assignment.begin(ledger, lookup.held, chosen.team)
    event = Opened(
        at=at,
        actor=Actor(ActorKind.CUSTOMER, inner.sender),
        number="",
        subject=subject,
        requester=inner.sender,
        requester_name=name,
        category=chosen.category,
        kind=chosen.kind,
        priority=chosen.priority,
        team=chosen.team,
        tags=chosen.tags,
        assignee=holder,
        language=choice.language(settings, inner.text),
        unproven=not lookup.knows(inner.sender),
        proved=True,
        remarks=(
            (Remark.FORWARDED.value, agent.display_name),
            *((p.kind.value, p.shown) for p in (pretence,) if p is not None),
        ),
    )
    message = replace(
        message_of(reading, side=Side.CLIENT),
        author=inner.sender,
        author_name=name,
        text=inner.text,
        rfc_id=inner.message_id,
        sender=inner.sender,
    )
    ticket = ledger.open(event, message)
    if inner.comment:
        note = message_of(reading, side=Side.SYSTEM)
        note = replace(note, author=agent.name, author_name=agent.display_name, kind=NOTE)
        note = replace(note, text=inner.comment, full_text=None, rfc_id=None, attachments=())
        noted = NoteAdded(at=at, actor=Actor(ActorKind.AGENT, agent.name))
        ledger.apply(ticket.id, noted, note)
    why = (*chosen.why, given)
    says = "; ".join(filter(None, (f"{agent.name} forwarded it", *why)))
    return Ending("opened", ticket.id, says, placement)
