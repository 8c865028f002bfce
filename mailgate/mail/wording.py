"""How a language writes times, durations and other people's words: the filters of the templates.

What differs from language to language stands next to its templates, in `locale.toml`, so that a
new language is a new folder and no code.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from markupsafe import Markup, escape

from mailgate.errors import Permanent
from mailgate.mail.plain import many_lines, one_line

QUOTED_LINES = 60  # as much of another mail as is worth quoting
QUOTED_CHARACTERS = 6_000
CUT = "[…]"

_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
_LONGEST_IN_HOURS = 72 * 3_600  # seconds; shorter ones read better, and truer to working hours, so
# What mail programs put before the subject of an answer, in the languages that have their own.
_ANSWERED = re.compile(
    r"(?:(?:re|aw|antw|antwort|sv|vs|odp|ref|res|rif|r|ответ|отв)(?:\[\d+\]|\(\d+\))?\s*[:：]\s*)+",
    re.IGNORECASE,
)
_GAP = re.compile(r"(?<= ) |^ ", re.MULTILINE)
_PARAGRAPHS = re.compile(r"\n(?:[ \t]*\n)+")


class Formatted(str):
    """A text with the HTML in which its author formatted it, made safe; shown by `paragraphs`."""

    __slots__ = ("html",)
    html: str

    def __new__(cls, text: str, html: str) -> Self:
        """Make a text that knows its HTML."""
        made = super().__new__(cls, text)
        made.html = html
        return made


@dataclass(frozen=True, slots=True)
class Plural:
    """How a language counts in whole numbers: its categories, and which one a number takes."""

    categories: tuple[str, ...]
    of: Callable[[int], str]


def _english(count: int) -> str:
    return "one" if count == 1 else "other"


def _french(count: int) -> str:
    return "one" if count in {0, 1} else "other"


def _russian(count: int) -> str:
    if count % 100 in range(11, 15):
        return "many"
    return {1: "one", 2: "few", 3: "few", 4: "few"}.get(count % 10, "many")


def _arabic(count: int) -> str:
    if count in range(3):
        return ("zero", "one", "two")[count]
    return {0: "other", 1: "other", 2: "other"}.get(
        count % 100, "few" if count % 100 in range(3, 11) else "many"
    )


# The rules of Unicode CLDR for cardinals, without those for fractions and millions.
PLURALS: Mapping[str, Plural] = {
    "en": Plural(("one", "other"), _english),
    "fr": Plural(("one", "other"), _french),
    "ru": Plural(("one", "few", "many"), _russian),
    "zh": Plural(("other",), lambda _count: "other"),
    "ar": Plural(("zero", "one", "two", "few", "many", "other"), _arabic),
}


@dataclass(frozen=True, slots=True)
class Wording:
    """One language's names and patterns. `zones` replaces abbreviations such as CET."""

    weekdays: tuple[str, ...]  # Monday first
    months: tuple[str, ...]
    when_pattern: str  # with {weekday} {day} {month} {year} {time} {zone}
    units: Mapping[str, Mapping[str, str]]  # day, hour, minute, second: category -> with {count}
    units_dative: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    zones: Mapping[str, str] = field(default_factory=dict)
    plural: str = "en"  # whose rule counts, see PLURALS
    joint: str = " "  # between the two units of a span
    right_to_left: bool = False

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a `locale.toml`. Raises Permanent, naming the file, when it is not complete."""
        try:
            found = tomllib.loads(path.read_text("utf-8"))
            plural = _plural(found)
            wording = cls(
                weekdays=_names(found, "weekdays", 7),
                months=_names(found, "months", 12),
                when_pattern=_string(found, "when"),
                units={n: _forms(found["units"][n], plural) for n, _seconds in _UNITS},
                units_dative={
                    k: _forms(v, plural) for k, v in found.get("units_dative", {}).items()
                },
                zones={k: str(v) for k, v in found.get("zones", {}).items()},
                plural=plural,
                joint=str(found.get("joint", " ")),
                right_to_left=found.get("direction") == "rtl",
            )
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise Permanent(f"{path}: {_fault(error)}") from error
        return wording

    def when(self, moment: str, zone: str) -> str:
        """Return an ISO 8601 moment (UTC unless it says otherwise) in `zone`, spelt out.

        Raises ValueError for what is no moment or no zone.
        """
        try:
            there = ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"no time zone {zone!r}") from error
        at = datetime.fromisoformat(moment)
        local = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(there)
        short = local.tzname() or ""
        if short[:1] in "+-":  # zones without letters of their own
            short = f"UTC{short}"
        parts = {
            "weekday": self.weekdays[local.weekday()],
            "day": str(local.day),
            "month": self.months[local.month - 1],
            "year": str(local.year),
            "time": f"{local.hour:02}:{local.minute:02}",
            "zone": self.zones.get(short, short),
        }
        return re.sub(r"\{(\w+)\}", lambda found: parts.get(found[1], found[0]), self.when_pattern)

    def duration(self, seconds: float, case: str = "") -> str:
        """Return a span in its two largest units: "2 hours", "1 minute 30 seconds", "3 days".

        `case` "dative" takes the forms that German has after a preposition, where they differ.
        """
        left = max(0, round(seconds))
        forms = {**self.units, **self.units_dative} if case == "dative" else self.units
        parts: list[str] = []
        for name, length in _UNITS:
            if name == "day" and left < _LONGEST_IN_HOURS:
                continue
            count, left = divmod(left, length)
            if count or (name == "second" and not parts):
                form = forms[name][PLURALS[self.plural].of(count)]
                parts.append(form.replace("{count}", str(count)))
            elif parts:
                break
        return self.joint.join(parts[:2])


def excerpt(text: str) -> str:
    """Return as much of another mail's text as is worth showing again, a cut marked."""
    whole = many_lines(text).strip("\n")
    lines = whole[:QUOTED_CHARACTERS].split("\n")
    if len(whole) <= QUOTED_CHARACTERS and len(lines) <= QUOTED_LINES:
        return whole
    return "\n".join([*lines[:QUOTED_LINES], CUT])


def quote(text: str) -> str:
    """Return an excerpt of `text` as a mail quotes it, each line behind ">"."""
    lines = excerpt(text).split("\n")
    return "\n".join(f">{line}" if line.startswith(">") else f"> {line}".rstrip() for line in lines)


def paragraphs(text: str) -> Markup:
    """Return text as HTML paragraphs that show it as it was typed: nothing in it is markup.

    A new line stays one, and spaces at the start of a line or in rows keep their width. What its
    author has formatted is shown as it is.
    """
    if isinstance(text, Formatted):
        return Markup(f"<div>{text.html}</div>")  # noqa: S704 - made safe before it was stored
    parts = _PARAGRAPHS.split(many_lines(text).expandtabs(4).strip("\n"))
    shown = (str(escape(_GAP.sub("\u00a0", part))).replace("\n", "<br>\n") for part in parts)
    return Markup("\n".join(f'<p dir="auto">{part}</p>' for part in shown))  # noqa: S704 - every part was escaped above


def bare_subject(subject: str, number: str) -> str:
    """Return a subject without its marks of being an answer and without "[number]"."""
    if "[" in subject:  # a pattern for each number costs more than the rest of a subject
        numbered = re.compile(rf"\[\s*{re.escape(number)}\s*\]", re.IGNORECASE)
        subject = numbered.sub(" ", subject)
    line = one_line(subject)
    mark = _ANSWERED.match(line)
    return line[mark.end() :] if mark else line


def _names(found: Mapping[str, Any], key: str, count: int) -> tuple[str, ...]:
    names = tuple(found[key])
    if len(names) != count or not all(isinstance(name, str) for name in names):
        raise ValueError(f"{key} must be {count} names")
    return names


def _string(found: Mapping[str, Any], key: str) -> str:
    if not isinstance(found[key], str):
        raise TypeError(f"{key} must be text")
    return str(found[key])


def _plural(found: Mapping[str, Any]) -> str:
    name = found.get("plural", "en")
    if name not in PLURALS:
        raise ValueError(f"plural must be one of {', '.join(PLURALS)}")
    return str(name)


def _forms(written: Any, plural: str) -> Mapping[str, str]:
    """Return a unit's form for each category; a pair is the singular and the plural."""
    if not isinstance(written, Mapping):
        one, many = written
        written = {"one": f"{{count}} {one}", "other": f"{{count}} {many}"}
    return {category: str(written[category]) for category in PLURALS[plural].categories}


def _fault(error: Exception) -> str:
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)
