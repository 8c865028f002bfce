"""Files within a part: out of winmail.dat, written into a text, wrapped by a signature.

Each has a path of its own that begins with that of the part: `2/tnef:1` is the first file of the
winmail.dat at 2, `1/uu:2` the second that is written into the text at 1, `1/p7m:2` the second part
of the mail that is signed and wrapped at 1.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from mailgate.mail import cms, headers, tnef, uu
from mailgate.mail.tnef import Contents

_TNEF_TYPES = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_TNEF_NAMES = frozenset({"winmail.dat", "win.dat"})


@dataclass(frozen=True, slots=True)
class Contained:
    """One file; name and type as its writer gave them, "" where unknown."""

    part: str
    name: str
    type: str
    content_id: str | None
    data: bytes


def is_tnef(type_: str, name: str | None) -> bool:
    """Tell whether a part of this type and name is winmail.dat."""
    return type_ in _TNEF_TYPES or (name or "").strip().lower() in _TNEF_NAMES


def from_tnef(path: str, contents: Contents) -> tuple[Contained, ...]:
    """Return the files of the winmail.dat at `path`."""
    return tuple(
        Contained(f"{path}/tnef:{n}", entry.name, entry.type, entry.content_id, entry.data)
        for n, entry in enumerate(contents.files, 1)
    )


def from_text(path: str, entries: Iterable[uu.Entry]) -> tuple[Contained, ...]:
    """Return the files that are written into the text at `path`."""
    return tuple(
        Contained(f"{path}/uu:{n}", headers.characters(entry.name), "", None, entry.data)
        for n, entry in enumerate(entries, 1)
    )


def content(data: bytes, place: str, of_mail: Callable[[bytes, str], bytes]) -> bytes | None:
    """Return the bytes of the file at `place`, such as `tnef:1`, of a part whose content is `data`.

    `of_mail` reads a part of the mail that a signature wraps. None when there is no such file.
    """
    kind, _, at = place.partition(":")
    match kind:
        case "tnef":
            found = [entry.data for entry in tnef.read(data).files]
        case "uu":
            found = [entry.data for entry in uu.split(data)[1]]
        case "p7m":
            signed = cms.content(data)
            return None if signed is None else of_mail(signed, at)
        case _:
            return None
    return dict(zip(map(str, range(1, len(found) + 1)), found, strict=True)).get(at)
