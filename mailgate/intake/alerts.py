"""Mails of machine senders: the key in one says which ticket it is about, if it is proved.

A problem that goes on, or ends, belongs to the ticket that it opened. One that comes again after
that ticket was closed is a new ticket, which names the old one.
"""

from dataclasses import replace

from mailgate.desk.ledger import Ledger
from mailgate.domain.model import Alarm, Status
from mailgate.intake.lookup import Lookup
from mailgate.intake.reading import Reading
from mailgate.mail.thread import Placement, Rung
from mailgate.mail.trust import Trust


def from_machine_sender(reading: Reading) -> bool:
    """Tell whether a mail bears the address of a machine sender, proved or not."""
    return reading.sender in reading.own.machine_senders


def placed(
    ledger: Ledger, lookup: Lookup, reading: Reading, placement: Placement
) -> tuple[Placement, Alarm | None]:
    """Return where a machine's mail goes, and what it says of the problem if it is about one."""
    alert = reading.alert
    if alert is None:
        why = _without_key(reading)
        return replace(placement, tried=(*placement.tried, *why)), None
    known = lookup.alerted(alert.reference)
    if known is None:
        return _new(placement, f"alert {alert}: not seen before"), None
    ticket = ledger.ticket(known)
    end = lookup.leads_to(known)
    if end == known and ticket.status is Status.CLOSED and not alert.resolved:
        again = _new(placement, f"alert {alert}: seen before, and {ticket.number} is closed")
        return replace(again, mentions=(ticket.number,)), None
    found = replace(
        placement,
        ticket_id=end,
        rung=Rung.ALERT,
        joined=True,
        other_address=False,
        mentions=(),
        tried=(*placement.tried, f"alert {alert}: opened {ticket.number}"),
    )
    if end != known:  # a ticket that others were merged into is not over when one of them is
        return found, None
    return found, Alarm.CLEARED if alert.resolved else Alarm.RAISED


def remember(ledger: Ledger, reading: Reading, ticket_id: int) -> None:
    """Note that a problem has opened a ticket."""
    if reading.alert is not None:
        ledger.refer(reading.alert.reference, ticket_id, reading.sender)


def _new(placement: Placement, why: str) -> Placement:
    """Return the same for a new ticket: the key alone decides."""
    return replace(
        placement,
        ticket_id=None,
        rung=Rung.NEW,
        joined=False,
        other_address=False,
        mentions=(),
        tried=(*placement.tried, why),
    )


def _without_key(reading: Reading) -> tuple[str, ...]:
    if not from_machine_sender(reading):
        return ()
    if reading.authentication.level is Trust.STRONG:
        return (f"machine sender {reading.sender}: its mail holds no key",)
    return (f"machine sender {reading.sender}: nothing proves it, so that no key counts",)
