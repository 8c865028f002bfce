"""The one door through which tickets are written: opens ledgers on a database."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection

from mailgate.desk import telling
from mailgate.desk.ledger import Ledger
from mailgate.desk.settings import Settings, Signer
from mailgate.domain.policy import Row, overlaid
from mailgate.errors import Conflict, Lost
from mailgate.store import thresholds
from mailgate.store.db import Database

T = TypeVar("T")
TRIES = 8
"""How often something is decided where others are quicker again and again."""


class Desk:
    """The door itself: opens ledgers on a database."""

    def __init__(self, database: Database, settings: Settings, signer: Signer) -> None:
        self.database = database
        self.settings = settings
        self.signer = signer
        self._seen: tuple[Settings, tuple[Row, ...], Settings] = (settings, (), settings)

    def current(self, connection: Connection) -> Settings:
        """Return the settings with the thresholds that were set since, as of this transaction."""
        base, rows, known = self._seen
        found = thresholds.rows(connection, self.settings.tenant_id)
        if found != rows or base is not self.settings:
            base = self.settings
            known = replace(base, policy=overlaid(base.policy, found))
            self._seen = (base, found, known)
        return known

    @contextmanager
    def writing(
        self, now: datetime, size: int = 1, kind: type[Ledger] = Ledger
    ) -> Iterator[Ledger]:
        """Open a ledger for about `size` events; it is written and committed at the end.

        Only then the log is told. Raises `Conflict` when a ticket was changed by somebody else in
        between: do it again.
        """
        with self.database.write() as connection:
            ids = _endless(self.database, connection, 16 * size)
            ledger = kind(connection, ids, self.current(connection), self.signer, now)
            yield ledger
            ledger.flush()
        telling.tell(ledger.lines)

    @contextmanager
    def rehearsing(self, now: datetime, kind: type[Ledger] = Ledger) -> Iterator[Ledger]:
        """Open a ledger in which everything is decided as it would be, and nothing is kept."""
        with self.database.rehearse() as connection:
            ids = _endless(self.database, connection, 16)
            yield kind(connection, ids, self.current(connection), self.signer, now)


def persist(do: Callable[[], T], tries: int = TRIES) -> T:
    """Do something through the door, and decide it anew where somebody else was first.

    Raises `Conflict` where they were each time, and `Lost` at once: what is another's now is not to
    be decided here any more.
    """
    for _ in range(tries - 1):
        try:
            return do()
        except Lost:
            raise
        except Conflict:
            continue
    return do()


def _endless(database: Database, connection: Connection, count: int) -> Iterator[int]:
    while True:
        yield from database.ids(connection, count)
