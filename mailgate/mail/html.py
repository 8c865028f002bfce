"""HTML turned into lines of plain text, with what its markup tells about quotes.

The tree comes from lexbor (selectolax), which keeps text at any depth. Markup whose cost in the
tree builder would not be linear is never given to it: its tags are stripped instead.
"""

import html as entities
import re
from collections import Counter

from selectolax.lexbor import LexborHTMLParser

from mailgate.mail import layout, plain
from mailgate.mail.layout import Layout
from mailgate.mail.prescan import Limits

LONGEST = 4 * 1024 * 1024  # characters of markup read, embedded images not counted

_DEEPEST = 5000  # elements open at once
_MOST_TAGS = 50_000  # opening and closing ones
_MOST_REOPENED = 200_000  # unclosed formatting elements times tags: each may be cloned by each
_MOST_OF_ONE = 2000  # options or bodies: for each the tree builder looks at all before it
_LONGEST_TAG = 65_536

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*+)")
_LONG_TAG = re.compile(rf"<[a-zA-Z/][^<>]{{{_LONGEST_TAG},}}")
_EMBEDDED = re.compile(r"data:[a-zA-Z0-9.+/-]{0,100}[;,][^\"'\s<>)]{100,}")
_BREAKING_TAG = re.compile(r"<(?:br|/?p|/?div|/tr|li|/h\d)\b[^<>]*+>?", re.IGNORECASE)
_ANY_TAG = re.compile(r"<[a-zA-Z/!?][^<>]*+>?")
_UNREAD_TAG = re.compile(r"<(/?)(?:script|style|head|title)\b[^<>]*+>?", re.IGNORECASE)
_BLANKS = re.compile(r"[ \t]+")

_VOID = frozenset(
    {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
)
_CLOSED_BY_THE_NEXT = frozenset({"dd", "dt", "li", "p", "tbody", "td", "th", "thead", "tr"})
_SEARCHED = frozenset({"body", "frameset", "html", "optgroup", "option"})
_FORMATTING = frozenset(
    {
        "a",
        "b",
        "big",
        "code",
        "em",
        "font",
        "i",
        "nobr",
        "s",
        "small",
        "strike",
        "strong",
        "tt",
        "u",
    }
)


def render(markup: str, limits: Limits, notes: list[str]) -> Layout:
    """Return `markup` as lines, about as many as `limits.text` allows; notes what was too much."""
    longest = limits.text + 1  # so that whoever cuts it sees that there was more
    bare = _EMBEDDED.sub("data:,", markup) if "data:" in markup else markup
    if len(bare) > LONGEST:
        notes.append(f"HTML over {LONGEST} characters")
        bare = bare[:LONGEST]
    if costly(bare):
        notes.append("HTML too deep or too broken to be laid out")
        lines = stripped(bare)[:longest].split("\n")
        return Layout(tuple(lines), layout.NONE * len(lines))
    page = layout.lay_out(LexborHTMLParser(bare).body, longest, limits.links)
    if page.links > limits.links:
        notes.append(f"more than {limits.links} links")
    return page


def costly(markup: str) -> bool:
    """Tell, in linear time, whether building the tree of `markup` might take more than that."""
    if _LONG_TAG.search(markup):
        return True
    unclosed: Counter[str] = Counter()
    depth = formatting = deepest = most = tags = 0
    for found in _TAG.finditer(markup):
        closing, tag = found[1], found[2].lower()
        tags += 1
        if tags > _MOST_TAGS:
            return True
        if tag in _VOID or tag in _CLOSED_BY_THE_NEXT:
            continue
        if not closing:
            step = 1
        elif unclosed[tag]:
            step = -1
        else:
            continue
        unclosed[tag] += step
        depth += step
        formatting += step * (tag in _FORMATTING)
        deepest, most = max(deepest, depth), max(most, formatting)
    searched = max(unclosed[tag] for tag in _SEARCHED)
    return deepest > _DEEPEST or most * tags > _MOST_REOPENED or searched > _MOST_OF_ONE


def stripped(markup: str) -> str:
    """Return `markup` without its tags and without what stands in scripts and styles."""
    kept = []
    at, reading = 0, True
    for tag in _UNREAD_TAG.finditer(markup):
        if reading:
            kept.append(markup[at : tag.start()])
        at, reading = tag.end(), bool(tag[1])
    if reading:
        kept.append(markup[at:])
    text = entities.unescape(_ANY_TAG.sub(" ", _BREAKING_TAG.sub("\n", " ".join(kept))))
    return "\n".join(line.strip() for line in _BLANKS.sub(" ", plain.many_lines(text)).split("\n"))
