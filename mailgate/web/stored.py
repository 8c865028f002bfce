"""What the HTTP port tells of the database, found by one look at it."""

from dataclasses import dataclass
from datetime import datetime

from mailgate.domain.canary import Rounds
from mailgate.errors import MailgateError
from mailgate.log import log
from mailgate.store import backlog, canaries, heartbeat, ways
from mailgate.store.backlog import Backlog
from mailgate.store.db import Database
from mailgate.store.ways import Broken


@dataclass(frozen=True, slots=True)
class Stored:
    """What waits there, when the clock last ran, what is known of canaries and of ways out.

    None where it never has, and where none are sent.
    """

    backlog: Backlog
    clock_seen_at: datetime | None
    canaries: Rounds | None = None
    broken: tuple[Broken, ...] = ()


def look(database: Database, tenant_id: int, now: datetime, *, watched: bool) -> Stored:
    """Look at the store, and for canaries if these are `watched`.

    Raises `MailgateError` when it does not answer, which is logged.
    """
    try:
        with database.read() as connection:
            return Stored(
                backlog.read(connection, tenant_id),
                heartbeat.last(connection).seen_at,
                canaries.rounds(connection, tenant_id) if watched else None,
                tuple(ways.broken(connection, tenant_id, now)),
            )
    except MailgateError as error:
        log("database.unavailable", where="web", error=str(error))
        raise
