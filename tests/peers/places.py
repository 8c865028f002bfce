"""Folders that a server under another user can reach, and ports that nobody uses.

pytest's own temporary folders are closed to other users, and a Unix socket below one would often
have a longer name than the system allows.
"""

import itertools
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOOPBACK = "127.0.0.1"

# Below the range from which the system picks ports for outgoing connections, and each worker of
# a parallel run has its own stretch: a port stays free until the server that is to have it starts.
_FIRST, _WIDTH, _WORKERS = 12_000, 2_000, 10


@contextmanager
def open_folder(name: str) -> Iterator[Path]:
    """Make a short-named folder that any user may enter, and remove it at the end."""
    folder = Path(tempfile.mkdtemp(prefix=f"mg-{name}-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _ports() -> Iterator[int]:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _WORKERS
    start = os.getpid() * 97  # two runs on one machine begin at different places
    for step in itertools.count():
        yield _FIRST + worker * _WIDTH + (start + step) % _WIDTH


_offered = _ports()


def free_port() -> int:
    """Return a loopback TCP port that nothing listens on and that was not returned before."""
    for port in itertools.islice(_offered, _WIDTH):
        with socket.socket() as probe:
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port is left on the loopback interface")


def answers(port: int, greeting: bytes = b"") -> bool:
    """Whether something on `port` accepts a connection and begins with `greeting`."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=2) as link:
            return not greeting or link.recv(512).startswith(greeting)
    except OSError:
        return False
