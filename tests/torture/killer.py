"""Ends processes of a gateway by SIGKILL, as chance will have it: one of them, or all at once."""

import os
import random
import signal
from collections import Counter
from contextlib import suppress
from pathlib import Path

from tests.peers.gateway import Gateway

_WHOLE = 0.15  # how often it is the whole gateway
_FAILURES = 3  # of one start: after more of them the supervisor takes its time
_PATIENCE = 600.0  # seconds, for a start, however busy the machine


class Killer:
    """Kills a gateway of several processes and starts it again; `kills` counts by what was hit."""

    def __init__(self, gateway: Gateway, seed: int) -> None:
        self.kills: Counter[str] = Counter()
        self._gateway = gateway
        self._chance = random.Random(f"killer/{seed}")
        self._in_this_life = 0

    def strike(self, *, whole: bool = False) -> None:
        """Kill one process, or all of them; whoever supervises starts one anew, we the whole.

        Chance decides which, unless it is to be the `whole`.
        """
        parts = children(self._gateway.pid)
        whole = whole or not parts or self._in_this_life >= _FAILURES
        if whole or self._chance.random() < _WHOLE:
            self._gateway.kill()
            self._gateway.start(patience=_PATIENCE)
            self._in_this_life = 0
            self.kills["the whole gateway"] += 1
            return
        with suppress(ProcessLookupError):  # it has just ended by itself
            os.kill(self._chance.choice(parts), signal.SIGKILL)
        self._in_this_life += 1
        self.kills["one process"] += 1


def children(pid: int) -> list[int]:
    """Return the processes that a process has forked and that live, the oldest first."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [int(child) for child in found]
