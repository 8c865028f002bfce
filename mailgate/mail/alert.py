"""What the mail of a machine that we know says: which problem it is about, and whether it is over.

Names are those of headers, or of lines `Name: value` in the text; words are compared as they are.
Nothing is a pattern: a mail can be of any length, and is read in one pass.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice

from mailgate.mail.parsed import ParsedMail

_MOST_LINES, _LONGEST_LINE = 1000, 1000  # of the text; the rest is not looked at
_LONGEST_VALUE = 200
_AROUND = " \t*_`|>-•"  # what programs put around a name or a value to make it stand out


@dataclass(frozen=True, slots=True)
class MachineSender:
    """How a machine writes: the names of what says which problem it is, and how it stands.

    The problem is over when the `state` opens with one of the words in `resolved`. Where nothing
    says which `problem` it is, each mail is a matter of its own. Names and words in any case.
    """

    problem: tuple[str, ...] = ()
    state: str = "subject"
    resolved: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Alert:
    """One mail about one problem; `key` holds the names that were asked for and their values."""

    sender: str
    key: tuple[tuple[str, str], ...]
    resolved: bool

    @property
    def reference(self) -> str:
        """What all mails about the problem have in common; no Message-ID looks like it."""
        said = "\0".join(value for _, value in self.key)
        return f"alert:{self.sender}:{sha256(said.encode()).hexdigest()}"

    def __str__(self) -> str:
        return ", ".join(f"{name} = {value}" for name, value in self.key)


def read(mail: ParsedMail, sender: str, machine: MachineSender) -> Alert | None:
    """Return what a mail of `sender` says; None where a part of the key is missing."""
    wanted = {_plain(name) for name in (*machine.problem, machine.state)}
    found = _found(mail, wanted)
    values = [(name, found.get(_plain(name), "")) for name in machine.problem]
    if not values or not all(value for _, value in values):
        return None
    state = found.get(_plain(machine.state), "")
    return Alert(sender, tuple(values), _opens_with(state, machine.resolved))


def _found(mail: ParsedMail, wanted: set[str]) -> Mapping[str, str]:
    """Return the first value of each name; a header goes before a line of the text."""
    found: dict[str, str] = {}
    for name, value in (*_headers(mail, wanted), *_lines(mail.text)):
        if name in wanted and value:
            found.setdefault(name, value)
    return found


def _headers(mail: ParsedMail, wanted: Iterable[str]) -> Iterator[tuple[str, str]]:
    for name in wanted:
        yield from ((name, _value(value)) for value in mail.headers.get(name, ()))


def _lines(text: str) -> Iterator[tuple[str, str]]:
    for line in islice(text.splitlines(), _MOST_LINES):
        name, colon, value = line[:_LONGEST_LINE].partition(":")
        if colon:
            yield _plain(name), _value(value)


def _plain(name: str) -> str:
    return " ".join(name.strip(_AROUND).split()).casefold()


def _value(text: str) -> str:
    return " ".join(text[:_LONGEST_LINE].strip(_AROUND).split())[:_LONGEST_VALUE]


def _opens_with(text: str, words: Iterable[str]) -> bool:
    """Tell whether a text opens with one of the words, whatever brackets or signs stand first."""
    said = text.casefold()
    start = next((at for at, char in enumerate(said) if char.isalnum()), len(said))
    said = said[start:]
    opening = (word.casefold() for word in words)
    return any(said.startswith(word) and not said[len(word) :][:1].isalnum() for word in opening)
