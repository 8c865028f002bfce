"""A customer who writes with swaks and reads from a Maildir."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path

from tests.peers.maildir import Maildir, text_of
from tests.peers.places import LOOPBACK
from tests.peers.presence import need

NAME = "swaks"


def swaks(
    port: int,
    to: str | Sequence[str],
    from_: str,
    subject: str = "Hello",
    body: str = "Hello.",
    headers: Mapping[str, str] | None = None,
    *,
    mail_from: str | None = None,
    attach: Sequence[Path] = (),
    raw: bytes | None = None,
    options: Sequence[str] = (),
    check: bool = True,
) -> subprocess.CompletedProcess[str]:
    """Send one mail to the SMTP server on `port`, and return swaks' transcript.

    `from_` is the From header; the envelope's sender is `mail_from` ("<>" for the null path), or
    else the bare address of `from_`. `raw` sends exactly these bytes (CRLF line ends) as the whole
    mail; to a `body` swaks itself adds empty lines. With `check`, a refusal anywhere in the
    dialogue fails the test.
    """
    recipients = [to] if isinstance(to, str) else list(to)
    sender = mail_from or (from_.rpartition("<")[2].rstrip(">").strip() or "<>")
    command: list[object] = [need(NAME, "swaks"), "--server", LOOPBACK, "--port", str(port)]
    command += ["--helo", "client.customer.example", "--timeout", "30"]
    command += ["--from", sender, "--to", ",".join(recipients), *options]
    command += (
        ["--no-data-fixup", "--data", "-"]
        if raw is not None
        else _content(from_, recipients, subject, attach)
    )
    for name, value in (headers or {}).items():
        command += [f"--h-{name}", value]
    stdin = _stuffed(raw) if raw is not None else body.encode()
    done = subprocess.run(
        [str(word) for word in command],
        input=stdin,
        capture_output=True,
        check=False,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"},
        timeout=60,
    )
    said = done.stdout.decode("utf-8", "replace")
    assert not check or done.returncode == 0, f"swaks: {said}\n{done.stderr.decode()}"
    return subprocess.CompletedProcess(
        done.args, done.returncode, said, done.stderr.decode("utf-8", "replace")
    )


def _stuffed(raw: bytes) -> bytes:
    """Return what goes over the wire for `raw`: dots doubled, and the end (RFC 5321 4.5.2)."""
    lines = raw.removesuffix(b"\r\n").split(b"\r\n")
    return b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines) + b"\r\n."


def _content(
    from_: str, recipients: Sequence[str], subject: str, attach: Sequence[Path]
) -> list[object]:
    words: list[object] = ["--h-From", from_, "--h-To", ", ".join(recipients)]
    words += ["--h-Subject", subject, "--body", "-"]
    if attach:
        for path in attach:
            words += ["--attach-name", path.name, "--attach", f"@{path}"]
    else:
        words += ["--add-header", "MIME-Version: 1.0"]
        words += ["--add-header", "Content-Type: text/plain; charset=utf-8"]
        words += ["--add-header", "Content-Transfer-Encoding: 8bit"]
    return words


class Customer:
    """A person with an address, a mailbox, and the SMTP server that takes their mail."""

    def __init__(self, address: str, maildir: Maildir, port: int, name: str = "") -> None:
        self.address, self.inbox, self.port = address, maildir, port
        self.from_ = f"{name} <{address}>" if name else address

    def write(
        self,
        to: str,
        subject: str,
        body: str,
        headers: Mapping[str, str] | None = None,
        attach: Sequence[Path] = (),
    ) -> str:
        """Send a mail, and return its Message-ID."""
        given = dict(headers or {})
        mid = given.setdefault("Message-Id", make_msgid(domain=self.address.rpartition("@")[2]))
        swaks(self.port, to, self.from_, subject, body, given, attach=attach)
        return mid

    def reply(self, mail: EmailMessage, text: str, headers: Mapping[str, str] | None = None) -> str:
        """Answer a mail above its quoted text, threaded, to its Reply-To; return the Message-ID."""
        subject = str(mail["Subject"])
        if not subject.lower().startswith("re:"):
            subject = f"Re: {subject}"
        to = mail["Reply-To"] or mail["From"]
        known = f"{mail['References'] or mail['In-Reply-To'] or ''} {mail['Message-ID']}".split()
        thread = {"In-Reply-To": str(mail["Message-ID"]), "References": " ".join(known)}
        return self.write(
            to.addresses[0].addr_spec,
            subject,
            f"{text}\n\n{quoted(mail)}",
            {**thread, **(headers or {})},
        )


def quoted(mail: EmailMessage) -> str:
    """Return the text of a mail as mail programs quote it, under a line that names its writer."""
    lines = text_of(mail).rstrip().splitlines()
    return f"On {mail['Date']}, {mail['From']} wrote:\n" + "".join(f"> {line}\n" for line in lines)
