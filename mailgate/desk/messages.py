"""What is said on a ticket, before it is written down."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mailgate.domain.model import Side

PUBLIC, NOTE = "public", "note"


@dataclass(frozen=True, slots=True)
class NewAttachment:
    """A file within a raw mail: where it stands there, and what it is."""

    part: str
    name: str
    type: str
    size: int
    sha256: str
    inline: bool = False
    content_id: str | None = None


@dataclass(frozen=True, slots=True)
class Leaves:
    """Which message it is, and the ticket on which it was said."""

    message_id: int
    ticket_id: int


@dataclass(frozen=True, slots=True)
class NewMessage:
    """One contribution to a ticket. `full_text` None: the text is all there is.

    `html`: the same text as its author formatted it, made safe; of an answer to customers only.
    `keeps_id`: on a ticket of one customer it leaves under its own Message-ID, `rfc_id`.
    `leaves`: it is there already, on another ticket, which it leaves; its attachments go with it.
    """

    side: Side
    author: str
    author_name: str
    at: datetime
    text: str
    full_text: str | None = None
    kind: str = PUBLIC
    mail_id: int | None = None
    rfc_id: str | None = None
    sender: str = ""
    attachments: tuple[NewAttachment, ...] = ()
    resolution: bool = False
    other_address: bool = False
    machine: bool = False
    leaves: Leaves | None = None
    html: str | None = None
    keeps_id: bool = False

    def row(self, id_: int, tenant_id: int, ticket_id: int) -> dict[str, Any]:
        """Return the columns of the message's row."""
        return {
            "id": id_,
            "tenant_id": tenant_id,
            "ticket_id": ticket_id,
            "kind": self.kind,
            "side": self.side.value,
            "author": self.author,
            "author_name": self.author_name,
            "at": self.at,
            "mail_id": self.mail_id,
            "rfc_id": self.rfc_id,
            "text": self.text,
            "full_text": None if self.full_text == self.text else self.full_text,
            "html": None if self.kind == NOTE else self.html,
            "resolution": self.resolution,
            "other_address": self.other_address,
            "machine": self.machine,
        }

    def attachment_rows(self, id_: int, tenant_id: int) -> list[dict[str, Any]]:
        """Return the columns of each attachment's row."""
        return [
            {
                "tenant_id": tenant_id,
                "message_id": id_,
                "n": n,
                "part": attachment.part,
                "name": attachment.name,
                "type": attachment.type,
                "size": attachment.size,
                "sha256": attachment.sha256,
                "inline": attachment.inline,
                "content_id": attachment.content_id,
            }
            for n, attachment in enumerate(self.attachments, 1)
        ]
