"""The way out of one node: whether it may be used, and what the others are told of it.

The alarm outlives the process: it stands in the store, where whoever begins anew on the same node
finds it, and tries the way with one mail.
"""

from datetime import datetime, timedelta

from mailgate.delivery.breaker import ALARM, Breaker, State
from mailgate.desk.door import Desk
from mailgate.log import log
from mailgate.store import ways
from mailgate.store.ways import Broken

_AGAIN = timedelta(minutes=1)


class Way:
    """The breaker of a node; `state` keeps what is written of it up to date."""

    def __init__(self, desk: Desk, node: str) -> None:
        self._desk = desk
        self._node = node
        self._breaker: Breaker | None = None  # until the store has been asked
        self._why = ""
        self._told_at: datetime | None = None

    def state(self, now: datetime) -> State:
        """Return how the way stands. Raises `Temporary` when the store does not answer."""
        breaker = self._breaker = self._breaker or self._remembered(now)
        told_at = self._told_at
        if breaker.alarming:
            if told_at is None or not timedelta(0) <= now - told_at < _AGAIN:
                self._note(breaker, now)
        elif told_at is not None:
            with self._desk.database.write() as connection:
                ways.mended(connection, self._desk.settings.tenant_id, self._node)
            self._told_at = None
        return breaker.state(now)

    def _remembered(self, now: datetime) -> Breaker:
        """Return it as the process before this one has left it."""
        with self._desk.database.read() as connection:
            found = ways.broken(connection, self._desk.settings.tenant_id, now)
        for each in found:
            if each.node == self._node:
                self._why, self._told_at = each.why, each.seen_at
                return Breaker(ALARM, each.since, each.since)
        return Breaker()

    def _note(self, breaker: Breaker, now: datetime) -> None:
        way = Broken(self._node, breaker.since or now, self._why, now)
        with self._desk.database.write() as connection:
            ways.note(connection, self._desk.settings.tenant_id, way)
        self._told_at = now

    def failed(self, why: str, now: datetime) -> None:
        """Leave a way that is out of order alone for a while."""
        before = self._breaker or Breaker()
        self._breaker, self._why = before.failed(now), why
        if self._breaker.alarming and not before.alarming:
            log("delivery.broken", since=self._breaker.since, why=why)

    def worked(self, now: datetime) -> None:
        """Say that a mail went the way: it is in order."""
        before, self._breaker = self._breaker or Breaker(), Breaker()
        if before.alarming and before.since is not None:
            seconds = (now - before.since).total_seconds()
            log("delivery.mended", since=before.since, seconds=round(seconds))
