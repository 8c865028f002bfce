"""What somebody of the desk formatted, made fit to go out: the HTML of the new text and no more.

The lines that go out are found as those of the text are. Whatever stands in another line of the
page (a command, a quote, a signature) is left out of the tree, and so is what shows no line at
all. What is left keeps the tags, attributes and styles listed here; nothing in it acts, hides or is
fetched. At last it is read as its reader would read it: where that is not, letter by letter, the
text that goes out beside it, there is no HTML.
"""

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator
from html import escape
from typing import cast

import nh3
from selectolax.lexbor import LexborHTMLParser, LexborNode

from mailgate.mail import body, html, layout, quotes
from mailgate.mail.guard import guard
from mailgate.mail.layout import BLOCKS, NONE, PARAGRAPHS, Open, Walk
from mailgate.mail.parsed import ParsedMail
from mailgate.mail.prescan import DEFAULTS

LONGEST = 500_000  # characters of HTML of one answer

_LINKS = DEFAULTS.links
_TAGS = frozenset(
    {
        *("a", "b", "big", "blockquote", "br", "caption", "center", "code", "dd", "del", "div"),
        *("dl", "dt", "em", "font", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins"),
        *("kbd", "li", "ol", "p", "pre", "s", "samp", "small", "span", "strike", "strong", "sub"),
        *("sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul", "var"),
    }
)
_TABLES = frozenset({"table", "td", "th", "tr"})
_ATTRIBUTES = {tag: {"style", "dir", "lang", "align"} for tag in _TAGS}
_ATTRIBUTES["a"] |= {"href"}
_ATTRIBUTES["img"] |= {"src", "alt", "width", "height"}
_ATTRIBUTES["font"] |= {"color", "face", "size"}
_ATTRIBUTES["ol"] |= {"start", "type"}
for _tag in _TABLES:
    _ATTRIBUTES[_tag] |= {"width", "height", "valign", "bgcolor", "border"}
_ATTRIBUTES["table"] |= {"cellpadding", "cellspacing"}
for _tag in ("td", "th"):
    _ATTRIBUTES[_tag] |= {"colspan", "rowspan"}
_STYLES = frozenset(
    {
        *("background-color", "border", "border-collapse", "border-spacing", "color", "direction"),
        *("font", "font-family", "font-size", "font-style", "font-variant", "font-weight"),
        *("height", "line-height", "list-style-type", "margin", "padding", "text-align"),
        *("text-decoration", "text-indent", "vertical-align", "white-space", "width"),
        *(f"border-{side}" for side in ("bottom", "left", "right", "top")),
        *(f"margin-{side}" for side in ("bottom", "left", "right", "top")),
        *(f"padding-{side}" for side in ("bottom", "left", "right", "top")),
    }
)
_SCHEMES = {"http", "https", "mailto", "tel", "cid"}
_CELLS = ("td", "th")
_APART = BLOCKS | PARAGRAPHS | {"hr"}  # what has a line of its own
_CALL = re.compile(r"\b(?:rgba?|hsla?)\([\d.,%\s/deg]{0,60}\)", re.IGNORECASE)
_BELOW_ZERO = re.compile(r"(?:\A|\s)-")
_HIDDEN = re.compile(
    r"\Afont(?:-size)?:(?:.*[\s/])?[+-]?(?:0+(?:\.0*)?|\.0+)(?![\d.])"  # of no size
    r"|transparent|(?:rgb|hsl)a?\((?:(?:[^,)]*,){3}|[^)]*/)"  # seen through, or nearly so
    r"|#(?:[0-9a-f]{4}|[0-9a-f]{8})\b|\Alist-style-type:[^a-z-]",
    re.IGNORECASE,
)
_CONTENT_ID = re.compile(r"[\w.@$+%=~-]{1,250}", re.ASCII)
_LED_TO = re.compile(r"<(?:https?://|mailto:|tel:)[^<>\s]{1,2000}>")
_DRAWN = re.compile(r"\[(?:cid:|image:|inline image|image\d*\])[^\[\]\n]{0,400}\]?", re.IGNORECASE)
_NO_LETTERS = re.compile(r"[\W_]+")
_OUTLOOK = "MsoNormal"  # a paragraph without space around it, as a style sheet says that goes


def new_text(mail: ParsedMail) -> str | None:
    """Return what is new in the HTML of a mail, as `ParsedMail.new_text` is in its text.

    None where there is no HTML, or none that can be laid out.
    """
    if mail.html is None:
        return None
    markup = mail.html
    return guard("reading the HTML", lambda: _new_text(mail, markup), lambda: None, [])


def cut(mail: ParsedMail, kept: str, text: str) -> str | None:
    """Return the HTML that shows `text`, made safe; None where there is none that surely does.

    `kept` are the lines of `new_text` that go out, `text` what the text beside it says. Images
    stay that came with the mail.
    """
    if mail.html is None or not text.strip():
        return None
    markup = mail.html
    return guard("cutting the HTML", lambda: _cut(mail, markup, kept, text), lambda: None, [])


def _new_text(mail: ParsedMail, markup: str) -> str | None:
    if len(markup) > html.LONGEST or html.costly(markup):
        return None
    page = layout.lay_out(LexborHTMLParser(markup).body, DEFAULTS.text, _LINKS)
    low = mail.subject.lower()
    reply = bool(mail.in_reply_to or mail.references or quotes.REPLY.match(low))
    forwarded = quotes.FORWARD.match(low) is not None
    return body.divide(page.lines, page.cues, reply=reply, forwarded=forwarded).new


def _cut(mail: ParsedMail, markup: str, kept: str, text: str) -> str | None:
    if len(markup) > html.LONGEST or html.costly(markup):
        return None
    tree = cast("LexborNode", LexborHTMLParser(markup).body)  # a page of frames has none
    trace = _Trace(DEFAULTS.text, _LINKS)
    trace.through(tree)
    lines = _lines(trace.lines, kept)
    if lines is None:
        return None
    images = {a.content_id or "" for a in mail.attachments if a.type.startswith("image/")}
    shown = _Shown(trace, lines, images - {""})
    made = nh3.clean(
        "".join(shown.of(tree)),
        tags=set(_TAGS),
        attributes=_ATTRIBUTES,
        attribute_filter=_attribute,
        url_schemes=_SCHEMES,
        url_relative="deny",
    )
    if len(made) > LONGEST or _read(made) != _letters(text, shown.described):
        return None
    return made


def _lines(lines: list[str], kept: str) -> frozenset[int] | None:
    """Return the places of the lines of `kept` among `lines`; blank ones between them count too.

    None where they are not all there in their order.
    """
    wanted = [line.strip() for line in kept.split("\n") if line.strip()]
    found: set[int] = set()
    blank: list[int] = []
    at, last = 0, False
    for n, line in enumerate(lines):
        bare = line.strip()
        if not bare:
            blank.append(n)
            continue
        here = at < len(wanted) and bare == wanted[at]
        if here:
            at += 1
            found.add(n)
            if last:
                found.update(blank)
        last = here
        blank.clear()
    return frozenset(found) if at == len(wanted) else None


class _Trace(Walk):
    """A walk that notes on which line each text, break, rule and image came to stand.

    `afloat`: images without a word on their line, and the place of the line that follows.
    """

    def __init__(self, limit: int, links: int) -> None:
        super().__init__(limit, links)
        self.places: dict[int, list[int]] = {}
        self.afloat: dict[int, int] = {}
        self.pending: list[LexborNode] = []
        self.node: list[LexborNode] = []

    def _enter(self, node: LexborNode) -> Open | None:
        self.node = [node]
        if node.tag == "br":
            self.pending.append(node)
        return super()._enter(node)

    def _text(self, text: str) -> None:
        if not self.preformatted:
            self.pending += self.node
            super()._text(text)
            return
        first, *rest = text.replace("\r\n", "\n").split("\n")
        self.pending += self.node
        self.gathered.append(first)
        for line in rest:
            self._new_line()
            self.pending += self.node
            self.gathered.append(line)

    def _new_line(self) -> None:
        nodes, self.pending = self.pending, []
        super()._new_line()
        for node in nodes:
            self.places.setdefault(node.mem_id, []).append(len(self.lines) - 1)

    def _end_line(self) -> None:
        super()._end_line()
        quoted = self.quoted or self._said() != NONE
        for node in self.pending:
            if node.tag == "img" and not quoted:
                self.afloat[node.mem_id] = len(self.lines)
        self.pending = []


class _Shown:
    """Writes what is left of a tree; `described` are the descriptions of the images in it."""

    def __init__(self, trace: _Trace, lines: frozenset[int], images: Collection[str]) -> None:
        self._trace = trace
        self._lines = lines
        self._images = images
        self._live: set[int] = set()
        self._worded = [n for n, line in enumerate(trace.lines) if line.strip()]
        self._parting: dict[int, bool] = {}
        self.described: set[str] = set()

    def of(self, tree: LexborNode) -> Iterator[str]:
        """Yield the markup below `tree`, in pieces."""
        self._enliven(tree)
        around: list[str] = []
        node = tree.child
        while node is not None:
            opening, closing = self._written(node)
            yield opening
            if node.child is not None and node.mem_id in self._live:
                around.append(closing)
                node = node.child
                continue
            yield closing
            while node is not None and node.next is None and around:
                yield around.pop()
                node = node.parent
            node = node.next if node is not None else None

    def _enliven(self, tree: LexborNode) -> None:
        """Find what holds anything that stays."""
        for node in tree.traverse(include_text=True):
            at: LexborNode | None = node if self._stays(node) else None
            while at is not None and at.mem_id not in self._live:
                self._live.add(at.mem_id)
                at = at.parent

    def _stays(self, node: LexborNode) -> bool:
        places = self._trace.places.get(node.mem_id)
        if places is not None:
            return any(place in self._lines for place in places)
        before = self._trace.afloat.get(node.mem_id)
        return before is not None and self._borders(before)

    def _borders(self, place: int) -> bool:
        """Tell whether a line that goes out is the nearest with words before or after a place."""
        after = bisect_left(self._worded, place)
        nearest = self._worded[max(after - 1, 0) : after + 1]
        return not self._lines.isdisjoint(nearest)

    def _written(self, node: LexborNode) -> tuple[str, str]:
        """Return how a node begins and ends; nothing for what does not stay."""
        tag = node.tag or ""
        if node.mem_id not in self._live:
            parent = node.parent
            if tag in _CELLS and parent is not None and parent.mem_id in self._live:
                return f"<{tag}{_attributes(node)}>", f"</{tag}>"
            return "<br>" if tag in _APART and self._parts(node) else "", ""
        if tag == "-text":
            return escape(self._words(node)), ""
        if tag == "img":
            return self._image(node), ""
        if tag in BLOCKS - _TAGS:
            return "<div>", "</div>"
        if tag not in _TAGS:
            return "", ""
        opening = f"<{tag}{_attributes(node)}>"
        return opening, "" if tag in ("br", "hr") else f"</{tag}>"

    def _parts(self, node: LexborNode) -> bool:
        """Tell whether what stays would run into one line without a block that does not.

        All that lies between two that stay is answered for at once: quotes may be long.
        """
        if node.mem_id not in self._parting:
            before, after, between = node.prev, node.next, [node.mem_id]
            while before is not None and before.mem_id not in self._live:
                before = before.prev
            while after is not None and after.mem_id not in self._live:
                between.append(after.mem_id)
                after = after.next
            parts = (
                before is not None
                and after is not None
                and before.tag not in (*_APART, "br")
                and after.tag not in _APART
            )
            self._parting |= dict.fromkeys(between, parts)
        return self._parting[node.mem_id]

    def _words(self, node: LexborNode) -> str:
        """Return what stays of a text; only in a preformatted one that may be less than all."""
        words = node.text_content or ""
        places = self._trace.places[node.mem_id]
        if len(set(places)) == 1:
            return words
        pieces = words.replace("\r\n", "\n").split("\n")
        pairs = zip(pieces, places, strict=False)
        return "\n".join(piece for piece, place in pairs if place in self._lines)

    def _image(self, node: LexborNode) -> str:
        source = node.attributes.get("src") or ""
        named = source.removeprefix("cid:")
        if named == source or named not in self._images or not _CONTENT_ID.fullmatch(named):
            return ""
        self.described.add((node.attributes.get("alt") or "").strip())
        return f"<img{_attributes(node)}>"


def _attributes(node: LexborNode) -> str:
    given = {name: value or "" for name, value in node.attributes.items()}
    if _OUTLOOK in given.get("class", "").split():
        given["style"] = f"margin:0;{given.get('style', '')}"
    allowed = _ATTRIBUTES.get(node.tag or "", set())
    return "".join(f' {name}="{escape(given[name])}"' for name in given if name in allowed)


def _attribute(_tag: str, name: str, value: str) -> str | None:
    """Return what an attribute may say, None where it may not stand at all."""
    if name == "src":
        return value if value.startswith("cid:") else None
    if name == "href" and value.startswith("cid:"):
        return None
    return _style(value) or None if name == "style" else value


def _style(value: str) -> str:
    """Return the declarations that may stay: none that is fetched, placed, hidden or evaded."""
    kept = []
    for declaration in value.split(";"):
        name, _, said = declaration.partition(":")
        name, said = name.strip().lower(), said.strip()
        odd = "\\" in said or "/*" in said or "(" in _CALL.sub("", said)
        below = name.startswith(("margin", "text-indent")) and _BELOW_ZERO.search(said)
        if name not in _STYLES or odd or below or _HIDDEN.search(f"{name}:{said}"):
            continue
        kept.append(f"{name}:{said}")
    return ";".join(kept)


def _read(made: str) -> str:
    """Return the letters that somebody reads in the HTML."""
    tree = LexborHTMLParser(made)
    for image in tree.css("img"):
        image.decompose()
    lines = layout.lay_out(tree.body, LONGEST, _LINKS).lines
    return _letters("\n".join(lines), ())


def _letters(text: str, described: Collection[str]) -> str:
    """Return the letters and digits of a text, without what programs write for images and links."""
    bare = _DRAWN.sub(" ", _LED_TO.sub(" ", text))
    for description in filter(None, described):
        bare = bare.replace(f"[{description}]", " ")
    return _NO_LETTERS.sub("", bare)
