"""The one place where any exception at all is caught: around code that reads strangers' bytes.

Parsers written by others fail in ways that no list foresees (AttributeError, TypeError,
RecursionError). A mail must be read as far as it can be, so their fault becomes a note on the mail.
"""

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def guard(doing: str, call: Callable[[], T], otherwise: Callable[[], T], notes: list[str]) -> T:
    """Return what `call` returns; if it raises, note it in `notes` and return `otherwise()`.

    `doing` says in words what was tried. Only the kind of the error is noted, never its text,
    which may repeat the mail.
    """
    try:
        return call()
    except Exception as fault:  # noqa: BLE001 - the parsers guarded here promise no error family
        notes.append(f"{doing} failed: {type(fault).__name__}")
        return otherwise()
