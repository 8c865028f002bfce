"""The signals that ask a process to stop, heard without being lost and without a deadlock.

A handler may interrupt the main thread anywhere, also within a lock: it puts the signal into a
queue that bears this, and the main thread does the rest when it waits.
"""

import math
import os
import queue
import signal
import time
from collections.abc import Callable, Iterable
from types import FrameType

_SLICE = 1.0
"""Seconds waited at once: a signal that the system gives to another thread wakes nobody, and its
handler runs when the main thread is next awake."""


class Stop:
    """Whether somebody asked for a stop; `told` is called with the name of each signal heard."""

    def __init__(self, told: Callable[[str], None], *, patient: bool = False) -> None:
        """Unless `patient`, a second signal to stop ends the process where it stands."""
        self._told = told
        self._patient = patient
        self._heard: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._asked = False
        self._done = False

    def listen(self, numbers: Iterable[int]) -> None:
        """Hear these signals from now on; SIGHUP is told of and stops nothing."""
        for number in numbers:
            signal.signal(number, self._hear)

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        if number != signal.SIGHUP:
            if self._asked and not self._patient:
                os._exit(128 + number)
            self._asked = True
        self._heard.put(number)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until a stop is asked for, or for so many seconds; tell whether it was."""
        until = math.inf if seconds is None else time.monotonic() + seconds
        while not self._done:
            left = until - time.monotonic()
            try:
                number = self._heard.get(timeout=min(max(0.0, left), _SLICE))
            except queue.Empty:
                if left <= 0:
                    return False
                continue
            self._done = number != signal.SIGHUP
            self._told(signal.Signals(number).name)
        return True
