"""What is kept for each byte that came in: the database as it is, without what will be gone."""

import contextlib
import sqlite3
from collections.abc import Sequence

from bench.gateway import Gateway

_RAW = "SELECT sum(size) FROM mail"
# What waits to be sent is rendered and read only until then.
_UNSENT = (
    "SELECT coalesce(sum(length(CAST(context AS text)) + coalesce(length(rendered), 0)), 0)"
    " FROM outbox WHERE state = 'ready'"
)
# Free pages belong to the file and are written next; the search index is another matter.
_SQLITE = (
    "SELECT (page_count - freelist_count) * page_size"
    " FROM pragma_page_count, pragma_freelist_count, pragma_page_size"
)
_POSTGRESQL = (
    "SELECT sum(pg_total_relation_size(oid)) FROM pg_class"
    " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
)


def for_each_raw_byte(gateway: Gateway, database: str | None) -> float:
    """Return it for a gateway that has stopped, after a checkpoint."""
    raw, unsent, kept = _ask(gateway, database)
    return round((kept - unsent) / raw, 3)


def _ask(gateway: Gateway, database: str | None) -> Sequence[int]:
    if database is None:
        file = sqlite3.connect(gateway.folder / "mailgate.db")
        with contextlib.closing(file):
            file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return [file.execute(query).fetchone()[0] for query in (_RAW, _UNSENT, _SQLITE)]
    import psycopg

    with psycopg.connect(database, autocommit=True) as server:
        server.execute("VACUUM")
        server.execute("CHECKPOINT")
        queries = (_RAW, _UNSENT, _POSTGRESQL)
        return [int(server.execute(query).fetchone()[0]) for query in queries]
