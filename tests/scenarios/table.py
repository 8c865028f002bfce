"""The table of scenarios: what stands in scenarios.toml, read into values.

A story has a line for each moment: weekday, date and time on the clocks of the row's zone, then
what happens. `*` begins what the clock does, with the reckoning in brackets; `?` how things stand.
Behind `->` stands who gets a mail because of it.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

FILE = Path(__file__).with_name("scenarios.toml")
YEAR = "2026"  # of a date without one

_LINE = re.compile(
    r"(?P<day>\w{3}) (?P<date>(?:\d{4}-)?\d\d-\d\d) (?P<time>\d\d:\d\d)(?P<again>b?)"
    r" {1,3}(?P<mark>[*? ]) (?P<what>[^()]+?)(?: \((?P<why>.*)\))?(?: -> (?P<told>.*))?"
)


@dataclass(frozen=True)
class Line:
    """One line of a story; `at` is UTC, `why` the reckonings of what the clock does."""

    at: datetime
    mark: str
    what: str
    why: tuple[str, ...]
    told: frozenset[str]


@dataclass(frozen=True)
class Row:
    """One scenario; rows with the same `desk` share one gateway and one time."""

    name: str
    desk: str
    zone: ZoneInfo
    story: tuple[str, ...]

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        return tuple(read(text, self.zone) for text in self.story)


@dataclass(frozen=True)
class Desk:
    """A configuration, by dotted keys, over what `mailgate init` writes."""

    name: str
    values: Mapping[str, Any]
    rows: tuple[Row, ...] = field(default=())


def moment(text: str, zone: ZoneInfo, *, again: bool = False) -> datetime:
    """Read `03-02 09:00` or `2027-03-02 09:00`; `again`: the second time the clock shows that."""
    dated = text if text[4:5] == "-" else f"{YEAR}-{text}"
    local = datetime.fromisoformat(dated).replace(tzinfo=zone, fold=int(again))
    return local.astimezone(UTC)


def read(text: str, zone: ZoneInfo) -> Line:
    """Read one line of a story."""
    found = _LINE.fullmatch(text)
    assert found, f"no line of a story: {text!r}"
    at = moment(f"{found['date']} {found['time']}", zone, again=bool(found["again"]))
    assert f"{at.astimezone(zone):%a}" == found["day"], f"not that weekday: {text!r}"
    why = tuple(each.strip() for each in (found["why"] or "").split(";") if each.strip())
    told = frozenset((found["told"] or "").split())
    return Line(at, found["mark"].strip(), found["what"], why, told)


def shown(at: datetime, zone: ZoneInfo) -> str:
    """Return a moment as lines begin."""
    local = at.astimezone(zone)
    year = "" if f"{local.year}" == YEAR else f"{local.year}-"
    return f"{local:%a} {year}{local:%m-%d %H:%M}{'b' if local.fold else ''}"


def bare(line: Line, zone: ZoneInfo) -> str:
    """Return a line without its reckoning, as a play records it."""
    told = f" -> {' '.join(sorted(line.told))}" if line.told else ""
    what = ", ".join(sorted(line.what.split(", "))) if line.mark == "*" else line.what
    return f"{shown(line.at, zone)} {line.mark or ' '} {what}{told}"


@cache
def desks() -> tuple[Desk, ...]:
    """Return every desk with its rows."""
    table = tomllib.loads(FILE.read_text(encoding="utf-8"))
    rows = [
        Row(
            row["name"],
            row["desk"],
            ZoneInfo(row.get("zone", "Europe/Berlin")),
            tuple(row["story"].strip("\n").split("\n")),
        )
        for row in table["row"]
    ]
    everywhere = table["every_desk"]
    return tuple(
        Desk(name, everywhere | table["desk"][name.partition("/")[0]], _of(name, rows))
        for name in dict.fromkeys(row.desk for row in rows)
    )


def _of(name: str, rows: list[Row]) -> tuple[Row, ...]:
    return tuple(row for row in rows if row.desk == name)


def changed(settings: list[str]) -> dict[str, Any]:
    """Read settings such as `lifecycle.client_reminders = 0` as values by dotted keys."""
    values = {}
    for text in settings:
        key, _, value = text.partition(" = ")
        values[key] = tomllib.loads(f"value = {value}")["value"]
    return values


def every_row() -> list[Row]:
    """Return the rows in their order."""
    return [row for desk in desks() for row in desk.rows]


@cache
def numbered() -> dict[str, int]:
    """Return a number for each row, by its name."""
    return {row.name: n for n, row in enumerate(every_row(), 1)}
