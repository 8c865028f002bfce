"""The times of a row of thresholds as people write them: `system=2h`, `close=12h`."""

from collections.abc import Collection
from datetime import timedelta

from mailgate.domain.hours import duration
from mailgate.domain.policy import TIMES
from mailgate.errors import Refused

LONGEST = timedelta(days=3650)
_ALIASES = {"close": "auto_close", "first": "first_response", "next": "next_response"}


def named(text: str, known: Collection[str] = TIMES) -> str:
    """Return which of the `known` names is meant. Raises Refused."""
    word = text.strip().lower().replace("-", "_")
    name = _ALIASES.get(word, word)
    if name not in known:
        raise Refused(f"there is no time {text!r}; there is {', '.join(known)}")
    return name


def length(text: str) -> timedelta:
    """Read how long something may take. Raises Refused."""
    found = duration(text)
    if not timedelta() < found <= LONGEST:
        raise Refused(f"{text!r}: more than nothing, and at most {LONGEST.days}d")
    return found


def read(text: str) -> tuple[str, timedelta]:
    """Read `system=2h`. Raises Refused."""
    written, _, value = text.partition("=")
    name = named(written)
    if not value:
        raise Refused(f"{text!r} gives no value: write {name}=...")
    return name, length(value)
