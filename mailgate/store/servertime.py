"""The time of a database server, by which all its nodes go: their own clocks need not agree.

Without it a node whose clock is ahead would take the claims of the others for lapsed. The server is
asked once a minute, within a transaction that writes anyway; in between the machine's steady clock
carries on, which nobody sets, and which goes on while the machine sleeps.
"""

import math
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

EVERY = 60.0
"""Seconds between two questions: the crystals of two machines differ by a few milliseconds then."""
SLOW = 1.0
"""Seconds after which an answer is too old to go by: the process or the way was held up."""


_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # where the system has it


def _seconds() -> float:
    return time.clock_gettime(_STEADY)


class ServerTime:
    """What is known of it; any thread may ask, and read."""

    def __init__(self, steady: Callable[[], float] = _seconds) -> None:
        self._steady = steady
        self._asked = -math.inf
        self._known: tuple[datetime, float] | None = None  # the time, and when it was so

    def ask(self, connection: Connection) -> None:
        """Ask the server, if it is time to; an answer that is `SLOW` is no answer."""
        began = self._steady()
        if began - self._asked < EVERY:
            return
        told: datetime = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
        ended = self._steady()
        if ended - began < SLOW:
            self._known = told.astimezone(UTC), (began + ended) / 2
            self._asked = ended

    def now(self) -> datetime | None:
        """Return the server's time; None when it has never told."""
        known = self._known
        if known is None:
            return None
        told, at = known
        return told + timedelta(seconds=self._steady() - at)
