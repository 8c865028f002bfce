"""Ticket numbers: how they are written, and how they are found again in any text.

A format is a text with `{seq:05d}` and, before it, `{year}` or `{date}` (YYYYMMDD, in the desk's
zone). The sequence starts anew with each period and grows wider past its width.
"""

import re
import string
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from mailgate.errors import Refused

_PERIODS = {"year": (r"\d{4}", "%Y"), "date": (r"\d{8}", "%Y%m%d")}
_LITERAL = re.compile(r"[A-Za-z0-9_./-]*", re.ASCII)
_WIDTH = re.compile(r"0?([1-9]|1[0-8])d|", re.ASCII)  # 18 digits fit any integer column
# What programs, keyboards and typesetters put in the place of a hyphen; the last is a long vowel
# mark, which stands where the hyphen does on a Japanese keyboard.
_DASHES = str.maketrans(dict.fromkeys("\u02d7‐‑‒–—\u2015\u2043−\u30fc", "-"))
_MOST_TEXT = 4000

SKIPPED = 1000
"""So many numbers are left out after a restore unless it is said how many: they may have been
given after the backup was made."""


@dataclass(frozen=True)
class NumberFormat:
    """One way to write ticket numbers, such as `TKT-{year}-{seq:05d}`.

    Raises `Refused` when the template cannot number tickets without repeating.
    """

    template: str

    def __post_init__(self) -> None:
        names = [name for _, name, _, _ in self._pieces if name is not None]
        if names.count("seq") != 1:
            raise Refused(f"number format {self.template!r} needs {{seq}} exactly once")
        if names[-1] != "seq" or len(names) != len(set(names)):
            raise Refused(f"number format {self.template!r}: {{seq}} comes last, each field once")
        if not any(literal for literal, _, _, _ in self._pieces):
            raise Refused(f"number format {self.template!r} needs letters, such as TKT-")

    @cached_property
    def _pieces(self) -> tuple[tuple[str, str | None, int, str], ...]:
        """Return (literal before, field or None, width, original spec) for each piece."""
        try:
            parsed = list(string.Formatter().parse(self.template))
        except ValueError as error:
            raise Refused(f"number format {self.template!r}: {error}") from None
        pieces = []
        for literal, name, spec, conversion in parsed:
            width = _WIDTH.fullmatch(spec or "")
            known = name is None or name == "seq" or (name in _PERIODS and not spec)
            if not known or conversion or width is None or not _LITERAL.fullmatch(literal):
                raise Refused(
                    f"number format {self.template!r}: use letters, digits, - _ . / and the "
                    "fields {year}, {date} and {seq:05d}"
                )
            pieces.append((literal, name, int(width[1] or 1), spec or ""))
        return tuple(pieces)

    @cached_property
    def family(self) -> str:
        """What formats have in common whose numbers could be the same: all but the width."""
        return "".join(
            literal.upper() + ("" if name is None else f"{{{name}}}")
            for literal, name, _, _ in self._pieces
        )

    def period(self, day: date) -> str:
        """Return what distinguishes this period's sequence from the others of this format."""
        return "-".join(
            day.strftime(_PERIODS[name][1]) for _, name, _, _ in self._pieces if name in _PERIODS
        )

    def write(self, day: date, seq: int) -> str:
        """Return the number, in capitals, of the `seq`-th ticket of the period of `day`."""
        out = []
        for literal, name, width, _ in self._pieces:
            out.append(literal)
            if name == "seq":
                out.append(f"{seq:0{width}d}")
            elif name is not None:
                out.append(day.strftime(_PERIODS[name][1]))
        return "".join(out).upper()

    @cached_property
    def pattern(self) -> str:
        """A regular expression, for upper-case text, that finds numbers of this format."""
        out = []
        for literal, name, width, _ in self._pieces:
            out.append(re.escape(literal.upper()))
            if name == "seq":
                out.append(rf"\d{{{width},18}}")
            elif name is not None:
                out.append(_PERIODS[name][0])
        return "".join(out)


class NumberReader:
    """Finds every ticket number, of any format ever used, in a text."""

    def __init__(self, formats: Iterable[NumberFormat]) -> None:
        patterns = {f.pattern for f in formats}
        # The longest first: where T-7 was once a number, T-2026-00007 must not be read as T-2026.
        alternatives = "|".join(sorted(patterns, key=lambda pattern: (-len(pattern), pattern)))
        self._pattern = re.compile(rf"(?<![A-Z0-9])(?:{alternatives})(?![A-Z0-9])", re.ASCII)

    def __call__(self, text: str) -> tuple[str, ...]:
        """Return the numbers in the order in which they stand, upper-case, each once."""
        plain = unicodedata.normalize("NFKC", text[:_MOST_TEXT]).translate(_DASHES).upper()
        return tuple(dict.fromkeys(self._pattern.findall(plain)))
