"""Waiting for a condition: the only place in the tests that sleeps.

A test names what it waits for; it ends as soon as that is there, and says what was missing if not.
"""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 20.0  # seconds: generous, since a condition that holds ends the wait at once
_PAUSE, _LONGEST_PAUSE = 0.02, 1.0


def wait_until(
    look: Callable[[], T],
    what: str | Callable[[], str],
    patience: float = PATIENCE,
) -> T:
    """Call `look` until it returns something true, and return that.

    `what` names the thing waited for; as a function it is asked only on failure, so that it can
    tell the state at that moment. `patience` is in seconds. Raises AssertionError when it ends.
    """
    began = time.monotonic()
    deadline = began + patience
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() >= deadline:
            missing = what if isinstance(what, str) else what()
            raise AssertionError(f"waited {patience:g} s for {missing}")
        # What takes long is not hurried by being looked at all the time.
        time.sleep(min(max(_PAUSE, (time.monotonic() - began) / 20), _LONGEST_PAUSE))
