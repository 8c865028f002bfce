"""What is wrong with a configuration: every fault with its place, and what would be right.

A fault never carries a secret: values of secret keys, and whatever came out of the environment, are
not shown.
"""

import datetime as dt
import difflib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from mailgate.errors import Refused

_LONGEST_SHOWN = 60
LIKENESS = 0.6  # difflib's own measure: about three typing errors in a word of eight letters


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong: `line` counts from 1 and is 0 when the whole file is meant.

    `found` and `allowed` are written as in TOML or in words, `hint` is a remedy or empty.
    """

    file: str
    line: int
    key: str
    found: str
    allowed: str
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        key = f" {self.key}:" if self.key else ""
        hint = f"; {self.hint}" if self.hint else ""
        return f"{place}:{key} found {self.found}; allowed: {self.allowed}{hint}"


class ConfigError(Refused):
    """The configuration cannot be used; `faults` lists everything that is wrong, in file order."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class Wrong(ValueError):
    """A value that its key does not take, with a remedy; `found` replaces the value if given."""

    def __init__(self, hint: str = "", found: str = "", allowed: str = "") -> None:
        super().__init__(hint or found)
        self.hint = hint
        self.found = found
        self.allowed = allowed


def _folded(word: str) -> str:
    """Return `word` without what people get wrong without noticing."""
    return re.sub(r"[-_.\s]+", "_", word.strip().lower())


def closest(word: str, choices: Iterable[str]) -> tuple[float, str]:
    """Return how like (0 to 1) and which is the choice that `word` is most like."""
    scored = [
        (difflib.SequenceMatcher(None, _folded(word), _folded(choice)).ratio(), choice)
        for choice in choices
    ]
    return max(scored, key=lambda pair: pair[0], default=(0.0, ""))


def nearest(word: str, choices: Iterable[str], likeness: float = LIKENESS) -> str | None:
    """Return the choice that `word` was most likely meant to be, None if none is near."""
    score, choice = closest(word, choices)
    return choice if score >= likeness and any(map(str.isalnum, word)) else None


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """Return the question with the nearest choice, quoted as TOML, or an empty text."""
    near = nearest(word, choices)
    return f"did you mean {shown(near)}?" if near is not None else ""


def shown(value: object) -> str:
    """Write a value as TOML would, on one short line, with control characters escaped."""
    words: dict[type, str] = {dict: "a table", list: "a list", type(None): "nothing"}
    if isinstance(value, str):
        short = value if len(value) <= _LONGEST_SHOWN else value[: _LONGEST_SHOWN - 1] + "…"
        return json.dumps(short, ensure_ascii=not short.isprintable())
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return words.get(type(value), str(value)[:_LONGEST_SHOWN])
