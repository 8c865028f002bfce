"""Who writes next: a lock that threads have in the order in which they asked for it.

A common lock goes to whoever is quickest, which is the thread that has just let go of it: a busy
worker would keep the mails waiting that somebody wants to hear an answer to.
"""

import threading
from collections import deque


class Turn:
    """One thread at a time has the turn. Not for a thread that has it already."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._had = False
        self._waiting: deque[threading.Lock] = deque()  # each is released when its turn comes

    @property
    def wanted(self) -> bool:
        """Whether somebody waits: whoever can stop in good order should."""
        return bool(self._waiting)

    def take(self, patience: float) -> bool:
        """Wait for the turn at most `patience` seconds; tell whether we have it."""
        with self._guard:
            if not self._had:
                self._had = True
                return True
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
        if mine.acquire(timeout=patience):
            return True
        with self._guard:
            if mine not in self._waiting:
                return True  # it came just as the patience ended
            self._waiting.remove(mine)
            return False

    def give(self) -> None:
        """Pass the turn on to who has waited longest."""
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._had = False
