"""The walk through a tree of HTML that leaves lines of plain text behind.

It is not recursive, so depth costs nothing. Blocks become lines, cited blocks get ">" in front,
links show where they lead, images their description; what its style hides (a preheader) is left
out. Each line carries a cue of what its markup says about quotes.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from selectolax.lexbor import LexborNode

NONE, ATTRIBUTION, CUT, BORDER, ENCLOSED, SIGNED = " ", "a", "c", "b", "e", "s"
"""Cues of a line: nothing; an attribution; the quote begins here; a border is drawn above it; in
the midst of a quote; in a signature."""

RULE = "_" * 32  # as Outlook writes a horizontal line in plain text

_LONGEST_LINK = 500  # characters
_DEEPEST_QUOTE = 20  # levels; deeper ones add nothing in front of a line

_SPACES = re.compile(r"[ \t\r\n\f]+")
_HIDDEN = re.compile(
    r"(?:display\s*:\s*none|mso-hide\s*:\s*all|visibility\s*:\s*hidden)", re.IGNORECASE
)
_NO_MARGIN = re.compile(r"margin(?:-top|-bottom)?\s*:\s*0", re.IGNORECASE)
_BORDER = re.compile(
    r"border-top\s*:\s*(?:solid\s+#?\w{1,20}\s+1(?:\.0)?pt|1(?:\.0)?p[tx]\s+solid)"
    r"|border-width\s*:\s*1(?:\.0)?p[tx]\s+(?:medium|0|none)|border-top-style\s*:\s*solid",
    re.IGNORECASE,
)
_INDENT = re.compile(r"margin(?:-left)?\s*:[^;]{0,40}40px", re.IGNORECASE)
_NO_BORDER = re.compile(r"border\s*:\s*(?:none|0)", re.IGNORECASE)
_RENAMED = re.compile(r"(?:x_)+|ydp[0-9a-f]{6,10}(?=[a-z])")
_CLAD = ("x_", "ydp", "sig", "bloop_sign_")  # names with something before, or a number after
_DIGITS = "0123456789"

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
BLOCKS = frozenset(
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
PARAGRAPHS = frozenset(
    {"blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "pre", "table", "ul"}
)

# What mail programs write into id, class, name and data-marker.
_SAYS = {
    name: cue
    for cue, names in {
        CUT: (  # Outlook (web, phone, new, 2003), Hotmail, Zimbra: in front of the quote
            *("divRplyFwdMsg", "appendonsend", "ms-outlook-mobile-reference-message"),
            *("mail-editor-reference-message-container", "OutlookMessageHeader"),
            *("stopSpelling", "zwchr", "__DIVIDER__"),
        ),
        ENCLOSED: (  # Yahoo, Proton, Zoho, Apple, Outlook for Mac, Spark, NetEase, Tuta, Front, ...
            *("yahoo_quoted", "protonmail_quote", "zmail_extra", "AppleOriginalContents"),
            *("OLK_SRC_BODY_SECTION", "messageReplySection", "isReplyContent", "tutanota_quote"),
            *("front-blockquote", "missive_quote", "freshdesk_quote", "__QUOTED_TEXT__"),
        ),
        ATTRIBUTION: (  # Gmail, Thunderbird, Roundcube, Airmail
            *("gmail_attr", "moz-cite-prefix", "reply-intro", "airmail_on"),
        ),
        SIGNED: (  # the same in their order, Fastmail, Evolution, Superhuman
            *("Signature", "ms-outlook-mobile-signature", "__SIG_PRE__", "__SIG_POST__"),
            *("signature", "protonmail_signature_block", "Zm-_Id_-Sgn", "AppleMailSignature"),
            *("messageSignatureSection", "tutanota_signature", "gmail_signature"),
            *("moz-signature", "_rc_sig", "bloop_sign_", "sig", "-x-evo-signature", "sh-signature"),
        ),
    }.items()
    for name in names
}
_NAMING = ("id", "name", "data-marker")
_GMX_QUOTE = "quote"  # as a name only: a class may be anybody's


@dataclass(frozen=True, slots=True)
class Layout:
    """Lines of text without line ends, and for each line one character of cue.

    `links` are those met that lead elsewhere than their text says.
    """

    lines: tuple[str, ...]
    cues: str
    links: int = 0


class Open(NamedTuple):  # made in a third of the time of a dataclass, for each element
    """An element being walked through: what must be known of it when it closes."""

    tag: str
    cue: str
    cited: bool
    tight: bool
    link: str | None
    since: int


def lay_out(body: LexborNode | None, limit: int, links: int) -> Layout:
    """Return the text below `body`, of which about `limit` characters are read.

    Of the first `links` links it says where they lead.
    """
    walk = Walk(limit, links)
    if body is not None:
        walk.through(body)
    return Layout(tuple(walk.lines), "".join(walk.cues), walk.linked)


@dataclass(slots=True)
class Walk:
    """The way through one tree, with what was gathered on it."""

    limit: int
    links: int
    lines: list[str] = field(default_factory=list)
    cues: list[str] = field(default_factory=list)
    written: int = 0
    linked: int = 0
    gathered: list[str] = field(default_factory=list)
    quoted: int = 0
    depth: int = 0
    preformatted: int = 0
    within: Counter[str] = field(default_factory=Counter)
    cue: str = NONE
    gap: bool = False
    numbers: list[int] = field(default_factory=list)

    def through(self, body: LexborNode) -> None:
        """Visit everything below `body` in the order of the document."""
        around: list[Open] = []
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

    def _enter(self, node: LexborNode) -> Open | None:
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
        tight = tag == "p" and bool("MsoNormal" in names or (style and _NO_MARGIN.search(style)))
        self._break(tag, tight=tight)
        cue = _cue(attributes, names, style) if attributes else NONE
        if cue != NONE:
            self._end_line()
            self.within[cue] += 1
        if cue in (CUT, BORDER):
            self.cue = cue
        cited = tag == "blockquote" and not (_INDENT.search(style) and _NO_BORDER.search(style))
        self.quoted += cited
        self._begin(tag, attributes)
        return Open(
            tag,
            cue,
            cited,
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
            case "pre":
                self.preformatted += 1
            case "ul" | "ol":
                self.numbers.append(0 if tag == "ul" else 1)
            case "li":
                self._item()
            case _:
                pass

    def _leave(self, opened: Open) -> None:
        tag = opened.tag
        if tag == "a":
            self._link(opened)
        elif tag in ("td", "th"):
            self._text(" ")
        self._break(tag, tight=opened.tight)
        if opened.cue != NONE:
            self._end_line()
            self.within[opened.cue] -= 1
        self.quoted -= opened.cited
        if tag == "pre":
            self.preformatted -= 1
        elif tag in ("ul", "ol"):
            self.numbers.pop()

    def _break(self, tag: str, *, tight: bool) -> None:
        """End the line where a block begins or ends; paragraphs stand apart."""
        if tag in PARAGRAPHS:
            self._end_line()
            self.gap = self.gap or not tight
        elif tag in BLOCKS:
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

    def _link(self, opened: Open) -> None:
        """Say where a link leads unless its text does."""
        href = (opened.link or "").strip()
        text = "".join(self.gathered[opened.since :]).strip()
        if not text or not href.startswith(("http://", "https://")) or len(href) > _LONGEST_LINK:
            return
        if href.partition("://")[2].rstrip("/") not in (text, text.partition("://")[2].rstrip("/")):
            self.linked += 1
            if self.linked <= self.links:
                self.gathered.append(f" <{href}>")

    def _end_line(self) -> None:
        """End the line if there is anything on it; one of no-break spaces is a blank line."""
        if "".join(self.gathered).strip(" \n"):
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
        self._emit(text, self._said() if text else NONE, self.quoted)
        if text:
            self.cue = NONE

    def _said(self) -> str:
        """Return the cue of a line with text here: what is around it, else what stood before."""
        for cue in (ENCLOSED, ATTRIBUTION, SIGNED):
            if self.within[cue]:
                return cue
        return self.cue

    def _emit(self, text: str, cue: str, depth: int) -> None:
        self.depth = depth
        prefix = ">" * min(depth, _DEEPEST_QUOTE)
        self.lines.append(f"{prefix} {text}".rstrip() if prefix else text)
        self.cues.append(cue)
        self.written += len(text) + 1


def _cue(attributes: dict[str, str | None], names: list[str], style: str) -> str:
    """Return what the markup of an element says about quotes and signatures.

    Outlook on the web and Yahoo put something before the names in what they quote; such an element
    tells as much.
    """
    if attributes.get("name") == _GMX_QUOTE:
        return ENCLOSED
    for name in (*filter(None, map(attributes.get, _NAMING)), *names):
        cue = _SAYS.get(_bare(name) if name.startswith(_CLAD) else name)
        if cue:
            return cue
    return BORDER if style and _BORDER.search(style) else NONE


def _bare(name: str) -> str:
    """Return a name without what programs put before and after it."""
    renamed = _RENAMED.match(name)
    return name[renamed.end() if renamed else 0 :].rstrip(_DIGITS)
