"""Figures that the processes of one gateway share: each writes its own, all can read them.

They lie in memory that is inherited by fork. Every process has a row of its own to write to, so
that nothing needs a lock between processes.
"""

import mmap
import threading
import time
from collections.abc import Iterable, Mapping

MOST_PROCESSES = 64


class Tally:
    """How often each of some names came, in all processes together."""

    def __init__(self, names: Iterable[str]) -> None:
        self._places = {name: place for place, name in enumerate(names)}
        octets = 8 * MOST_PROCESSES * len(self._places)
        self._cells = memoryview(mmap.mmap(-1, octets)).cast("Q")
        self._first = 0
        self._lock = threading.Lock()

    def count_as(self, process: int) -> None:
        """Count in the row of this process from now on; 0 is that of the first one."""
        self._first = process * len(self._places)
        self._lock = threading.Lock()  # the one inherited may be held by a thread that is not here

    def add(self, name: str) -> None:
        """Count one."""
        with self._lock:
            self._cells[self._first + self._places[name]] += 1

    def sums(self) -> Mapping[str, int]:
        """Return how often each name came since the start."""
        step, end = len(self._places), len(self._cells)
        return {
            name: sum(self._cells[cell] for cell in range(place, end, step))
            for name, place in self._places.items()
        }


class Pulse:
    """When each process last said that all its parts work, by the machine's steady clock."""

    def __init__(self) -> None:
        self._beats = memoryview(mmap.mmap(-1, 8 * MOST_PROCESSES)).cast("d")

    def beat(self, process: int) -> None:
        """Say so, for this process."""
        self._beats[process] = time.monotonic()

    def last(self, process: int) -> float:
        """Return when a process last said so; 0 when it never has."""
        return self._beats[process]

    def silence(self, process: int) -> float:
        """Return the seconds since a process last said so."""
        return time.monotonic() - self.last(process)
