"""What people and programs read: tables with colours where there are any, or pure JSON.

Nothing that came from outside can steer a terminal: control characters are gone, and text is never
taken for markup.
"""

import json
import os
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from mailgate.mail.plain import many_lines, one_line

if TYPE_CHECKING:
    from rich.console import Console

    from mailgate.domain.lifecycle import Decision

_WIDE = 500  # columns where nobody says how wide the output is
_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60))


def as_json(value: object) -> None:
    """Print a value as JSON, and nothing else; times are ISO 8601, UTC."""
    unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    text = json.dumps(value, ensure_ascii=not unicode, indent=2, default=_plain)
    sys.stdout.write(f"{text}\n")


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def console(*, stderr: bool = False) -> "Console":
    """Return where tables go; output that is no terminal is wide, so that nothing is cut."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    if stream.isatty() or "COLUMNS" in os.environ:
        return Console(file=stream, highlight=False)
    # Without a height too, rich takes 80 columns where TERM says that the terminal is dumb.
    return Console(file=stream, width=_WIDE, height=_WIDE, highlight=False)


def table(
    headings: Sequence[str], rows: Iterable[Sequence[object]], *, long: Sequence[str] = ()
) -> None:
    """Print a table; the columns named in `long` go on in the next line where it is narrow."""
    from rich.table import Table
    from rich.text import Text

    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for heading in headings:
        made.add_column(heading, no_wrap=heading not in long, overflow="fold")
    for row in rows:
        made.add_row(*(Text(cell(value)) for value in row))
    console().print(made)


def cell(value: object) -> str:
    """Return a value as it stands in a table."""
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return one_line(str(value))


def line(text: str = "") -> None:
    """Print one line."""
    console().print(many_lines(text).replace("\n", " "), markup=False, soft_wrap=True)


def block(text: str, indent: str = "  ") -> None:
    """Print a text of many lines, set off."""
    lines = "\n".join(f"{indent}{row}".rstrip() for row in many_lines(text).split("\n"))
    console().print(lines, markup=False, soft_wrap=True)


def facts(pairs: Iterable[tuple[str, Any]]) -> None:
    """Print names and values, one pair a line, without those that have no value."""
    known = [(name, value) for name, value in pairs if value not in (None, "", [], ())]
    width = max((len(name) for name, _ in known), default=0)
    for name, value in known:
        line(f"{name.ljust(width)}  {cell(value)}")


def span(length: timedelta) -> str:
    """Return a duration in its two largest units, such as `2 h 5 min`."""
    seconds = int(abs(length.total_seconds()))
    parts = []
    for unit, size in _UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or f"{seconds} s"


def ago(at: datetime | None, now: datetime) -> str:
    """Return how long ago an instant was, or how far ahead it lies."""
    if at is None:
        return "-"
    return f"in {span(at - now)}" if at > now else f"{span(now - at)} ago"


def moment(at: datetime | None) -> str:
    """Return an instant for people, in UTC."""
    return "-" if at is None else at.strftime("%Y-%m-%d %H:%M:%S UTC")


def told(decision: "Decision") -> None:
    """Print what has become of a ticket, and why."""
    from mailgate.domain.lifecycle import label

    ticket = decision.ticket
    line(f"{ticket.number} is {label(ticket.status)}: {'; '.join(decision.reasons)}.")
