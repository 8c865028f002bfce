"""Figures that the processes of one gateway share: each writes its own, all can read them.

They lie in memory that is inherited by fork. Every process has a row of its own to write to, so
that nothing needs a lock between processes.
"""

import mmap
import threading
import time
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate

MOST_PROCESSES = 64
_MICRO = 1_000_000

_process = 0
_counting = threading.Lock()


def count_as(process: int) -> None:
    """Count in the rows of this process from now on, after a fork; 0 is that of the first one.

    One that is begun anew goes on in the row of the one that ended: nothing counted is lost.
    """
    global _process, _counting  # noqa: PLW0603 - a process has one number
    _process = process
    _counting = threading.Lock()  # the one inherited may be held by a thread that is not here


class Tally:
    """How often each of some names came, in all processes together."""

    def __init__(self, names: Iterable[str]) -> None:
        self._places = {name: place for place, name in enumerate(names)}
        octets = 8 * MOST_PROCESSES * len(self._places)
        self._cells = memoryview(mmap.mmap(-1, octets)).cast("Q")

    def add(self, name: str, count: int = 1) -> None:
        """Count one, or so many at once."""
        with _counting:
            self._cells[_process * len(self._places) + self._places[name]] += count

    def sums(self) -> Mapping[str, int]:
        """Return how often each name came since the start."""
        step, end = len(self._places), len(self._cells)
        return {
            name: sum(self._cells[cell] for cell in range(place, end, step))
            for name, place in self._places.items()
        }


class Histogram:
    """How long something took, in all processes together: how often it was within each bound."""

    def __init__(self, bounds: Sequence[float]) -> None:
        """`bounds` are seconds, ascending; what is longer than the last is counted too."""
        self._bounds = tuple(bounds)
        self._within = [*(f"{bound:g}" for bound in bounds), "+Inf"]
        self._tally = Tally([*self._within, "sum"])

    def observe(self, seconds: float) -> None:
        """Count one that took so long."""
        self._tally.add(self._within[bisect_left(self._bounds, seconds)])
        self._tally.add("sum", round(max(0.0, seconds) * _MICRO))

    def read(self) -> tuple[list[tuple[str, float]], float]:
        """Return (bound, how many took no longer) from the least on, and the sum of all seconds."""
        counted = self._tally.sums()
        upto = accumulate(counted[bound] for bound in self._within)
        return list(zip(self._within, map(float, upto), strict=True)), counted["sum"] / _MICRO


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
