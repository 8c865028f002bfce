"""What the .json beside a golden mail holds: everything that parsing says of it but its digest."""

import json
from datetime import UTC, datetime
from pathlib import Path

from mailgate.mail import parts
from mailgate.mail.asjson import as_json
from mailgate.mail.parse import parse

GOLDEN = Path(__file__).parent / "golden"
RECEIVED_AT = datetime(2026, 11, 9, 12, 0, tzinfo=UTC)


def twin_of(raw):
    """Return the twin of the mail `raw`, received at noon of 9 November 2026."""
    mail = parse(raw, RECEIVED_AT)
    twin = as_json(mail)
    for shown, attachment in zip(twin["attachments"], mail.attachments, strict=True):
        assert len(parts.content(raw, attachment.part)) == attachment.size
        shown |= {
            "part": attachment.part,
            "inline": attachment.inline,
            "content_id": attachment.content_id,
        }
    if not twin["authentication"]:
        del twin["authentication"]  # most mails say nothing of it
    twin |= {
        "strict_from": mail.strict_from,
        "reply_to": [{"name": each.name, "address": each.address} for each in mail.reply_to],
        "defects": mail.defects,
    }
    return json.loads(json.dumps(twin))
