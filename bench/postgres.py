"""A fresh database on a PostgreSQL server for each run, and the CPU of a server of this machine."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from bench import process


@contextlib.contextmanager
def fresh_database(url: str) -> Iterator[str]:
    """Make a database beside the one of `url` (postgresql://...), give its URL, and drop it."""
    import psycopg

    name = f"mailgate_bench_{os.getpid()}"
    parts = urlsplit(url)
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {name}")
        try:
            yield urlunsplit(parts._replace(path=f"/{name}"))
        finally:
            server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


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
