"""Mails delivered into a Maildir: the embedded default, and what the tests read.

A mail appears in `new` whole or not at all, and has reached the disk before it counts as sent. Its
file is named after it, so that a mail which is delivered once more, since a kill came before that
was written down, is still one.
"""

import contextlib
import itertools
import os
import re
import secrets
import socket
import time
from collections.abc import Callable
from pathlib import Path

from mailgate.delivery.transport import Later, Outgoing, Result, Sent, always
from mailgate.errors import Temporary
from mailgate.mail.plain import one_line

_FOLDERS = ("tmp", "new", "cur")
_serial = itertools.count(1)


def _unique_name() -> str:
    """Return a name that no other try uses, sorting by time (cr.yp.to/proto/maildir.html)."""
    seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
    host = re.sub(r"[^A-Za-z0-9.-]", "_", socket.gethostname())
    who = f"M{nanoseconds // 1000:06}P{os.getpid()}Q{next(_serial)}R{secrets.token_hex(4)}"
    return f"{seconds}.{who}.{host}"


def _content(mail: Outgoing) -> bytes:
    r"""Return the mail as a file: the envelope in front, lines ended by `\n` as is usual here."""
    recipient = one_line(mail.recipient)
    envelope = (
        f"Return-Path: <{one_line(mail.envelope_from)}>\n"
        f"Delivered-To: {recipient}\n"
        f"X-Envelope-To: {recipient}\n"
    )
    return envelope.encode() + mail.raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _sync_folder(folder: Path) -> None:
    """Write a folder's list of names to the disk: a rename is lasting only after that."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _write(path: Path, content: bytes) -> None:
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(opened, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _discard(path: Path) -> None:
    with contextlib.suppress(OSError):  # what is left in tmp is swept by whoever reads the Maildir
        path.unlink(missing_ok=True)


class MaildirSession:
    """Delivers into one Maildir."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._synced = True

    def send(
        self, mail: Outgoing, began: Callable[[], None], still: Callable[[], None] = always
    ) -> Result:
        """Deliver one mail. A full disk or a lost folder is Later, for every mail alike."""
        draft = _unique_name()
        name = mail.name or draft
        waiting = self._path / "tmp" / draft
        try:
            if mail.again and self._holds(name):
                return Sent(f"was delivered before as {name}")
            _write(waiting, _content(mail))
        except OSError as error:
            _discard(waiting)
            return self._failed(error)
        try:
            began()
            still()
        except BaseException:
            _discard(waiting)
            raise
        try:
            waiting.rename(self._path / "new" / name)
        except OSError as error:
            _discard(waiting)
            return self._failed(error)
        self._synced = False
        return Sent(f"delivered as {name}")

    def _holds(self, name: str) -> bool:
        """Whether a mail is there, unread or read: a reader moves it, and adds its marks.

        Only by the marks, which may be any, does this look through all that was read: it is asked
        of the few mails that a worker had in hand when it died.
        """
        if (self._path / "new" / name).exists():
            self._synced = False  # whether it had reached the disk nobody told
            return True
        return any(file.name.startswith(f"{name}:") for file in (self._path / "cur").iterdir())

    def settle(self) -> str | None:
        """Have the names of what was delivered reach the disk, for many mails at once."""
        if self._synced:
            return None
        self._synced = True
        folder = self._path / "new"
        try:
            _sync_folder(folder)
        except OSError as error:
            return f"{folder} may not have reached the disk: {error}"
        return None

    def _failed(self, error: OSError) -> Later:
        return Later(f"cannot deliver into {self._path}: {error}", connection=True)

    def cut(self) -> None:
        """Nothing takes long enough to be cut short."""

    def close(self) -> None:
        """Nothing is held."""


class MaildirTransport:
    """A Maildir as the way out; it is made when it is first used."""

    repeatable = True

    def __init__(self, path: Path) -> None:
        self._path = path

    def open(self) -> MaildirSession:
        """Make the folders where they are missing. Raises Temporary when that cannot be done."""
        try:
            for name in _FOLDERS:
                (self._path / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise Temporary(f"cannot make a Maildir at {self._path}: {error}") from error
        return MaildirSession(self._path)
