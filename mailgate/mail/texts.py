"""The text of a mail out of its parts: lines for reading, the HTML as it came."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from mailgate.mail import charset, contained, flowed, html, layout, parts, plain, uu
from mailgate.mail.contained import Contained
from mailgate.mail.display import Display
from mailgate.mail.parts import Part
from mailgate.mail.prescan import Limits
from mailgate.mail.tnef import Contents

_WIDEST = 4  # octets that one character takes at most
_META = re.compile(rb"<meta[^<>]{0,200}charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
_HEAD = 2048  # octets in which an HTML page names its charset
_SAID = 40  # characters of a label repeated in a note


@dataclass(frozen=True, slots=True)
class Texts:
    """The lines of the text with their cues as in `layout`, and the HTML where there is one.

    `written` are the files that stand in the text itself, which is shown without them.
    """

    lines: tuple[str, ...]
    cues: str
    html: str | None
    written: tuple[Contained, ...] = ()

    @property
    def blank(self) -> bool:
        """Whether there is nothing to read."""
        return not any(map(str.strip, self.lines))

    def followed_by(self, lines: Sequence[str], limits: Limits, notes: list[str]) -> "Texts":
        """Return the same with `lines` below, a blank one between."""
        gap = [] if self.blank else [*self.lines, ""]
        cues = "" if self.blank else self.cues + layout.NONE
        cut, cues = _cut([*gap, *lines], cues + layout.NONE * len(lines), limits, notes)
        return replace(self, lines=tuple(cut), cues=cues)


def read(raw: bytes, shown: Display, limits: Limits, notes: list[str]) -> Texts:
    """Return the text of the parts that `shown` names, of at most `limits.text` characters.

    Where the plain parts are blank the HTML is taken instead.
    """
    chosen_by_path = {part.path: part for part in (*shown.text, *shown.html)}
    written: list[Contained] = []
    characters = {
        path: _characters(raw, part, limits, notes, written)
        for path, part in chosen_by_path.items()
    }
    pages = [characters[part.path] for part in shown.html if part.type == "text/html"]
    lines, cues = _lines(shown.text, characters, limits, notes)
    if pages and not any(map(str.strip, lines)):
        lines, cues = _lines(shown.html, characters, limits, notes)
    lines, cues = _cut(lines, cues, limits, notes)
    return Texts(tuple(lines), cues, "\n".join(pages) if pages else None, tuple(written))


def of_wrapped(contents: Contents, limits: Limits, notes: list[str]) -> Texts:
    """Return the text of a message that came in winmail.dat."""
    markup = plain.many_lines(contents.html)
    if markup.strip():
        page = html.render(markup, limits, notes)
        lines, cues = list(page.lines), page.cues
    else:
        lines = plain.many_lines(contents.text).split("\n")
        cues = layout.NONE * len(lines)
    lines, cues = _cut(lines, cues, limits, notes)
    return Texts(tuple(lines), cues, markup or None)


def _lines(
    chosen: Iterable[Part], characters: Mapping[str, str], limits: Limits, notes: list[str]
) -> tuple[list[str], str]:
    lines: list[str] = []
    cues = ""
    for part in chosen:
        text = characters[part.path]
        if part.type == "text/html":
            page = html.render(text, limits, notes)
            lines += page.lines
            cues += page.cues
            continue
        if _parameter(part, "format") == "flowed":
            text = flowed.unflow(text, delsp=_parameter(part, "delsp") == "yes")
        plain_lines = text.split("\n")
        lines += plain_lines
        cues += layout.NONE * len(plain_lines)
    return lines, cues


def _cut(lines: list[str], cues: str, limits: Limits, notes: list[str]) -> tuple[list[str], str]:
    """Return the lines within the limit of characters, the line ends between them counted."""
    room = limits.text
    for at, line in enumerate(lines):
        if len(line) > room:
            notes.append(f"text over {limits.text} characters")
            kept = at + (room > 0)
            return [*lines[:at], line[: max(room, 0)]][:kept], cues[:kept]
        room -= len(line) + 1
    return lines, cues


def _characters(
    raw: bytes, part: Part, limits: Limits, notes: list[str], written: list[Contained]
) -> str:
    """Return the text of a part, clean of control characters, without the files written into it."""
    data, well_formed = parts.decoded(raw, part)
    if not well_formed:
        notes.append(f"part {part.path}: broken {part.encoding}")
    label = _parameter(part, "charset")
    if part.type != "text/html":
        data, entries = uu.split(data)
        written += contained.from_text(part.path, entries)
        data = data[: (limits.text + 1) * _WIDEST]
    elif not label:
        meta = _META.search(data, 0, _HEAD)
        label = meta[1].decode("ascii") if meta else ""
    reading = charset.decode(data, label)
    if not reading.sure:
        notes.append(f"part {part.path}: charset {label[:_SAID]!r} read as {reading.codec}")
    return plain.many_lines(reading.text.removeprefix("\ufeff"))


def _parameter(part: Part, name: str) -> str:
    found = part.parameters.get(name)
    return found.value.decode("latin-1").strip().lower() if found else ""
