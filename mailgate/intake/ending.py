"""How a mail ends, and what of it is put down on a ticket."""

from dataclasses import dataclass

from mailgate.desk.messages import NewAttachment, NewMessage
from mailgate.domain.model import Side
from mailgate.intake.reading import Reading
from mailgate.mail.thread import Placement


@dataclass(frozen=True, slots=True)
class Ending:
    """How a mail ended: its state, its ticket if it has one, and why, for `explain`.

    `word`: its line in the log, where the state alone does not say it.
    """

    state: str
    ticket_id: int | None = None
    says: str = ""
    placement: Placement | None = None
    word: str = ""


def message_of(
    reading: Reading, *, side: Side, machine: bool = False, other_address: bool = False
) -> NewMessage:
    """Return what a mail says, to be put down on a ticket."""
    mail = reading.mail
    # What an agent quotes, such as our own notice, must never go out for want of anything new.
    nothing_new = "" if mail.attachments or side is Side.SYSTEM else mail.text
    return NewMessage(
        side=side,
        author=reading.sender,
        author_name=reading.sender_name,
        at=reading.claimed.received_at,
        text=mail.new_text or nothing_new,
        full_text=mail.text,
        mail_id=reading.claimed.mail_id,
        rfc_id=mail.message_id,
        sender=reading.sender,
        attachments=tuple(
            NewAttachment(a.part, a.name, a.type, a.size, a.sha256, a.inline, a.content_id)
            for a in mail.attachments
        ),
        machine=machine,
        other_address=other_address,
    )
