"""What the tests of composing share: one mail, and ways to read it back."""

import email
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email import policy
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.utils import parseaddr

from mailgate.mail.compose import Frame, compose
from mailgate.mail.render import Rendered

RENDERED = Rendered("Re: Printer [TKT-1]", "Hello.\n", "<p>Hello.</p>", "en")
FRAME = Frame(
    from_name="Example Support",
    from_address="support@desk.example",
    to_name="Carol Client",
    to_address="carol@client.example",
    reply_to="support+tkt-1.abc@desk.example",
    message_id="<tkt-1.7.x@desk.example>",
    in_reply_to="<1@client.example>",
    references=("<tkt-1@desk.example>", "<1@client.example>"),
    date=datetime(2026, 11, 20, 8, 15, tzinfo=UTC),
    auto_submitted="auto-generated",
    loop_mark="mark7",
    language="en",
)
FIELDS = [
    *("Date", "From", "To", "Reply-To", "Subject", "Message-ID", "In-Reply-To", "References"),
    *("Auto-Submitted", "X-Auto-Response-Suppress", "X-Mailgate-Loop", "Content-Language"),
    *("MIME-Version", "Content-Type"),
]
BREAKS = ["\r\n", "\n", "\r", "\0", "\u2028", "\u2029", "\x0b", "\x85", "\r\n ", "\n\n", "\x1b"]
EVIL = "Bcc: eve@x.example"


def made(rendered: Rendered = RENDERED, **changed: object) -> bytes:
    return compose(rendered, replace(FRAME, **changed))


def read(raw: bytes) -> EmailMessage:
    mail = email.message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def head(raw: bytes) -> bytes:
    return raw.partition(b"\r\n\r\n")[0] + b"\r\n"


def field(raw: bytes, name: str) -> bytes:
    """Return one field as it stands on the wire."""
    found = re.search(rb"(?m)^%s: (.*(?:\r\n .*)*)\r\n" % name.encode(), head(raw))
    assert found is not None
    return found[1]


def named(raw: bytes, name: str) -> tuple[str, str]:
    """Return display name and address; by the older parser, since 3.11's newer one puts spaces
    between encoded words that follow each other."""
    shown, address = parseaddr(field(raw, name).decode().replace("\r\n", ""))
    return str(make_header(decode_header(shown))), address


def text_of(part: EmailMessage) -> str:
    return str(part.get_content()).replace("\r\n", "\n")


def leaves(mail: Message) -> Iterator[Message]:
    return (part for part in mail.walk() if not part.is_multipart())


def fit_for_any_server(raw: bytes) -> bool:
    """7-bit, CRLF and nothing else at the ends of lines, no long line (RFC 5321, 5322)."""
    lines = raw.split(b"\r\n")
    return (
        raw.isascii()
        and not re.search(rb"[\r\n\0]", b"".join(lines))
        and all(len(line) <= 998 for line in lines)
    )
