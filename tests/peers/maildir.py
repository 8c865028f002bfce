"""Reading a Maildir as a person's mail program would, and waiting for a mail to come."""

import email
import email.policy
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

from tests.peers.waiting import PATIENCE, wait_until

# Mails keep the bytes of their headers, so that a mail program of a test can be handed one again.
_AS_IT_CAME = email.policy.default.clone(refold_source="none")


def anything(_mail: EmailMessage) -> bool:
    """Accept every mail."""
    return True


def text_of(mail: EmailMessage) -> str:
    """Return the plain text of a mail as a reader sees it; empty when it has none."""
    part = mail.get_body(preferencelist=("plain",))
    return part.get_content() if part is not None else ""


def html_of(mail: EmailMessage) -> str:
    """Return the HTML of a mail; empty when it has none."""
    part = mail.get_body(preferencelist=("html",))
    return part.get_content() if part is not None else ""


class Maildir:
    """One person's mail. Nothing here moves or marks a mail."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def files(self) -> list[Path]:
        """Return the files of all mails, in the order of their arrival."""
        found = [p for sub in ("new", "cur") for p in (self.path / sub).glob("*") if p.is_file()]
        return sorted(found, key=lambda path: (path.stat().st_mtime_ns, path.name))

    def mails(self) -> list[EmailMessage]:
        """Return all mails in the order of their arrival."""
        return [
            email.message_from_bytes(path.read_bytes(), policy=_AS_IT_CAME) for path in self.files()
        ]

    def matching(self, wanted: Callable[[EmailMessage], bool] = anything) -> list[EmailMessage]:
        """Return the mails that `wanted` accepts, in the order of their arrival."""
        return [mail for mail in self.mails() if wanted(mail)]

    def wait(
        self,
        wanted: Callable[[EmailMessage], bool] = anything,
        *,
        count: int = 1,
        patience: float = PATIENCE,
    ) -> EmailMessage:
        """Wait until `count` mails are there that `wanted` accepts, and return the last of them.

        `patience` is in seconds. Raises AssertionError, naming the subjects that did come.
        """

        def look() -> list[EmailMessage]:
            found = self.matching(wanted)
            return found if len(found) >= count else []

        def lack() -> str:
            subjects = [str(mail["Subject"]) for mail in self.mails()]
            return f"{count} such mail(s) in {self.path.name}; there: {subjects}"

        return wait_until(look, lack, patience)[-1]

    def wait_for_subject(
        self, words: str, *, count: int = 1, patience: float = PATIENCE
    ) -> EmailMessage:
        """Wait for a mail whose subject contains `words`, and return the last one."""
        return self.wait(lambda mail: words in str(mail["Subject"]), count=count, patience=patience)


def wait_for_mail(
    maildir: Path | Maildir,
    predicate: Callable[[EmailMessage], bool] = anything,
    timeout: float = PATIENCE,
) -> EmailMessage:
    """Wait until `maildir` holds a mail that `predicate` accepts, and return the last such."""
    box = maildir if isinstance(maildir, Maildir) else Maildir(maildir)
    return box.wait(predicate, patience=timeout)
