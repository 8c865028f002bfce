"""A parsed mail as plain values for `mailgate parse --json`; the names of its keys are fixed."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from mailgate.mail import authres
from mailgate.mail.parsed import Mailbox, ParsedMail


def as_json(mail: ParsedMail) -> dict[str, Any]:
    """Return what `json.dumps` takes; times in ISO 8601, UTC."""
    return {
        "subject": mail.subject,
        "from": _people(mail.from_),
        "to": _people(mail.to),
        "cc": _people(mail.cc),
        "date": mail.date.isoformat() if mail.date else None,
        "text": mail.text,
        "reply_text": mail.reply_text,
        "new_text": mail.new_text,
        "signature": mail.signature,
        "html": mail.html,
        "attachments": [
            {
                "name": each.name,
                "type": each.type,
                "size": each.size,
                "sha256": each.sha256,
                "part": each.part,
                "inline": each.inline,
                "content_id": each.content_id,
            }
            for each in mail.attachments
        ],
        "message_id": mail.message_id,
        "in_reply_to": list(mail.in_reply_to),
        "references": list(mail.references),
        "report": asdict(mail.report) if mail.report else None,
        "authentication": [_claims(field.text) for field in mail.authentication_results],
        "degraded": list(mail.degraded),
    }


def _people(mailboxes: Iterable[Mailbox]) -> list[dict[str, str]]:
    return [{"name": each.name, "address": each.address} for each in mailboxes]


def _claims(text: str) -> dict[str, Any]:
    """Return what an Authentication-Results field says; whose border wrote it is not known here."""
    read = authres.read(text)
    return {
        "server": read.server,
        "believed": False,
        "results": [
            {
                "method": each.method,
                "result": each.result,
                "properties": dict(each.properties),
                "comment": each.comment,
            }
            for each in read.results
        ],
    }
