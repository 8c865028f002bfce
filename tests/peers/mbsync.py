"""An agent who works offline: mbsync (Debian's isync) keeps Maildirs and a mailbox the same."""

import os
import re
import subprocess
from pathlib import Path

from tests.peers.dovecot import PASSWORD
from tests.peers.places import LOOPBACK
from tests.peers.presence import need

NAME = "mbsync"

_SETTINGS = """
IMAPStore far
Host {host}
Port {port}
User {user}
Pass {password}
SSLType None
AuthMechs LOGIN

MaildirStore near
Path {home}/mail/
Inbox {home}/mail/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns {patterns}
Create Near
Expunge Both
SyncState *
"""


class Mbsync:
    """The Maildirs of one user; what is done in them is offline until `sync`."""

    def __init__(self, home: Path, port: int, user: str, folders: list[str]) -> None:
        self._program = need(NAME, "mbsync")
        self._home = home
        (home / "mail").mkdir()
        (home / "rc").write_text(
            _SETTINGS.format(
                host=LOOPBACK,
                port=port,
                user=user,
                password=PASSWORD,
                home=home,
                patterns=" ".join(f'"{folder}"' for folder in folders),
            )
        )

    def sync(self) -> None:
        """Bring both sides together."""
        done = subprocess.run(
            [self._program, "-c", self._home / "rc", "-a"],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": os.environ["PATH"], "HOME": str(self._home), "LC_ALL": "C.UTF-8"},
            timeout=60,
        )
        assert done.returncode == 0, f"mbsync: {done.stdout}\n{done.stderr}"

    def drag(self, mid: str, source: str, target: str) -> None:
        """Move the mail with this Message-ID from Maildir to Maildir, as the manual wants it."""
        (file,) = [
            file
            for part in ("new", "cur")
            for file in (self._home / "mail" / source / part).iterdir()
            if mid.encode() in file.read_bytes()
        ]
        name = re.sub(r",U=\d+", "", file.name)
        file.rename(self._home / "mail" / target / file.parent.name / name)
