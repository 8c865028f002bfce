"""Roundup, tuned: all senders known beforehand, its databases as it sets them, and nothing sent.

    .venv-peers/roundup/bin/python -m bench.peers.roundup --n 400

Each mail is given to its gateway for mail in one process that stays. A sender whom it does not
know costs it a slow hash for a password, which would be what is measured.
"""

import contextlib
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from roundup import instance, mailgw

from bench import mix
from bench.peers import feeding

_KEY, _MARK = re.compile(r"\bBK[0-9]{9}\b"), re.compile(r"\bmk[0-9]{9}x\b")
_SETTINGS = {
    "main.admin_email": "admin@desk.example",
    "tracker.email": mix.DESK,
    "tracker.web": "http://127.0.0.1:9/tracker/",
    "mail.domain": "desk.example",
    "mail.host": "127.0.0.1",
    "mail.debug": os.devnull,  # where it writes mails instead of sending them
}
_LINE = re.compile(r"#?(?P<name>\w+) =|\[(?P<section>\w+)\]")
_STRANGERS = "db.security.addPermissionToRole('Anonymous', 'Email Access')"


class Roundup:
    """A tracker of the classic template in a folder."""

    def __init__(self, folder: Path, senders: set[str], server: feeding.Server | None) -> None:
        home = folder / "tracker"
        settings = _SETTINGS | _database(server)
        self._admin(home, "install", "classic", settings["rdbms.backend"])
        config = home / "config.ini"
        config.write_text(_configured(config.read_text(), settings))
        schema = home / "schema.py"
        schema.write_text(schema.read_text().replace(f"#{_STRANGERS}", _STRANGERS))
        self._admin(home, "initialise", "made-up")
        self._tracker = instance.open(str(home))
        self._gateway = mailgw.MailGW(
            self._tracker, SimpleNamespace(default_class="", set_value=[])
        )
        with self._opened() as database:
            for address in sorted(senders):
                name = address.replace("@", ".")
                database.user.create(username=name, address=address, roles="User")
            database.commit()

    @staticmethod
    def _admin(home: Path, *words: str) -> None:
        program = Path(sys.executable).with_name("roundup-admin")
        subprocess.run(
            [program, "-i", home, *words], check=True, stdout=subprocess.DEVNULL, input=b"y\n"
        )

    @contextlib.contextmanager
    def _opened(self) -> Iterator[Any]:
        database = self._tracker.open("admin")
        try:
            yield database
        finally:
            database.close()

    def take(self, raw: bytes) -> None:
        """Do what its program for a pipe does with a mail."""
        self._gateway.main(io.BytesIO(raw.replace(b"\r\n", b"\n")))

    def numbers(self) -> dict[str, str]:
        """Return `[issueN]` by key."""
        found: dict[str, str] = {}
        with self._opened() as database:
            for id_ in sorted(database.issue.list(), key=int):
                if key := _KEY.search(database.issue.get(id_, "title")):
                    found.setdefault(key[0], f"[issue{id_}]")
        return found

    def places(self) -> dict[str, str]:
        """Return the issue of each text."""
        with self._opened() as database:
            return {
                mark: f"[issue{id_}]"
                for id_ in database.issue.list()
                for message in database.issue.get(id_, "messages")
                for mark in _MARK.findall(database.msg.get(message, "content"))
            }


def _database(server: feeding.Server | None) -> dict[str, str]:
    if server is None:
        return {"rdbms.backend": "sqlite"}
    return {
        "rdbms.backend": "postgresql",
        "rdbms.name": server.name,
        "rdbms.host": server.host,
        "rdbms.port": str(server.port or ""),
        "rdbms.user": server.user,
        "rdbms.password": server.password,
    }


def _configured(config: str, settings: Mapping[str, str]) -> str:
    """Return a configuration with these settings in the places of its own."""
    wanted, lines, section = dict(settings), [], ""
    for line in config.splitlines():
        found = _LINE.match(line)
        section = (found and found["section"]) or section
        value = wanted.pop(f"{section}.{found['name']}", None) if found else None
        lines.append(line if value is None else f"{found['name']} = {value}")
    assert not wanted, wanted
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    feeding.run(Roundup)
