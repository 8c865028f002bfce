"""Who writes first to one SQLite file: what a sender waits for, in whichever process of a gateway.

Such a commit is short. The others, which nobody waits for, may hold the file's lock for a tenth of
a second, and follow each other closely: so each leaves it free for as long afterwards, while urgent
commits follow each other too. Nobody waits for longer than `LONGEST`, whatever became of the
process that was in a hurry.
"""

import mmap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LONGEST = 1.0
"""Seconds for which the lock is left free at most."""
LATELY = 0.01
"""Seconds after which an urgent commit no longer promises another one."""
_LOOK = 0.002
_URGENT, _FREE = 0, 1  # when somebody in a hurry wrote last, and until when the lock is left free


class Precedence:
    """One order for all processes that are forked from now on; `clock` is the machine's steady one.

    What one process writes here another may read at any time: each figure is judged by itself.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._times = memoryview(mmap.mmap(-1, 16)).cast("d")

    def wait(self, *, urgent: bool) -> None:
        """Return when it is one's turn to ask for the lock: at once for who is in a hurry."""
        if urgent:
            self._times[_URGENT] = self._clock()
            return
        patience = self._clock() + LONGEST
        while True:
            now = self._clock()
            if now - self._times[_URGENT] >= LATELY or now >= min(self._times[_FREE], patience):
                return
            self._sleep(_LOOK)

    @contextmanager
    def held(self, *, urgent: bool) -> Iterator[None]:
        """Note how long the lock is held: for the length of the block."""
        since = self._clock()
        try:
            yield
        finally:
            now = self._clock()
            if urgent:
                self._times[_URGENT] = now
            else:
                self._times[_FREE] = now + (now - since)
