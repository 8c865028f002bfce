"""The MIME structure of a mail as offsets into its raw bytes (RFC 2046), and any part's content.

Nothing is copied and no line is touched until somebody asks for a part, so an attached message
comes out byte for byte, and a mail of 25 MB costs a search for its boundaries. Attached messages
are opaque: nothing inside one is ever taken for a part of the mail around it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from mailgate.errors import Refused
from mailgate.mail import contained, headers, params, transfer
from mailgate.mail.headers import Field
from mailgate.mail.params import Parameter
from mailgate.mail.prescan import DEFAULTS, Limits, Scan, prescan

_TYPE = re.compile(rb"[\s\"']*([!#$&^_.+A-Za-z0-9-]{1,80})/([!#$&^_.+A-Za-z0-9-]{1,80})")
_AFTER_BOUNDARY = re.compile(rb"(--)?[ \t]*+(?:\r\n|\n|\r|\Z)")
_LONGEST_BOUNDARY = 200  # octets; RFC 2046 section 5.1.1 allows 70
_BOUNDARY_IS = re.compile(rb'boundary\s*=\s*"?\Z', re.IGNORECASE)
_AFTER_NAME = re.compile(rb"[\"';\s]")
_UNDECLARED = re.compile(rb"^--([^\r\n]{1,200}?)[ \t]*\r?\nContent-", re.IGNORECASE | re.MULTILINE)
_LONGEST_OPENING = 1000  # octets within which a part names its boundary
_HEAD = 65_536  # octets of a multipart in which its undeclared boundary is looked for
_TEXT_TYPE = re.compile(rb"^content-type:[ \t]*text/(?:plain|html)", re.IGNORECASE | re.MULTILINE)
_UNLIMITED = Limits(size=2**62, parts=100_000, depth=200)


@dataclass(frozen=True, slots=True)
class Part:
    """One node of the structure; `start` and `end` bound its encoded body in the raw mail.

    `path` counts as IMAP does (RFC 3501 section 6.4.5): "1" is the body of a mail of one part,
    "2.1" the first part of a multipart that comes second; a multipart at the top has "".
    """

    path: str
    type: str
    parameters: Mapping[str, Parameter]
    disposition: str | None
    filename: str | None
    content_id: str | None
    encoding: str
    start: int
    end: int
    parts: tuple["Part", ...] = ()

    def walk(self) -> Iterator["Part"]:
        """Yield this part and all within it, in the order of the mail."""
        yield self
        for part in self.parts:
            yield from part.walk()

    def leaves(self) -> Iterator["Part"]:
        """Yield the parts that are no multiparts, in the order of the mail."""
        return (part for part in self.walk() if not part.type.startswith("multipart/"))


@dataclass(frozen=True, slots=True)
class Structure:
    """What a mail consists of; `over` says in words at which limit the reading stopped."""

    root: Part
    over: tuple[str, ...]
    defects: tuple[str, ...]


@dataclass(slots=True)
class _Reading:
    raw: bytes
    limits: Limits
    parts: int = 0
    over: set[str] = field(default_factory=set)
    defects: set[str] = field(default_factory=set)


def read(raw: bytes, scan: Scan, limits: Limits) -> Structure:
    """Return the structure of `raw`, whose header `scan` has read."""
    reading = _Reading(raw, limits)
    root = _part(reading, scan.fields, scan.body, scan.end, path="", depth=0, default="text/plain")
    return Structure(root, tuple(sorted(reading.over)), tuple(sorted(reading.defects)))


def content(raw: bytes, part: str) -> bytes:
    """Return the decoded bytes of the part at the path `part`, as they were attached.

    A path may lead into a part, as `contained` names what is there. Raises `Refused` when the mail
    has no such part, or it is a multipart.
    """
    root = read(raw, prescan(raw, _UNLIMITED), _UNLIMITED).root
    path, inside, place = part.partition("/")
    for leaf in root.leaves():
        if leaf.path == path:
            data = decoded(raw, leaf)[0]
            found = contained.content(data, place, content) if inside else data
            if found is not None:
                return found
    raise Refused(f"the mail has no part {part[:40]!r}")


def decoded(raw: bytes, part: Part) -> tuple[bytes, bool]:
    """Return the content of a leaf, and whether its transfer encoding was well formed."""
    return transfer.decode(raw[part.start : part.end], part.encoding)


def first_text(raw: bytes, start: int, end: int) -> Part | None:
    """Return the first thing that looks like a text part, wherever it is, for mail over a limit."""
    found = _TEXT_TYPE.search(raw, start, end)
    if found is None:
        return None
    boundary = raw.rfind(b"\n--", start, found.start())
    at = raw.find(b"\n", boundary + 1) + 1 if boundary >= 0 else found.start()
    block = headers.split(raw, at, end, size=DEFAULTS.header_block, count=DEFAULTS.headers)
    stop = raw.find(b"\n--", block.body - 1, end)
    stop = end if stop < 0 else max(stop, block.body)
    return _leaf(block.fields, block.body, stop, path="1", default="text/plain")


def _part(
    reading: _Reading,
    fields: tuple[Field, ...],
    start: int,
    end: int,
    *,
    path: str,
    depth: int,
    default: str,
) -> Part:
    part = _leaf(fields, start, end, path=path or "1", default=default)
    if not part.type.startswith("multipart/"):
        return part
    limits = reading.limits
    if depth == limits.depth:
        reading.over.add(f"multiparts nested deeper than {limits.depth}")
        return part
    left = limits.parts - reading.parts
    sections = _divided(reading, part, left + 1)
    if not sections:
        reading.defects.add("a multipart without its boundary, read as text")
        return _leaf(_without_type(fields), start, end, path=path or "1", default="text/plain")
    if len(sections) > left:
        reading.over.add(f"more than {limits.parts} parts")
    reading.parts += len(sections)
    default = "message/rfc822" if part.type == "multipart/digest" else "text/plain"
    children = []
    for number, (opening, closing) in enumerate(sections[:left], 1):
        block = headers.split(
            reading.raw, opening, closing, size=limits.header_block, count=limits.headers
        )
        reading.defects.update(block.over)
        child = f"{path}.{number}" if path else str(number)
        children.append(
            _part(
                reading,
                block.fields,
                block.body,
                closing,
                path=child,
                depth=depth + 1,
                default=default,
            )
        )
    return Part(
        path,
        part.type,
        part.parameters,
        part.disposition,
        part.filename,
        part.content_id,
        part.encoding,
        start,
        end,
        tuple(children),
    )


def _divided(reading: _Reading, part: Part, most: int) -> list[tuple[int, int]]:
    """Return the sections of a multipart, by the boundary that it declares or else uses."""
    raw, start, end = reading.raw, part.start, part.end
    declared = part.parameters.get("boundary")
    boundary = declared.value.rstrip() if declared else b""
    sections = list(islice(_sections(raw, start, end, boundary), most))
    if sections:
        return sections
    sections = list(islice(_sections(raw, start, end, _undeclared(raw, start, end)), most))
    if sections:
        reading.defects.add("a multipart whose boundary is not the declared one")
    return sections


def _without_type(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    return tuple(found for found in fields if found.name != "content-type")


def _sections(raw: bytes, start: int, end: int, boundary: bytes) -> Iterator[tuple[int, int]]:
    """Yield where each body part of a multipart begins and ends (RFC 2046 section 5.1.1).

    The line break before a delimiter belongs to the delimiter. A part that nothing closes ends
    with the multipart. One that is a multipart of the same boundary, as some programs write, ends
    where that closes.
    """
    if not 0 < len(boundary) <= _LONGEST_BOUNDARY:
        return
    delimiter = b"--" + boundary
    opening = seen = -1
    inside = False  # a multipart of the same boundary
    at = raw.find(delimiter, start, end)
    while at >= 0:
        line = _AFTER_BOUNDARY.match(raw, at + len(delimiter), end)
        if line is None or (at > start and raw[at - 1] not in b"\r\n"):
            at = raw.find(delimiter, at + len(delimiter), end)
            continue
        if opening > seen:
            seen, inside = opening, _repeats(raw, opening, at, boundary)
        if inside:
            inside = not line[1]
            at = raw.find(delimiter, line.end(), end)
            continue
        if opening >= 0:
            yield opening, max(opening, _before_break(raw, at))
        if line[1]:
            return
        opening = line.end()
        at = raw.find(delimiter, opening, end)
    if opening >= 0:
        yield opening, end


def _repeats(raw: bytes, opening: int, at: int, boundary: bytes) -> bool:
    """Tell whether the section up to `at` has only said that it is a multipart of `boundary`."""
    before, _, after = raw[opening : min(at, opening + _LONGEST_OPENING)].partition(boundary)
    return _BOUNDARY_IS.search(before) is not None and _AFTER_NAME.match(after) is not None


def _undeclared(raw: bytes, start: int, end: int) -> bytes:
    """Return the boundary that a multipart uses in place of the declared one, b"" if none.

    It is one that opens the body, or stands in it twice: text may quote a delimiter.
    """
    found = _UNDECLARED.search(raw, start, min(end, start + _HEAD))
    if found is None:
        return b""
    opens = not raw[start : found.start()].strip()
    return found[1] if opens or raw.find(found[1], found.end(), end) >= 0 else b""


def _before_break(raw: bytes, at: int) -> int:
    return at - 2 if raw[at - 2 : at] == b"\r\n" else at - 1


def _leaf(fields: tuple[Field, ...], start: int, end: int, *, path: str, default: str) -> Part:
    """Read what the header of a part says of it; the first field of each name counts."""
    values: dict[str, bytes] = {}
    for found in fields:
        if found.name.startswith("content-"):
            values.setdefault(found.name, found.value)
    kind, parameters = params.read(values.get("content-type", b""))
    match = _TYPE.match(kind)
    type_ = f"{match[1].decode()}/{match[2].decode()}".lower() if match else default
    disposition, more = params.read(values.get("content-disposition", b""))
    name = more.get("filename") or parameters.get("name")
    identity = values.get("content-id")
    identities = headers.message_ids([headers.text(identity)] if identity else [])
    return Part(
        path=path,
        type=type_,
        parameters=parameters,
        disposition=_disposition(disposition),
        filename=name.text() if name else None,
        content_id=next((found[1:-1] for found in identities), None),
        encoding=transfer.name(values.get("content-transfer-encoding", b"")),
        start=start,
        end=end,
    )


def _disposition(value: bytes) -> str | None:
    """Return inline or attachment; an unknown one is an attachment (RFC 2183 section 2.8)."""
    word = value.strip().lower()
    if not word:
        return None
    return "inline" if word == b"inline" else "attachment"
