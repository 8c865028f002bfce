"""An agent who answers a notification from their own mail program (s-nail)."""

import mailbox
import os
import subprocess
import tempfile
from collections.abc import Sequence
from email.message import EmailMessage
from pathlib import Path

from tests.peers.maildir import Maildir
from tests.peers.places import LOOPBACK
from tests.peers.presence import need

NAME = "s-nail"


class Agent:
    """A person with an address, a mailbox, and the SMTP server that takes their mail."""

    def __init__(self, address: str, maildir: Maildir, port: int, name: str = "") -> None:
        self.address, self.inbox, self.port = address, maildir, port
        self.from_ = f"{name} <{address}>" if name else address

    def reply(
        self,
        mail: EmailMessage,
        text: str,
        *,
        quote: bool = True,
        everybody: bool = False,
        attach: Sequence[Path] = (),
    ) -> None:
        """Answer `mail` as the mail program does it: threaded, and to its Reply-To.

        `text` stands above the quoted mail (none without `quote`); lines of commands are just
        lines of it. `everybody` sends the other recipients a copy.
        """
        typed = [f"~{line}" if line.startswith("~") else line for line in text.splitlines()]
        typed += ["", "~Q"] if quote else []
        attached = [f"~@ {path}" for path in attach]
        copied = [f"~c {address}" for address in self._others(mail)] if everybody else []
        self._drive(mail, ["Reply 1", *copied, *attached, *typed, "~."])

    def forward(self, mail: EmailMessage, to: str, text: str = "") -> None:
        """Pass `mail` on to another address, with `text` below it, as this program does."""
        self._drive(mail, [f"forward 1 {to}", *text.splitlines(), "~."])

    def _others(self, mail: EmailMessage) -> list[str]:
        fields = [field for name in ("To", "Cc") for field in mail.get_all(name, [])]
        named = [address.addr_spec for field in fields for address in field.addresses]
        return [address for address in named if address.lower() != self.address.lower()]

    def _drive(self, mail: EmailMessage, keys: Sequence[str]) -> None:
        program = need(NAME, "s-nail")
        with tempfile.TemporaryDirectory(prefix="mg-snail-") as home:
            # A mailbox of one mail, so that it is "1", and nothing is marked in the real one.
            opened = Path(home) / "one"
            mailbox.Maildir(opened, create=True).add(mail.as_bytes())
            done = subprocess.run(
                [program, "-:/", "-#", *self._settings(), "-f", f"maildir://{opened}"],
                input="\n".join([*keys, "quit", ""]),
                capture_output=True,
                text=True,
                check=False,
                env={"PATH": os.environ["PATH"], "HOME": home, "LC_ALL": "C.UTF-8"},
                timeout=60,
            )
        said = f"{done.stdout}\n{done.stderr}"
        assert done.returncode == 0, f"s-nail: {said}"

    def _settings(self) -> list[str]:
        chosen = {
            "v15-compat": "",
            "mta": f"smtp://{LOOPBACK}:{self.port}",
            "smtp-auth": "none",
            "hostname": self.address.rpartition("@")[2],
            "from": self.from_,
            "sendwait": "",
            "dot": "",
            "fullnames": "",
            "reply-to-honour": "yes",
            "indentprefix": "> ",
            "quote-chars": ">",
            "ttycharset": "utf-8",
            "sendcharsets": "utf-8",
            "mime-encoding": "quoted-printable",
            "showname": "",
            "errexit": "",
        }
        return [f"-S{name}={value}" if value else f"-S{name}" for name, value in chosen.items()]
