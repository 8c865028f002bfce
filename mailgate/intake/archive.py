"""Old mail on disk: where each mail lies in mbox files, Maildirs and folders of files.

Files are read once from end to end, whatever their size, and of each mail its header is handed out;
the mail itself is read from its place when it is wanted. Nothing is written.
"""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from mailgate.mail import postmark

HEADER = 256 * 1024  # octets of a header that are handed out
_PIECE = 64 * 1024  # octets of a line that are read at once
_FIELD = re.compile(rb"[!-9;-~]+[ \t]*:")
_MAILDIR = ("cur", "new")


@dataclass(frozen=True, slots=True)
class Source:
    """A file of mails: one, or as many as it has postmarks (`many`); `start` octets are before."""

    path: Path
    many: bool
    size: int
    start: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where one mail lies."""

    source: Source
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Stored:
    """One mail: where it lies, its header, and when it came as far as the file tells."""

    place: Place
    header: bytes
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that cannot be read, and why."""

    path: Path
    why: str


def find(paths: Sequence[Path]) -> Iterator[Source | Unreadable]:
    """Yield the files of mails at these places, in the order of their names.

    A file is a mail, or an mbox if it begins with a postmark. In a folder those count that end in
    .eml or begin so, and all in `cur` and `new` of a Maildir, of folders in it too.
    """
    start = 0
    for path in paths:
        for each in _below(path) if path.is_dir() else [_source(path, given=True)]:
            if isinstance(each, Source):
                yield Source(each.path, each.many, each.size, start)
                start += each.size
            elif each is not None:
                yield each


def _below(folder: Path) -> Iterator[Source | Unreadable | None]:
    faults: list[Unreadable] = []

    def failed(error: OSError) -> None:
        faults.append(Unreadable(Path(error.filename), _why(error)))

    for place, folders, names in os.walk(folder, onerror=failed):
        here = Path(place)
        folders.sort()
        maildir = here.name in _MAILDIR and (here.parent / "cur").is_dir()
        if (here / "cur").is_dir() and "tmp" in folders:
            folders.remove("tmp")  # of a Maildir: what is not wholly there yet
        for name in sorted(names):
            yield _source(here / name, maildir=maildir)
    yield from faults


def _source(
    path: Path, *, given: bool = False, maildir: bool = False
) -> Source | Unreadable | None:
    """Return a file if it is one of mails, or is to be one."""
    single = maildir or path.suffix.lower() == ".eml"
    try:
        if not path.is_file():
            return Unreadable(path, "there is no such file") if given else None
        size = path.stat().st_size
        many = False
        if not single:
            with path.open("rb") as file:
                many = postmark.read(file.readline(_PIECE)) is not None
    except OSError as error:
        return Unreadable(path, _why(error))
    return Source(path, many, size, 0) if given or single or many else None


def _why(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def mails(source: Source) -> Iterator[Stored]:
    """Yield the mails of a file, in its order. Raises OSError."""
    with source.path.open("rb") as file:
        if source.many:
            yield from _divided(source, file)
        else:
            stated = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)
            yield Stored(Place(source, 0, source.size), file.read(HEADER), stated)


def read(place: Place) -> bytes:
    """Return a mail as it came. Raises OSError, also where the file is another by now."""
    with place.source.path.open("rb") as file:
        file.seek(place.offset)
        raw = file.read(place.size)
    if len(raw) != place.size:
        raise OSError("the file is shorter than it was")
    return postmark.unquoted(raw) if place.source.many else raw


class _Mail:
    """A mail that is being passed over, from its postmark on."""

    def __init__(self, offset: int, at: datetime | None) -> None:
        self.offset = offset
        self.at = at
        self._header = bytearray()
        self._in_header = True

    def take(self, line: bytes, *, blank: bool) -> None:
        """Pass over a line, or a piece of a long one."""
        if self._in_header and not blank and len(self._header) + len(line) <= HEADER:
            self._header += line
        else:
            self._in_header = False

    def stored(self, source: Source, end: int) -> Stored:
        """Return the mail, which ends where the next begins."""
        place = Place(source, self.offset, end - self.offset)
        return Stored(place, bytes(self._header) + b"\n", self.at)


def _divided(source: Source, file: IO[bytes]) -> Iterator[Stored]:
    """Yield the mails of an mbox.

    A postmark divides it where an empty line, or nothing, stands before it and a header field
    behind it; the empty line is of the mbox.
    """
    mail: _Mail | None = None
    at, blank, whole = 0, b"\n", True  # the last line, where it was empty; whether it has ended
    for line in iter(lambda: file.readline(_PIECE), b""):
        mark = postmark.read(line) if whole and blank and line.startswith(b"From ") else None
        if mark is not None and (mail is None or _FIELD.match(_ahead(file))):
            if mail is not None:
                yield mail.stored(source, at - len(blank))
            mail = _Mail(at + len(line), mark.at)
            at, blank = at + len(line), b""
            continue
        ends = line.endswith(b"\n")
        blank = line if whole and line in (b"\n", b"\r\n") else b""
        if mail is not None:
            mail.take(line, blank=bool(blank))
        at, whole = at + len(line), ends
    if mail is not None:
        yield mail.stored(source, at - len(blank))


def _ahead(file: IO[bytes]) -> bytes:
    """Return the beginning of the next line, which is read again."""
    here = file.tell()
    line = file.readline(_PIECE)
    file.seek(here)
    return line
