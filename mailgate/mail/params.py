"""Parameters of a MIME header field (RFC 2045 section 5.1, RFC 2231), read leniently.

Linear, unlike the reader of the standard library; nothing raises.
"""

import re
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from mailgate.mail import charset, headers

_GAP = re.compile(rb"[;\s]*+")
_PARAMETER = re.compile(rb'([^\s=;"]{1,100})\s*+=\s*+(?:"((?>(?:[^"\\]|\\[\s\S])*))"?|([^;]*+))')
_ESCAPED = re.compile(rb'\\(["\\])')
_SECTION = re.compile(r"(.+?)\*(\d{1,3})(\*?)")
_MOST = 200  # parameters, or sections of one


@dataclass(frozen=True, slots=True)
class Parameter:
    """The value of one parameter in its octets, and its charset when RFC 2231 names one."""

    value: bytes
    charset: str | None = None

    def text(self) -> str:
        """Return the value as characters; an encoded word, wrong here but common, is decoded."""
        if self.charset is not None:
            return charset.decode(self.value, self.charset).text
        return headers.words(headers.characters(self.value))


def read(value: bytes) -> tuple[bytes, dict[str, Parameter]]:
    """Return what stands before the parameters, and these by their lower-case names.

    Where a parameter comes both plain and in the form of RFC 2231, the latter wins; of equals the
    first does.
    """
    head, more, rest = value.partition(b";")
    if not more:
        return head.strip(), {}
    plain: dict[str, Parameter] = {}
    extended: dict[str, Parameter] = {}
    sections: dict[str, dict[int, tuple[bytes, bool]]] = {}
    for name, data in islice(_pairs(rest), _MOST):
        section = _SECTION.fullmatch(name)
        if section:
            found = sections.setdefault(section[1], {})
            found.setdefault(int(section[2]), (data, bool(section[3])))
        elif name.endswith("*"):
            extended.setdefault(name[:-1], _extended(data))
        else:
            plain.setdefault(name, Parameter(data))
    joined = {name: _joined(pieces) for name, pieces in sections.items()}
    return head.strip(), plain | joined | extended


def _pairs(rest: bytes) -> Iterator[tuple[str, bytes]]:
    at = 0
    while at >= 0:
        gap = _GAP.match(rest, at)
        at = gap.end() if gap else at
        match = _PARAMETER.match(rest, at)
        if match is None:
            at = rest.find(b";", at)
            continue
        quoted = match[2] is not None
        data = _ESCAPED.sub(rb"\1", match[2]) if quoted else match[3].strip()
        yield match[1].decode("latin-1").lower(), data
        at = match.end()


def _extended(data: bytes) -> Parameter:
    """Return `charset'language'percent-encoded` of RFC 2231 section 4."""
    pieces = data.split(b"'", 2)
    if len(pieces) < 3:  # noqa: PLR2004 - charset, language, value
        return Parameter(urllib.parse.unquote_to_bytes(data))
    label = pieces[0].decode("latin-1")
    return Parameter(urllib.parse.unquote_to_bytes(pieces[2]), label)


def _joined(pieces: dict[int, tuple[bytes, bool]]) -> Parameter:
    """Return the sections of RFC 2231 section 3 as one value, as far as they follow each other."""
    label: str | None = None
    value = bytearray()
    for number in range(len(pieces)):
        if number not in pieces:
            break
        data, encoded = pieces[number]
        if encoded and number == 0:
            first = _extended(data)
            label = first.charset
            value += first.value
        else:
            value += urllib.parse.unquote_to_bytes(data) if encoded else data
    return Parameter(bytes(value), label)
