"""From a row of the outbox to the mail that leaves: rendered once, the same at every try."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping

from mailgate.mail.compose import File, Frame, compose
from mailgate.mail.parts import content
from mailgate.mail.render import Renderer
from mailgate.mail.signer import Signer
from mailgate.store import inbox, letters
from mailgate.store.outbox import Due

MOST_FILES = 20 * 1024 * 1024
"""Octets of attachments that go along; larger ones stay behind and are named."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes the letters of one desk."""

    renderer: Renderer
    signer: Signer
    desk_name: str
    desk_address: str

    def write(self, connection: Connection, due: Due) -> bytes:
        """Return the mail for a notice.

        Raises `Temporary` for a fault in a template, `Permanent` for an address or id that no
        mail can bear.
        """
        message = self._message(connection, due)
        files = _files(connection, due, message)
        context = dict(due.context)
        if message is not None and context["message"] is None:
            context["message"] = _said(message)
        rendered = self.renderer.render(due.notice, context["recipient"].get("language"), context)
        return compose(
            rendered, self._frame(connection, due, context, message, files, rendered.language)
        )

    def envelope_from(self, due: Due) -> str:
        """Return the return path: none for our own words, a signed one for a person's."""
        if due.automatic:
            return ""
        return self.signer.bounce_address(self.desk_address, due.id, due.created_at)

    def _message(self, connection: Connection, due: Due) -> RowMapping | None:
        if due.message_id is not None:
            return letters.message(connection, due.tenant_id, due.message_id)
        if due.notice == "waiting" and due.ticket_id is not None:
            return letters.last_answer(connection, due.tenant_id, due.ticket_id, due.created_at)
        return None

    def _frame(
        self,
        connection: Connection,
        due: Due,
        context: Mapping[str, Any],
        message: RowMapping | None,
        files: Sequence[File],
        language: str,
    ) -> Frame:
        number = context["ticket"]["number"]
        root = self.signer.root_id(number)
        answers = None
        if due.role == "customer" and due.ticket_id is not None:
            answers = letters.last_question(
                connection, due.tenant_id, due.ticket_id, due.created_at
            )
        return Frame(
            from_name=self._from_name(due, message),
            from_address=self.desk_address,
            to_name=context["recipient"]["name"],
            to_address=due.recipient,
            reply_to=context["reply_address"],
            message_id=due.rfc_id,
            in_reply_to=answers or root,
            references=(root, answers) if answers else (root,),
            date=due.created_at,
            auto_submitted="auto-generated" if due.automatic else None,
            loop_mark=self.signer.loop_mark(),
            attachments=files,
            language=language,
        )

    def _from_name(self, due: Due, message: RowMapping | None) -> str:
        """Return the name shown: the person whose words these are, or the desk."""
        if message is None or due.automatic:
            return self.desk_name
        name = message["author_name"] or message["author"]
        if due.notice == "new_message":
            return str(name)
        return f"{name} ({self.desk_name})"


def _said(message: RowMapping) -> dict[str, Any]:
    return {
        "author": message["author_name"] or message["author"],
        "address": message["author"] if message["side"] == "client" else None,
        "side": message["side"],
        "text": message["text"],
        "at": message["at"].isoformat(),
    }


def _files(connection: Connection, due: Due, message: RowMapping | None) -> list[File]:
    """Return the files that came with the message, as long as they fit in one mail."""
    if message is None or message["mail_id"] is None or due.automatic:
        return []
    rows = letters.attachments(connection, due.tenant_id, message["id"])
    fitting, total = [], 0
    for row in rows:
        total += row["size"]
        if total <= MOST_FILES:
            fitting.append(row)
    raw = inbox.raw(connection, message["mail_id"]) if fitting else None
    if raw is None:
        return []
    return [
        File(row["name"], row["type"], content(raw, row["part"]), row["content_id"])
        for row in fitting
    ]
