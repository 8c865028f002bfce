"""Whether the way out may be used: a breaker that opens when it fails, and tries it mail by mail.

Closed, mail flows. Each failure of the way opens it for a while, ever longer; after that it is half
open: one mail may try, and closes it or opens it again. From the third failure in a row it is an
alarm, told once, until the way is mended.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

ALARM = 3
"""Failures in a row from which it is no hiccup any more: some fifteen seconds."""
LONGEST = timedelta(minutes=5)
_SPREAD = 0.2


class State(StrEnum):
    """How the breaker stands."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half open"


@dataclass(frozen=True, slots=True)
class Breaker:
    """One way out as it is known to be; `since` is the first failure of an unbroken row of them."""

    failures: int = 0
    since: datetime | None = None
    opened_at: datetime | None = None
    pause: timedelta = timedelta(0)

    @property
    def alarming(self) -> bool:
        """Whether it has failed too often in a row."""
        return self.failures >= ALARM

    def state(self, now: datetime) -> State:
        """Return how it stands; a pause that begins in the future is of a clock set back."""
        if self.opened_at is None:
            return State.CLOSED
        rests = timedelta(0) <= now - self.opened_at < self.pause
        return State.OPEN if rests else State.HALF_OPEN

    def failed(self, now: datetime) -> "Breaker":
        """Return it after one more failure: open, for twice as long as after the one before."""
        failures = self.failures + 1
        longest = min(timedelta(seconds=2.0 ** min(failures, 10)), LONGEST)
        spread = random.uniform(1 - _SPREAD, 1 + _SPREAD)  # noqa: S311 - spreads retries, guards nothing
        return Breaker(failures, self.since or now, now, longest * spread)
