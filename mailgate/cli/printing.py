"""What people and programs read: tables with colours where there are any, or pure JSON.

Nothing that came from outside can steer a terminal: control characters are gone, and text is never
taken for markup.
"""

import json
import os
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from mailgate.mail.plain import many_lines, one_line

if TYPE_CHECKING:
    from rich.console import Console
    from sqlalchemy import RowMapping

    from mailgate.domain.lifecycle import Decision

_WIDE = 500  # columns where nobody says how wide the output is
_GAP = 2  # columns between two cells
_READABLE = 16  # columns in which a text of many words can still be read
_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60))
_ZONE: ContextVar[tzinfo] = ContextVar("zone", default=UTC)


def as_json(value: object) -> None:
    """Print a value as JSON, and nothing else; times are ISO 8601, UTC."""
    sys.stdout.write(f"{_json(value)}\n")


def _json(value: object) -> str:
    unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    return json.dumps(value, ensure_ascii=not unicode, indent=2, default=_plain)


def as_json_list(values: Iterable[object]) -> int:
    """Print values as one JSON list, each as soon as it is there; return how many they were."""
    count = 0
    for count, value in enumerate(values, 1):
        sys.stdout.write("[\n" if count == 1 else ",\n")
        sys.stdout.write(textwrap.indent(_json(value), "  "))
    sys.stdout.write("\n]\n" if count else "[]\n")
    return count


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


@contextmanager
def progress(of: str) -> "Iterator[Callable[[int, int], None]]":
    """Show how far a long work is, where there is a terminal to show it on.

    What it hands out is told (done, in all) now and then.
    """
    from rich.progress import Progress

    screen = console(stderr=True)
    with Progress(
        console=screen,
        disable=not screen.is_terminal,
        transient=True,
        redirect_stdout=sys.stdout.isatty(),  # else results would go where the bar goes
    ) as shown:
        task = shown.add_task(of, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)


def table(
    headings: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    long: Sequence[str] = (),
    least: Sequence[str] = (),
) -> None:
    """Print a table that can be read on a narrow terminal, too.

    The columns named in `long` go on in the next line where they must. If that is not enough,
    those in `least` are left out, the first named first, and it is said which. No other cell is
    ever cut: numbers and states stay whole.
    """
    from rich.table import Table
    from rich.text import Text

    written = [tuple(cell(value) for value in row) for row in rows]
    where = console()
    needs = _needs(headings, written, long)
    gone = _left_out(needs, where.width, least)
    shown = [at for at, heading in enumerate(headings) if heading not in gone]
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, _GAP, 0, 0))
    for at in shown:
        heading = headings[at]
        made.add_column(
            heading, no_wrap=heading not in long, overflow="fold", min_width=needs[heading]
        )
    for row in written:
        made.add_row(*(Text(row[at]) for at in shown))
    where.print(made)
    if gone:
        names = ", ".join(heading for heading in headings if heading in gone)
        line(f"(Too narrow for {names}: a wider terminal shows them.)")


def _needs(
    headings: Sequence[str], rows: Sequence[Sequence[str]], long: Sequence[str]
) -> dict[str, int]:
    """Return how many columns of the terminal each heading needs, to be read."""
    from rich.cells import cell_len

    whole = {
        heading: max(cell_len(text) for text in (heading, *(row[at] for row in rows)))
        for at, heading in enumerate(headings)
    }
    return {
        heading: min(width, max(_READABLE, len(heading))) if heading in long else width
        for heading, width in whole.items()
    }


def _left_out(needs: Mapping[str, int], width: int, least: Sequence[str]) -> set[str]:
    """Return the headings without which the others fit, or all that may be left out."""
    gone: set[str] = set()
    for heading in least:
        kept = [need + _GAP for name, need in needs.items() if name not in gone]
        if sum(kept) - _GAP <= width:
            break
        gone.add(heading)
    return gone


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


def paragraph(text: str, indent: str) -> None:
    """Print a text, set off, broken between words; nothing where it is empty."""
    width = max(_READABLE, console().width - len(indent))
    for row in textwrap.wrap(
        cell(text) if text else "", width, break_long_words=False, break_on_hyphens=False
    ):
        line(f"{indent}{row}")


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


def in_zone(name: str) -> None:
    """Have this command print instants in a zone such as Europe/Berlin: the desk's."""
    _ZONE.set(ZoneInfo(name))


def moment(at: datetime | None) -> str:
    """Return an instant for people, in the zone of the desk, or UTC where none is known."""
    if at is None:
        return "-"
    there = at.astimezone(_ZONE.get())
    short = there.tzname() or ""
    mark = "UTC" if short[:1] in ("+", "-") else ""  # zones without letters of their own
    return f"{there:%Y-%m-%d %H:%M:%S} {mark}{short}"


def status(value: str) -> str:
    """Return a ticket's status in words, as every command tells it."""
    from mailgate.domain.lifecycle import label
    from mailgate.domain.model import Status

    return label(Status(value))


_SET_ASIDE = ("spam", "withdrawn")


def standing(ticket: "Mapping[str, Any] | RowMapping") -> str:
    """Return a ticket's status in words, with whether it is late, who closed it, and as what."""
    late = ", overdue" if ticket["delay"] != "none" else ""
    by = f" by {ticket['closed_by']}" if ticket["closed_by"] else ""
    as_what = f" as {ticket['disposition']}" if ticket["disposition"] in _SET_ASIDE else ""
    return f"{status(ticket['status'])}{late}{as_what}{by}"


RULES_CHANGED = (
    "The rules were changed, and tickets still go by the former ones: what follows from that is "
    "not foreseen here. `mailgate jobs run rules` works it out; the gateway does so at its start."
)


def deadline(kind: str, target: str | None = None) -> str:
    """Return a deadline in words, such as `target near (first response)`."""
    about = f" ({target})" if target else ""
    return f"{kind}{about}".replace("_", " ")


def told(decision: "Decision") -> None:
    """Print what has become of a ticket, and why."""
    ticket = decision.ticket
    facts_now = [
        status(ticket.status),
        f"held by {ticket.assignee or 'nobody'}",
        *([f"team {ticket.team}"] if ticket.team else ()),
        f"priority {ticket.priority}",
        *([f"tags {' '.join(sorted(ticket.tags))}"] if ticket.tags else ()),
    ]
    line(f"{ticket.number} is {', '.join(facts_now)} ({'; '.join(decision.reasons)}).")
