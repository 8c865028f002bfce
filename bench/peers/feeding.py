"""Feeds the mix to another system, within its own environment, and prints what that took.

Only the standard library and `bench.mix` and `bench.process` are used here. Mails are made, and
numbers learnt, while no clock runs.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from bench import mix, process


@dataclass(frozen=True, slots=True)
class Server:
    """A database on PostgreSQL; what is empty or None, a driver knows by itself."""

    name: str
    host: str
    port: int | None
    user: str
    password: str


def server_of(url: str) -> Server:
    """Return what a URL says."""
    parts = urlsplit(url)
    return Server(
        name=unquote(parts.path.strip("/")),
        host=parts.hostname or "",
        port=parts.port,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


class System(Protocol):
    """Another system, started and empty."""

    def take(self, raw: bytes) -> None:
        """Take a mail (CRLF), and do with it all that is to be done but sending."""
        ...

    def numbers(self) -> dict[str, str]:
        """Return `[number]` for each key that stands in the subject of a ticket."""
        ...

    def places(self) -> dict[str, str]:
        """Return the `[number]` of the ticket in which the text with each mark stands."""
        ...


def feed(system: System, n: int, seed: int, server: int | None = None) -> dict[str, float]:
    """Give a system the mails of the mix, and see where they are afterwards.

    CPU counts this process, and that of its database server, if it has one.
    """
    wall = used = 0.0
    rounds = mix.plan(n, seed)
    numbers: dict[str, str] = {}
    for letters in rounds:
        mails = [mix.render(letter, numbers) for letter in letters]
        before, began = _used(server), process.now()
        for raw in mails:
            system.take(raw)
        wall += process.now() - began
        used += _used(server) - before
        numbers = system.numbers()
    places = system.places()
    letters = [letter for some in rounds for letter in some]
    right = [letter for letter in letters if places.get(letter.mark) == numbers.get(letter.ticket)]
    return {
        "road_s": round(n / wall, 1),
        "cpu_ms": round(used / n * 1e3, 2),
        "peak_mb": process.memory_mb(os.getpid()),
        "threaded": round(len(right) / n, 4),
    }


def _used(server: int | None) -> float:
    return process.cpu_seconds(os.getpid()) + (process.cpu_seconds(server) if server else 0.0)


def run(start: Callable[[Path, set[str], Server | None], System]) -> None:
    """Be the program of one system.

    `start` is given a folder, everybody who will write, and a database on PostgreSQL: without one,
    the system keeps what it has in SQLite.
    """
    options = argparse.ArgumentParser()
    options.add_argument("--n", type=int, default=400)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--folder", help="where its files go, to choose a disk")
    options.add_argument("--database", help="URL of a database on PostgreSQL; else SQLite")
    options.add_argument("--server", type=int, help="the main process of its server")
    given = options.parse_args()
    database = server_of(given.database) if given.database else None
    senders = {letter.sender for some in mix.plan(given.n, given.seed) for letter in some}
    with tempfile.TemporaryDirectory(prefix="peer-bench-", dir=given.folder) as folder:
        system = start(Path(folder), senders, database)
        print(json.dumps(feed(system, given.n, given.seed, given.server)))
