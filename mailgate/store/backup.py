"""A backup: a folder with the database and a manifest that says what it is and proves it whole.

Made under another name and renamed when everything in it is on the disk: a folder of the right
name is a whole backup. Nobody but its owner can read it. Which store it came from decides the form:
a SQLite file, or an archive of `pg_dump`.
"""

import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import file_digest
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, text

from mailgate.errors import Permanent, Refused, Temporary

Progress = Callable[[int, int], None]
"""Told (done, in all) now and then; the unit is the caller's affair."""

MANIFEST = "manifest.json"
SQLITE, POSTGRESQL = "sqlite", "postgresql"
DATABASE: Mapping[str, str] = {SQLITE: "mailgate.db", POSTGRESQL: "mailgate.pgdump"}
"""The name of the database's file in a backup."""

_FORMAT = 1
_BLOCK = 1024 * 1024  # octets


@dataclass(frozen=True, slots=True)
class File:
    """A file of a backup: its length in octets and the SHA-256 of its bytes, hexadecimal."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup is: of which moment, by which version, and what it holds.

    `counts` are the rows of each table, `files` what lies beside the manifest, `keys` the
    fingerprint of each signing key by name: enough to know a key by, and nothing to sign with.
    """

    mailgate: str
    desk: str
    store: str
    revision: str
    taken_at: str
    counts: Mapping[str, int]
    keys: Mapping[str, str]
    files: Mapping[str, File]
    format: int = _FORMAT


@contextmanager
def making(target: Path) -> Iterator[Path]:
    """Hand out an empty folder which becomes `target` when everything in it is on the disk.

    Raises Refused when there is such a folder, or none to make it in, `Temporary` when it cannot be
    written. Of what was not finished nothing is left.
    """
    if os.path.lexists(target):
        raise Refused(f"{target} is there already: name a folder that is not")
    if not target.parent.is_dir():
        raise Refused(f"{target.parent} is no folder: make it")
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")
    try:
        with writing(target.parent):
            partial.mkdir(mode=0o700)
        yield partial
        with writing(target.parent):
            for path in partial.rglob("*"):
                flush(path)
            flush(partial)
            partial.rename(target)
            flush(target.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


@contextmanager
def writing(place: Path) -> Iterator[None]:
    """Turn what the system says of a place into `Temporary`."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise Temporary(f"{error.filename or place} cannot be written: {reason}") from error


def flush(path: Path) -> None:
    """Have a file or folder on the disk before going on."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def private(path: Path) -> Path:
    """Make an empty file that its owner alone can read, before anybody writes into it."""
    with writing(path):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    return path


def seal(folder: Path, facts: Mapping[str, Any]) -> Manifest:
    """Write the manifest of what lies in `folder`; `facts` are its fields but `files`."""
    with writing(folder):
        files = {
            str(path.relative_to(folder)): _measured(path)
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        manifest = Manifest(files=files, **facts)
        written = private(folder / MANIFEST)
        written.write_text(json.dumps(asdict(manifest), indent=2) + "\n", encoding="utf-8")
    return manifest


def _measured(path: Path) -> File:
    with path.open("rb") as file:
        return File(path.stat().st_size, file_digest(file, "sha256").hexdigest())


def read(folder: Path) -> Manifest:
    """Return the manifest of a backup. Raises Refused for what is none."""
    try:
        said = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        files = {name: File(**facts) for name, facts in said["files"].items()}
        manifest = Manifest(**said | {"files": files})
        datetime.fromisoformat(manifest.taken_at)
        whole = DATABASE[manifest.store] in files and manifest.format == _FORMAT
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        whole = False
    if not whole:
        raise Refused(f"{folder} is no backup of this mailgate: `mailgate backup` makes one")
    return manifest


def examine(folder: Path, manifest: Manifest) -> None:
    """See that every file is as it was written. Raises `Permanent` naming the first that is not."""
    for name, written in manifest.files.items():
        try:
            found = _measured(folder / name)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise Permanent(f"the backup is not whole: {folder / name}: {reason}") from error
        if found != written:
            raise Permanent(
                f"the backup is damaged: {folder / name} is not what was written into it; take "
                "another backup, or another copy of this one"
            )


def add(target: Path, source: Path) -> None:
    """Put a small file into a backup that is being made."""
    with writing(source):
        target.parent.mkdir(mode=0o700, exist_ok=True)
        private(target).write_bytes(source.read_bytes())


def copy(source: Path, target: Path, progress: Progress) -> None:
    """Copy a file into a new one of the owner's alone, and have it on the disk."""
    with writing(target), source.open("rb") as given, private(target).open("wb") as taken:
        size, done = source.stat().st_size, 0
        while block := given.read(_BLOCK):
            taken.write(block)
            done += len(block)
            progress(done, size)
        taken.flush()
        os.fsync(taken.fileno())


def counts(connection: Connection) -> dict[str, int]:
    """Return how many rows each table has, whatever the schema's revision."""
    names = sorted(set(inspect(connection).get_table_names()) - {"alembic_version"})
    quoted = connection.dialect.identifier_preparer.quote
    return {
        name: connection.execute(text(f"SELECT count(*) FROM {quoted(name)}")).scalar_one()  # noqa: S608 - a name that the database itself gave, quoted
        for name in names
    }
