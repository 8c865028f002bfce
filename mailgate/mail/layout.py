"""The walk through a tree of HTML that leaves lines of plain text behind.

It is not recursive, so depth costs nothing. Blocks become lines, cited blocks get ">" in front,
links show where they lead, images their description; what its style hides (a preheader) is left
out. Each line carries a cue of what its markup says about quotes.
"""

import re
from dataclasses import dataclass, field

from selectolax.lexbor import LexborNode

NONE, ATTRIBUTION, CUT, BORDER = " ", "a", "c", "b"
"""Cues of a line: nothing; an attribution; the quote begins here; a border is drawn above it."""

RULE = "_" * 32  # as Outlook writes a horizontal line in plain text

_LONGEST_LINK = 500  # characters
_DEEPEST_QUOTE = 20  # levels; deeper ones add nothing in front of a line

_SPACES = re.compile(r"[ \t\r\n\f]+")
_HIDDEN = re.compile(
    r"(?:display\s*:\s*none|mso-hide\s*:\s*all|visibility\s*:\s*hidden)", re.IGNORECASE
)
_NO_MARGIN = re.compile(r"margin(?:-top|-bottom)?\s*:\s*0", re.IGNORECASE)
_BORDER = re.compile(r"border-top\s*:\s*solid\s+#?\w{1,20}\s+1(?:\.0)?pt", re.IGNORECASE)

_UNREAD = frozenset(
    {
        "head",
        "iframe",
        "object",
        "script",
        "select",
        "style",
        "svg",
        "template",
        "textarea",
        "title",
    }
)
_BLOCKS = frozenset(
    {
        "address",
        "article",
        "aside",
        "caption",
        "center",
        "dd",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figure",
        "footer",
        "form",
        "header",
        "li",
        "main",
        "nav",
        "section",
        "tr",
    }
)
_PARAGRAPHS = frozenset(
    {"blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "pre", "table", "ul"}
)

# What mail programs put around or in front of a quote: Outlook (desktop, web, phone), Yahoo,
# Proton, Zoho; and around an attribution: Gmail, Thunderbird.
_CUTTING = frozenset(
    {
        "divRplyFwdMsg",
        "appendonsend",
        "mail-editor-reference-message-container",
        "stopSpelling",
        "ms-outlook-mobile-reference-message",
        "yahoo_quoted",
        "protonmail_quote",
        "zmail_extra",
    }
)
_ATTRIBUTING = frozenset({"gmail_attr", "moz-cite-prefix"})


@dataclass(frozen=True, slots=True)
class Layout:
    """Lines of text without line ends, and for each line one character of cue."""

    lines: tuple[str, ...]
    cues: str


@dataclass(frozen=True, slots=True)
class _Open:
    """An element being walked through: what must be known of it when it closes."""

    tag: str
    attribution: bool
    tight: bool
    link: str | None
    since: int


def lay_out(body: LexborNode | None, limit: int) -> Layout:
    """Return the text below `body`, of which about `limit` characters are read."""
    walk = _Walk(limit)
    if body is not None:
        walk.through(body)
    return Layout(tuple(walk.lines), "".join(walk.cues))


@dataclass(slots=True)
class _Walk:
    limit: int
    lines: list[str] = field(default_factory=list)
    cues: list[str] = field(default_factory=list)
    written: int = 0
    gathered: list[str] = field(default_factory=list)
    quoted: int = 0
    depth: int = 0
    preformatted: int = 0
    attributed: int = 0
    cue: str = NONE
    gap: bool = False
    numbers: list[int] = field(default_factory=list)

    def through(self, body: LexborNode) -> None:
        """Visit everything below `body` in the order of the document."""
        around: list[_Open] = []
        node = body.child
        while node is not None and self.written <= self.limit:
            opened = self._enter(node)
            if opened is not None:
                if node.child is not None:
                    around.append(opened)
                    node = node.child
                    continue
                self._leave(opened)
            while node is not None and node.next is None and around:
                self._leave(around.pop())
                node = node.parent
            node = node.next if node is not None else None
        self._end_line()

    def _enter(self, node: LexborNode) -> _Open | None:
        """Open a node; None when there is nothing in it to be walked through."""
        tag = node.tag or ""
        if tag == "-text":
            self._text(node.text_content or "")
            return None
        if tag.startswith("-") or tag in _UNREAD:
            return None
        attributes = node.attributes
        style = attributes.get("style") or ""
        if "hidden" in attributes or (style and _HIDDEN.search(style)):
            return None
        names = (attributes.get("class") or "").split()
        tight = tag == "p" and bool(_NO_MARGIN.search(style) or "MsoNormal" in names)
        self._break(tag, tight=tight)
        cue = _cue(attributes.get("id") or "", names, style)
        if cue in (CUT, BORDER):
            self._end_line()
            self.cue = cue
        self.attributed += cue == ATTRIBUTION
        self._begin(tag, attributes)
        return _Open(
            tag,
            cue == ATTRIBUTION,
            tight,
            attributes.get("href") if tag == "a" else None,
            len(self.gathered),
        )

    def _begin(self, tag: str, attributes: dict[str, str | None]) -> None:
        match tag:
            case "br":
                self._new_line()
            case "hr":
                self._end_line()
                self._text(RULE)
                self._end_line()
            case "img":
                description = (attributes.get("alt") or "").strip()
                self._text(f"[{description}]" if description else "")
            case "blockquote":
                self.quoted += 1
            case "pre":
                self.preformatted += 1
            case "ul" | "ol":
                self.numbers.append(0 if tag == "ul" else 1)
            case "li":
                self._item()
            case _:
                pass

    def _leave(self, opened: _Open) -> None:
        tag = opened.tag
        if tag == "a":
            self._link(opened)
        elif tag in ("td", "th"):
            self._text(" ")
        self._break(tag, tight=opened.tight)
        if opened.attribution:
            self._end_line()
            self.attributed -= 1
        if tag == "blockquote":
            self.quoted -= 1
        elif tag == "pre":
            self.preformatted -= 1
        elif tag in ("ul", "ol"):
            self.numbers.pop()

    def _break(self, tag: str, *, tight: bool) -> None:
        """End the line where a block begins or ends; paragraphs stand apart."""
        if tag in _PARAGRAPHS:
            self._end_line()
            self.gap = self.gap or not tight
        elif tag in _BLOCKS:
            self._end_line()

    def _text(self, text: str) -> None:
        if self.preformatted:
            first, *rest = text.replace("\r\n", "\n").split("\n")
            self.gathered.append(first)
            for line in rest:
                self._new_line()
                self.gathered.append(line)
            return
        collapsed = _SPACES.sub(" ", text)
        if not self.gathered or self.gathered[-1].endswith(" "):
            collapsed = collapsed.lstrip(" ")
        if collapsed:
            self.gathered.append(collapsed)

    def _item(self) -> None:
        number = self.numbers[-1] if self.numbers else 0
        self.gathered.append(f"{number}. " if number else "- ")
        if number:
            self.numbers[-1] += 1

    def _link(self, opened: _Open) -> None:
        """Say where a link leads unless its text does."""
        href = (opened.link or "").strip()
        text = "".join(self.gathered[opened.since :]).strip()
        if not text or not href.startswith(("http://", "https://")) or len(href) > _LONGEST_LINK:
            return
        if href.partition("://")[2].rstrip("/") not in (text, text.partition("://")[2].rstrip("/")):
            self.gathered.append(f" <{href}>")

    def _end_line(self) -> None:
        """End the line if there is anything on it; one of no-break spaces is a blank line."""
        if any(piece.strip(" \n") for piece in self.gathered):
            self._new_line()
        self.gathered.clear()

    def _new_line(self) -> None:
        joined = "".join(self.gathered)
        text = (joined.rstrip() if self.preformatted else joined.strip(" ")).replace("\xa0", " ")
        text = text.rstrip()
        self.gathered.clear()
        if text and self.gap and self.lines and self.lines[-1].strip("> "):
            self._emit("", NONE, min(self.quoted, self.depth))
        self.gap = self.gap and not text
        cue = ATTRIBUTION if self.attributed else self.cue
        self._emit(text, cue if text else NONE, self.quoted)
        if text:
            self.cue = NONE

    def _emit(self, text: str, cue: str, depth: int) -> None:
        self.depth = depth
        prefix = ">" * min(depth, _DEEPEST_QUOTE)
        self.lines.append(f"{prefix} {text}".rstrip() if prefix else text)
        self.cues.append(cue)
        self.written += len(text) + 1


def _cue(identity: str, names: list[str], style: str) -> str:
    """Return what the markup of an element says about quotes.

    Outlook on the web puts "x_" before the names in what it quotes; such an element tells as much.
    """
    found = {name.removeprefix("x_") for name in (identity, *names)}
    if found & _CUTTING:
        return CUT
    if found & _ATTRIBUTING:
        return ATTRIBUTION
    return BORDER if style and _BORDER.search(style) else NONE
