"""Who staff may let take part in a ticket on the customer's side, or make its requester."""

from collections.abc import Callable, Sequence
from datetime import datetime

from mailgate.desk.settings import Settings
from mailgate.domain.events import Event, PeopleJoined, SetRequester
from mailgate.domain.model import Actor, Ticket
from mailgate.errors import Refused

_MOST = 100  # people of the customer's side on one ticket


def event(
    word: str,
    addresses: Sequence[str],
    ticket: Ticket,
    settings: Settings,
    ours: Callable[[str], bool],
    by: tuple[Actor, datetime],
) -> Event:
    """Return the event that a command about people asks for; the addresses are normalised.

    `ours` tells whether an address is the desk's. Raises `Refused` for who must not be let in.
    """
    actor, at = by
    if ticket.visibility == "internal":
        raise Refused(f"{ticket.number} is internal: nobody outside takes part in it")
    for address in addresses:
        if address in settings.staff.by_address:
            raise Refused(f"{address} is one of ours: /follow and /assign are for colleagues")
        if ours(address):
            raise Refused(f"{address} is an address of the desk itself")
    if word == "requester":
        return SetRequester(at=at, actor=actor, requester=addresses[0])
    if len(ticket.people | set(addresses)) > _MOST:
        raise Refused(f"more than {_MOST} people cannot take part")
    return PeopleJoined(at=at, actor=actor, people=tuple(addresses))
