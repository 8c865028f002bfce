"""Authentication-Results fields (RFC 8601), read as they are and not only as they should be.

A third of the servers in use break the grammar: no authserv-id (Microsoft 365), results without a
semicolon between them, properties of SPF as results of their own (Amazon SES), values with a bare
`=`. Reading is linear in the input and never raises; nothing here says whom to believe.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

MOST_RESULTS = 100
"""Results of one field that are read; servers write about ten."""

_METHODS = frozenset({"arc", "auth", "compauth", "dkim", "dmarc", "iprev", "spf"})
# What RFC 7208 section 9.1 writes into Received-SPF, and some write here between semicolons.
_OF_SPF = frozenset({"client-ip", "envelope-from", "helo", "identity", "receiver"})

_PIECE = re.compile(r'"(?>(?:[^"\\]|\\.)*)"|\\.|[^"\\(;]++|.', re.DOTALL)
_IN_COMMENT = re.compile(r"\\.|[^\\()]++|.", re.DOTALL)  # quotes mean nothing there
_NO_SERVER = re.compile(r"\s*+[\w./-]++\s*+=", re.ASCII)
_PAIR = re.compile(
    r"(?<![\w./-])([\w./-]++)\s*+=\s*+"
    r'(?:"((?>(?:[^"\\]|\\.)*))"([^\s"]*+)|([^\s"]*+))',
    re.ASCII,
)
_ESCAPED = re.compile(r"\\(.)")
_INSTANCE = re.compile(r"\s*+i\s*+=\s*+(\d{1,3})\s*+;", re.ASCII)


@dataclass(frozen=True, slots=True)
class Result:
    """One `method=result` in small letters, with its properties and comments as written.

    The properties have names such as `header.d`, in small letters; the first of a name counts.
    """

    method: str
    result: str
    properties: Mapping[str, str]
    comment: str

    def domain(self, *names: str) -> str:
        """Return the domain in the first of the named properties that is there; "" for none."""
        found = next((self.properties[name] for name in names if name in self.properties), "")
        return found.rpartition("@")[2].strip("<>.").lower()


@dataclass(frozen=True, slots=True)
class Results:
    """One field: the server that wrote it (its authserv-id, small; "" for none) and its results."""

    server: str
    results: tuple[Result, ...]


def read(text: str) -> Results:
    """Read the value of an Authentication-Results field, unfolded."""
    segments = _segments(text)
    first, comment = next(segments)
    server, rest = "", first
    if not _NO_SERVER.match(first):
        server, _, rest = first.strip().partition(" ")
    found = [each for each in _results(rest, comment) if each.method in _METHODS]
    for segment, remark in segments:
        for each in _results(segment, remark):
            if each.method in _OF_SPF and found and found[-1].method == "spf":
                found[-1] = _joined(found[-1], each)
            else:
                found.append(each)
        if len(found) >= MOST_RESULTS:
            break
    return Results(server.strip('"').lower(), tuple(found[:MOST_RESULTS]))


def read_sealed(text: str) -> tuple[int, Results]:
    """Read an ARC-Authentication-Results field (RFC 8617 section 4.1.1): instance and results.

    The instance is 0 where there is none.
    """
    number = _INSTANCE.match(text)
    if number is None:
        return 0, read(text)
    return int(number[1]), read(text[number.end() :])


def _segments(text: str) -> Iterator[tuple[str, str]]:
    """Yield what stands between semicolons, each with the comments in it; at least one."""
    plain: list[str] = []
    remarks: list[str] = []
    depth = at = 0
    while match := (_IN_COMMENT if depth else _PIECE).match(text, at):
        piece, at = match[0], match.end()
        if piece == "(":
            depth += 1
        elif depth and piece == ")":
            depth -= 1
        if piece in {"(", ")"} and depth == (piece == "("):
            (plain if depth else remarks).append(" ")  # the outer brackets stand for a blank
        elif depth:
            remarks.append(piece)
        elif piece == ";":
            yield "".join(plain), _remark(remarks)
            plain, remarks = [], []
        else:
            plain.append(piece)
    yield "".join(plain), _remark(remarks)


def _remark(pieces: list[str]) -> str:
    return " ".join("".join(pieces).split())


def _results(segment: str, comment: str) -> Iterator[Result]:
    """Yield the result of a segment; several where semicolons are missing between known methods."""
    method, result = "", ""
    properties: dict[str, str] = {}
    for pair in _PAIR.finditer(segment):
        name = pair[1].lower().partition("/")[0]  # a version may follow the method
        quoted, tail, bare = pair.group(2, 3, 4)
        value = bare if quoted is None else _ESCAPED.sub(r"\1", quoted) + tail
        if not method or name in _METHODS:
            if method:
                yield Result(method, result, MappingProxyType(properties), comment)
            method, result, properties = name, value.lower(), {}
        else:
            properties.setdefault(name, value)
    if method:
        yield Result(method, result, MappingProxyType(properties), comment)


def _joined(spf: Result, more: Result) -> Result:
    properties = {more.method: more.result, **more.properties, **spf.properties}
    return replace(spf, properties=MappingProxyType(properties))
