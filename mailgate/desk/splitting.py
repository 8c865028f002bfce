"""Two matters in one ticket: what a customer wrote of the other starts a ticket of its own.

The message itself goes there, with its files and the keys by which answers to it are known; the
new ticket follows the old one. It is as a new mail would have made it: the rules for new tickets
are asked, the customer is told its number, and whoever is to work on it gets the words.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping

from mailgate.desk import naming
from mailgate.desk.ledger import Ledger
from mailgate.desk.messages import NOTE, PUBLIC, Leaves, NewMessage
from mailgate.domain.choice import Choice, choose
from mailgate.domain.events import CustomerWrote, Opened, SplitOff
from mailgate.domain.model import (
    TURN_OF,
    Actor,
    ActorKind,
    Disposition,
    Priority,
    Side,
    Status,
    Ticket,
)
from mailgate.domain.rules import Matter, routed
from mailgate.errors import Refused
from mailgate.store import inbox, moving, people, reports

Calls = Callable[[bytes, Callable[[str], tuple[str, ...]]], str]
"""Returns what a raw mail calls its matter, without ticket numbers, which the second finds."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Which message is to start a ticket, and what that is to be called; empty: as its mail is."""

    message: int
    subject: str = ""


@dataclass(frozen=True, slots=True)
class _Said:
    """A message, and the history of the ticket on which it was said."""

    ticket: Ticket
    row: RowMapping
    history: Sequence[RowMapping]

    @property
    def event(self) -> RowMapping | None:
        """What happened to the ticket when it came."""
        came = (row for row in self.history if row["name"] != SplitOff.name)
        return next((row for row in came if row["data"].get("message") == self.row["id"]), None)


def split(
    ledger: Ledger,
    ticket_id: int,
    wish: Wish,
    calls: Calls,
    stamp: tuple[datetime, Actor],
    note: str | None = None,
) -> Ticket:
    """Open a ticket for a message of another, which it leaves, and return the new one.

    `stamp`: when this was asked for, and by whom. Raises `Refused` where it must not be.
    """
    at, by = stamp
    said = _said(ledger, ticket_id, wish.message)
    old = said.ticket
    opened = _opened(ledger, said, wish.subject or _called(ledger, said, calls), at)
    new = ledger.open(opened, _message(said), _told(f"split off {old.number}", note))
    leaves = SplitOff(
        at=at, actor=by, target=new.id, message=wish.message, back_to=_stood_before(ledger, said)
    )
    whose = said.row["author_name"] or said.row["author"]
    ledger.apply(old.id, leaves, None, _told(f"a message of {whose} goes on in {new.number}", note))
    return new


def split_off(history: Sequence[RowMapping]) -> list[int]:
    """Return the ids of the tickets that messages of one have started, by its history."""
    return [row["data"]["target"] for row in history if row["name"] == SplitOff.name]


def _told(what: str, note: str | None) -> str:
    return f"{what}: {note}" if note else what


# --- whether it may be --------------------------------------------------------------------------


def _said(ledger: Ledger, ticket_id: int, message_id: int) -> _Said:
    """Return a message of a ticket; raise `Refused` for one that is not to leave it."""
    connection, tenant_id = ledger.connection, ledger.settings.tenant_id
    ticket = ledger.ticket(ticket_id)
    row = moving.message(connection, tenant_id, message_id)
    if row is None:
        raise Refused(f"there is no message {message_id} on {ticket.number}")
    said = _Said(ticket, row, reports.events(connection, tenant_id, ticket_id))
    _see_where_it_is(ledger, said)
    _see_that_it_may_leave(ticket)
    if row["kind"] == NOTE:
        raise Refused("it is an internal note: only what a customer wrote starts a ticket")
    if row["side"] != Side.CLIENT.value:
        raise Refused("it is the desk's own: only what a customer wrote starts a ticket")
    if row["machine"] or not row["author"]:
        raise Refused("nobody wrote it who could be told of a ticket")
    if said.event is None or said.event["name"] != CustomerWrote.name:
        raise Refused(f"{ticket.number} begins with it: what came later can be split off")
    return said


def _see_where_it_is(ledger: Ledger, said: _Said) -> None:
    """Raise `Refused` for a message that is not on the ticket any more, or never was."""
    ticket, row = said.ticket, said.row
    gone = {move.message_id: move.target for move in ledger.moves()}
    home = ledger.ticket(gone.get(row["id"], row["ticket_id"]))
    if home.id == ticket.id:
        return
    left = {e["data"]["message"] for e in said.history if e["name"] == SplitOff.name}
    if row["id"] in left or row["id"] in gone:
        raise Refused(f"it is split off {ticket.number} already: it is on {home.number}")
    if home.merged_into is not None:
        raise Refused(
            f"it was said on {home.number}, which goes on in {ticket.number}: /unmerge that first"
        )
    raise Refused(f"there is no message {row['id']} on {ticket.number}")


def _see_that_it_may_leave(ticket: Ticket) -> None:
    if ticket.merged_into is not None:
        raise Refused(f"{ticket.number} goes on in another ticket: /unmerge it first")
    if ticket.disposition is not Disposition.NONE:
        raise Refused(f"{ticket.number} was set aside as {ticket.disposition}: /reopen it first")
    if ticket.visibility == "internal":
        raise Refused(f"{ticket.number} is internal: nothing of it goes outside")


# --- the new ticket -----------------------------------------------------------------------------


def _opened(ledger: Ledger, said: _Said, subject: str, at: datetime) -> Opened:
    old, row, settings = said.ticket, said.row, ledger.settings
    wrote: Mapping[str, Any] = {} if said.event is None else said.event["data"]
    chosen = _chosen(ledger, said, subject, proved=bool(wrote.get("proved")))
    team = chosen.team or old.team
    author = row["author"]
    known = people.known(ledger.connection, settings.tenant_id, [author])
    return Opened(
        at=_waited_since(old, row["at"], at),
        actor=Actor(ActorKind.CUSTOMER, author),
        number="",
        subject=subject,
        requester=author,
        requester_name=row["author_name"],
        language=old.language,
        category=chosen.category,
        kind=chosen.kind,
        priority=chosen.priority,
        team=team,
        tags=chosen.tags,
        assignee=old.assignee if team == old.team else None,
        follows=old.id,
        silent=bool(wrote.get("silent")),
        unproven=not known and not ledger.has_met(author),
        proved=bool(wrote.get("proved")),
        remarks=tuple((kind, about) for kind, about in wrote.get("remarks", ())),
        split=True,
    )


def _chosen(ledger: Ledger, said: _Said, subject: str, *, proved: bool) -> Choice:
    """Return what the rules make of the message, as of a mail for which nothing was chosen.

    What is split off an urgent ticket need not hurry, and is hardly of the same category.
    """
    settings, mail_id = ledger.settings, said.row["mail_id"]
    to = {settings.address}
    if mail_id is not None:
        to |= set(moving.recipients(ledger.connection, settings.tenant_id, mail_id))
    plain = choose((), None, settings.categories, Priority.NORMAL)
    about = Matter(
        said.row["author"],
        frozenset(address.lower() for address in to),
        f"{subject}\n{said.row['text']}",
        proved,
    )
    return routed(plain, settings.routes, about)


def _called(ledger: Ledger, said: _Said, calls: Calls) -> str:
    """Return what the message's own mail calls its matter, else the old ticket's subject."""
    mail_id = said.row["mail_id"]
    raw = None if mail_id is None else inbox.raw(ledger.connection, mail_id)
    reader = naming.reader(ledger.connection, ledger.settings)
    return (calls(raw, reader) if raw is not None else "") or said.ticket.subject


def _message(said: _Said) -> NewMessage:
    row = said.row
    return NewMessage(
        side=Side.CLIENT,
        author=row["author"],
        author_name=row["author_name"],
        at=row["at"],
        text=row["text"],
        full_text=row["full_text"],
        kind=PUBLIC,
        mail_id=row["mail_id"],
        rfc_id=row["rfc_id"],
        sender=row["author"],
        leaves=Leaves(row["id"], said.ticket.id),
    )


# --- whose turn it is ---------------------------------------------------------------------------


def _waited_since(old: Ticket, wrote: datetime, now: datetime) -> datetime:
    """Return since when the customer waits: since the message, if the desk has let it lie.

    What was there before the desk's turn has had its answer, or its time began anew.
    """
    ours = old.side is Side.SYSTEM and old.turn_since is not None and old.turn_since <= wrote
    return wrote if ours else now


def _stood_before(ledger: Ledger, said: _Said) -> Status | None:
    """Return how the old ticket stood before the message, if nothing else has made it our turn.

    That is so where its turn began with the message, and nobody of the customer's side has
    written since.
    """
    row, event = said.row, said.event
    turned = {} if event is None else event["changes"]
    if "turn" not in turned or said.ticket.turn != turned["turn"][1]:
        return None
    before = Status(turned["status"][0])
    if TURN_OF[before] is Side.SYSTEM:
        return None
    here = reports.messages(ledger.connection, ledger.settings.tenant_id, said.ticket.id)
    later = (
        other
        for other in here
        if other["side"] == Side.CLIENT.value
        and other["id"] != row["id"]
        and not other["machine"]
        and other["at"] >= row["at"]
    )
    return before if next(later, None) is None else None
