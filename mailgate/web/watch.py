"""A look at something that may hang: it goes on in a thread of its own, and nobody waits for long.

What was seen last is kept, so that there is an answer while the database has none. One look is
under way at most, however many ask.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from mailgate.errors import MailgateError

T = TypeVar("T")

PATIENCE = 0.5  # seconds that a look may take before who asks is told what was seen last
FRESH = 1.0  # seconds in which nothing is looked at again


@dataclass(frozen=True, slots=True)
class Seen(Generic[T]):
    """What was found: `value` by the last look that found anything, `age` seconds ago.

    `fault` says why the present look finds nothing, in words of ours; None when all is well.
    """

    value: T | None = None
    age: float = 0.0
    fault: str | None = None


class Watch(Generic[T]):
    """Looks again when it is asked, unless it has just done so.

    A `MailgateError` of the look is a fault that was seen; whatever else it raises, `seen` raises.
    """

    def __init__(self, look: Callable[[], T], steady: Callable[[], float] = time.monotonic) -> None:
        self._look = look
        self._steady = steady
        self._changed = threading.Condition()
        self._began: float | None = None  # when the look that is under way did
        self._ended: float | None = None
        self._value: T | None = None
        self._valued = 0.0  # when it was found
        self._error: Exception | None = None

    def seen(self) -> Seen[T]:
        """Return what is seen now, or within `PATIENCE` what was seen before."""
        with self._changed:
            now = self._steady()
            if self._began is None and (self._ended is None or now - self._ended >= FRESH):
                self._began = now
                threading.Thread(target=self._run, name="watch", daemon=True).start()
            if self._began is not None:
                left = max(0.0, self._began + PATIENCE - now)
                self._changed.wait_for(lambda: self._began is None, left)
            return self._told()

    def _told(self) -> Seen[T]:
        now = self._steady()
        age = 0.0 if self._value is None else now - self._valued
        if self._began is not None:
            return Seen(self._value, age, f"it has not answered for {now - self._began:.0f} s")
        if isinstance(self._error, MailgateError):
            return Seen(self._value, age, self._error.brief)
        if self._error is not None:
            raise self._error
        return Seen(self._value, age)

    def _run(self) -> None:
        found, failed = None, None
        try:
            found = self._look()
        except Exception as error:  # noqa: BLE001 - it is raised again where somebody asked
            failed = error
        with self._changed:
            self._began, self._ended, self._error = None, self._steady(), failed
            if found is not None:
                self._value, self._valued = found, self._ended
            self._changed.notify_all()
