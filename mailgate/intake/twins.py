"""Two mails that are one answer, though they have different Message-IDs.

Some programs give the copy that they file another id than the mail that they hand over. Such a copy
answers the same mail on the same ticket, with the same From, To and Cc, subject, words and files,
and a Date within two minutes. Short answers are alike, so that the ticket and From, with its name,
must be the same.
"""

from collections.abc import Iterator
from datetime import timedelta

from mailgate.desk.ledger import Ledger
from mailgate.intake.lookup import Lookup
from mailgate.intake.reading import Reading
from mailgate.mail.parse import parse
from mailgate.mail.parsed import ParsedMail
from mailgate.mail.subjects import base_subject
from mailgate.store import answers

_APART = timedelta(minutes=2)
_LATE = timedelta(minutes=15)  # that a mail may lie between its Date and its receipt


def twin(ledger: Ledger, lookup: Lookup, reading: Reading, ticket_id: int) -> int | None:
    """Return the delivery of the answer on a ticket of which a mail is a copy, if it is one."""
    date = reading.mail.date
    if date is None:
        return None
    mine = _says(reading.mail)
    for id_, other in _others(ledger, lookup, reading, ticket_id):
        if other.date is not None and abs(other.date - date) <= _APART and _says(other) == mine:
            return id_
    return None


def _others(
    ledger: Ledger, lookup: Lookup, reading: Reading, ticket_id: int
) -> Iterator[tuple[int, ParsedMail]]:
    """Yield what was sent or handed in on a ticket at about the same time."""
    for each in lookup.sent.get(ticket_id, ()):
        yield each.claimed.id, each.mail
    at = reading.claimed.received_at
    span = (at - _LATE, at + _LATE)
    rows = answers.sent(
        ledger.connection, ledger.settings.tenant_id, ticket_id, span, reading.claimed.id
    )
    for id_, received_at, raw in rows:
        yield id_, parse(raw, received_at)


def _says(mail: ParsedMail) -> tuple[object, ...]:
    """Return who says what to whom; spaces and the order of addresses do not matter."""
    return (
        frozenset((box.name.casefold(), box.address) for box in mail.from_),
        frozenset(box.address for box in (*mail.to, *mail.cc)),
        mail.in_reply_to,
        base_subject(mail.subject),
        " ".join(mail.reply_text.split()),
        sorted(file.sha256 for file in mail.attachments),
    )
