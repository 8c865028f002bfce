"""What stands behind the word of a command: read, or refused with what would be right."""

import difflib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from mailgate.domain import times as durations
from mailgate.domain.hours import when
from mailgate.domain.model import Kind, Priority
from mailgate.errors import Refused

_LONGEST_WORD = 40  # characters of a word that is compared with those that there are
_LONGEST_TAG = 50
LONGEST_VALUE = 200  # characters
_MOST_TAGS = 20
_SOME_TIME = datetime(2026, 1, 1, tzinfo=UTC)  # any will do to see whether a text is a time
_NAME = re.compile(r"\w[\w.@+-]{0,99}")
_CATEGORY = re.compile(r"[a-z][a-z0-9_]{0,99}")
_MACRO = re.compile(r"[a-z][a-z0-9_-]{0,99}")
_SYSTEM = re.compile(r"[a-z][a-z0-9_.-]{0,39}")
_TAG = re.compile(r"\w[\w.:/&-]*")


class Tags(NamedTuple):
    """The argument of `/tag`: what is put on and what is taken off, in lower case."""

    added: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Times:
    """The argument of `/threshold`: pairs of a time's name and seconds; none: no longer any."""

    values: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Fields:
    """The argument of `/field`: pairs of a field's name and its value; empty: taken away."""

    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Record:
    """The argument of `/ref`: a record of another system, how it stands; or that it is dropped."""

    record: str
    state: str = ""
    dropped: bool = False


Argument = tuple[str, ...] | Tags | Times | Fields | Record
"""What a command is about."""


def nearest(name: str, known: list[str]) -> str | None:
    """Return the one of `known` words that is most like another, if any is."""
    short = name[: _LONGEST_WORD + 1].lower()
    return next(iter(difflib.get_close_matches(short, known, n=1)), None)


def nothing(text: str) -> tuple[str, ...]:
    """Refuse any argument. Raises Refused, as all of these do."""
    if text:
        raise Refused("it takes no argument; a note stands after a colon")
    return ()


def assignee(text: str) -> tuple[str, ...]:
    """Return to whom a ticket is to be given."""
    if not text:
        raise Refused("it does not say to whom")
    lower = text.lower()
    kind, colon, name = lower.partition(":")
    if lower in ("me", "none"):
        return (lower,)
    if kind == "team":
        if not colon or not _NAME.fullmatch(name):
            raise Refused("the team's name follows the colon at once")
        return ("team", name)
    name = lower.removeprefix("@")
    if not _NAME.fullmatch(name):
        raise Refused(f"{text!r} is no agent's name")
    return ("agent", name)


def priority(text: str) -> tuple[str, ...]:
    """Return one of `Priority`."""
    if not text:
        raise Refused("it does not say which priority")
    try:
        return (Priority(text).value,)
    except ValueError:
        meant = nearest(text, [*Priority, "medium"])
        hint = f"; did you mean {meant}?" if meant else ""
        raise Refused(f"there is no priority {text!r}{hint}") from None


def category(text: str) -> tuple[str, ...]:
    """Return the name of a category, which need not be one of the desk."""
    if not text:
        raise Refused("it does not say which category")
    name = text.lower().replace("-", "_")
    if not _CATEGORY.fullmatch(name):
        raise Refused(f"{text!r} is no category")
    return (name,)


def kind(text: str) -> tuple[str, ...]:
    """Return one of `Kind`."""
    if not text:
        raise Refused("it does not say which kind")
    try:
        return (Kind(text.lower()).value,)
    except ValueError:
        meant = nearest(text, list(Kind))
        hint = f"did you mean {meant}?" if meant else f"there are {', '.join(Kind)}"
        raise Refused(f"there is no kind {text!r}; {hint}") from None


def tags(text: str) -> Tags:
    """Return which tags are put on and taken off."""
    words = text.replace(",", " ").split()
    if not words:
        raise Refused("it does not say which tags")
    if len(words) > _MOST_TAGS:
        raise Refused(f"these are more than {_MOST_TAGS} tags")
    added: dict[str, None] = {}
    removed: dict[str, None] = {}
    for word in words:
        tag = word.lower().removeprefix("+").removeprefix("-")
        if not _TAG.fullmatch(tag) or len(tag) > _LONGEST_TAG:
            raise Refused(f"{word!r} is no tag")
        (removed if word.startswith("-") else added)[tag] = None
    both = [tag for tag in added if tag in removed]
    if both:
        raise Refused(f"{both[0]!r} cannot be put on and taken off at once")
    return Tags(tuple(added), tuple(removed))


def times(text: str) -> Times:
    """Return the times of a ticket."""
    if text.lower() == "none":
        return Times(())
    pairs = [durations.read(word) for word in text.replace(",", " ").split()]
    found = dict(pairs)
    if not found:
        raise Refused("it does not say which times")
    if len(found) < len(pairs):
        raise Refused("it says twice what one time is")
    return Times(tuple(sorted((name, int(long.total_seconds())) for name, long in found.items())))


def field(text: str) -> Fields:
    """Return one field and its value, which goes to the end."""
    name, mark, value = text.partition("=")
    name, value = name.strip().lower().replace("-", "_"), " ".join(value.split())
    if not mark:
        raise Refused("it does not say which value: write name=value")
    if not _CATEGORY.fullmatch(name):
        raise Refused(f"{name!r} is no field")
    if len(value) > LONGEST_VALUE or not value.isprintable():
        raise Refused(f"a value is of at most {LONGEST_VALUE} characters that can be seen")
    return Fields(((name, value),))


def record(text: str) -> Record:
    """Return a record of another system, and behind it how it stands, or that it is dropped."""
    dropped = text.startswith("-")
    name, *rest = text.removeprefix("-").split(None, 1) or [""]
    system, colon, key = name.partition(":")
    system, state = system.lower(), " ".join("".join(rest).split())
    if not (colon and key and key.isprintable() and _SYSTEM.fullmatch(system)):
        raise Refused(
            "it does not say which: write a system, a colon and its name there, such as shop:4711"
        )
    if max(len(key), len(state)) > LONGEST_VALUE or not state.isprintable():
        raise Refused(f"each is of at most {LONGEST_VALUE} characters that can be seen")
    if dropped and state:
        raise Refused("what is taken away has no state")
    return Record(f"{system}:{key}", state, dropped)


def macro(text: str) -> tuple[str, ...]:
    """Return the name of a macro, which need not exist."""
    if not text:
        raise Refused("it does not say which")
    name = text.lower()
    if not _MACRO.fullmatch(name):
        raise Refused(f"{text!r} is no macro's name")
    return (name,)


def addresses(text: str) -> tuple[str, ...]:
    """Return the addresses of one or several people, each once; they need not be good ones."""
    words = text.replace(",", " ").replace(";", " ").split()
    found = dict.fromkeys(word.removeprefix("<").removesuffix(">") for word in words)
    if not found:
        raise Refused("it does not say who")
    for each in found:
        if "@" not in each:
            raise Refused(f"{each[:LONGEST_VALUE]!r} is not a mail address")
    return tuple(found)


def address(text: str) -> tuple[str, ...]:
    """Return the address of one person."""
    found = addresses(text)
    if len(found) > 1:
        raise Refused("it can only be one person's")
    return found


def number(text: str) -> tuple[str, ...]:
    """Return the number of a ticket as it was written."""
    if not text:
        raise Refused("it does not say into which ticket")
    return (text,)


def subject(text: str) -> tuple[str, ...]:
    """Return what a ticket is to be called, if it is said."""
    line = " ".join(text.split())
    if len(line) > LONGEST_VALUE or not line.isprintable():
        raise Refused(f"a subject is of at most {LONGEST_VALUE} characters that can be seen")
    return (line,) if line else ()


def until(text: str) -> tuple[str, ...]:
    """Return when to wake, as `hours.when` reads it: a bare duration counts from the mail."""
    if not text:
        raise Refused("it does not say until when")
    for form in (f"+{text}", text):
        try:
            when(form, _SOME_TIME, "UTC")
        except Refused:
            continue
        return (form,)
    raise Refused(f"{text!r} is no time: write 3d, 4h or 2026-03-01T09:00")
