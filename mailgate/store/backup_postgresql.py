"""A PostgreSQL database dumped while others write to it, and put in the place of another.

The server's own programs do the work, `pg_dump` and `pg_restore`, in the custom format. The dump is
of the moment that the manifest counts: both read one snapshot. A password is handed to them by
their environment, never on a command line, which every user of the machine can read.
"""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import URL, Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from mailgate.errors import Permanent, Refused
from mailgate.store.backup import Progress, private
from mailgate.store.db import Database, let_idle

_PLAIN = ("--verbose", "--no-owner", "--no-privileges")
_LONGEST = 300  # characters of what a program says
_MAY_NOT = "42501"  # insufficient_privilege, appendix A of PostgreSQL's manual


def dump(url: URL, connection: Connection, target: Path, progress: Progress) -> None:
    """Dump what `connection`, a reading transaction, sees of its schema into a new file.

    Raises Refused when there is no pg_dump, `Permanent` with its words when it fails.
    """
    let_idle(connection)  # pg_dump does the work, and may need hours
    snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
    tables = len(inspect(connection).get_table_names())
    words = ["--format=custom", f"--schema={_here(connection)}", f"--snapshot={snapshot}"]
    words += [f"--file={private(target)}", "--lock-wait-timeout=15s"]
    _run("pg_dump", url, words, ("dumping contents of table", tables, progress))


def restore(database: Database, source: Path, tables: int, progress: Progress) -> None:
    """Put what was dumped into a database without tables, whole or not at all.

    Raises `Permanent` when that cannot be done, also for a dump of another schema than ours here,
    of which pg_restore would silently put nothing back.
    """
    with database.read() as connection:
        here = _here(connection)
    words = ["--single-transaction", "--exit-on-error", f"--schema={here}", str(source)]
    _run("pg_restore", database.url, words, ("processing data for table", tables, progress))
    with database.read() as connection:
        if unused(connection):
            raise Permanent(
                f"the backup has nothing for the schema {here}: it was made in another one, which "
                "must come first in our role's search_path (ALTER ROLE ... SET search_path)"
            )


def needed(program: str) -> str:
    """Return where a program of PostgreSQL's is. Raises Refused when it is not there."""
    found = shutil.which(program)
    if found is None:
        raise Refused(
            f"there is no program {program} here: install PostgreSQL's client programs, of the "
            "server's version or a later one (on Debian the package postgresql-client)"
        )
    return found


def _run(program: str, url: URL, words: Sequence[str], watch: tuple[str, int, Progress]) -> None:
    """Run a program on a database and count the lines in which it begins with a table."""
    sign, total, progress = watch
    place, secret = _divided(url)
    last, done = "", 0
    with subprocess.Popen(  # noqa: S603 - a program of PostgreSQL's with arguments of ours
        [needed(program), f"--dbname={place}", *_PLAIN, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env=os.environ | secret | {"LC_ALL": "C"},
    ) as running:
        for line in running.stderr or ():
            if sign in line:
                progress(done, total)
                done += 1
            elif "error:" in line:
                last = line.strip()[:_LONGEST]
    if running.returncode:
        raise Permanent(last or f"{program} ended with {running.returncode}")


def _divided(url: URL) -> tuple[str, dict[str, str]]:
    """Return where a database is, for everybody to read, and the environment with the password."""
    query = dict(url.query)
    password = url.password or query.pop("password", None)
    place = URL.create("postgresql", url.username, None, url.host, url.port, url.database, query)
    return place.render_as_string(), {"PGPASSWORD": str(password)} if password else {}


def unused(connection: Connection) -> bool:
    """Tell whether the database has no table yet."""
    return not inspect(connection).get_table_names()


def put_aside(database: Database, kept: str) -> None:
    """Move all tables into the new schema `kept`, so that others can take their place.

    Raises Refused when somebody else uses the database, or we may not make a schema.
    """
    try:
        with database.write() as connection:
            others = connection.execute(
                text(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                    "AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
                )
            ).scalar_one()
            if others:
                raise Refused(
                    f"{others} other connections use the database: stop every gateway that does "
                    "(`systemctl stop mailgate`), and whatever else"
                )
            here, there = _quoted(connection, _here(connection), kept)
            connection.execute(text(f"CREATE SCHEMA {there}"))
            _move(connection, here, there)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _MAY_NOT:
            raise
        raise Refused(
            "we may not make a schema in this database, to keep what it holds: GRANT CREATE ON "
            "DATABASE ... TO our role, or name an empty database in [database] url"
        ) from error


def put_back(database: Database, kept: str) -> None:
    """Undo `put_aside`."""
    with database.write() as connection:
        here, there = _quoted(connection, _here(connection), kept)
        _move(connection, there, here)
        connection.execute(text(f"DROP SCHEMA {there}"))


def _move(connection: Connection, source: str, target: str) -> None:
    """Move every table, and every sequence that belongs to none, between quoted schemas."""
    looking, schema = inspect(connection), source.strip('"')
    found = {
        "TABLE": looking.get_table_names(schema=schema),
        "SEQUENCE": looking.get_sequence_names(schema=schema),
    }
    for kind, names in found.items():
        for name in _quoted(connection, *names):
            connection.execute(text(f"ALTER {kind} {source}.{name} SET SCHEMA {target}"))


def _quoted(connection: Connection, *names: str) -> list[str]:
    return [connection.dialect.identifier_preparer.quote_identifier(name) for name in names]


def _here(connection: Connection) -> str:
    """Return the schema in which our tables are, or will be."""
    return str(connection.execute(text("SELECT current_schema()")).scalar_one())
