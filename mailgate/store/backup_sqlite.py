"""A SQLite database copied while others write to it, and put in the place of another.

The copy is of one moment: a reading transaction is held for as long as it takes, which in WAL mode
keeps no writer waiting, and without which SQLite would begin anew after each write of another
process. The log of the file that is copied grows meanwhile, and is used again afterwards.
"""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, create_engine

from mailgate.errors import Permanent, Refused, Temporary
from mailgate.store.backup import Progress, flush, private, writing
from mailgate.store.db import BUSY

_PAGES = 1024  # copied between two looks at how far it is
_MAGIC = b"SQLite format 3\0"
_BESIDE = ("-wal", "-shm", "-journal")


def copy(source: Path, target: Path, progress: Progress) -> None:
    """Copy the database at `source` into a new file, whole and checked, and flush it.

    Raises `Temporary` when it cannot be read or written now, `Permanent` when the copy is found
    to be damaged, and then so is the source.
    """
    private(target)
    with _trouble(source), closing(_opened(source)) as given, closing(_opened(target)) as taken:
        taken.execute("PRAGMA synchronous = OFF")  # flushed as a whole in the end
        given.execute("BEGIN")
        given.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # the moment it is of
        given.backup(
            taken, pages=_PAGES, progress=lambda _, left, total: progress(total - left, total)
        )
        given.execute("ROLLBACK")
        taken.execute("PRAGMA journal_mode = DELETE")  # one file, with nothing beside it
        wrong = taken.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if wrong != "ok":
        raise Permanent(f"{source} is damaged, and no backup was made: {wrong}")
    with writing(target):
        flush(target)


def unused(path: Path) -> bool:
    """Tell whether nothing is stored at a path yet: no file, or one without any table.

    What cannot be read may hold something.
    """
    if not path.exists() or not path.stat().st_size:
        return True
    if not _is_known(path):
        return False
    try:
        with _trouble(path), closing(_opened(path)) as database:
            return not database.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    except Permanent:
        return False


def _is_known(path: Path) -> bool:
    """Tell whether a file begins as SQLite's do; of another, SQLite would remove the log."""
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def replace(path: Path, new: Path, kept: Path) -> None:
    """Put the file `new` in the place of the database at `path`, which is kept as `kept`.

    Raises Refused when another process has the database open: then nothing has changed.
    """
    settle(new)
    with contextlib.suppress(Permanent):  # too damaged to be opened: it is kept as it is
        settle(path)
    with writing(path):
        for end in _BESIDE:
            with contextlib.suppress(FileNotFoundError):
                path.with_name(path.name + end).rename(kept.with_name(kept.name + end))
        with contextlib.suppress(FileNotFoundError):
            os.link(path, kept)
        flush(new)
        new.rename(path)
        flush(path.parent)


def settle(path: Path) -> None:
    """Write the log back into the file and remove it, which only who is alone with it can.

    Leaves alone what is no database. Raises Refused when somebody else has it open.
    """
    if not path.exists() or not _is_known(path):
        return
    with _trouble(path), closing(_opened(path)) as database:
        database.execute("PRAGMA busy_timeout = 0")
        try:
            database.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            raise Refused(
                f"another process has {path} open: stop the gateway (`systemctl stop mailgate`) "
                "and whatever else uses it"
            ) from error


@contextmanager
def reading(path: Path) -> Iterator[Connection]:
    """Open a file that nobody writes to, as it is: nothing is made beside it."""
    place = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(place, uri=True))
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _opened(path: Path) -> sqlite3.Connection:
    seconds = BUSY.total_seconds()
    database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=seconds)
    database.isolation_level = None  # we say BEGIN ourselves
    return database


@contextmanager
def _trouble(source: Path) -> Iterator[None]:
    """Say in our words what SQLite reports."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
            raise Temporary("the disk of the backup is full") from error
        raise Temporary(f"{source} cannot be read at the moment, or its copy written") from error
    except sqlite3.DatabaseError as error:
        raise Permanent(f"{source} is damaged, or is no database of SQLite's") from error
