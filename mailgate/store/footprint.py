"""The sign that a desk has run: a small file beside its SQLite database, which outlives that.

Without it a database that was lost, or whose volume is not there, would be made anew at the next
start: mail would be taken into an empty desk, under numbers that others have been given.
"""

import contextlib
import os
from pathlib import Path

from mailgate.errors import Refused

_WORDS = """\
A desk has run on {name}, beside this file. While this file is here mailgate makes no new database
in its place: put it back, or restore a backup (mailgate restore). Remove this file only to begin
with an empty desk.
"""


def _sign(path: Path) -> Path:
    return path.with_name(f"{path.name}.expected")


def found(path: Path | None) -> Path | None:
    """Return the path of a database that a desk has run on; None for any other.

    Raises Refused when such a file has gone.
    """
    if path is None or not _sign(path).exists():
        return None
    if not path.exists():
        raise lost(path)
    return path


def lost(path: Path) -> Refused:
    """Return what to say of a database that is missing or empty, though a desk has run on it."""
    how = "is empty" if path.exists() else "is missing"
    return Refused(
        f"the database {path} {how}, though a desk has run on it: put it back, or restore a backup "
        f"(`mailgate restore`); to begin with an empty desk remove {_sign(path)}"
    )


def leave(path: Path | None) -> None:
    """Leave the sign beside a file that holds a desk, unless it is there.

    A folder that is full or closed to us keeps no desk from running: the next start tries again.
    """
    if path is None or (sign := _sign(path)).exists():
        return
    with contextlib.suppress(OSError):
        opened = os.open(sign, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        with os.fdopen(opened, "w", encoding="utf-8") as file:
            file.write(_WORDS.format(name=path.name))
