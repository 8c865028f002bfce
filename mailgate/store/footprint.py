"""The sign that a desk has run: a small file beside its SQLite database, which outlives that.

Without it a database that was lost, or whose volume is not there, would be made anew at the next
start: mail would be taken into an empty desk, under numbers that others have been given. It names
the desk by what no other has, so that another one's database is not taken for it.
"""

import contextlib
import os
import re
import secrets
import sqlite3
from pathlib import Path

from sqlalchemy import Connection

from mailgate.errors import Refused

_WORDS = """\
A desk has run on {name}, beside this file. While this file is here mailgate makes no new database
in its place, and takes no other desk's: put it back, or restore a backup (mailgate restore). Remove
this file only to begin with an empty desk, or to go on with another one.

desk {desk}
"""
_DESK = re.compile(r"^desk ([0-9a-f]{32})$", re.MULTILINE)
_IDENTITY = "SELECT identity FROM tenant ORDER BY id LIMIT 1"


def _sign(path: Path) -> Path:
    return path.with_name(f"{path.name}.expected")


def found(path: Path | None) -> Path | None:
    """Return the path of a database that a desk has run on; None for any other.

    Raises Refused when such a file has gone, or holds another desk. It is only read.
    """
    if path is None or not _sign(path).exists():
        return None
    if not path.exists() or not path.stat().st_size:
        raise lost(path)
    here, expected = _held(path), _expected(path)
    if here is not None and expected is not None and here != expected:
        raise Refused(
            f"the database {path} holds another desk than the one that has run on it: put that "
            "one back, or restore a backup (`mailgate restore`); to go on with the one that is "
            f"there remove {_sign(path)}"
        )
    return path


def lost(path: Path) -> Refused:
    """Return what to say of a database that is missing or empty, though a desk has run on it."""
    how = "is empty" if path.exists() else "is missing"
    return Refused(
        f"the database {path} {how}, though a desk has run on it: put it back, or restore a backup "
        f"(`mailgate restore`); to begin with an empty desk remove {_sign(path)}"
    )


def identity(connection: Connection) -> str:
    """Return what tells the desk of a database from every other, a backup of it included."""
    drawn: str = connection.exec_driver_sql(_IDENTITY).scalar_one()
    return drawn


def leave(path: Path | None, desk: str) -> None:
    """Leave the sign beside a file that holds a desk, unless one is there; `desk` is its identity.

    A folder that is full or closed to us keeps no desk from running: the next start tries again.
    """
    if path is None or _expected(path) is not None:
        return
    sign = _sign(path)
    new = sign.with_name(f".{sign.name}.{secrets.token_hex(4)}")
    with contextlib.suppress(OSError):
        opened = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(opened, "w", encoding="utf-8") as file:
                file.write(_WORDS.format(name=path.name, desk=desk))
            new.rename(sign)  # never half of it, which would fit every desk
        finally:
            new.unlink(missing_ok=True)


def remove(path: Path) -> None:
    """Take the sign away: whatever desk is there now has been put there on purpose."""
    _sign(path).unlink(missing_ok=True)


def _expected(path: Path) -> str | None:
    """Return the identity in the sign; None without one."""
    try:
        named = _DESK.search(_sign(path).read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return None
    return named and named[1]


def _held(path: Path) -> str | None:
    """Return the identity of the desk in a file; None where none can be read.

    What is wrong with such a file is said when it is opened to be used.
    """
    place = f"{path.absolute().as_uri()}?mode=ro"
    try:
        with contextlib.closing(sqlite3.connect(place, uri=True)) as database:
            row: tuple[str] | None = database.execute(_IDENTITY).fetchone()
    except sqlite3.Error:
        return None
    return row and row[0]
