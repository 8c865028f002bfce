"""A desk in a folder, and its command line run within this process."""

import functools
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer import testing
from typer.testing import CliRunner, Result

from mailgate import setup
from mailgate.cli.program import program
from mailgate.store import migrate
from mailgate.store.db import Database
from tests.peers import settings
from tests.peers.maildir import Maildir

# A run of a command would otherwise read the signatures of all commands anew.
testing._get_command = functools.cache(testing._get_command)

CUSTOMER, DESK = "carol@customer.example", "support@desk.example"


def mail(
    subject: str = "Printer broken",
    text: str = "It does not print.",
    sender: str = CUSTOMER,
    **headers: str,
) -> bytes:
    """Return a mail to the desk; `in_reply_to` becomes In-Reply-To."""
    lines = [f"From: Carol <{sender}>", f"To: {DESK}", f"Subject: {subject}"]
    lines += [f"{name.replace('_', '-').title()}: {value}" for name, value in headers.items()]
    return "\n".join([*lines, "", text, ""]).encode()


class Cli:
    """One desk. `run` gives the command line words; exit codes are asserted by the caller."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "config.toml"
        setup.write(
            folder,
            DESK,
            {"alice": "alice@agent.example", "bob": "bob@agent.example"},
            ["admin@agent.example"],
            None,
            0,
            0,
        )

    def set(self, **values: Any) -> None:
        """Change the configuration: `delivery__host` is `host` in [delivery]."""
        settings.change(self.config, {k.replace("__", "."): v for k, v in values.items()})

    def run(self, *words: object, stdin: bytes = b"") -> Result:
        """Run one command on this desk."""
        named = ["--config", str(self.config), *map(str, words)]
        return CliRunner().invoke(program, named, input=stdin, prog_name="mailgate")

    def ok(self, *words: object, stdin: bytes = b"") -> str:
        """Run one command that must succeed, and return what it printed."""
        done = self.run(*words, stdin=stdin)
        assert done.exit_code == 0, f"{words}: {done.exit_code}\n{done.output}"
        return done.stdout

    def no(self, code: int, *words: object, stdin: bytes = b"") -> str:
        """Run one command that must end with `code`, and return what it said on stderr."""
        done = self.run(*words, stdin=stdin)
        assert done.exit_code == code, f"{words}: {done.exit_code}\n{done.output}"
        assert "Traceback" not in done.output
        return done.stderr

    def json(self, *words: object) -> Any:
        """Return what a command prints with --json."""
        return json.loads(self.ok(*words, "--json"))

    def standing(self, number: str) -> dict[str, Any]:
        """Return what is shown of a ticket but for what time alone changes."""
        shown = self.json("show", number)
        del shown["time_until_delay"]
        return shown

    def open(self, *more: object, **facts: str) -> str:
        """Let a customer's mail open a ticket, and return its number."""
        self.ok("deliver", *more, stdin=mail(**facts))
        self.ok("tick")
        return self.json("tickets")[0]["number"]

    def sent(self) -> list[tuple[str, str]]:
        """Return recipient and subject of each mail that has left."""
        mails = Maildir(self.folder / "outgoing").mails()
        return [(each["To"], each["Subject"]) for each in mails]


@pytest.fixture
def new_cli(tmp_path: Path) -> Cli:
    """A desk just set up."""
    return Cli(tmp_path / "desk")


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that is empty and at the newest schema: it takes a while to make."""
    path = tmp_path_factory.mktemp("migrated") / "mailgate.db"
    database = Database(f"sqlite:///{path}")
    migrate.upgrade(database)
    database.close()
    return path


@pytest.fixture
def cli(new_cli: Cli, migrated_file: Path) -> Cli:
    """A desk whose database is there, and empty."""
    shutil.copy(migrated_file, new_cli.folder)
    return new_cli
