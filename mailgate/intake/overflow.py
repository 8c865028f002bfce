"""What one sender may open in an hour; whatever comes beyond that joins the newest of it.

Anybody can write any number of mails in anybody's name. A flood then makes few tickets and not
thousands, and yet no word of it is lost. Mails that prove who wrote them are not counted, and no
flood gets into the tickets that they opened.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mailgate.desk.ledger import Ledger
from mailgate.domain.model import Side, Ticket
from mailgate.intake.reading import Reading
from mailgate.mail.thread import Placement, Rung
from mailgate.mail.trust import Trust
from mailgate.store import tickets

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Lately:
    """The tickets that mails without proof have opened within an hour: sender, id, when."""

    opened: dict[str, dict[int, datetime]]

    def learn(self, ticket: Ticket) -> None:
        """Take in a ticket that such a mail of the batch has opened."""
        if ticket.created_at is not None:
            self.opened.setdefault(ticket.requester, {})[ticket.id] = ticket.created_at

    def within_the_hour_before(self, sender: str, at: datetime) -> list[int]:
        """Return the tickets that `sender` opened in the hour that ends at `at`, oldest first."""
        mine = sorted((opened, id_) for id_, opened in self.opened.get(sender, {}).items())
        return [id_ for opened, id_ in mine if opened > at - _HOUR]


def lately(ledger: Ledger, readings: Sequence[Reading]) -> Lately:
    """Ask the store once for what the senders of a batch have opened.

    The tickets themselves are read of those senders only who may come to the limit by this batch.
    """
    doubtful = [each for each in readings if not each.authentication.level.vouched]
    if not doubtful:
        return Lately({})
    since = min(each.claimed.received_at for each in doubtful) - _HOUR
    coming = Counter(each.sender for each in doubtful)
    opened = tickets.opened_since(ledger.connection, ledger.settings.tenant_id, coming, since)
    few = ledger.settings.new_tickets_an_hour
    flooding = (ids for sender, ids in opened.items() if len(ids) + coming[sender] > few)
    ledger.load(id_ for ids in flooding for id_ in ids)
    return Lately(opened)


def diverted(ledger: Ledger, lately: Lately, reading: Reading, placement: Placement) -> Placement:
    """Return where a mail goes that would open one ticket too many; else `placement` as it is."""
    if placement.ticket_id is not None or placement.proved:
        return placement
    mine = lately.within_the_hour_before(reading.sender, reading.claimed.received_at)
    if len(mine) < ledger.settings.new_tickets_an_hour:
        return placement
    known = ledger.load(mine)
    newest = next((id_ for id_ in reversed(mine) if _takes_more(known[id_])), None)
    if newest is None:
        return placement
    why = f"limit: the sender opened {len(mine)} tickets within an hour, this joins the newest"
    return replace(
        placement,
        ticket_id=newest,
        rung=Rung.OVERFLOW,
        joined=True,
        other_address=reading.authentication.level is Trust.FAILED,
        tried=(*placement.tried, why),
    )


def mark(reading: Reading, placement: Placement) -> str | None:
    """Return the note by which people see that a message is about something else."""
    if placement.rung is not Rung.OVERFLOW:
        return None
    return (
        f"“{reading.subject}”, a new matter: its sender has opened too many tickets within an hour"
    )


def _takes_more(ticket: Ticket) -> bool:
    """Tell whether a message would neither pass the turn of a ticket nor reopen it."""
    return ticket.turn == 1 and ticket.side is Side.SYSTEM
