"""A PostgreSQL of the tests' own: one server a run, one database a test.

Its durability is off, which changes nothing that a test can see, and it ends with the run.
"""

import itertools
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.peers.places import LOOPBACK, free_port
from tests.peers.presence import missing
from tests.peers.waiting import wait_until

NAME = "PostgreSQL"
_ROLE = "mailgate"
_QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")


class PostgreSQL:
    """A server in `folder`, run by an ordinary user (`postgres` or `nobody` when we are root).

    Given a `primary`, it is a standby of that one.
    """

    def __init__(self, folder: Path, primary: "PostgreSQL | None" = None) -> None:
        self.port = free_port()
        self._folder = folder
        self._data = folder / "data"
        self._programs = _programs()
        self._user = _server_user()
        self._numbers = itertools.count(1)
        self._templates: set[str] = set()
        if self._user is not None:
            shutil.chown(folder, self._user.pw_uid, self._user.pw_gid)
        self._make(primary)
        self.start()

    def url(self, database: str = "postgres") -> str:
        """Return the SQLAlchemy URL of a database on this server."""
        return f"postgresql+psycopg://{_ROLE}@{LOOPBACK}:{self.port}/{database}"

    def create(self, template: str = "template0") -> str:
        """Make a new database, empty or a copy of `template`, and return its name."""
        name = f"test_{next(self._numbers)}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def template(self, name: str, prepare: Callable[[str], None]) -> str:
        """Return the template `name`, which `prepare` fills once, given its URL.

        `prepare` must have closed its connections when it returns, or nothing can be copied.
        """
        if name not in self._templates:
            self.sql(f"CREATE DATABASE {name} TEMPLATE template0")
            prepare(self.url(name))
            self._templates.add(name)
        return name

    def drop(self, database: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self.sql(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run one statement by psql, and return its rows, one a line, columns split by `|`."""
        command = [self._programs / "psql", "-h", LOOPBACK, "-p", str(self.port), "-U", _ROLE]
        command += ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", database]
        done = subprocess.run(
            [*command, "-c", statement], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{statement}: {done.stderr}"
        return done.stdout.strip()

    def log(self) -> str:
        """Return what the server has said so far."""
        path = self._folder / "server.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def stop(self) -> None:
        """End the server, if it runs, and every connection at once."""
        self._server.send_signal(signal.SIGQUIT)
        self._server.wait(timeout=20)

    def _make(self, primary: "PostgreSQL | None") -> None:
        if primary is None:
            words = ["initdb", "-D", self._data, "-U", _ROLE, "-A", "trust", "-E", "UTF8"]
            words += ["--locale=C.UTF-8", "--no-sync", "--no-instructions"]
        else:
            words = ["pg_basebackup", "-D", self._data, "-h", LOOPBACK, "-p", primary.port]
            words += ["-U", _ROLE, "--write-recovery-conf", "--checkpoint=fast", "--no-sync"]
        made = self._launch(words)
        assert made.wait(timeout=60) == 0, f"{words[0]} failed: {self.log()}"

    def start(self) -> None:
        """Start the server, also again after a `stop`, and return when it takes connections."""
        settings = [f"listen_addresses={LOOPBACK}", f"unix_socket_directories={self._folder}"]
        options = [word for setting in (*settings, *_QUICK) for word in ("-c", setting)]
        server = self._launch(["postgres", "-D", self._data, "-p", str(self.port), *options])
        probe = [self._programs / "pg_isready", "-q", "-h", LOOPBACK, "-p", str(self.port)]
        wait_until(
            lambda: subprocess.run(probe, check=False).returncode == 0 or server.poll() is not None,
            lambda: f"PostgreSQL to accept connections; its log:\n{self.log()}",
        )
        assert server.poll() is None, f"PostgreSQL did not start; its log:\n{self.log()}"
        self._server = server

    def wait_for_standby(self) -> None:
        """Have every commit wait for the standby from now on, and wait until one follows."""
        self.sql("ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.sql("SELECT pg_reload_conf()")
        following = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
        wait_until(lambda: self.sql(following) == "1", "a synchronous standby")

    def promote(self) -> None:
        """Make a standby the primary."""
        assert self.sql("SELECT pg_promote()") == "t", self.log()

    def _launch(self, command: list[object]) -> subprocess.Popen[bytes]:
        program, *arguments = command
        user = self._user
        identity = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid}
        with (self._folder / "server.log").open("ab") as log:
            return subprocess.Popen(
                [self._programs / str(program), *map(str, arguments)],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(self._folder)},
                start_new_session=True,
                extra_groups=None if user is None else [],
                **identity,
            )


def _programs() -> Path:
    """Return the folder of the newest server installed; Debian keeps it outside PATH."""
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    found = sorted(versions, key=lambda path: float(path.parent.parent.name))
    if found:
        return found[-1].parent
    elsewhere = shutil.which("initdb")
    if elsewhere is None:
        missing(NAME, "no program 'initdb' on this machine")
    return Path(elsewhere).parent


def _server_user() -> pwd.struct_passwd | None:
    """Return whom the server is to run as: itself refuses to be root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    return known.get("postgres") or known["nobody"]
