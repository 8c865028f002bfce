"""mailgate itself, as the program that an administrator runs: init, serve, signals, commands."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from tests.peers import settings
from tests.peers.maildir import Maildir
from tests.peers.places import LOOPBACK, free_port
from tests.peers.waiting import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = (sys.executable, "-m", "mailgate")
ADDRESS = "support@desk.example"
_LONGEST_COMMAND = 600  # seconds: a verify of what a long torture left takes minutes
_QUIET = {
    "limits.new_tickets_an_hour": 10_000,  # few customers stand for many in these tests
    "jobs.digest": "off",  # else it is one more mail, by the time of the day
    "jobs.monthly_report": "off",
}


class Gateway:
    """One installation in a folder. `start` and `stop` it as often as you like."""

    def __init__(
        self, config: Path, smtp_port: int, http_port: int, program: Sequence[str] = PROGRAM
    ) -> None:
        self.config, self.folder = config, config.parent
        self.smtp_port, self.http_port = smtp_port, http_port
        self.verify_at_end = True  # a test that damages the data on purpose says no
        self.traced = False  # whether what the program runs counts as covered: twice as slow
        self._program = tuple(program)
        self._process: subprocess.Popen[str] | None = None
        self._has_served = False
        self._reader: threading.Thread | None = None
        self._lines: list[str] = []
        self._news = threading.Condition()

    @classmethod
    def init(
        cls,
        folder: Path,
        *,
        address: str = ADDRESS,
        agents: Mapping[str, str] | None = None,
        admin: str | None = "admin@agent.example",
        database: str | None = None,
        values: Mapping[str, Any] | None = None,
        program: Sequence[str] = PROGRAM,
    ) -> Self:
        """Run `mailgate init --yes` into `folder`, then set `values` (dotted keys) in its TOML."""
        made = cls(folder / "config.toml", free_port(), free_port(), program)
        words = ["init", "--yes", "--dir", str(folder), "--address", address]
        for name, agent in (agents or {"alice": "alice@agent.example"}).items():
            words += ["--agent", f"{name}={agent}"]
        words += ["--admin", admin] if admin else []
        words += ["--database", database] if database else []
        words += ["--smtp-port", str(made.smtp_port), "--http-port", str(made.http_port)]
        made._run(words)
        made.set({**_QUIET, **(values or {})})
        return made

    # Settings

    def set(self, values: Mapping[str, Any]) -> None:
        """Change values of the configuration; a running gateway does not see it."""
        settings.change(self.config, values)

    def setting(self, dotted: str) -> Any:
        """Return a value as it stands in the file, or None."""
        return settings.read(self.config, dotted)

    # The running program

    @property
    def pid(self) -> int:
        """The process id of the running gateway."""
        assert self._process is not None, "the gateway is not running"
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def start(self, patience: float = PATIENCE) -> Self:
        """Run `mailgate serve` and return when it says that every listener is open."""
        assert not self.running, "the gateway is running already"
        seen = len(self._lines)
        self._process = subprocess.Popen(
            [*self._program, "serve", "--config", str(self.config)],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()
        try:
            self.wait_for_log("gateway.ready", since=seen, patience=patience)
        except AssertionError:
            self._reap()
            raise
        self._has_served = True
        return self

    def stop(self, patience: float = PATIENCE) -> int:
        """Ask it to end by SIGTERM, wait, and return its exit code."""
        process = self._process
        assert process is not None, "the gateway was not started"
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(timeout=patience)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"no end within {patience:g} s of SIGTERM") from None
        finally:
            self._reap()

    def kill(self) -> None:
        """End it, and every process it made, by SIGKILL."""
        assert self._process is not None, "the gateway was not started"
        self._reap()

    def restart(self) -> Self:
        """Stop it in good order and start it again."""
        assert self.stop() == 0, "a stopped gateway ends with 0"
        return self.start()

    def finish(self) -> None:
        """Stop what runs, and see that the data hold together. For the fixture's end."""
        if self.running:
            code = self.stop()
            assert code == 0, f"the gateway ended with {code} after SIGTERM"
        if self._has_served and self.verify_at_end:
            assert self.verify() == [], "mailgate verify found faults"

    # What it says

    def log(self) -> str:
        """Return everything it wrote to standard error, over all its starts."""
        with self._news:
            return "".join(self._lines)

    def log_lines(self, containing: str = "") -> list[str]:
        """Return the log lines that contain a text, such as an event's name."""
        with self._news:
            return [line for line in self._lines if containing in line]

    def wait_for_log(
        self, text: str, *, count: int = 1, since: int = 0, patience: float = PATIENCE
    ) -> str:
        """Wait until `count` log lines contain `text`, and return the last of them.

        `since` leaves out that many lines from the beginning. Fails at once if the program ends.
        """

        def found() -> list[str]:
            return [line for line in self._lines[since:] if text in line]

        def over() -> bool:
            ended = self._reader is None or not self._reader.is_alive()
            return len(found()) >= count or ended

        with self._news:
            self._news.wait_for(over, patience)
            lines = found()
            told = "".join(self._lines[since:])
        ended = "it runs" if self.running else "it has ended"
        assert len(lines) >= count, f"no {text!r} in the log ({ended}):\n{told}"
        return lines[count - 1]

    def http(self, path: str) -> tuple[int, str]:
        """GET a path of the HTTP port, and return status and body."""
        url = f"http://{LOOPBACK}:{self.http_port}{path}"
        opener = urllib.request.build_opener(_EveryStatus)
        with opener.open(url, timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()

    # Commands

    def cli(
        self,
        *words: str,
        check: bool = True,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on this installation; with `check`, exit code 0 is demanded."""
        done = self.cli_bytes(*words, check=check, stdin=stdin, env=env)
        return subprocess.CompletedProcess(
            done.args,
            done.returncode,
            done.stdout.decode("utf-8", "replace"),
            done.stderr.decode("utf-8", "replace"),
        )

    def cli_bytes(
        self,
        *words: str,
        check: bool = True,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a command whose output is not text."""
        command = [words[0], "--config", str(self.config), *words[1:]]
        return self._run(command, check=check, stdin=stdin, env=env)

    def json(self, *words: str, check: bool = True) -> Any:
        """Run a command with --json and return what it printed."""
        return json.loads(self.cli(*words, "--json", check=check).stdout)

    def tickets(self, *filters: str) -> list[dict[str, Any]]:
        """Return what `mailgate tickets --json` lists."""
        return self.json("tickets", *filters)

    def show(self, number: str) -> dict[str, Any]:
        """Return what `mailgate show NUMBER --json` tells."""
        return self.json("show", number)

    def attachment(self, number: str, index: int) -> bytes:
        """Return the bytes of a ticket's attachment."""
        return self.cli_bytes("attachment", number, str(index)).stdout

    def verify(self) -> list[Any]:
        """Return the faults that `mailgate verify` finds: none, when all is well."""
        done = self.cli("verify", "--json", check=False)
        faults = json.loads(done.stdout) if done.stdout.strip() else [done.stderr]
        assert done.returncode == (1 if faults else 0), f"verify: {done}"
        return faults

    def outgoing(self) -> Maildir:
        """Return the Maildir into which a gateway without a smarthost puts its mail."""
        return Maildir(self.folder / "outgoing")

    # Inside

    def _run(
        self,
        words: Sequence[str],
        *,
        check: bool = True,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[bytes]:
        done = subprocess.run(
            [*self._program, *words],
            input=stdin,
            capture_output=True,
            check=False,
            env={**self._environment(), **(env or {})},
            timeout=_LONGEST_COMMAND,
        )
        assert not check or done.returncode == 0, (
            f"mailgate {' '.join(words)} ended with {done.returncode}:\n"
            f"{done.stdout.decode('utf-8', 'replace')}{done.stderr.decode('utf-8', 'replace')}"
        )
        return done

    def _environment(self) -> dict[str, str]:
        left_out = ("MAILGATE_",) if self.traced else ("MAILGATE_", "COVERAGE_")
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(left_out)}
        own = {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "LC_ALL": "C.UTF-8"}
        return inherited | own | {"NO_COLOR": "1", "COLUMNS": "200"}

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stderr is not None
        for line in process.stderr:
            with self._news:
                self._lines.append(line)
                self._news.notify_all()
        with self._news:
            self._news.notify_all()

    def _reap(self) -> None:
        process, reader = self._process, self._reader
        assert process is not None
        assert reader is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        reader.join(timeout=5)
        assert process.stderr is not None
        process.stderr.close()


class _EveryStatus(urllib.request.HTTPErrorProcessor):
    """Hands back 4xx and 5xx as answers, not as exceptions."""

    def http_response(self, request: urllib.request.Request, response: Any) -> Any:
        return response
