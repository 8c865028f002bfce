"""Which schema a database has, and which one this version of the program needs.

Known without alembic, which only a migration needs: it would double the time that a command takes.
"""

from sqlalchemy import Connection, inspect, text

NEWEST = "0001"
"""The newest revision below `store/migrations/versions`; a test compares."""
_TABLE = "alembic_version"


def present(connection: Connection) -> str | None:
    """Return the revision a database is at; None for an empty one."""
    if not inspect(connection).has_table(_TABLE):
        return None
    found: str | None = connection.execute(
        text(f"SELECT version_num FROM {_TABLE}")  # noqa: S608 - a constant of ours
    ).scalar()
    return found
