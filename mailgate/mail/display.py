"""Which parts of a mail are its text and which are attachments, by RFC 8621 section 4.1.4."""

from dataclasses import dataclass, field

from mailgate.mail.parts import Part

_TEXT = ("text/plain", "text/html")
_NOT_FOR_READING = frozenset(
    {"text/calendar", "text/csv", "text/rfc822-headers", "text/vcard", "text/x-vcard"}
)


@dataclass(frozen=True, slots=True)
class File:
    """A part that is attached; `inline` when the mail shows it within its text."""

    part: Part
    inline: bool


@dataclass(frozen=True, slots=True)
class Display:
    """The parts that make up the text, those that make up the HTML, and the files, in order.

    Where a mail has its text in one of the two forms only, both lists name the same parts.
    """

    text: tuple[Part, ...]
    html: tuple[Part, ...]
    files: tuple[File, ...]


@dataclass(slots=True)
class _Lists:
    text: list[Part] = field(default_factory=list)
    html: list[Part] = field(default_factory=list)
    files: list[File] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Into:
    """The forms of the text that parts at this place belong to."""

    text: bool = True
    html: bool = True
    alternative: bool = False


def arrange(root: Part) -> Display:
    """Sort the leaves of the mail whose structure is `root`."""
    lists = _Lists()
    if root.parts:
        _descend(root, lists, _Into(alternative=root.type == "multipart/alternative"))
    elif _readable(root):
        _add(root, lists, _Into())
    elif not root.type.startswith("multipart/"):
        lists.files.append(File(root, inline=False))
    return Display(tuple(lists.text), tuple(lists.html), tuple(lists.files))


def _readable(part: Part) -> bool:
    """Tell whether a mail of one part is to be read; a text of any kind is (RFC 2046, 4.1.4)."""
    if part.disposition == "attachment" or part.type in _NOT_FOR_READING:
        return False
    return part.type in _TEXT or (part.type.startswith("text/") and part.filename is None)


def _descend(parent: Part, lists: _Lists, into: _Into) -> None:
    texts, htmls = len(lists.text), len(lists.html)
    subtype = parent.type.removeprefix("multipart/")
    for index, part in enumerate(parent.parts):
        if part.parts:
            inner = into.alternative or part.type == "multipart/alternative"
            _descend(part, lists, _Into(into.text, into.html, inner))
        elif part.type.startswith("multipart/"):
            continue  # empty, or deeper than is read
        elif subtype == "appledouble" and part.type == "application/applefile":
            continue  # what a Macintosh knows of the file that follows, RFC 1740
        elif not _is_text(part, index, subtype):
            shown = part.disposition == "inline" or (
                part.disposition is None and part.content_id is not None
            )
            lists.files.append(File(part, inline=shown))
        elif subtype == "alternative":
            plain = part.type == "text/plain"
            _add(part, lists, _Into(into.text and plain, into.html and not plain))
        else:
            if into.alternative:
                plain = part.type == "text/plain"
                into = _Into(into.text and plain, into.html and not plain, alternative=True)
            _add(part, lists, into)
    if subtype == "alternative" and into.text and into.html:
        _share(lists, texts, htmls)


def _is_text(part: Part, index: int, subtype: str) -> bool:
    """Tell whether a part is text to be read where it stands, and no file."""
    if part.disposition == "attachment" or part.type not in _TEXT:
        return False
    return index == 0 or (subtype != "related" and part.filename is None)


def _add(part: Part, lists: _Lists, into: _Into) -> None:
    if into.text:
        lists.text.append(part)
    if into.html:
        lists.html.append(part)


def _share(lists: _Lists, texts: int, htmls: int) -> None:
    """Let the one form of an alternative serve as the other where only one came."""
    if len(lists.text) == texts:
        lists.text += lists.html[htmls:]
    elif len(lists.html) == htmls:
        lists.html += lists.text[texts:]
