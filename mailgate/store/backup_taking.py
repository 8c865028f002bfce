"""A backup taken of whichever store there is, while gateways go on writing to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from mailgate.errors import Refused
from mailgate.store import backup, backup_postgresql, backup_sqlite
from mailgate.store.backup import DATABASE, POSTGRESQL, SQLITE, Manifest, Progress
from mailgate.store.db import Database
from mailgate.store.revision import present


@dataclass(frozen=True, slots=True)
class About:
    """What a backup is told of the gateway: its version, its desk, and its signing keys.

    `beside` are further files to go in, by their name there.
    """

    mailgate: str
    desk: str
    keys: Mapping[str, str]
    beside: Mapping[str, Path] = field(default_factory=dict)


def take(
    database: Database, target: Path, about: About, now: datetime, progress: Progress
) -> Manifest:
    """Make the folder `target`, with all that was committed before this was called.

    Raises Refused for an empty database or a folder that is there already.
    """
    store = SQLITE if database.sqlite else POSTGRESQL
    with backup.making(target) as folder:
        file = folder / DATABASE[store]
        if database.path is not None:
            backup_sqlite.copy(database.path, file, progress)
            with backup_sqlite.reading(file) as connection:
                revision, counts = _seen(connection)
        else:
            with database.read() as connection:
                revision, counts = _seen(connection)
                backup_postgresql.dump(database.url, connection, file, progress)
        for name, path in about.beside.items():
            backup.add(folder / name, path)
        return backup.seal(
            folder,
            {
                "mailgate": about.mailgate,
                "desk": about.desk,
                "store": store,
                "revision": revision,
                "taken_at": now.isoformat(),
                "counts": counts,
                "keys": dict(about.keys),
            },
        )


def _seen(connection: Connection) -> tuple[str, dict[str, int]]:
    revision = present(connection)
    if revision is None:
        raise Refused("the database is empty: there is nothing to back up")
    return revision, backup.counts(connection)
