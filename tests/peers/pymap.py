"""A second IMAP server, written apart from Dovecot: pymap, in memory, with one user.

It has MOVE, IDLE and UIDPLUS, and no SPECIAL-USE, CONDSTORE or NAMESPACE.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.peers.dovecot import PASSWORD
from tests.peers.places import LOOPBACK, answers, free_port
from tests.peers.waiting import wait_until

USER = "shared"


class Pymap:
    """A running server; its mails end with it."""

    def __init__(self) -> None:
        self.imap_port = free_port()
        words = ["--host", LOOPBACK, "--port", str(self.imap_port), "--no-tls"]
        words += ["--no-service", "managesieve", "dict"]
        words += ["--demo-user", USER, "--demo-password", PASSWORD]
        self._server = subprocess.Popen(
            [Path(sys.executable).with_name("pymap"), *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        wait_until(lambda: answers(self.imap_port, b"* OK"), "pymap to greet")

    def stop(self) -> None:
        """End it at once."""
        os.killpg(self._server.pid, signal.SIGKILL)
        self._server.wait()
