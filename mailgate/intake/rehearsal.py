"""What would become of a mail if it came now: decided by the same code, and taken back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mailgate.desk.door import Desk
from mailgate.intake.ending import Ending
from mailgate.intake.lookup import look_up
from mailgate.intake.reading import Reader, Reading
from mailgate.intake.sorting import sort
from mailgate.intake.worker import row_of
from mailgate.mail.signer import Signer
from mailgate.store.inbox import Claimed


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """How a mail would end, with the rows of the events and notices that would be written.

    `verdict` is what would be kept of the reasons; `number` that of the ticket, if there is one.
    """

    reading: Reading
    ending: Ending
    verdict: dict[str, Any]
    number: str | None
    events: list[dict[str, Any]]
    notices: list[dict[str, Any]]


def rehearse(
    desk: Desk,
    reader: Reader,
    signer: Signer,
    raw: bytes,
    mail_from: str,
    recipients: Sequence[str],
    queue: str,
    now: datetime,
) -> Rehearsed:
    """Read a mail and decide on it as the worker would, and keep nothing."""
    claimed = Claimed(
        id=0,
        tenant_id=desk.settings.tenant_id,
        mail_id=0,
        queue=queue,
        recipients=tuple(recipients),
        mail_from=mail_from,
        peer="local",
        road="pipe",
        received_at=now,
        attempts=0,
        fence=0,
        lost=0,
        released=False,
        raw=raw,
    )
    reading = reader.read(claimed, now)
    with desk.rehearsing(now) as ledger:
        lookup = look_up(ledger, [reading], signer)
        ending = sort(ledger, lookup, reading)
        number = None if ending.ticket_id is None else ledger.ticket(ending.ticket_id).number
        events, notices = ledger.decided()
    verdict = row_of(reading, ending, now)["verdict"]
    return Rehearsed(reading, ending, verdict, number, events, notices)
