"""A new desk: one folder with a configuration that works, a key, and a Maildir for what goes out.

Nothing that is there already is overwritten.
"""

import contextlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from mailgate import config
from mailgate.config import secrets
from mailgate.config.reference import toml
from mailgate.errors import Refused

FILE, KEYS, MAILDIR, DATABASE = "config.toml", "mailgate.key", "outgoing", "mailgate.db"

_HEAD = """\
# The configuration of this desk. Only what matters to begin with stands here: every key, with its
# default and the reason for it, is in config.example.toml and docs/configuration.md.
# After a change: mailgate check, and start the gateway anew (systemctl restart mailgate). One that
# runs goes on with what stood here when it began.
"""
_NO_AGENT = """\
# Who answers tickets; one [[agent]] for each.
#[[agent]]
#name = "alice"
#address = "alice@desk.example"
"""
_DELIVERY = """\
# Mails to be sent are put here until you name a smarthost:
#   transport = "smtp"
#   host = "smtp.example"
#   user = "desk"
#   password_file = "smarthost.password"
"""


def write(
    directory: Path,
    address: str,
    agents: Mapping[str, str],
    admins: Sequence[str],
    database: str | None,
    smtp_port: int,
    http_port: int,
    timezone: str = "UTC",
) -> Path:
    """Set up a desk in `directory` and return the path of its configuration.

    `agents` maps short names to addresses; `database` is a path or URL, None for a file in
    `directory`; port 0 means any free one. Raises Refused if there is a configuration already or
    the folder cannot be written, and ConfigError (a Refused) for values that no key takes: then
    nothing new is left behind.
    """
    path = directory / FILE
    text = _text(address, agents, admins, database, (smtp_port, http_port), timezone)
    with contextlib.ExitStack() as undo:
        try:
            _make_folder(directory, undo)
            if os.path.lexists(path):
                raise Refused(f"{path} is there already: remove it, or choose another folder")
            _make_keys(directory / KEYS, undo)
            config.read(text, path, os.environ)
            for name in (MAILDIR, *(f"{MAILDIR}/{inner}" for inner in ("cur", "new", "tmp"))):
                _make_folder(directory / name, undo)
            _make_file(path, text)
        except OSError as error:
            raise Refused(f"{error.filename}: {(error.strerror or str(error)).lower()}") from error
        undo.pop_all()
    return path


def _make_folder(path: Path, undo: contextlib.ExitStack) -> None:
    """Make a folder, and those above it, unless they are there."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)
        undo.callback(_remove_folder, folder)


def _remove_folder(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.rmdir()


def _make_keys(path: Path, undo: contextlib.ExitStack) -> None:
    """Write a key unless there is one: that of an earlier desk still reads its answers."""
    with contextlib.suppress(FileExistsError):
        secrets.write_keys(path)
        undo.callback(path.unlink)


def _make_file(path: Path, text: str) -> None:
    """Write a file whole or not at all, and never over another one."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def _text(
    address: str,
    agents: Mapping[str, str],
    admins: Sequence[str],
    database: str | None,
    ports: tuple[int, int],
    timezone: str,
) -> str:
    smtp_port, http_port = ports
    people = "\n".join(
        f"[[agent]]\nname = {toml(name)}\naddress = {toml(at)}\n" for name, at in agents.items()
    )
    return f"""{_HEAD}
[desk]
# Customers write here. The mail server in front must let addresses like support+...@ through too.
address = {toml(address)}
# The name that people see beside the address.
name = "Support"
# The zone of times in mails, such as "Europe/Berlin".
timezone = {toml(timezone)}
# The language of mails to people whose own is not known: ar, de, en, es, fr, pt, ru or zh.
language = "en"
# Who is told when something is overdue, and of new tickets that no team takes.
admins = {toml(admins)}
# Signs addresses. Keep it secret, and keep it: without it answers are not recognised.
secret_file = {toml(KEYS)}

{people or _NO_AGENT}
# How long each side may take; single values can be set in [sla.global], [sla.high] and so on.
[sla]
preset = "standard"

[inbound]
# Where mail comes in. Hand it over from your mail server; only this machine may connect.
listen = {toml(f"127.0.0.1:{smtp_port}")}

[delivery]
{_DELIVERY}transport = "maildir"
maildir = {toml(MAILDIR)}

[web]
listen = {toml(f"127.0.0.1:{http_port}")}

[database]
# A file for SQLite, or postgresql://user:${{DB_PASSWORD}}@host/name.
url = {toml(database or DATABASE)}
"""
