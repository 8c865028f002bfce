"""What the HTTP port tells of the database, found by one look at it."""

from dataclasses import dataclass
from datetime import datetime

from mailgate.errors import MailgateError
from mailgate.log import log
from mailgate.store import backlog, heartbeat
from mailgate.store.backlog import Backlog
from mailgate.store.db import Database


@dataclass(frozen=True, slots=True)
class Stored:
    """What waits there, and when the clock last ran; None: never."""

    backlog: Backlog
    clock_seen_at: datetime | None


def look(database: Database, tenant_id: int) -> Stored:
    """Look at the store. Raises `MailgateError` when it does not answer, which is logged."""
    try:
        with database.read() as connection:
            return Stored(backlog.read(connection, tenant_id), heartbeat.last(connection).seen_at)
    except MailgateError as error:
        log("database.unavailable", where="web", error=str(error))
        raise
