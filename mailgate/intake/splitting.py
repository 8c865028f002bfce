"""`/split` in a mail: which message it means, and that all else in the mail is for the new ticket.

The message is the one that the mail answers: that of the notification, or, in the shared mailbox,
the customer's mail itself.
"""

from collections.abc import Collection, Sequence

from mailgate.desk import splitting
from mailgate.desk.ledger import Ledger
from mailgate.domain.commands import Command, Fault, Script
from mailgate.domain.model import Actor, Ticket
from mailgate.errors import Refused
from mailgate.intake.reading import Reading
from mailgate.mail.subjects import matter
from mailgate.store import moving

NAME = "split"
_APART = ("merge", "unmerge", "spam", "withdraw")
_WHICH = (
    "the mail does not say which message is meant: answer the notification of a new message by "
    "which that came"
)


def flaw(commands: Sequence[Command]) -> Fault | None:
    """Return why `/split` cannot stand with the other commands of a mail, if so."""
    names = [command.name for command in commands]
    if NAME not in names:
        return None
    if names.count(NAME) > 1:
        return Fault("/split", "a mail answers one message", "one /split in a mail")
    other = next((name for name in _APART if name in names), None)
    if other is None:
        return None
    line = f"/split, /{other}"
    return Fault(line, "the one is about another ticket than the other", "two mails")


def begin(
    ledger: Ledger, reading: Reading, by: Actor, ticket_id: int, script: Script, faults: list[Fault]
) -> int:
    """Return the ticket that a mail is about: a new one if it has `/split`.

    `faults` grows by what keeps it from being opened.
    """
    wish = next((command for command in script.commands if command.name == NAME), None)
    if wish is None or faults or flaw(script.commands) is not None:
        return ticket_id
    try:
        return happen(ledger, reading, by, ticket_id, wish).id
    except Refused as refusal:
        faults.append(Fault("/split", str(refusal), ""))
        return ticket_id


def happen(ledger: Ledger, reading: Reading, by: Actor, ticket_id: int, command: Command) -> Ticket:
    """Split off the message that a mail answers; return the new ticket. Raises `Refused`."""
    message = _answered(ledger, reading, ticket_id)
    if message is None:
        raise Refused(_WHICH)
    wish, stamp = splitting.Wish(message), (reading.claimed.received_at, by)
    match command.argument:
        case (str(subject),):
            wish = splitting.Wish(message, subject)
    return splitting.split(ledger, ticket_id, wish, matter, stamp, command.note or None)


def see_that_it_is_alone(reading: Reading, ticket: Ticket, names: Collection[str]) -> None:
    """Raise `Refused` where `/split` stands in an address with what has been done by then."""
    if set(names) - {NAME, "note"}:
        raise Refused("what else is asked by an address is done on the old ticket: split it alone")
    if not ticket.people.isdisjoint(reading.others):
        raise Refused(
            f"the mail has gone to the customer as an answer on {ticket.number}: to split, answer "
            "their mail to this address alone"
        )


def _answered(ledger: Ledger, reading: Reading, ticket_id: int) -> int | None:
    """Return the message that a mail answers: that of the nearest mail before it that we know.

    One that brought none, such as an alarm, means none: who answers it may think of any.
    """
    connection, tenant_id = ledger.connection, ledger.settings.tenant_id
    for rfc_id in reading.keys.message_ids:
        notice = ledger.signer.unique_of(rfc_id)
        if notice is not None:
            return moving.carried(connection, tenant_id, notice)
        found = moving.of_mail(connection, tenant_id, rfc_id)
        if found:
            here = (message for message, ticket in found if ticket == ticket_id)
            return next(here, found[0][0])
    return None
