"""Databases on a PostgreSQL server, the CPU of one of this machine, and a server for a run."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from bench import process


@contextlib.contextmanager
def fresh_database(url: str, suffix: str = "") -> Iterator[str]:
    """Make a database beside the one of `url` (postgresql://...), give its URL, and drop it."""
    import psycopg

    name = f"mailgate_bench_{os.getpid()}{suffix}"
    parts = urlsplit(url)
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {name}")
        try:
            yield urlunsplit(parts._replace(path=f"/{name}"))
        finally:
            server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def database_of(url: str | None, suffix: str = "") -> contextlib.AbstractContextManager[str | None]:
    """Return a database of its own on a server, or none where there is no server: SQLite."""
    return fresh_database(url, suffix) if url else contextlib.nullcontext(None)


def local_server(url: str) -> int | None:
    """Return the main process of the server behind `url` if it runs on this machine."""
    import psycopg

    with psycopg.connect(url) as server:
        row = server.execute("SELECT pg_backend_pid()").fetchone()
    main = process.parent(row[0]) if row else 0
    try:
        return main if "postgres" in Path(f"/proc/{main}/cmdline").read_text() else None
    except OSError:
        return None


def without() -> str | None:
    """Say why no server can be started here; None when one can."""
    if shutil.which("initdb") or any(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        return None
    return "PostgreSQL is not installed (tests/install-peers installs it)"


@contextlib.contextmanager
def own_server() -> Iterator[str]:
    """Run a server as it comes, every commit durable, until the end; give its URL."""
    from tests.peers.places import open_folder
    from tests.peers.postgresql import PostgreSQL

    with open_folder("bench") as folder:
        server = PostgreSQL(folder, durable=True)
        try:
            yield server.url().replace("postgresql+psycopg:", "postgresql:", 1)
        finally:
            server.stop()
