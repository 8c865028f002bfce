"""Mails shown on a terminal instead of being sent: for demonstrations and first steps."""

import sys
from collections.abc import Callable
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from typing import TextIO

from mailgate.delivery.transport import Outgoing, Result, Sent, Unknown, always
from mailgate.mail.plain import many_lines, one_line

_SHOWN = ("From", "To", "Reply-To", "Subject", "Message-ID", "In-Reply-To", "Auto-Submitted")
_RULE = "-" * 72


def _header(mail: Message, name: str) -> str | None:
    value = mail[name]
    return None if value is None else one_line(str(make_header(decode_header(value))))


def _text(part: Message) -> str:
    content = part.get_payload(decode=True)
    raw = content if isinstance(content, bytes) else b""
    return many_lines(raw.decode("utf-8", "replace")).rstrip("\n")


def shown(mail: Outgoing) -> str:
    """Return `mail` as a person reads it: envelope, main headers, plain text, names of files.

    It holds no control character but line end and tab, so that no mail can steer the terminal.
    """
    parsed = message_from_bytes(mail.raw)
    lines = [_RULE, f"Envelope: <{one_line(mail.envelope_from)}> to <{one_line(mail.recipient)}>"]
    lines += [f"{name}: {value}" for name in _SHOWN if (value := _header(parsed, name))]
    for part in parsed.walk():
        if part.get_filename() is not None:
            lines.append(f"[file: {one_line(part.get_filename('?'))}, {part.get_content_type()}]")
        elif part.get_content_type() == "text/plain":
            lines += ["", _text(part), ""]
    return "\n".join([*lines, _RULE, ""])


class TerminalSession:
    """Prints each mail; every one counts as sent."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def send(
        self, mail: Outgoing, began: Callable[[], None], still: Callable[[], None] = always
    ) -> Result:
        """Print one mail in one write, so that two threads do not mix theirs."""
        page = shown(mail)
        began()
        still()
        stream = self._stream or sys.stdout
        coding = stream.encoding or "utf-8"
        try:
            stream.write(page.encode(coding, "replace").decode(coding))
            stream.flush()
        except OSError as error:
            return Unknown(f"the terminal is gone: {error}")
        return Sent("shown on the terminal")

    def settle(self) -> None:
        """What is shown is shown."""

    def cut(self) -> None:
        """Nothing takes long enough to be cut short."""

    def close(self) -> None:
        """Nothing is held."""


class TerminalTransport:
    """A way out that ends on `stream`, the standard output unless told otherwise."""

    repeatable = False

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream

    def open(self) -> TerminalSession:
        """Return a session; never fails."""
        return TerminalSession(self._stream)
