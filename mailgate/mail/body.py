"""The new text of a mail: what its writer wrote this time, without quote and signature.

Each line is classified once, by anchored tests of bounded cost; every decision after that is made
on the string of classes. The languages stand in `quotes`. What is in doubt is kept: text that
vanishes does more harm than a quote that stays, and the whole text is stored beside this one.
"""

import re
from collections.abc import Sequence
from itertools import groupby

from mailgate.mail import layout, quotes
from mailgate.mail.languages import Kind

BLANK, TEXT, QUOTED = " ", "t", ">"
MARKER = "m"  # our own line above which replies are written
ATTRIBUTION, MAYBE_ATTRIBUTION = "a", "w"  # "On ..., ... wrote:", with and without date or address
LABEL, BORDERED = "h", "b"  # "From: ..."; a first line under a drawn border
ORIGINAL = "d"  # "-----Original Message-----"
FORWARDED = "f"  # "---------- Forwarded message ----------"
CUT = "c"  # the markup says: the quote begins here
RULE = "u"  # a line of underscores or dashes
SIGNATURE, DEVICE = "s", "p"  # "-- "; "Sent from my telephone"

_MOST_LINES = 5000  # lines classified; what follows is text
_LONGEST_LINE = 2000  # characters; a longer line is text
_LONGEST_ATTRIBUTION = 500
_WRAPPED = 3  # lines before its last that an attribution may take up
_HEADER_LINES = 14  # lines within which a quoted header has its fields
_LONGEST_SIGNATURE = 15  # lines that are not blank

_DATE = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\b(?:19|20)\d\d\b|年|년")
_TIME = re.compile(r"\d{1,2}[:.]\d{2}|\d{1,2}\s?[hH時时]\s?\d{0,2}")
_ENDS_WITH_ADDRESS = re.compile(r"[<(][^\s<>()@]{1,64}@[^\s<>()@]{1,255}[>)]+\s?[:：]\Z")
_CUES = re.compile(f"[{CUT}{ORIGINAL}{LABEL}{BORDERED}]|{ATTRIBUTION}++")
_NEXT = re.compile(rf"{BLANK}*+[^{QUOTED}{CUT}{FORWARDED}]")
_ANSWERED = re.compile(
    rf"(?:{ATTRIBUTION}++|{MAYBE_ATTRIBUTION}++)(?={BLANK}*+[{QUOTED}{CUT}])|{ATTRIBUTION}++(?={BLANK}*+\Z)"
)
_MEANT = re.compile(f"[^{BLANK}{QUOTED}{ATTRIBUTION}{MAYBE_ATTRIBUTION}{DEVICE}{RULE}]")
_ENDS_OF_SENTENCES = ".!?。！？"
_DASHES = "-_=*~–—\u2013 \t"
_DEVICE_STARTS = tuple(start for start, _ in quotes.DEVICES)
_LONGEST_DEVICE_LINE = 120
_QUOTE_PREFIX = "> |\t"
_LONGEST_LABEL = 30
_LONGEST_PHRASE = 80


def new_text(lines: Sequence[str], cues: str = "", *, reply: bool, forwarded: bool = False) -> str:
    r"""Return what is new in `lines`, with `\n` between lines and nothing blank around it.

    `cues` is one character a line, as `layout` gives them. `reply` tells that something besides
    the text says that this is a reply (its references, its subject); `forwarded`, that the subject
    says this was forwarded, which makes all of it new. Answers between quoted lines are kept.
    Empty only when nothing but quote was found for certain.
    """
    classes = classify(lines, cues)
    marker = classes.find(MARKER)
    if marker >= 0:
        above = classes[:marker] + CUT
        text = _joined(_runs(_kept(above, lines, reply=True)), above, lines)
        if text or not lines[marker].lstrip().startswith(">") or TEXT not in classes[marker:]:
            return text
        # Written below the quoted marker, against what it asks: better read than lost.
        classes = classes.replace(MARKER, QUOTED)
    if forwarded:
        return _joined([range(len(lines))], classes, lines)
    reply = reply or marker >= 0
    text = _joined(_runs(_kept(classes, lines, reply=reply)), classes, lines)
    if text or _only_quote(classes, reply=reply):
        return text
    return "\n".join(lines).strip()


def classify(lines: Sequence[str], cues: str = "") -> str:
    """Return one character of class for each line."""
    classes = [
        _class(line, cues[at : at + 1]) if at < _MOST_LINES else TEXT
        for at, line in enumerate(lines)
    ]
    for at, line in enumerate(lines[:_MOST_LINES]):
        if classes[at] == MARKER and not _closed(lines[at : at + 3]):
            classes[at] = TEXT
        elif classes[at] == TEXT and line.rstrip(" *_\xa0")[-1:] in (":", "：") and line.strip():
            _attribute(at, lines, classes)
    return "".join(classes)


def _class(line: str, cue: str) -> str:
    """Return the class of a line as far as it can be told without its neighbours."""
    bare = line.strip()
    if not bare:
        return BLANK
    if bare.lstrip(_QUOTE_PREFIX).startswith(quotes.MARKER_OPENS):
        return MARKER
    if bare[0] == ">":
        return QUOTED
    if len(bare) > _LONGEST_LINE:
        return TEXT
    marked = _between_dashes(bare)
    if marked == FORWARDED or (marked and cue != layout.CUT):
        return marked
    if cue in (layout.CUT, layout.ATTRIBUTION):
        return CUT if cue == layout.CUT else ATTRIBUTION
    if line[0] == bare[0] and _label(bare):
        return LABEL  # an indented one belongs to somebody's text
    if cue == layout.BORDER:
        return BORDERED
    return DEVICE if _device(bare) else TEXT


def _between_dashes(bare: str) -> str:
    """Return the class of a line that dashes draw, "" for any other."""
    if bare in ("--", "-- "):
        return SIGNATURE
    words = bare.strip(_DASHES)
    if not words:
        return RULE if len(bare) > len("-----") else ""
    if len(words) > _LONGEST_PHRASE:
        return ""
    phrase = words.lower().rstrip(" :：")
    if phrase in quotes.FORWARDS:
        return FORWARDED
    return ORIGINAL if bare[0] in _DASHES and phrase in quotes.ORIGINALS else ""


def _label(bare: str) -> Kind | None:
    """Return what a line of a quoted header names ("From: ..."), None when it is none."""
    head, colon, _ = bare[: _LONGEST_LABEL + 1].replace("：", ":").partition(":")
    return quotes.LABELS.get(head.strip(" *_\xa0").lower()) if colon else None


def _device(bare: str) -> bool:
    if len(bare) > _LONGEST_DEVICE_LINE:
        return False
    low = bare.lower()
    return low.startswith(_DEVICE_STARTS) and any(
        low.startswith(start) and low.endswith(end) for start, end in quotes.DEVICES
    )


def _closed(lines: Sequence[str]) -> bool:
    """Tell whether a marker that opens on the first of `lines` closes within them (wrapped)."""
    return any(quotes.MARKER_CLOSES in line for line in lines)


def _attribute(at: int, lines: Sequence[str], classes: list[str]) -> None:
    """Mark the lines of the attribution that ends on line `at`, if one does.

    One that is wrapped begins up to three lines above: at the nearest line that opens one, else at
    the farthest that could.
    """
    found, first = attribution(lines[at]), at
    opened = found == ATTRIBUTION and _opens(lines[at])
    for start in range(at - 1, max(at - 1 - _WRAPPED, -1), -1):
        if classes[start] not in (TEXT, LABEL, MAYBE_ATTRIBUTION):
            break
        above = lines[start].strip()
        opens = _opens(above)
        ended = above[-1] in _ENDS_OF_SENTENCES and (opened or not opens)
        if ended or (opened and not opens) or not _could_begin(above):
            continue
        joined = " ".join(line.strip() for line in lines[start : at + 1])
        if attribution(joined) == ATTRIBUTION:
            found, first = ATTRIBUTION, start
        if opens:
            break
    if found:
        classes[first : at + 1] = found * (at + 1 - first)


def _opens(line: str) -> bool:
    return quotes.OPENS.match(line.strip().lower()) is not None


def _could_begin(bare: str) -> bool:
    """Tell whether the first line of a wrapped attribution could read like `bare`."""
    if len(bare) > _LONGEST_ATTRIBUTION:
        return False
    return "@" in bare or bool(_DATE.search(bare) or _TIME.search(bare))


def attribution(line: str) -> str:
    """Return the class of a line as an attribution, "" when it is none."""
    bare = line.strip(" *_\xa0\u200e\u200f")
    if len(bare) > _LONGEST_ATTRIBUTION or bare[-1:] not in (":", "："):
        return ""
    low = bare.lower()
    date, time = _DATE.search(bare), _TIME.search(bare)
    if not quotes.VERBS.search(low):
        # Some programs, in Russian and Japanese, say no "wrote".
        return ATTRIBUTION if date and time and _ENDS_WITH_ADDRESS.search(bare) else ""
    if not (date or time):
        return MAYBE_ATTRIBUTION
    opens = quotes.OPENS.match(low) or bare[0].isdigit() or "@" in bare
    return ATTRIBUTION if opens else MAYBE_ATTRIBUTION


def _kept(classes: str, lines: Sequence[str], *, reply: bool) -> list[bool]:
    """Return for each class whether its line is new."""
    forwarded = classes.find(FORWARDED)
    end = forwarded if forwarded >= 0 else len(classes)
    cut = _cut(classes, end, lines, reply=reply)
    if cut < end:
        end = cut
        kept = [True] * cut + [False] * (len(classes) - cut)
        while cut > 0 and classes[cut - 1] in (BLANK, RULE, BORDERED):
            cut -= 1
            kept[cut] = False
    else:
        kept = [True] * len(classes)
    quoting = reply
    for found in _ANSWERED.finditer(classes[:end] + (CUT if end < len(classes) else "")):
        kept[found.start() : found.end()] = [False] * len(found[0])
        quoting = True
    if quoting:
        for at in range(end):
            kept[at] = kept[at] and classes[at] != QUOTED
    return kept


def _cut(classes: str, end: int, lines: Sequence[str], *, reply: bool) -> int:
    """Return the line from which on everything is quote, `end` when there is none.

    A cue that is not certain counts only with text above it: answers stand above such quotes.
    """
    first = classes.find(TEXT, 0, end)
    for cue in _CUES.finditer(classes, 0, end):
        at, kind = cue.start(), cue[0][0]
        if kind == CUT:
            return at
        if not 0 <= first < at:
            continue
        if kind == ORIGINAL:
            return at
        if kind in (LABEL, BORDERED):
            if _quoted_header(at, end, classes, lines, reply=reply):
                return at
        elif reply and _NEXT.match(classes, cue.end(), end):
            return at
    return end


def _quoted_header(at: int, end: int, classes: str, lines: Sequence[str], *, reply: bool) -> bool:
    """Tell whether the header of a quoted mail begins on line `at`.

    Three of its fields are enough when a border or rule stands above, or the mail is a reply.
    """
    kinds: set[str] = set()
    drawn = classes[at] == BORDERED or classes[:at].rstrip(BLANK)[-1:] in (RULE, ORIGINAL)
    for line, kind in zip(
        lines[at : at + _HEADER_LINES], classes[at : min(end, at + _HEADER_LINES)], strict=False
    ):
        label = _label(line.strip())
        if label:
            kinds.add(label)
        elif kind in (QUOTED, MARKER):
            break
        elif classes[at] == BORDERED and ":" in line[:_LONGEST_LABEL]:
            kinds.add(line.partition(":")[0].strip())
    if classes[at] == LABEL and not ("from" in kinds and kinds & {"sent", "subject"}):
        return False
    return len(kinds) >= (3 if reply or drawn else 4)


def _only_quote(classes: str, *, reply: bool) -> bool:
    """Tell whether every line is quote beyond doubt: an answer without a word."""
    return reply and QUOTED in classes and not _MEANT.search(classes)


def _runs(kept: Sequence[bool]) -> list[range]:
    """Return the lines that are kept as runs of neighbours."""
    runs = []
    at = 0
    for is_kept, group in groupby(kept):
        following = at + len(list(group))
        if is_kept:
            runs.append(range(at, following))
        at = following
    return runs


def _joined(runs: Sequence[range], classes: str, lines: Sequence[str]) -> str:
    """Return the runs as text, each without the signature at its end."""
    texts = ("\n".join(lines[run.start : _signed_off(run, classes)]) for run in runs)
    return "\n\n".join(filter(None, (text.strip("\n \t\xa0") for text in texts)))


def _signed_off(run: range, classes: str) -> int:
    """Return where the signature at the end of a run begins (RFC 3676 section 4.3)."""
    stop = run.stop
    last = classes.rfind(SIGNATURE, run.start, stop)
    if last >= 0 and len(classes[last + 1 : stop].replace(BLANK, "")) <= _LONGEST_SIGNATURE:
        stop = last
    while stop > run.start and classes[stop - 1] in (BLANK, DEVICE, RULE):
        stop -= 1
    return stop
