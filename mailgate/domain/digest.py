"""The daily digest: what it may show, and what an agent asks for by answering it.

The answer quotes the digest, with commands at or below the tickets' lines. Programs put marks
before what they quote, break long lines, or leave no trace of what is quoted, so that a line of the
digest cannot be told from one of the agent's. Instead nothing in a digest can be taken for a
command or for another ticket's number: `harmless` sees to that for whatever strangers have written.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from mailgate.domain import commands
from mailgate.domain.commands import Command, Fault
from mailgate.domain.events import Event
from mailgate.domain.hours import Calendar

MOST_LINES = 200  # commands in one answer
_LONGEST_SUBJECT = 30  # characters: with the rest of its line less than programs break
_MARKS = str.maketrans("/∕⁄⧸／\\＼#＃", "╱╱╱╱╱╲╲♯♯")
_HIDDEN_DIGIT = "•"
_QUOTED = re.compile(r"(?:\s{0,9}[>|]){0,20}\s*")
_DRESSED = re.compile(r"(?:\d{1,3}[.)]\s+|[-*+•–·_`'\"“”„‘’«»(\[\ufffc\s])*")
_COMMAND = r"[/#／＃][^\W\d_]"
_BEHIND = re.compile(rf"(?:^|[\s:：])({_COMMAND}.*)$")
_AT_THE_END = re.compile(rf"\s[:：]\s*({_COMMAND}.*)$")
_COLONS = (":", "：")
_SIGN = "--"  # a signature stands below it; the blank behind it is often lost


def harmless(text: str, numbers: Callable[[str], Iterable[str]]) -> str:
    """Return a short text in which nothing can be taken for a command or a ticket's number.

    It stays legible: slashes and hashes become characters that look like them.
    """
    line = " ".join(text.split()).translate(_MARKS).replace("--", "–")
    if len(line) > _LONGEST_SUBJECT:  # first: a cut may make a number of what was none
        line = f"{line[: _LONGEST_SUBJECT - 1].rstrip()}…"
    if any(numbers(line)):
        line = "".join(_HIDDEN_DIGIT if char.isnumeric() else char for char in line)
    return line


def is_due(at: time, now: datetime, zone: str, calendars: Iterable[Calendar]) -> date | None:
    """Return the day whose digest is due at `now`, or None.

    It is from the time of day `at` in `zone` on, on days on which any of the calendars works; every
    day where there is none.
    """
    local = now.astimezone(ZoneInfo(zone))
    if local.time() < at:
        return None
    day, known = local.date(), tuple(calendars)
    begin = datetime.combine(day, time(), ZoneInfo(zone))
    end = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone))
    works = (calendar.between(begin, end) > timedelta() for calendar in known)
    return day if not known or any(works) else None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an answer that was meant as a command: for which ticket, as far as it says so.

    `asked` is the command, or what is wrong with it.
    """

    number: str
    text: str
    asked: Command | Fault


@dataclass(frozen=True, slots=True)
class _Said:
    number: str
    text: str
    depth: int


def lines(text: str, numbers: Callable[[str], Iterable[str]]) -> tuple[Line, ...]:
    """Return what an answer to a digest asks for, in its order; the rest of it is no command.

    A command belongs to the ticket whose number stands at the beginning of its own line, or of the
    nearest such line above. `numbers` finds ticket numbers in a text. Never raises.
    """
    found = [_read(said) for said in _said(text, numbers)]
    known = [line for line in found if line is not None]
    if len(known) > MOST_LINES:
        last = known[MOST_LINES]
        reason = f"an answer may have {MOST_LINES} commands"
        fault = Fault(last.text, reason, "several answers")
        return (*known[:MOST_LINES], replace(last, asked=fault))
    return tuple(known)


def _said(text: str, numbers: Callable[[str], Iterable[str]]) -> Iterator[_Said]:
    """Yield each line that may be a command, with what a long note of it was broken into."""
    number, signed = "", False
    last: _Said | None = None
    for raw in text.split("\n"):
        line, depth = _bare(raw)
        named, rest = _ticket(line, numbers)
        asked = _part(rest if named else line, behind=bool(named))
        if last is not None and line and not asked and _goes_on(last, line, depth, named):
            last = replace(last, text=f"{last.text} {line}")
            continue
        if last is not None:
            yield last
        number, signed = named or number, not named and (signed or line == _SIGN)
        last = _Said(number, asked, depth) if asked and not signed else None
    if last is not None:
        yield last


def _bare(raw: str) -> tuple[str, int]:
    """Return a line without what shows that it is quoted, and how deep it is."""
    visible = raw.translate(commands.INVISIBLE)
    quoted = _QUOTED.match(visible)
    at = quoted.end() if quoted else 0
    return visible[at:].strip(), visible[:at].count(">")


def _goes_on(last: _Said, line: str, depth: int, named: str) -> bool:
    """Tell whether a line is the rest of the note above it, which may begin with a number.

    A ticket's own line ends with a colon.
    """
    if depth != last.depth or line == _SIGN or (named and line.endswith(_COLONS)):
        return False
    return any(command.note for command in commands.read(last.text).commands)


def _ticket(line: str, numbers: Callable[[str], Iterable[str]]) -> tuple[str, str]:
    """Return the ticket number with which a line begins, and what stands behind it."""
    head, *rest = _DRESSED.sub("", line, count=1).split(None, 1) or [""]
    return next(iter(numbers(head)), ""), " ".join(rest)


def _part(line: str, *, behind: bool) -> str:
    """Return what of a line may be a command: all of it, or what stands at its end."""
    if behind:
        found = _BEHIND.search(line)
        return found[1] if found else ""
    script = commands.read(line)
    if script.commands or script.faults:
        return line
    found = _AT_THE_END.search(line)
    return found[1] if found else ""


def _read(said: _Said) -> Line | None:
    script = commands.read(said.text)
    asked: tuple[Command | Fault, ...] = (*script.faults, *script.commands)
    return Line(said.number, said.text, asked[0]) if asked else None


# --- its words in the history ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Written(Event):
    """The digests of a day were written, so many."""

    name: ClassVar[str] = "digest.written"
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(Event):
    """An agent's answer was carried out: so many commands."""

    name: ClassVar[str] = "digest.answered"
    count: int
