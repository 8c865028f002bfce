"""Bells that wake the parts of one gateway, in whichever of its processes each works.

A bell carries nothing: whoever hears it looks at the store. One that nobody hears costs a second
at most, since every part looks by itself that often.
"""

import contextlib
import os
import threading
from collections.abc import Callable, Iterable

_GULP = 4096
"""Octets read at once: rings that came while the part was busy count as one."""


class Bells:
    """Bells by name; heard in this process, and after `share` in those forked from it too."""

    def __init__(self) -> None:
        self._answers: dict[str, Callable[[], None]] = {}
        self._pipes: dict[str, tuple[int, int]] = {}

    def share(self, names: Iterable[str]) -> None:
        """Make these bells heard by processes that are forked from now on."""
        for name in names:
            hearing, ringing = os.pipe()
            os.set_blocking(ringing, False)
            self._pipes[name] = hearing, ringing

    def answer(self, name: str, wake: Callable[[], None]) -> None:
        """Have `wake` called whenever the bell rings; it may be called by any thread."""
        self._answers[name] = wake
        if name in self._pipes:
            threading.Thread(
                target=self._hear, args=(name,), name=f"bell-{name}", daemon=True
            ).start()

    def ring(self, name: str) -> None:
        """Wake the part that answers this bell, if there is one."""
        if name in self._answers:
            self._answers[name]()
        elif name in self._pipes:
            with contextlib.suppress(BlockingIOError):  # full: it has been ringing for long
                os.write(self._pipes[name][1], b"!")

    def _hear(self, name: str) -> None:
        while os.read(self._pipes[name][0], _GULP):
            self._answers[name]()
