"""Where each key of a TOML file stands, and every syntax error in it.

tomllib gives the values but no places, and stops at the first error. So the text is read a second
time by a tolerant scanner that only looks for places; a statement that tomllib cannot read is
reported, blanked out, and the rest is read again.
"""

import bisect
import json
import re
import tomllib
from dataclasses import dataclass, field
from typing import Any

Path = tuple[str | int, ...]

_MOST_SLIPS = 20
_AT_LINE = re.compile(r"\s*\(at line (\d+), column \d+\)\s*$")
_AT_END = re.compile(r"\s*\(at end of document\)\s*$")
_BARE_KEY = re.compile(r"[^\s=:.\[\]{},\"'#]+")
_BARE_VALUE = re.compile(r"[^,\]}#\n]*")
_BLANK = re.compile(r"(?:[ \t\n]+|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_NEW_STATEMENT = re.compile(
    r"[ \t]*(?:[\w-]+(?:[ \t]*\.[ \t]*[\w-]+)*[ \t]*=|\[\[?[A-Za-z][\w.-]*\]{0,2}[ \t]*(?:#.*)?$)",
    re.MULTILINE | re.ASCII,
)
_QUOTES = ('"""', "'''", '"', "'")

_REMEDIES = (  # tomllib's words, what it means to whoever wrote the file
    ("Illegal character '\\n'", "a text without its closing quote", "put a quote at its end"),
    ("Unterminated string", "a text without its closing quotes", "put the same quotes at its end"),
    ("Expected \"'\"", "a text without its closing quote", "put a quote at its end"),
    ("Unclosed array", "a list that is not closed", "put ] after its last item"),
    ("Unclosed inline table", "a table that is not closed", "put } after its last key"),
    ("Unescaped '\\'", "a backslash in a text", "write it twice, or use single quotes"),
    ("Expected '='", "a key without =", "write key = value"),
    ("Invalid value", "a value that TOML does not know",
     'put texts in double quotes: "..."; true and false are written small'),
    ("Expected newline", "more after the end of the value", "one key a line; quote texts"),
    ("Expected ']", "a table name that is not closed", "write [name], or [[name]]"),
    ("Cannot overwrite a value", "a key given twice", ""),
    ("Cannot declare", "a table given twice", ""),
    ("Cannot mutate", "a key given twice", ""),
    ("Invalid statement", "a line that is neither a key nor a table", "write key = value"),
    ("Illegal character", "a control character", "take it out"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Slip:
    """A statement that is not TOML: its line, its key if it can be told, what it is, a remedy."""

    line: int
    key: str
    found: str
    hint: str


@dataclass(frozen=True, slots=True)
class Document:
    """What could be read of a file, where it stands, and what could not be read."""

    data: dict[str, Any]
    lines: dict[Path, int]
    slips: tuple[Slip, ...]

    def line(self, path: Path) -> int:
        """Return the line of `path`, or of the table around it; 0 if neither is in the file."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)

    def has(self, *path: str | int) -> bool:
        """Tell whether the file gives this key, rightly or wrongly."""
        return path in self.lines


@dataclass(slots=True)
class _Statement:
    """A table header or a key with its value: first and last line, what it leaves open.

    It is `torn` when a text of one line does not end in it.
    """

    path: Path
    header: bool
    first: int
    last: int = 0
    named: bool = False
    unclosed: str = ""
    torn: bool = False


@dataclass(slots=True)
class _Scanner:
    """One pass over the text; keeps going whatever it meets."""

    text: str
    at: int = 0
    table: Path = ()
    counts: dict[Path, int] = field(default_factory=dict)
    lines: dict[Path, int] = field(default_factory=dict)
    statements: list[_Statement] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)

    def run(self) -> None:
        self.starts = [0, *(match.end() for match in re.finditer("\n", self.text))]
        while self.skip(_BLANK) and self.at < len(self.text):
            before = self.at
            header = self.text[self.at] == "["
            statement = _Statement(self.table, header, self.line())
            self.statements.append(statement)
            if header:
                self.header(statement)
            else:
                self.pair(statement, self.table)
            if not statement.unclosed:
                self.skip(re.compile(r"[^\n]*"))
            early = bool(statement.unclosed) and self.at < len(self.text)
            statement.last = max(statement.first, self.line() - early)
            self.at = max(self.at, before + 1)

    def line(self) -> int:
        return bisect.bisect_right(self.starts, self.at)

    def skip(self, pattern: re.Pattern[str]) -> bool:
        found = pattern.match(self.text, self.at)
        if found is not None:
            self.at = found.end()
        return found is not None

    def peek(self, text: str) -> bool:
        return self.text.startswith(text, self.at)

    def note(self, path: Path) -> None:
        for length in range(1, len(path) + 1):
            self.lines.setdefault(path[:length], self.line())

    def keys(self) -> list[str]:
        """Read a dotted key."""
        found: list[str] = []
        while self.skip(_SPACE):
            start = self.at
            if self.peek('"') or self.peek("'"):
                found.append(self.quoted())
            elif self.skip(_BARE_KEY):
                found.append(self.text[start : self.at])
            else:
                break
            self.skip(_SPACE)
            if not self.peek("."):
                break
            self.at += 1
        return found

    def quoted(self) -> str:
        start = self.at
        self.string(None)
        raw = self.text[start : self.at]
        try:
            return str(json.loads(raw)) if raw.startswith('"') else raw.strip("'")
        except ValueError:
            return raw.strip('"')

    def header(self, statement: _Statement) -> None:
        """Read `[a.b]` or `[[a.b]]`; a name under a list of tables means its last item."""
        many = self.peek("[[")
        self.at += 2 if many else 1
        path: Path = ()
        for key in self.keys():
            if path in self.counts:
                path = (*path, self.counts[path] - 1)
            path = (*path, key)
        if many:
            self.note(path)
            self.counts[path] = self.counts.get(path, 0) + 1
            path = (*path, self.counts[path] - 1)
        elif path in self.counts:
            path = (*path, self.counts[path] - 1)
        self.note(path)
        self.table = statement.path = path

    def pair(self, statement: _Statement, table: Path) -> None:
        path = (*table, *self.keys())
        if path != table:
            self.note(path)
        if not statement.named:
            statement.path, statement.named = path, True
        self.skip(_SPACE)
        if self.peek("="):
            self.at += 1
            self.skip(_SPACE)
            self.value(statement, path)

    def value(self, statement: _Statement, path: Path) -> None:
        if self.peek("["):
            self.array(statement, path)
        elif self.peek("{"):
            self.inline(statement, path)
        elif self.peek('"') or self.peek("'"):
            self.string(statement)
        else:
            self.skip(_BARE_VALUE)

    def string(self, statement: _Statement | None) -> None:
        """Pass a text; one on a single line ends with the line at the latest."""
        quote = next(q for q in _QUOTES if self.peek(q))
        self.at += len(quote)
        long = len(quote) > 1
        while self.at < len(self.text) and (long or self.text[self.at] != "\n"):
            if self.peek(quote):
                self.at += len(quote)
                while long and self.peek(quote[0]):  # """" ends a text whose last character is "
                    self.at += 1
                return
            self.at += 2 if quote[0] == '"' and self.peek("\\") else 1
        self.at = min(self.at, len(self.text))
        if statement is not None:
            statement.torn = True
            statement.unclosed = quote if long else statement.unclosed

    def array(self, statement: _Statement, path: Path) -> None:
        self.at += 1
        index = 0
        while not statement.unclosed:
            if self.lost():
                statement.unclosed = "["
            elif self.peek("]"):
                self.at += 1
                return
            elif self.peek(","):
                self.at += 1
            else:
                before = self.at
                self.note((*path, index))
                self.value(statement, (*path, index))
                index += 1
                self.at = max(self.at, before + 1)

    def lost(self) -> bool:
        """Move to what comes next; tell whether the list must have ended long ago."""
        before = self.line()
        self.skip(_BLANK)
        if self.at >= len(self.text):
            return True
        if self.line() == before:
            return False
        return _NEW_STATEMENT.match(self.text, self.starts[self.line() - 1]) is not None

    def inline(self, statement: _Statement, path: Path) -> None:
        self.at += 1
        while self.skip(_SPACE) and not statement.unclosed:
            if self.at >= len(self.text) or self.peek("\n"):
                statement.unclosed = "{"
            elif self.peek("}"):
                self.at += 1
                return
            else:
                before = self.at
                self.pair(statement, path)
                self.at = max(self.at, before + 1)


def read(text: str) -> Document:
    """Read a TOML text, as much of it as is TOML."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    rows = text.split("\n")
    slips: list[Slip] = []
    while True:
        scanner = _Scanner("\n".join(rows))
        scanner.run()
        try:
            data = tomllib.loads(scanner.text)
        except tomllib.TOMLDecodeError as error:
            guilty = _guilty(str(error), scanner.statements, len(rows))
            slips.append(_slip(str(error), guilty, scanner))
            if len(slips) == _MOST_SLIPS:
                return Document({}, scanner.lines, tuple(slips))
            _blank(rows, guilty, scanner.statements)
        else:
            return Document(data, scanner.lines, tuple(slips))


def _guilty(message: str, statements: list[_Statement], rows: int) -> _Statement:
    """Return the statement that the parser's complaint is about."""
    found = _AT_LINE.search(message)
    line = int(found[1]) if found else rows
    before = [s for s in statements if s.first <= line]
    opened = [s for s in before if s.unclosed or s.torn]
    if opened:
        return opened[0]
    if before and (not found or before[-1].last >= line):
        return before[-1]
    return _Statement((), header=False, first=line, last=line)


def _slip(message: str, guilty: _Statement, scanner: _Scanner) -> Slip:
    found, hint = _AT_END.sub("", _AT_LINE.sub("", message)), ""
    for start, meaning, remedy in _REMEDIES:
        if message.startswith(start):
            found, hint = meaning, remedy
            break
    if message.startswith("Unclosed array") and not guilty.unclosed:
        found, hint = "a list with no comma between two items", "quote each text, divide by commas"
    elif guilty.unclosed == "[":
        found, hint = "a list that is not closed", "put ] after its last item"
    elif guilty.unclosed == "{":
        found, hint = "a table that is not closed", "put } after its last key, on the same line"
    first = scanner.lines.get(guilty.path, guilty.first)
    if not hint and first < guilty.first:
        hint = f"it stands in line {first} too: keep one"
    key = ".".join(str(part) for part in guilty.path if isinstance(part, str))
    return Slip(guilty.first, key, found, hint)


def _blank(rows: list[str], guilty: _Statement, statements: list[_Statement]) -> None:
    """Empty the lines of a statement; with a header go its keys, which have no table any more."""
    last = max(guilty.first, guilty.last)
    if guilty.header:
        headers = [s.first for s in statements if s.header and s.first > guilty.first]
        last = min(headers, default=len(rows) + 1) - 1
    rows[guilty.first - 1 : last] = [""] * len(rows[guilty.first - 1 : last])
