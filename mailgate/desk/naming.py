"""Which ticket somebody means by the number that they write, of this system or one before."""

from sqlalchemy import Connection

from mailgate.desk.settings import Settings
from mailgate.domain.numbers import NumberFormat, NumberReader
from mailgate.errors import Refused
from mailgate.store import numbers, tickets

_LONGEST = 100  # characters of what is written that are looked at, and given back


def reader(connection: Connection, settings: Settings) -> NumberReader:
    """Return what finds the numbers of a desk's tickets in a text, of all formats ever used."""
    used = (settings.number_format.template, *numbers.templates(connection, settings.tenant_id))
    return NumberReader(map(NumberFormat, dict.fromkeys(used)))


def named(connection: Connection, settings: Settings, text: str) -> int:
    """Return the id of the ticket that a number is of, in whatever form, or raise `Refused`.

    What there is at another desk is not there at all.
    """
    text = " ".join(text.split())[:_LONGEST]
    bare = text.strip("[]# ")
    written = dict.fromkeys((*reader(connection, settings)(text), bare, bare.upper()))
    found = set(tickets.by_number(connection, settings.tenant_id, written).values())
    if not found:
        former = {tickets.FORMER + each.lower(): None for each in (text, bare)}
        found = set(tickets.newest_by_reference(connection, settings.tenant_id, former).values())
    if len(found) > 1:
        raise Refused(f"{text!r} names more than one ticket")
    if not found:
        raise Refused(f"there is no ticket {bare!r}")
    return found.pop()
