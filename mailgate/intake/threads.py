"""Threads from before a shared mailbox was watched, and of what its agents sent about no ticket.

Such mails are no matter of the desk. But when somebody who took part goes on with their thread, and
a ticket is opened for that, every mail of the thread leads to it: the next answer, to whichever of
them, opens no other.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from mailgate.desk.ledger import Ledger
from mailgate.mail.parsed import ParsedMail
from mailgate.store import history
from mailgate.store.history import Old

_MOST_PEOPLE = 50  # of one mail


def about(
    mail: ParsedMail, at: datetime, ours: Callable[[str], bool], known: Mapping[str, Old]
) -> Old | None:
    """Return what is kept of a mail that came `at` that time; None of one without a Message-ID.

    `ours` tells whether an address is the desk's, and so nobody who takes part; `known` has the
    older mails that this one may refer to.
    """
    if mail.message_id is None:
        return None
    earlier = referred(mail)
    nearest = next((known[mid].thread for mid in reversed(earlier) if mid in known), None)
    boxes = (mail.strict_from, *(box.address for box in (*mail.to, *mail.cc)))
    people = dict.fromkeys(address for address in boxes if address and not ours(address))
    return Old(
        mail.message_id,
        nearest or next(iter(earlier), mail.message_id),
        mail.strict_from or "",
        tuple(people)[:_MOST_PEOPLE],
        at,
    )


def referred(mail: ParsedMail) -> tuple[str, ...]:
    """Return the Message-IDs of the mails before one in its thread, the first one first."""
    return tuple(dict.fromkeys((*mail.references, *mail.in_reply_to)))


def lead_to(
    ledger: Ledger,
    ticket_id: int,
    known: Mapping[str, Old],
    message_ids: Iterable[str],
    people: Iterable[str],
) -> None:
    """Have a thread lead to the ticket that goes on with it.

    `message_ids` are those to which the mail refers that opened the ticket; `people` wrote or got
    that mail. Of the thread only those mails count which one of them wrote or got as well: a
    Message-ID can be guessed, or claimed before its time.
    """
    mine = frozenset(people)
    old = [known[mid] for mid in message_ids if mid in known]
    for name in dict.fromkeys(o.thread for o in old if not mine.isdisjoint(o.people)):
        for mail in history.thread(ledger.connection, ledger.settings.tenant_id, name):
            if not mine.isdisjoint(mail.people):
                ledger.refer(mail.rfc_id, ticket_id, mail.sender)
