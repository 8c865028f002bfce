"""What would become of a mail if it came now: decided by the same code, and taken back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mailgate.desk.door import Desk
from mailgate.domain.commands import Fault
from mailgate.domain.events import CommandRefused
from mailgate.errors import Refused
from mailgate.intake import agents, submitted
from mailgate.intake.ending import Ending
from mailgate.intake.inbox import Incoming
from mailgate.intake.lookup import look_up
from mailgate.intake.reading import Reader, Reading
from mailgate.intake.sorting import sort
from mailgate.intake.worker import row_of
from mailgate.mail.screen import Kind
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


def rehearse(desk: Desk, reader: Reader, signer: Signer, mail: Incoming, queue: str) -> Rehearsed:
    """Read a mail and decide on it as the worker would, and keep nothing.

    Raises what the worker would park it for.
    """
    now = mail.received_at
    claimed = Claimed(
        id=0,
        tenant_id=desk.settings.tenant_id,
        mail_id=0,
        queue=queue,
        recipients=mail.recipients,
        mail_from=mail.mail_from,
        peer=mail.peer,
        road=mail.road,
        received_at=now,
        attempts=0,
        fence=0,
        lost=0,
        released=False,
        raw=mail.raw,
    )
    reading = reader.read(claimed, now)
    with desk.rehearsing(now) as ledger:
        lookup = look_up(ledger, [reading], signer)
        ending = sort(ledger, lookup, reading)
        number = None if ending.ticket_id is None else ledger.ticket(ending.ticket_id).number
        events, notices = ledger.decided()
        new = {row["id"] for row in notices}
        for row in notices:
            joined = ledger.joined.get(row["id"])
            if joined is not None and joined.id in new:  # which will have another number
                row["reason"] = "told with others in one mail"
    verdict = row_of(reading, ending, now)["verdict"]
    return Rehearsed(reading, ending, verdict, number, events, notices)


def objection(rehearse: Callable[[Incoming], Rehearsed], mail: Incoming) -> str | None:
    """Return in one sentence why nothing would be done of what an agent hands in, if so."""
    try:
        found = rehearse(mail)
    except Refused as refusal:
        return str(refusal)
    if found.reading.verdict.kind is Kind.OWN:
        return "it is a mail of the desk's own, sent once more: nothing is done with it"
    if found.ending.word != agents.REFUSED:
        return None
    lines = found.notices[-1]["context"]["commands"]
    faults = [Fault(line["line"], line["reason"], line["form"]) for line in lines]
    reasons = (row["data"]["reason"] for row in found.events if row["name"] == CommandRefused.name)
    return "; ".join(map(submitted.said, faults)) or "; ".join(reasons)
