"""What a driver's error says about the database, in words of ours that give nothing away."""

import sqlite3
from collections.abc import Mapping

from sqlalchemy.exc import DBAPIError, OperationalError

from mailgate.errors import Conflict, MailgateError, Permanent, Temporary, Unreachable

_BUSY = "the database is busy"
_FULL = "the disk of the database is full"
_AWAY = "the database cannot be reached"
_WHERE = (
    "at {place}: see that it runs there and lets us in, and that [database] url tells its host, "
    "port, name, user and password"
)

_SQLITE: Mapping[int, str] = {
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_IOERR: "the disk of the database does not work",
    sqlite3.SQLITE_CANTOPEN: "the file of the database cannot be opened",
    sqlite3.SQLITE_READONLY: "the file of the database cannot be written",
    sqlite3.SQLITE_NOMEM: "there is no memory left for the database",
    sqlite3.SQLITE_PROTOCOL: _BUSY,
}
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

# Classes and codes of SQLSTATE (appendix A of PostgreSQL's manual) that speak of the server's
# state; the first that fits counts. All others speak of what we asked for.
_POSTGRESQL: Mapping[str, str] = {
    "08": _AWAY,
    "25P03": "the database ended a transaction in which nothing happened for too long",
    "25006": "the database takes no writes at the moment",
    "28": "the database refuses our login",
    "3D": "the server has no such database",
    "53100": _FULL,
    "53": "the database has no room for more",
    "55": _BUSY,
    "57": _AWAY,
    "58": "the disk of the database does not work",
}


def blamed(error: DBAPIError, place: str) -> MailgateError | None:
    """Return what is wrong with the database; None when the statement is to blame, not the state.

    `place`: where the server is looked for, to be told when nothing answers there.
    `Temporary` for what may pass, `Permanent` for a file that is damaged or no database at all.
    """
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        primary = code & 0xFF  # the rest tells more than we want to know
        if primary in _DAMAGED:
            return Permanent("the file of the database is damaged, or is none of SQLite's")
        return _temporary(_SQLITE.get(primary))
    state = getattr(error.orig, "sqlstate", None)
    if state is not None and state.startswith("40"):  # deadlock, or no order could be found
        return Conflict(_BUSY)
    if state is not None:
        return _temporary(next((_POSTGRESQL[k] for k in _POSTGRESQL if state.startswith(k)), None))
    if not isinstance(error, OperationalError):
        return None
    if error.connection_invalidated:
        return Temporary(_AWAY)
    return Unreachable(_AWAY, _WHERE.format(place=place)) if error.statement is None else None


def _temporary(why: str | None) -> Temporary | None:
    return None if why is None else Temporary(why)
