"""Events that a person asks for at a desk's own keyboard, through the one write door.

Somebody else who is first makes the same be decided again. A command that the lifecycle does not
list is `Illegal`, and then nothing is written.
"""

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from mailgate.desk import held, merging, splitting
from mailgate.desk.door import Desk, persist
from mailgate.desk.ledger import Ledger
from mailgate.desk.messages import PUBLIC, NewMessage
from mailgate.desk.settings import Settings
from mailgate.domain import events
from mailgate.domain.arguments import Fields, Record, Tags, Times
from mailgate.domain.choice import category_of
from mailgate.domain.commands import Command
from mailgate.domain.events import Event
from mailgate.domain.hours import when
from mailgate.domain.lifecycle import Decision
from mailgate.domain.model import Actor, ActorKind, Kind, Priority, Side, Ticket
from mailgate.domain.people import Agent, Role, Staff
from mailgate.errors import Refused
from mailgate.store import inbox, reports

ROAD, PAGE, QUEUE = "cli", "page", "default"
_VERDICT: dict[str, object] = {
    "kind": "person",
    "machine": False,
    "may_answer": False,
    "reasons": [],
    "trust": "strong",
    "rung": None,
    "other_address": False,
    "mentions": [],
    "tried": [],
    "degraded": [],
}
_WRITTEN = {ROAD: "written at the command line", PAGE: "written on the page of a signed link"}


@dataclass(frozen=True, slots=True)
class Letter:
    """What an agent wrote, as a mail: the bytes that are kept, and what was read from them."""

    raw: bytes
    author: Agent
    rfc_id: str | None
    fingerprint: str
    text: str
    kind: str = PUBLIC
    resolution: bool = False


def member(staff: Staff, who: str) -> Agent:
    """Return the agent or administrator with a name or address. Raises Refused."""
    found = staff.find(who) or staff.find(who.lower())
    if found is None:
        raise Refused(f"there is no agent {who!r}; {_near(who, staff.by_name)}")
    return found


def actor(agent: Agent | None) -> Actor:
    """Return whose doing an event is; nobody named is whoever runs the gateway."""
    if agent is None:
        return Actor(ActorKind.ADMIN, ROAD)
    return Actor(ActorKind.ADMIN if agent.admin else ActorKind.AGENT, agent.name)


def event(command: Command, settings: Settings, by: Agent | None, at: datetime) -> Event:
    """Return the event that a command asks for; a time without a zone is of the desk's.

    Raises Refused for a name that nobody and nothing bears.
    """
    who, staff = actor(by), settings.staff
    if command.name == "threshold" and not (settings.agents_set_times or _is_admin(by, staff)):
        raise Refused("only an administrator may set the times of a ticket")
    match command.name, command.argument:
        case "take", _:
            return _assignment("me", "", command.note, staff, by, at)
        case "assign", (kind, *names):
            return _assignment(str(kind), "".join(map(str, names)), command.note, staff, by, at)
        case ("follow" | "unfollow") as name, _:
            return events.Follow(at=at, actor=who, agent=_me(by).name, follow=name == "follow")
        case "escalate", _:
            return escalation(None, command.note, settings, by, at)
        case (("approve" | "reject"), _):
            return decision(command, None, by, at)
        case name, _ if name in _PLAIN:
            return _PLAIN[name](at=at, actor=who)
    return _change(command, settings, who, at)


def decision(command: Command, approval: int | None, by: Agent | None, at: datetime) -> Event:
    """Return the event by which `/approve` or `/reject` decides one approval; None: the present.

    Raises Refused where nothing says why it is rejected.
    """
    if command.name == "approve":
        return events.Approve(at=at, actor=actor(by), approval=approval)
    if not command.note.strip():
        raise Refused("whoever asked is told why: /reject reason")
    return events.Reject(at=at, actor=actor(by), reason=command.note, approval=approval)


def escalation(
    to: str | None, reason: str, settings: Settings, by: Agent | None, at: datetime
) -> Event:
    """Return the event that takes a ticket one level up, to an agent, `team:` a team, or nobody.

    Raises Refused for a name that nobody bears.
    """
    staff, (kind, _, team) = settings.staff, (to or "").lower().partition(":")
    if to is not None and kind == "team":
        to = f"team:{_team(team, staff)}"
    elif to is not None:
        to = member(staff, to).name
    return events.Escalate(at=at, actor=actor(by), to=to, reason=reason)


def _team(name: str, staff: Staff) -> str:
    if name not in staff.teams:
        raise Refused(f"there is no team {name!r}; {_near(name, staff.teams)}")
    return name


def _change(command: Command, settings: Settings, who: Actor, at: datetime) -> Event:
    """Return the event that changes what a ticket is, or until when it is silent."""
    match command.name, command.argument:
        case "priority", (str(name),):
            return events.SetPriority(at=at, actor=who, priority=Priority(name))
        case "category", (str(name),):
            if (category := category_of(name, settings.categories)) is None:
                raise Refused(f"there is no category {name!r}; {_near(name, settings.categories)}")
            return events.SetCategory(at=at, actor=who, category=category)
        case "kind", (str(name),):
            return events.SetKind(at=at, actor=who, kind=Kind(name))
        case "tag", Tags(added, removed):
            return events.Tag(at=at, actor=who, added=added, removed=removed)
        case "field", Fields(pairs):
            return fields_set(pairs, settings, who, at)
        case "ref", Record(record, state, dropped):
            return events.SetRecord(at=at, actor=who, record=record, state=state, dropped=dropped)
        case "threshold", Times(values):
            return events.SetTimes(at=at, actor=who, values=values)
        case "snooze", (str(text),):
            return events.Snooze(at=at, actor=who, until=when(text, at, settings.zone))
    raise Refused(f"there is no command {command.name!r}")


def fields_set(
    values: tuple[tuple[str, str], ...], settings: Settings, who: Actor, at: datetime
) -> Event:
    """Return the event that fills in custom fields; an empty value takes one away.

    Raises Refused for one that the desk does not have.
    """
    for name, _ in values:
        if name not in settings.fields:
            raise Refused(f"there is no field {name!r}; {_near(name, settings.fields)}")
    return events.SetFields(at=at, actor=who, values=values)


def _assignment(
    kind: str, name: str, reason: str, staff: Staff, by: Agent | None, at: datetime
) -> Event:
    who = actor(by)
    if kind == "team":
        return events.AssignTeam(at=at, actor=who, team=_team(name, staff))
    holder = by
    if kind == "none":
        holder = None
    elif kind == "agent":
        holder = member(staff, name)
    elif kind == "me":
        holder = _me(by)
    return events.Assign(
        at=at, actor=who, assignee=None if holder is None else holder.name, reason=reason
    )


def _is_admin(by: Agent | None, staff: Staff) -> bool:
    """Tell whether somebody is an administrator; nobody named is whoever runs the gateway."""
    return by is None or staff.recipient(by).role is Role.ADMIN


def _me(by: Agent | None) -> Agent:
    if by is None:
        raise Refused("who is `me`? say it by --as AGENT")
    return by


_PLAIN: dict[str, Callable[..., Event]] = {
    "close": events.Close,
    "note": events.NoteAdded,
    "reopen": events.Reopen,
    "reply": events.AgentReplied,
    "resolve": events.Resolve,
    "spam": partial(events.Discard, spam=True),
    "unmerge": events.Unmerge,
    "wait": events.Wait,
    "withdraw": partial(events.Discard, spam=False),
}


def _near(word: str, names: Iterable[str]) -> str:
    known = sorted(names)
    near = next(iter(difflib.get_close_matches(word.lower(), known, n=1)), None)
    return f"did you mean {near}?" if near else f"there is {', '.join(known) or 'none'}"


def answerable(ticket: Ticket) -> None:
    """Raise `Refused` for a ticket that has no customer, or one who left no address."""
    if ticket.visibility == "internal":
        raise Refused(
            f"{ticket.number} is internal: a machine opened it, and nothing of it goes outside; "
            "an internal note is possible"
        )
    if not ticket.requester:
        raise Refused(
            f"{ticket.number} came without a sender, so there is nobody to answer; "
            "an internal note is possible"
        )


def carry_out(
    desk: Desk,
    ticket_id: int,
    happens: Event,
    now: datetime,
    letter: Letter | None = None,
    note: str | None = None,
) -> Decision:
    """Let an event happen to a ticket, with the mail that comes with it, if one does.

    Raises `Illegal` for a command that is not possible now, `Conflict` when somebody else was
    first again and again.
    """
    return persist(partial(_once, desk, ticket_id, happens, now, letter, note))


def split(
    desk: Desk,
    ticket_id: int,
    wish: splitting.Wish,
    calls: splitting.Calls,
    stamp: tuple[datetime, Actor],
    note: str | None = None,
) -> Ticket:
    """Let a message of a ticket start another, which is returned; `stamp` as of `splitting.split`.

    Raises `Refused` where that must not be, `Conflict` as `carry_out` does.
    """

    def once() -> Ticket:
        with desk.writing(stamp[0]) as ledger:
            ledger.caused_by(ledger.next_id())  # no mail does: what ties the events together
            return splitting.split(ledger, ticket_id, wish, calls, stamp, note)

    return persist(once)


def _once(
    desk: Desk,
    ticket_id: int,
    happens: Event,
    now: datetime,
    letter: Letter | None,
    note: str | None,
) -> Decision:
    with desk.writing(now) as ledger:
        if isinstance(happens, events.AgentReplied):
            answerable(ledger.ticket(ticket_id))
        if isinstance(happens, events.Discard):
            merging.see_that_none_goes_on_here(ledger, ticket_id)
            held.stop(ledger, ticket_id, now, happens.actor, happens.actor.id)
        if isinstance(happens, events.MergeInto):
            ledger.caused_by(ledger.next_id())  # no mail does: what ties both events together
            return merging.merge(ledger, ticket_id, happens, note)
        if isinstance(happens, events.Unmerge):
            return merging.unmerge(ledger, ticket_id, happens, note)
        message = None if letter is None else _keep(ledger, ticket_id, letter, now)
        return ledger.apply(ticket_id, happens, message, note)


def _keep(ledger: Ledger, ticket_id: int, letter: Letter, now: datetime) -> NewMessage:
    """Keep an agent's mail; return what it says on the ticket."""
    author = letter.author
    mail_id = keep(
        ledger,
        ticket_id,
        letter.raw,
        author.address,
        now,
        road=ROAD,
        fingerprint=letter.fingerprint,
        says=f"{author.name} wrote it at the command line",
    )
    return NewMessage(
        side=Side.SYSTEM,
        author=author.name,
        author_name=author.display_name,
        at=now,
        text=letter.text,
        kind=letter.kind,
        mail_id=mail_id,
        rfc_id=letter.rfc_id,
        sender=author.address,
        resolution=letter.resolution,
    )


def keep(
    ledger: Ledger,
    ticket_id: int,
    raw: bytes,
    sender: str,
    now: datetime,
    *,
    road: str,
    fingerprint: str,
    says: str,
) -> int | None:
    """Keep a mail that was written here as any other is kept; return its id.

    It has ended on its ticket when it is there. `says` is what `explain` tells of it.
    """
    settings = ledger.settings
    arrival = inbox.Arrival(
        raw=raw,
        tenant_id=settings.tenant_id,
        queue=QUEUE,
        recipients=(settings.address,),
        mail_from=sender,
        peer="local",
        road=road,
        received_at=now,
    )
    (delivery_id,) = inbox.put(ledger.connection, iter(ledger.next_id, None), [arrival])
    row = {
        "id": delivery_id,
        "fence": 0,
        "state": "threaded",
        "fingerprint": fingerprint,
        "ticket_id": ticket_id,
        "verdict": _VERDICT | {"authentication": [_WRITTEN[road]], "says": says},
        "done_at": now,
    }
    ledger.caused_by(delivery_id)
    inbox.settle(ledger.connection, settings.tenant_id, [row])
    kept = reports.delivery(ledger.connection, settings.tenant_id, delivery_id)
    return kept["mail_id"] if kept else None
