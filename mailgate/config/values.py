"""What the keys of the configuration take: durations, sizes, names, zones and so on.

Each kind of value is one reader from what TOML gives to what the program wants, together with the
words that say what is allowed. A reader raises `Wrong` with a remedy where it can think of one.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import GetCoreSchemaHandler, SecretStr, ValidationInfo
from pydantic_core import CoreSchema, core_schema

from mailgate.config.errors import Wrong, did_you_mean, shown
from mailgate.domain import former
from mailgate.domain.hours import duration
from mailgate.domain.marks import FLAGGED
from mailgate.domain.numbers import NumberFormat
from mailgate.domain.rules import is_word
from mailgate.errors import Refused

_LONGEST_DURATION = timedelta(days=3650)
_SIZES = {"B": 1, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30}
_NO_ZONES = frozenset({"localtime", "posixrules", "Factory"})  # files that lie among the zones
_WORDED_DURATION = re.compile(
    r"(\d{1,9})\s?(s|m|h|d|w)(?:ec|econd|in|inute|our|ay|eek)s?", re.ASCII
)
_DAY_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)
_SIZE = re.compile(r"(\d{1,12})\s?([A-Za-z]{1,3})", re.ASCII)
_LONGEST_FOLDER = 64
_KEYWORD = re.compile(r"[A-Za-z0-9$_][A-Za-z0-9$_.-]{0,49}")
_WORD = re.compile(r"[a-z][a-z0-9._-]{0,31}", re.ASCII)
_TEAM = "team:"
_CATEGORY = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(?:[-_]([A-Za-z]{2}))?", re.ASCII)
_LONGEST_NUMBER = 30  # signed addresses hold the number in a local part of at most 64 octets
_LONGEST_LABEL = 64
_PASSWORD_HASH = re.compile(
    r"\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})(?:\$[A-Za-z0-9+/]{11,172}){2}"
)
_MOST_MEMORY, _MOST_TIMES, _MOST_LANES = 128 * 1024, 10, 8  # KiB, passes, lanes
FROM_OUTSIDE = "look at what the variable holds"


class Substituted(str):
    """A text in which `${NAME}` was replaced: figures in it count, and it is never shown."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """What a key takes, in words, and the function that reads it (value, folder of the file)."""

    allowed: str
    read: Callable[[Any, Path], Any]
    secret: bool = False

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(self._validate)

    def _validate(self, value: object, info: ValidationInfo) -> object:
        """Read `value`. What came from the environment gets no hint, for hints quote it.

        With `lenient` in the context a wrong value becomes None: its fault is known already.
        """
        context = info.context or {}
        try:
            return self.read(value, context.get("folder", Path()))
        except Wrong as wrong:
            if context.get("lenient"):
                return None
            hint = FROM_OUTSIDE if isinstance(value, Substituted) else wrong.hint
            raise Wrong(hint, allowed=self.allowed) from None


def text_of(value: object) -> str:
    """Return a text of one line without blanks around it; raise `Wrong` for anything else."""
    if not isinstance(value, str):
        figure = isinstance(value, int | float) and not isinstance(value, bool)
        raise Wrong("put it in double quotes" if figure else "")
    if not value.isprintable():
        raise Wrong("take the control characters out")
    return value.strip()


def read_text(value: object, _: Path) -> str:
    """Read a text of one line; may be empty."""
    return text_of(value)


def read_name(value: object, _: Path) -> str:
    """Read a text that is not empty."""
    if text := text_of(value):
        return text
    raise Wrong("write a text, or leave the key out")


def read_label(value: object, _: Path) -> str:
    """Read the name of a header, or of a line in a text; a colon at its end is not part of it."""
    label = " ".join(text_of(value).removesuffix(":").split())
    if ":" in label:
        raise Wrong("write what stands before the colon")
    if not 0 < len(label) <= _LONGEST_LABEL:
        raise Wrong
    return label


def read_flag(value: object, _: Path) -> bool:
    """Read true or false."""
    if isinstance(value, bool):
        return value
    words = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
    meant = words.get(str(value).lower())
    if meant is not None and isinstance(value, Substituted):
        return meant
    raise Wrong(f"write {shown(meant)}, without quotes" if meant is not None else "")


def whole(low: int, high: int) -> Kind:
    """Return the kind of whole numbers from `low` to `high`."""

    def read(value: object, _: Path) -> int:
        if isinstance(value, Substituted) and value.isdecimal():
            value = int(value)
        if isinstance(value, str) and value.isdecimal():
            raise Wrong(f"write {value}, without quotes")
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise Wrong
        return value

    return Kind(f"a whole number from {low} to {high}", read)


def one_of(*choices: str) -> Kind:
    """Return the kind of texts that are one of `choices`."""

    def read(value: object, _: Path) -> str:
        if isinstance(value, str) and value in choices:
            return str(value)
        raise Wrong(did_you_mean(value, choices) if isinstance(value, str) else "")

    return Kind(", ".join(shown(choice) for choice in choices), read)


def read_duration(value: object, _: Path) -> timedelta:
    """Read `90s`, `15m`, `4h`, `2d`, `1w`, or a sum of these; more than nothing."""
    if isinstance(value, int) and not isinstance(value, bool):
        raise Wrong(f'say which unit: "{value}s", "{value}m", "{value}h" or "{value}d"')
    try:
        length = duration(text_of(value))
    except (Refused, OverflowError):
        worded = _WORDED_DURATION.fullmatch(str(value).lower())
        raise Wrong(f'did you mean "{worded[1]}{worded[2]}"?' if worded else "") from None
    if not timedelta() < length <= _LONGEST_DURATION:
        raise Wrong("more than nothing, and at most 3650d")
    return length


def read_wait(value: object, folder: Path) -> timedelta:
    """Read a duration that may be nothing."""
    return timedelta() if value == "0s" else read_duration(value, folder)


def read_lease(value: object, folder: Path) -> timedelta:
    """Read how long a claim lasts: long enough to be made longer in time, and at most a minute."""
    length = read_duration(value, folder)
    if not timedelta(seconds=2) <= length <= timedelta(seconds=60):
        raise Wrong
    return length


def read_days(value: object, folder: Path) -> timedelta:
    """Read a duration of one or more whole days."""
    length = read_duration(value, folder)
    if length % timedelta(days=1):
        raise Wrong
    return length


def read_window(value: object, folder: Path) -> timedelta | None:
    """Read a duration, or `forever` as None."""
    return None if value == "forever" else _or_word(value, folder, "forever")


def read_period(value: object, folder: Path) -> timedelta | None:
    """Read the period of a job, or `off` as None."""
    if value is False:
        raise Wrong('write "off"')
    return None if value == "off" else _or_word(value, folder, "off")


def read_day_time(value: object, _: Path) -> time | None:
    """Read a time of the day, to the minute, or `off` as None."""
    if value is False:
        raise Wrong('write "off"')
    if value == "off":
        return None
    found = _DAY_TIME.fullmatch(text_of(value))
    if found is None:
        raise Wrong('hours are 00 to 23, minutes 00 to 59; "off": never')
    return time(int(found[1]), int(found[2]))


def _or_word(value: object, folder: Path, word: str) -> timedelta:
    hint = did_you_mean(value, [word]) if isinstance(value, str) else ""
    try:
        return read_duration(value, folder)
    except Wrong as wrong:
        raise Wrong(hint or wrong.hint) from None


def read_size(value: object, _: Path) -> int:
    """Read `25MiB`, `256KiB`, `1GiB` or `512B` as bytes."""
    if isinstance(value, int) and not isinstance(value, bool):
        raise Wrong(f'say which unit: "{value}MiB", "{value}KiB" or "{value}B"')
    found = _SIZE.fullmatch(text_of(value))
    if found is None:
        raise Wrong
    figure, unit = int(found[1]), found[2].upper()
    if unit not in _SIZES:
        near = {"K": "KiB", "M": "MiB", "G": "GiB"}.get(unit[0])
        raise Wrong(f'did you mean "{figure}{near}"?' if near else "")
    if not 0 < figure * _SIZES[unit] <= _SIZES["GIB"] * 4:
        raise Wrong("more than nothing, and at most 4GiB")
    return figure * _SIZES[unit]


def read_path(value: object, folder: Path) -> Path:
    """Read a path; a relative one starts at the folder of the configuration file."""
    text = text_of(value)
    if not text:
        raise Wrong("write a path, or leave the key out")
    return folder / Path(text).expanduser()


def read_timezone(value: object, _: Path) -> str:
    """Read the name of a zone that the system or the tzdata package knows."""
    text = text_of(value)
    try:
        known = bool(text) and text not in _NO_ZONES
        if known and ZoneInfo(text).key:
            return text
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder of zones
        pass
    raise Wrong(_zone_meant(text))


def read_maybe_timezone(value: object, folder: Path) -> str:
    """Read the name of a zone, or an empty text."""
    return "" if value == "" else read_timezone(value, folder)


def _zone_meant(text: str) -> str:
    """Return the question for a zone that is near, by its name, its city or its region."""
    if text in _NO_ZONES:
        return "write the zone's own name"
    zones = sorted(available_timezones() - _NO_ZONES)
    folded = text.replace(" ", "_").lower()
    cities = (zone for zone in zones if zone.lower().endswith(f"/{folded}"))
    in_region = (zone for zone in zones if zone.lower().startswith(f"{folded}/"))
    zone = next(cities, None) or next(in_region, None)
    return f"did you mean {shown(zone)}?" if zone else did_you_mean(text, zones)


def read_language(value: object, _: Path) -> str:
    """Read a language tag such as `en` or `pt-BR` (RFC 5646, language and region only)."""
    text = text_of(value)
    found = _LANGUAGE.fullmatch(text)
    if found is None:
        raise Wrong
    tag = found[1].lower() + (f"-{found[2].upper()}" if found[2] else "")
    if tag != text:
        raise Wrong(f"did you mean {shown(tag)}?")
    return tag


def read_maybe_language(value: object, folder: Path) -> str:
    """Read a language tag, or an empty text."""
    return "" if value == "" else read_language(value, folder)


def read_word(value: object, _: Path) -> str:
    """Read the short name of an agent or a team, as commands and folders use it."""
    text = text_of(value)
    if _WORD.fullmatch(text):
        return text
    meant = re.sub(r"[^a-z0-9._-]+", ".", text.lower()).strip(".-_")
    raise Wrong(f"did you mean {shown(meant)}?" if _WORD.fullmatch(meant) else "")


def read_keyword(value: object, _: Path) -> str:
    """Read a keyword of IMAP: an atom (RFC 9051 section 9) that is a good tag, too."""
    text = text_of(value)
    if not _KEYWORD.fullmatch(text):
        raise Wrong("")
    return text


def read_maybe_keyword(value: object, folder: Path) -> str:
    """Read a keyword, or an empty text."""
    return "" if value == "" else read_keyword(value, folder)


def read_maybe_mark(value: object, folder: Path) -> str:
    """Read a keyword, the flag that every mail program shows, or an empty text."""
    if isinstance(value, str) and value.lower() == FLAGGED.lower():
        return FLAGGED
    return read_maybe_keyword(value, folder)


def read_maybe_word(value: object, folder: Path) -> str:
    """Read a short name, or an empty text."""
    return "" if value == "" else read_word(value, folder)


def read_maybe_target(value: object, folder: Path) -> str:
    """Read an agent's name, `team:` with a team's name, or an empty text."""
    if not isinstance(value, str) or not value.startswith(_TEAM):
        return read_maybe_word(value, folder)
    return _TEAM + read_word(value.removeprefix(_TEAM), folder)


def read_folder(value: object, _: Path) -> str:
    """Read the name of a folder within a mailbox.

    Servers take some marks for the way into a folder, or cannot store them.
    """
    text = unicodedata.normalize("NFC", text_of(value))
    plain = all(c.isalnum() or c in " -_@" or unicodedata.category(c)[0] == "M" for c in text)
    if not plain or not 0 < len(text) <= _LONGEST_FOLDER or text != " ".join(text.split()):
        raise Wrong
    return text


def read_maybe_folder(value: object, folder: Path) -> str:
    """Read the name of a folder, or an empty text."""
    return "" if value == "" else read_folder(value, folder)


def read_agents_folder(value: object, folder: Path) -> str:
    """Read the name of each agent's folder, which holds the agent's name."""
    text = text_of(value)
    if text.count("{name}") != 1:
        raise Wrong("such as @{name}: it must hold {name} once")
    read_folder(text.replace("{name}", "name"), folder)
    return unicodedata.normalize("NFC", text)


def list_of(words: Sequence[str]) -> Callable[[object, Path], tuple[str, ...]]:
    """Return a reader of lists of certain words."""

    def read(value: object, _: Path) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise Wrong('a list is written ["...", "..."]')
        for word in value:
            if word not in words:
                raise Wrong(did_you_mean(word, words) if isinstance(word, str) else "")
        return tuple(dict.fromkeys(value))

    return read


def read_category(value: object, _: Path) -> str:
    """Read the name of a category."""
    text = text_of(value)
    if _CATEGORY.fullmatch(text):
        return text
    meant = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    raise Wrong(f"did you mean {shown(meant)}?" if _CATEGORY.fullmatch(meant) else "")


def read_phrase(value: object, _: Path) -> str:
    """Read words to be looked for."""
    text = text_of(value).strip()
    if not is_word(text):
        raise Wrong
    return text


def read_maybe_category(value: object, folder: Path) -> str:
    """Read the name of a category, or an empty text."""
    return "" if value == "" else read_category(value, folder)


def read_number_format(value: object, _: Path) -> str:
    """Read a format of ticket numbers by the rules of `domain.numbers`."""
    text = text_of(value)
    try:
        pattern = NumberFormat(text)
    except Refused as refused:
        reason = str(refused).removeprefix(f"number format {text!r}").lstrip(": ")
        raise Wrong(f"it {reason}" if reason.startswith("needs") else reason) from None
    if len(re.sub(r"\{date\}", "20260101", text)) > _LONGEST_NUMBER or not pattern.pattern:
        raise Wrong(f"at most {_LONGEST_NUMBER} characters")
    return text


def read_former_number(value: object, _: Path) -> str:
    """Read how a number of another system stands in subjects, by the rules of `domain.former`."""
    text = text_of(value)
    try:
        former.pattern(text)
    except Refused as refused:
        raise Wrong(str(refused)) from None
    return text


def read_password_hash(value: object, folder: Path) -> SecretStr:
    """Read an argon2id hash (RFC 9106) that does not cost too much to compare."""
    secret = read_secret(value, folder)
    found = _PASSWORD_HASH.fullmatch(secret.get_secret_value().strip())
    if found is None:
        raise Wrong("never the password itself: `mailgate agents password NAME` makes the line")
    memory, times, lanes = map(int, found.groups())
    if memory > _MOST_MEMORY or times > _MOST_TIMES or lanes > _MOST_LANES:
        raise Wrong("it costs too much to compare: make another by `mailgate agents password NAME`")
    return SecretStr(found[0])


def read_secret(value: object, _: Path) -> SecretStr:
    """Read a secret; it is never shown."""
    if not isinstance(value, str) or not value:
        raise Wrong("a text in double quotes; better, name a file or ${VARIABLE}")
    return SecretStr(value)
