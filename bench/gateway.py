"""The whole gateway as a subprocess, used as anybody would: init, serve, tickets, show.

Which mails are processed is read from its log, one line a mail; so nothing is asked of it while
it is being measured.
"""

import json
import re
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from bench import mix, process
from tests.peers.places import LOOPBACK, free_port
from tests.peers.settings import change

# The limits protect from strangers who send as much as a benchmark does. The defaults have
# tests of their own.
LIMITS = dict.fromkeys(
    (
        "mails_per_minute",
        "new_tickets_an_hour",
        "acknowledgements_to_strangers",
        "automatic_in_10m",
        "automatic_in_30m",
        "automatic_in_60m",
        "automatic_in_an_hour",
        "automatic_in_a_day",
    ),
    1_000_000,
)
AGENT, ADMIN = "alice@desk.example", "admin@desk.example"
NOTHING_SENT = {"node.roles": ["listen", "process", "clock", "web"]}
"""Settings of a gateway that writes all it has to send and sends none of it, as a peer does."""

_FINAL = re.compile(
    r"\bmail\.(opened|threaded|commands_only|report|suppressed|quarantined|parked)\b"
)
_KEY = re.compile(r"\bBK[0-9]{9}\b")


class Processed:
    """Which mails ended in which state, of one gateway or of several that share a database."""

    def __init__(self) -> None:
        self.states: Counter[str] = Counter()
        self.last = 0.0  # when the last one ended, by process.now
        self._more = threading.Condition()

    @property
    def mails(self) -> int:
        """How many have ended."""
        return self.states.total()

    def note(self, state: str) -> None:
        """Count a mail that ended now."""
        with self._more:
            self.states[state] += 1
            self.last = process.now()
            self._more.notify_all()

    def wait(self, mails: int, patience: float = 300.0) -> None:
        """Return when so many mails in all are in their final state."""
        with self._more:
            if not self._more.wait_for(lambda: self.mails >= mails, patience):
                raise RuntimeError(f"{self.mails} of {mails} processed within {patience:.0f} s")


class Gateway:
    """One gateway with its own folder; `database` is a URL, None for SQLite in the folder.

    `settings` are dotted keys of the configuration. A desk that is there already is used.
    """

    def __init__(
        self,
        folder: Path,
        database: str | None = None,
        settings: Mapping[str, Any] = MappingProxyType({}),
        processed: Processed | None = None,
    ) -> None:
        self.folder = folder
        self.config = folder / "config.toml"
        self._database = database
        self._settings = settings
        self._log = folder / "serve.log"
        self._begun = threading.Event()  # it is ready, or has ended
        self._ready = False
        self.processed = processed or Processed()
        self.port = free_port()

    @property
    def pid(self) -> int:
        """The process of `mailgate serve`."""
        return self._process.pid

    def set_up(self) -> None:
        """Make a desk unless there is one, with settings and ports of its own."""
        if not self.config.exists():
            more = ["--database", self._database] if self._database else []
            self._run(
                "init", "--yes", "--dir", str(self.folder), "--address", mix.DESK,
                "--agent", f"alice={AGENT}", "--admin", ADMIN, *more,
            )  # fmt: skip
        ports = {
            "inbound.listen": f"{LOOPBACK}:{self.port}",
            "web.listen": f"{LOOPBACK}:{free_port()}",
        }
        limits = {f"limits.{name}": most for name, most in LIMITS.items()}
        change(self.config, limits | ports | dict(self._settings))

    def start(self, patience: float = 300.0) -> None:
        """Begin to serve, and return when the gateway is ready."""
        self.set_up()
        self._ready = False
        self._begun.clear()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "mailgate", "serve", "--config", str(self.config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._follower = threading.Thread(target=self._follow, daemon=True)
        self._follower.start()
        self._begun.wait(patience)
        if not self._ready:
            self.stop()
            raise RuntimeError(f"the gateway did not get ready; see {self._log}")

    def stop(self) -> None:
        """End it in order, or after 30 seconds by force."""
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._follower.join()

    def tickets(self) -> list[dict[str, Any]]:
        """Return as many tickets as mails were processed, the newest: those that they opened."""
        most = str(max(1, self.processed.mails))
        found: list[dict[str, Any]] = json.loads(self._ask("tickets", "--json", "--limit", most))
        return found

    def show(self, number: str) -> dict[str, Any]:
        """Return one ticket with its messages."""
        found: dict[str, Any] = json.loads(self._ask("show", number, "--json"))
        return found

    def _follow(self) -> None:
        assert self._process.stderr
        with self._log.open("w", buffering=1) as copy, self._process.stderr as lines:
            for line in lines:
                self.note(line)
                copy.write(line)
        self._begun.set()

    def log(self) -> str:
        """Return what it has said since it was started last."""
        return self._log.read_text() if self._log.exists() else ""

    def note(self, line: str) -> None:
        """Take in one line of the log."""
        if final := _FINAL.search(line):
            self.processed.note(final[1])
        elif "gateway.ready" in line:
            self._ready = True
            self._begun.set()

    def _ask(self, *words: str) -> str:
        return self._run(*words, "--config", str(self.config))

    @staticmethod
    def _run(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "mailgate", *words], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"mailgate {words[0]} ended with {done.returncode}: {done.stderr}")
        return done.stdout


def tags(tickets: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Return `[number]` for each key that stands in the subject of a ticket.

    The first ticket wins: a later one with the same key was split off by mistake.
    """
    found: dict[str, str] = {}
    for ticket in sorted(tickets, key=lambda one: str(one["created_at"])):
        key = _KEY.search(ticket["subject"])
        if key:
            found.setdefault(key[0], f"[{ticket['number']}]")
    return found


def threaded(letters: Iterable[mix.Letter], tickets: Iterable[dict[str, Any]]) -> int:
    """Return how many letters are in the right ticket, as far as counting can tell."""
    tickets = list(tickets)
    numbers = tags(tickets)
    messages = {f"[{ticket['number']}]": int(ticket["messages"]) for ticket in tickets}
    expected = Counter(letter.ticket for letter in letters)
    return sum(min(count, messages.get(numbers.get(key, ""), 0)) for key, count in expected.items())
