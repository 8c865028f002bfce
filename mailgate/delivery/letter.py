"""From a row of the outbox to the mail that leaves: rendered once, the same at every try."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import RowMapping

from mailgate.mail.compose import File, Frame, compose
from mailgate.mail.parts import content
from mailgate.mail.render import Renderer
from mailgate.mail.signer import Signer
from mailgate.mail.wording import CUT, Formatted, paragraphs
from mailgate.store.letters import Carried
from mailgate.store.outbox import Due

MOST_FILES = 20 * 1024 * 1024
"""Octets of attachments that go along; those beyond it stay behind and are named."""
_ROOTS = 1024  # tickets whose root id is kept: a signature each, and several mails


class Writer:
    """Writes the letters of one desk."""

    def __init__(
        self, renderer: Renderer, signer: Signer, desk_name: str, desk_address: str
    ) -> None:
        self._renderer = renderer
        self._signer = signer
        self._name = desk_name
        self._address = desk_address
        self._loop_mark = signer.loop_mark()
        self._root = lru_cache(_ROOTS)(signer.root_id)
        self._at_hand: tuple[int | None, Sequence[File]] = (None, ())

    def original(self, due: Due, carried: Carried) -> int | None:
        """Return the id of the raw mail to be read for the files that go along, if any is.

        Notices of one message follow each other: its files stay at hand for the next one.
        """
        message = carried.message
        if due.automatic or message is None or not _fitting(carried.attachments):
            return None
        found: int | None = message["mail_id"]
        return None if message["id"] == self._at_hand[0] else found

    def forget(self) -> None:
        """Let go of the files that are at hand."""
        self._at_hand = (None, ())

    def write(self, due: Due, carried: Carried, original: bytes | None) -> bytes:
        """Return the mail for a notice; `original` holds its files, see the method of that name.

        Raises `Temporary` for a fault in a template, `Permanent` for an address or id that no
        mail can bear.
        """
        message = carried.message
        context = dict(due.context)
        if message is not None and context["message"] is None:
            context["message"] = _said(message, () if due.automatic else carried.attachments)
        context["answers"] = carried.answers or context.get("answers")
        rendered = self._renderer.render(due.notice, context["recipient"].get("language"), context)
        files = self._files(due, carried, original)
        return compose(rendered, self._frame(due, context, carried, files, rendered.language))

    def _files(self, due: Due, carried: Carried, original: bytes | None) -> Sequence[File]:
        if due.automatic or carried.message is None:
            return ()
        if original is not None:
            self._at_hand = carried.message["id"], _files(carried.attachments, original)
        message_id, files = self._at_hand
        return files if message_id == carried.message["id"] else ()

    def envelope_from(self, due: Due) -> str:
        """Return the return path: none for our own words, a signed one for a person's."""
        if due.automatic:
            return ""
        return self._signer.bounce_address(self._address, due.id, due.created_at)

    def _frame(
        self,
        due: Due,
        context: Mapping[str, Any],
        carried: Carried,
        files: Sequence[File],
        language: str,
    ) -> Frame:
        number = context["ticket"]["number"]
        root = self._root(number) if number else None
        answers = context["answers"]
        return Frame(
            from_name=self._from_name(due, carried.message),
            from_address=self._address,
            to_name=context["recipient"]["name"],
            to_address=due.recipient,
            reply_to=context["reply_to"],
            message_id=due.rfc_id,
            in_reply_to=answers or root,
            references=tuple(id_ for id_ in (root, answers) if id_),
            date=due.created_at,
            auto_submitted="auto-generated" if due.automatic else None,
            loop_mark=self._loop_mark,
            attachments=files,
            language=language,
        )

    def _from_name(self, due: Due, message: RowMapping | None) -> str:
        """Return the name shown: the person whose words these are, or the desk."""
        if message is None or due.automatic:
            return self._name
        name = message["author_name"] or message["author"]
        if message["side"] == "client":  # on any notice: an agent sees at once who wrote
            return str(name)
        return f"{name} ({self._name})"


def _said(message: RowMapping, attachments: Iterable[RowMapping]) -> dict[str, Any]:
    """Return what the templates quote, with the names of the files that cannot go along."""
    fitting = _fitting(attachments)
    left = [row for row in attachments if row not in fitting]
    named = "".join(f"\n{CUT} {row['name']} ({row['size'] / 1e6:.1f} MB)" for row in left)
    text = f"{message['text']}\n{named}" if named else message["text"]
    if message["html"]:
        text = Formatted(
            text, f"{message['html']}{paragraphs(named)}" if named else message["html"]
        )
    return {
        "author": message["author_name"] or message["author"],
        "address": message["author"] if message["side"] == "client" else None,
        "side": message["side"],
        "text": text,
        "at": message["at"].isoformat(),
    }


def _fitting(attachments: Iterable[RowMapping]) -> list[RowMapping]:
    """Return the attachments that one mail can take, from the first on."""
    fitting, left = [], MOST_FILES
    for row in attachments:
        if row["size"] <= left:
            fitting.append(row)
            left -= row["size"]
    return fitting


def _files(attachments: Iterable[RowMapping], original: bytes) -> list[File]:
    return [
        File(row["name"], row["type"], content(original, row["part"]), row["content_id"])
        for row in _fitting(attachments)
    ]
