"""Numbers that another ticket system gave to matters before, as they stand in subjects.

A form such as `[{name}#{number}]` says what stands around the number; `{name}` is whatever that
system is called there. A number is letters, digits and hyphens with a digit among them.
"""

import re
import string
from collections.abc import Callable, Iterable

from mailgate.errors import Refused

_LONGEST = 60  # characters of a form
_FIELDS = {
    "number": r"(?=[a-z-]{0,20}[0-9])[0-9a-z-]{1,40}",
    "name": r"[^\[\](){}#]{0,60}",
}
_WORD = re.compile(r"[0-9A-Za-z{}]")


def pattern(form: str) -> str:
    """Return a regular expression that finds a form in folded text; raise `Refused` for no form."""
    try:
        pieces = [
            (text, name, spec, how) for text, name, spec, how in string.Formatter().parse(form)
        ]
    except ValueError as error:
        raise Refused(str(error)) from None
    names = [name for _, name, _, _ in pieces if name is not None]
    if sorted(names) not in (["number"], ["name", "number"]) or any(p[2] or p[3] for p in pieces):
        raise Refused("use {number} once, and {name} at most once")
    words = "".join(text for text, _, _, _ in pieces)
    if len(form) > _LONGEST or not words.strip() or " ".join(form.split()) != form:
        raise Refused("something must stand around {number}, and no blanks at the ends")
    if not words.isascii() or not words.isprintable():
        raise Refused("use letters, digits and signs of ASCII")
    found = "".join(
        re.escape(text.lower()) + ("" if name is None else _FIELDS[name])
        for text, name, _, _ in pieces
    )
    before = "(?<![0-9a-z])" if _WORD.match(form) else ""
    after = "(?![0-9a-z])" if _WORD.match(form[-1]) else ""
    return f"{before}{found}{after}"


class FormerReader:
    """Finds the numbers of former systems in a text, but not those that are `ours`."""

    def __init__(self, forms: Iterable[str], ours: Callable[[str], tuple[str, ...]]) -> None:
        self._patterns = [re.compile(pattern(form), re.ASCII) for form in forms]
        self._ours = ours

    def __call__(self, text: str) -> tuple[str, ...]:
        """Return what was found, in lower case with what stands around it, each once."""
        low = text.lower()
        found = (match[0] for each in self._patterns for match in each.finditer(low))
        return tuple(dict.fromkeys(one for one in found if not self._ours(one)))
