"""The whole gateway as a subprocess, used as anybody would: init, serve, tickets, show.

Which mails are processed is read from its log, one line a mail; so nothing is asked of it while
it is being measured.
"""

import json
import re
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench import mix, process

# The limits protect from strangers who send as much as a benchmark does. The defaults have
# tests of their own.
LIMITS = {
    "mails_per_minute": 1_000_000,
    "new_tickets_an_hour": 1_000_000,
    "acknowledgements_to_strangers": 1_000_000,
    "automatic_in_10m": 1_000_000,
    "automatic_in_30m": 1_000_000,
    "automatic_in_60m": 1_000_000,
    "automatic_in_an_hour": 1_000_000,
    "automatic_in_a_day": 1_000_000,
}

_FINAL = re.compile(
    r"\bmail\.(opened|threaded|commands_only|report|suppressed|quarantined|parked)\b"
)
_KEY = re.compile(r"\bBK[0-9]{9}\b")


class Gateway:
    """One gateway with its own folder; `database` is a URL, None for SQLite in the folder."""

    def __init__(self, folder: Path, database: str | None = None) -> None:
        self._folder = folder
        self._database = database
        self._log = folder / "serve.log"
        self._changed = threading.Condition()
        self._ready = False
        self._ended = False
        self.states: Counter[str] = Counter()  # how many mails ended in which state
        self.last = 0.0  # when the last mail was processed, by process.now
        self.port = _free_port()

    @property
    def pid(self) -> int:
        """The process of `mailgate serve`."""
        return self._process.pid

    def start(self, patience: float = 60.0) -> None:
        """Make a desk, begin to serve, and return when the gateway is ready."""
        more = ["--database", self._database] if self._database else []
        self._run(
            "init", "--yes", "--dir", str(self._folder), "--address", mix.DESK,
            "--agent", "alice=alice@desk.example", "--admin", "admin@desk.example",
            "--smtp-port", str(self.port), "--http-port", str(_free_port()), *more,
        )  # fmt: skip
        config = self._folder / "config.toml"
        config.write_text(with_limits(config.read_text(), LIMITS))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "mailgate", "serve", "--config", str(config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        threading.Thread(target=self._follow, daemon=True).start()
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._ended, patience)
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

    def wait_processed(self, mails: int, patience: float = 300.0) -> None:
        """Return when so many mails in all are in their final state."""
        with self._changed:
            self._changed.wait_for(lambda: self.states.total() >= mails or self._ended, patience)
            if self.states.total() < mails:
                raise RuntimeError(f"{self.states.total()} of {mails} processed; see {self._log}")

    def tickets(self) -> list[dict[str, Any]]:
        """Return all tickets."""
        found: list[dict[str, Any]] = json.loads(self._ask("tickets", "--json"))
        return found

    def show(self, number: str) -> dict[str, Any]:
        """Return one ticket with its messages."""
        found: dict[str, Any] = json.loads(self._ask("show", number, "--json"))
        return found

    def _follow(self) -> None:
        with self._log.open("w") as copy:
            for line in self._process.stderr or ():
                self.note(line)
                copy.write(line)
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def note(self, line: str) -> None:
        """Take in one line of the log."""
        final = _FINAL.search(line)
        if not final and "gateway.ready" not in line:
            return
        with self._changed:
            if final:
                self.states[final[1]] += 1
                self.last = process.now()
            else:
                self._ready = True
            self._changed.notify_all()

    def _ask(self, *words: str) -> str:
        return self._run(*words, "--config", str(self._folder / "config.toml"))

    @staticmethod
    def _run(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "mailgate", *words], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"mailgate {words[0]} ended with {done.returncode}: {done.stderr}")
        return done.stdout


def with_limits(config: str, limits: dict[str, int]) -> str:
    """Return a configuration with these limits in place of its own."""
    kept = [line for line in config.splitlines() if line.partition("=")[0].strip() not in limits]
    if "[limits]" not in kept:
        kept += ["", "[limits]"]
    at = kept.index("[limits]") + 1
    kept[at:at] = [f"{name} = {value}" for name, value in limits.items()]
    return "\n".join(kept) + "\n"


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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
