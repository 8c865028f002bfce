"""One matter in two tickets: the one goes on in the other, and may stand alone again.

Its messages keep their home and its people join nowhere. Only what stands alone is merged, and
only into what stands alone: so no two tickets ever go on in each other. Both are written, so that
of two who merge them each into the other the second is told that somebody else was first.
"""

from sqlalchemy import Connection

from mailgate.desk.ledger import Ledger
from mailgate.domain.events import Absorb, MergeInto, Unmerge
from mailgate.domain.lifecycle import Decision
from mailgate.domain.model import Disposition, Ticket
from mailgate.errors import Refused
from mailgate.store import reports, tickets


def leads_to(ledger: Ledger, ticket_id: int) -> Ticket:
    """Return the ticket in which one goes on, or that ticket itself."""
    ticket = ledger.ticket(ticket_id)
    while ticket.merged_into is not None:
        ticket = ledger.ticket(ticket.merged_into)
    return ticket


def merged_into(connection: Connection, tenant_id: int, ticket_id: int) -> list[Ticket]:
    """Return the tickets that go on in one, those that went on in them before included."""
    found: dict[int, Ticket] = {}
    ends = [ticket_id]
    for end in ends:
        told = reports.events(connection, tenant_id, end)
        taken = {row["data"]["source"] for row in told if row["name"] == Absorb.name}
        here = tickets.load(connection, tenant_id, sorted(taken)).values()
        found |= {ticket.id: ticket for ticket in here if ticket.merged_into == end}
        ends += [ticket.id for ticket in here if ticket.merged_into == end]
    return list(found.values())


def merge(ledger: Ledger, ticket_id: int, happens: MergeInto, note: str | None = None) -> Decision:
    """Let a ticket go on in another, or in that in which the other goes on by now.

    Raises `Refused` where that cannot be, or must not.
    """
    source, target = ledger.ticket(ticket_id), leads_to(ledger, happens.target)
    _allow(source, target, ledger.ticket(happens.target))
    into = MergeInto(at=happens.at, actor=happens.actor, target=target.id)
    decision = ledger.apply(source.id, into, None, _told(f"goes on in {target.number}", note))
    if source.merged_into is None:
        absorb = Absorb(at=happens.at, actor=happens.actor, source=source.id)
        ledger.apply(target.id, absorb, None, _told(f"{source.number} goes on here", note))
    return decision


def unmerge(ledger: Ledger, ticket_id: int, happens: Unmerge, note: str | None = None) -> Decision:
    """Let a ticket stand alone again; raise `Refused`, naming those that could, where it does."""
    ticket = ledger.ticket(ticket_id)
    if ticket.merged_into is None:
        here = merged_into(ledger.connection, ledger.settings.tenant_id, ticket_id)
        numbers = ", ".join(each.number for each in here)
        what = f"; of {numbers} it is said at their own address" if numbers else ""
        raise Refused(f"{ticket.number} goes on in no other ticket{what}")
    return ledger.apply(ticket_id, happens, None, note)


def see_that_none_goes_on_here(ledger: Ledger, ticket_id: int) -> None:
    """Raise `Refused` where other tickets go on in one that is about to be set aside.

    Their customers would write, and nobody would hear of it.
    """
    here = merged_into(ledger.connection, ledger.settings.tenant_id, ticket_id)
    if here:
        numbers = ", ".join(each.number for each in here)
        raise Refused(f"{numbers} goes on here: unmerge it first, and its customer is heard")


def _told(what: str, note: str | None) -> str:
    return f"{what}: {note}" if note else what


def _allow(source: Ticket, target: Ticket, named: Ticket) -> None:
    """Raise `Refused`, with what would be right, where one ticket cannot go on in the other."""
    one, other = source.number, target.number
    if source.id == named.id:
        raise Refused(f"{one} is this very ticket: name the one in which it is to go on")
    if source.id == target.id:
        raise Refused(f"{named.number} goes on in {one} already")
    if source.merged_into not in (None, target.id):
        raise Refused(f"{one} goes on in another ticket already: /unmerge lets it stand alone")
    if source.visibility != target.visibility:
        which = one if source.visibility == "internal" else other
        raise Refused(
            f"{which} is internal and the other ticket has a customer: what is internal must not "
            "stand where a customer may see it"
        )
    if target.disposition in (Disposition.SPAM, Disposition.WITHDRAWN):
        raise Refused(
            f"{other} was set aside as {target.disposition}, and nobody would hear of later mail: "
            "reopen it first"
        )
