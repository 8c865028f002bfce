"""Gateways that are there at once: forked by a process that has loaded the program already.

Where a gateway is killed every other second, it would spend most of its lives loading itself.
What is forked runs `mailgate serve` like any other, in a process group of its own.
"""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from typing import Self

from tests.peers.gateway import ROOT, Gateway
from tests.peers.places import answers
from tests.peers.waiting import wait_until

_PATIENCE = 120.0  # seconds, for a start, however busy the machine
_PROGRAM = """
import importlib, os, pkgutil, signal, sys
import mailgate.cli

for found in pkgutil.walk_packages(mailgate.__path__, "mailgate."):
    if "migrations" not in found.name and "__main__" not in found.name:
        importlib.import_module(found.name)
# Of a start it is by far the most, and all of them have the same templates.
sys.modules["mailgate.mail.render"].Renderer.check = lambda _: []
config, log = sys.argv[1:]
signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # so that the dead are gone
print("ready", flush=True)
for _ in sys.stdin:
    child = os.fork()
    if not child:
        os.setpgid(0, 0)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        os.dup2(0, 1)
        os.dup2(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), 2)
        sys.argv = ["mailgate", "serve", "--config", config]
        mailgate.cli.main()
        os._exit(0)
    print(child, flush=True)
"""


class Nursery:
    """Forks gateways of one configuration, one at a time; a context."""

    def __init__(self, gateway: Gateway) -> None:
        """`gateway` itself does not run."""
        self._gateway = gateway
        self._log = gateway.folder / "serve.log"
        self._child = 0

    def __enter__(self) -> Self:
        self._mother = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, self._gateway.config, self._log],
            cwd=self._gateway.folder,
            env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "NO_COLOR": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._said() == "ready"
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._child:
            self.kill()
        self._mother.kill()
        self._mother.communicate()

    def start(self) -> None:
        """Have a gateway run, and wait until it takes mail."""
        assert self._mother.stdin is not None
        self._mother.stdin.write("\n")
        self._mother.stdin.flush()
        self._child = int(self._said())
        port = self._gateway.smtp_port
        wait_until(lambda: answers(port, b"220"), lambda: self.log()[-3000:], _PATIENCE)

    def kill(self) -> None:
        """End it, and every process it made, by SIGKILL, and see it gone."""
        child, self._child = self._child, 0

        def gone() -> bool:
            with suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
                return False
            return True

        wait_until(gone, "the end of a gateway that was killed", _PATIENCE)

    def log(self) -> str:
        """Return what they have said."""
        return self._log.read_text(encoding="utf-8") if self._log.exists() else ""

    def _said(self) -> str:
        assert self._mother.stdout is not None
        return self._mother.stdout.readline().strip()
