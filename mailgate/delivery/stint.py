"""How sending goes: what was tried in a stretch of work, told when it ends, or goes on for long."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailgate.delivery.transport import Later, Never, Result, Sent, Unknown

LONG = timedelta(seconds=10)
"""A stretch that goes on is told of as often."""
RESULTS: Mapping[type[Result], str] = {
    Sent: "sent",
    Later: "later",
    Never: "never",
    Unknown: "unknown",
}
"""How tries end, in the words of the log."""


@dataclass(frozen=True, slots=True)
class Stint:
    """When it began, aware in UTC, how long it took, and how many tries ended how."""

    began_at: datetime
    took: timedelta
    tries: Mapping[str, int]


class Stints:
    """Counts what one worker tries; `tell` is told of each stretch, and may raise `Temporary`."""

    def __init__(
        self,
        now: Callable[[], datetime],
        tell: Callable[[Stint], object] = lambda _stint: None,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._now = now
        self._tell = tell
        self._steady = steady
        self._began: tuple[datetime, float] | None = None
        self._tries: Counter[str] = Counter()
        self.tries: Counter[str] = Counter()
        """How many tries ended how, in all stretches."""

    def begin(self) -> None:
        """Say that there is something to send."""
        if self._began is None:
            self._began = self._now(), self._steady()

    def tried(self, result: Result) -> None:
        """Count how one try ended."""
        self._tries[RESULTS[type(result)]] += 1
        self.tries[RESULTS[type(result)]] += 1

    def end(self, *, more: bool = False) -> None:
        """Tell of the stretch; while there may be `more`, only of one that has lasted long."""
        if self._began is None:
            return
        began_at, began = self._began
        took = timedelta(seconds=self._steady() - began)
        if more and took < LONG:
            return
        stint = Stint(began_at, took, {name: self._tries[name] for name in RESULTS.values()})
        self._began, self._tries = None, Counter()
        self._tell(stint)
