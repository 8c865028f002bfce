"""Canned responses: texts that an agent's `/macro name` stands for, filled in for the ticket.

They are files of one folder, `NAME.txt`, and `NAME.de.txt` for customers who read German; where
their language has none, the one without a language serves. They run where templates run, and what
changes in the folder is seen at a start.
"""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader

from mailgate.errors import Refused
from mailgate.mail.plain import many_lines
from mailgate.mail.sandbox import FAULTS, Sandbox, place, reason

_FILE = re.compile(r"(?P<name>[a-z][a-z0-9_-]*)(?:\.(?P<language>[A-Za-z-]{2,20}))?\.txt")

_LEAST: Mapping[str, Mapping[str, str]] = {
    "ticket": {
        "number": "TKT-2026-00042",
        "subject": "",
        "requester": "carol@client.example",
        "requester_name": "",
        "category": "general_inquiry",
        "priority": "normal",
    },
    "agent": {"name": "Alice Agent"},
    "desk": {"name": "Example Support", "address": "support@desk.example"},
}
"""What a macro may be filled in with; every key is always there, and may be empty."""


class Macros:
    """The macros of one desk; may be shared by threads."""

    def __init__(self, folder: Path) -> None:
        """Look through a folder, which need not be there."""
        self._sandbox = Sandbox(FileSystemLoader(folder, encoding="utf-8-sig"))
        self._files: dict[tuple[str, str], str] = {}
        for file in sorted(folder.iterdir()) if folder.is_dir() else ():
            found = _FILE.fullmatch(file.name)
            if found is not None and file.is_file():
                self._files[found["name"], (found["language"] or "").lower()] = file.name

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of all macros, sorted."""
        return tuple(sorted({name for name, _ in self._files}))

    def text(self, name: str, language: str, facts: Mapping[str, Any]) -> str:
        """Return what a macro says to somebody who reads `language`.

        Raises Refused where there is none, or where it has a fault.
        """
        files = (self._files.get((name, tag)) for tag in _wider(language))
        file = next((file for file in files if file is not None), None)
        if file is None:
            raise Refused(
                f"there is no macro {name!r}{self._of_language(name)}; {self._near(name)}"
            )
        try:
            said = many_lines(self._sandbox.get_template(file).render(facts)).strip()
        except FAULTS as error:
            raise Refused(f"the macro is broken: {place(error, file)}: {reason(error)}") from error
        if not said:
            raise Refused(f"the macro {name!r} says nothing here")
        return said

    def check(self) -> list[str]:
        """Fill in every macro with the least that it may be given, and return the faults."""
        return list(self._faults())

    def _faults(self) -> Iterator[str]:
        for name, language in self._files:
            try:
                self.text(name, language, _LEAST)
            except Refused as refusal:
                yield str(refusal)

    def _of_language(self, name: str) -> str:
        return " in the customer's language" if name in self.names else ""

    def _near(self, name: str) -> str:
        near = next(iter(get_close_matches(name, set(self.names) - {name}, n=1)), None)
        return f"did you mean {near}?" if near else f"there is {', '.join(self.names) or 'none'}"


def _wider(language: str) -> Iterator[str]:
    """Yield a language, the wider ones, and at last none."""
    parts = language.replace("_", "-").lower().split("-")
    yield from ("-".join(parts[:count]) for count in range(len(parts), 0, -1))
    yield ""
