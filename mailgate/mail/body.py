"""The new text of a mail: what its writer wrote this time, without quote and signature.

Each line is classified once, by anchored tests of bounded cost; every decision after that is made
on the string of classes. The languages stand in `quotes`, what folds at the end in `signatures`.
What is in doubt is kept: text that vanishes does more harm than a quote that stays, and the whole
text is stored beside this one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress, groupby

from mailgate.mail import layout, quotes, signatures
from mailgate.mail.languages import Kind
from mailgate.mail.signatures import BLANK, DEVICE, FOOTER, RULE, SIGNATURE, SIGNED

TEXT, QUOTED = "t", ">"
MARKER = "m"  # our own line above which replies are written
ATTRIBUTION, MAYBE_ATTRIBUTION = "a", "w"  # "On ..., ... wrote:"; one that lacks a sign of it
LABEL, BORDERED = "h", "b"  # "From: ..."; a first line under a drawn border
ORIGINAL = "d"  # "-----Original Message-----"
FORWARDED = "f"  # "---------- Forwarded message ----------"
CUT = "c"  # the markup says: the quote begins here
ENCLOSED = "e"  # the markup says: part of a quote

_MOST_LINES = 5000  # lines looked at; what follows is text
_LONGEST_LINE = 2000  # characters; a longer line is text
_LONGEST_ATTRIBUTION = 500
_SHORTEST_OPENING = 40  # characters; a shorter line may open an attribution and hold nothing else
_WRAPPED = 3  # lines before its last that an attribution may take up
_HEADER_LINES = 14  # lines within which a quoted header has its fields

_DATE = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\b(?:19|20)\d\d\b|年|년")
_TIME = re.compile(r"\d{1,2}[:.]\d{2}|\d{1,2}\s?[hH時时]\s?\d{0,2}")
_ENDS_WITH_TIME = re.compile(r"\d{1,2}[:.]\d{2}(?:[:.]\d{2})?\)?\s?[:：]\Z")
_DATED = re.compile(r"\d{4}-\d\d-\d\d \d{1,2}:\d\d GMT[+-]\d\d:\d\d \w")
_ADDRESSED = re.compile(r"[<(][^\s<>()@]{1,64}@[^\s<>()@]{1,255}[>)]\Z")
_ENDS_WITH_ADDRESS = re.compile(r"[<(]\s?[^\s<>()@]{1,64}@[^\s<>()@]{1,255}[>)]+\s?[:：]\Z")
_CUES = re.compile(f"[{CUT}{ORIGINAL}{LABEL}{BORDERED}]|{ATTRIBUTION}++")
_WRITTEN = re.compile(f"[{TEXT}{DEVICE}{SIGNED}{SIGNATURE}{FOOTER}]")
_NEXT = re.compile(rf"{BLANK}*+[^{QUOTED}{CUT}{ENCLOSED}{FORWARDED}]")
_ANSWERED = re.compile(
    rf"(?:{ATTRIBUTION}++|{MAYBE_ATTRIBUTION}++)(?={BLANK}*+[{QUOTED}{CUT}{ENCLOSED}])"
    rf"|{ATTRIBUTION}++(?={BLANK}*+\Z)"
)
_FORWARD = re.compile(rf"(?:\A|[^{ENCLOSED}{BLANK}]){BLANK}*+({FORWARDED})")
_ABOVE_QUOTE = re.compile(rf"{TEXT}(?={BLANK}*+[{QUOTED}{ENCLOSED}])")
_MEANT = re.compile(
    f"[^{BLANK}{QUOTED}{ENCLOSED}{ATTRIBUTION}{MAYBE_ATTRIBUTION}{DEVICE}{SIGNED}{RULE}]"
)
_BETWEEN = re.compile(f"(?<={QUOTED})({BLANK}*+){TEXT}(?=[^{QUOTED}]*+{QUOTED})")
_FULL_LINE = 60  # characters from which on a quoted line may have been broken
_ENDS_OF_SENTENCES = ".!?。！？"
_DASHES = "-_=*~‐‑–—―─━ \t\xa0"
_INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u2060\u202a\u202b\u202c\u202d\u202e\ufeff"
_INVISIBLE += "\u2066\u2067\u2068\u2069"
_UNSEEN = dict.fromkeys(map(ord, _INVISIBLE))
_AROUND = " \t*_\xa0" + _INVISIBLE
_AROUND_TEXT = " \t\xa0\u3000" + _INVISIBLE
_SAYING = {
    layout.CUT: CUT,
    layout.ENCLOSED: ENCLOSED,
    layout.ATTRIBUTION: ATTRIBUTION,
    layout.SIGNED: SIGNED,
}
_LONGEST_DEVICE_LINE = 200
_BEFORE_DEVICE, _AFTER_DEVICE = " <([*_", " .>)]*_"
_QUOTE_PREFIX = "> |\t" + _INVISIBLE
_LONGEST_LABEL = 30
_LONGEST_PHRASE = 80


@dataclass(frozen=True, slots=True)
class Division:
    r"""What is new in a mail, with `\n` between lines and nothing blank around each text.

    new: without what is folded away. reply: everything but the quote. signature: what was folded.
    """

    new: str
    reply: str
    signature: str


def divide(
    lines: Sequence[str], cues: str = "", *, reply: bool, forwarded: bool = False
) -> Division:
    """Return what is new in `lines`.

    `cues` is one character a line, as `layout` gives them. `reply` tells that something besides
    the text says that this is a reply (its references, its subject); `forwarded`, that the subject
    says this was forwarded, which makes all of it new. Answers between quoted lines are kept.
    Empty only when nothing but quote was found for certain.
    """
    if not cues.strip(layout.NONE):
        cues = ""
        lines = [piece for line in lines for piece in _parted(line)]
    if len(lines) > _MOST_LINES:  # the rest is carried along as one line
        lines = [*lines[:_MOST_LINES], "\n".join(lines[_MOST_LINES:])]
    classes = classify(lines, cues)
    marker = classes.find(MARKER)
    if marker >= 0:
        above = classes[:marker] + CUT
        found = _divided(_kept(above, lines, reply=True), above, lines)
        below, marked = classes[marker + 1 :], lines[marker].lstrip().startswith(">")
        lost = TEXT in below if not found.reply else _answers(below, lines[marker + 1 :])
        if not marked or not lost:
            return found
        # Written below the quoted marker, against what it asks: better read than lost.
        classes = classes.replace(MARKER, QUOTED)
    if not forwarded:
        reply = reply or marker >= 0
        found = _divided(_kept(classes, lines, reply=reply), classes, lines)
        if found.reply or _only_quote(classes, reply=reply):
            return found
    whole = "\n".join(lines).strip()
    return Division(whole, whole, "")


def _answers(classes: str, lines: Sequence[str]) -> bool:
    """Tell whether answers stand between quoted lines, and not what a quoted line was broken into.

    The rest of a broken line follows at once on a line that is full and ends in mid-sentence.
    """
    for found in _BETWEEN.finditer(classes):
        above = lines[found.start() - 1].rstrip()
        if found[1] or len(above) < _FULL_LINE or above[-1] in _ENDS_OF_SENTENCES:
            return True
    return False


def _parted(line: str) -> Sequence[str]:
    """Return a line as it is, or as text and the attribution that runs on behind it."""
    if len(line) > _LONGEST_ATTRIBUTION or not _ends_attribution(line) or _opens(line):
        return (line,)
    found = quotes.OPENS_WITHIN.search(line)
    if found is None or not _says(line[: found.start()]):
        return (line,)
    tail = line[found.start() :]
    if "@" not in tail or attribution(tail) != ATTRIBUTION:
        return (line,)
    return line[: found.start()].rstrip(" -"), tail


def _says(head: str) -> bool:
    """Tell whether what stands before an attribution is text of its own and no part of it."""
    return head[:1] not in ("", ">") and not (
        "@" in head or _DATE.search(head) or _TIME.search(head)
    )


def classify(lines: Sequence[str], cues: str = "") -> str:
    """Return one character of class for each line."""
    classes = [
        _class(line, cues[at : at + 1]) if at < _MOST_LINES else TEXT
        for at, line in enumerate(lines)
    ]
    for at, line in enumerate(lines[:_MOST_LINES]):
        if classes[at] == MARKER and not _closed(lines[at : at + 3]):
            classes[at] = TEXT
        elif classes[at] == TEXT and _ends_attribution(line):
            _attribute(at, lines, classes)
        elif classes[at] == TEXT and _runs_into_quote(line):
            classes[at] = ATTRIBUTION
    return _ABOVE_QUOTE.sub(
        lambda found: MAYBE_ATTRIBUTION if _unended(lines[found.start()]) else TEXT,
        "".join(classes),
    )


def _class(line: str, cue: str) -> str:
    """Return the class of a line as far as it can be told without its neighbours."""
    bare = line.strip()
    if not bare.isascii():
        bare = bare.strip(_AROUND_TEXT)
    if not bare:
        return BLANK
    if bare.lstrip(_QUOTE_PREFIX).startswith(quotes.MARKER_OPENS):
        return MARKER
    marked = _between_dashes(bare) if len(bare) <= _LONGEST_LINE else ""
    if marked == FORWARDED or (marked and cue not in _SAYING):
        return marked
    if cue in _SAYING:
        return _SAYING[cue]
    if bare[0] == ">":
        return QUOTED
    if len(bare) > _LONGEST_LINE:
        return TEXT
    if (line.lstrip(_INVISIBLE)[0] == bare[0] or bare[0] == "*") and _label(bare):
        return LABEL  # an indented one that is not bold belongs to somebody's text
    if cue == layout.BORDER:
        return BORDERED
    return _folding(bare)


def _folding(bare: str) -> str:
    """Return the class of a line that begins what is folded away, TEXT for any other."""
    low = bare.lower()
    if _device(low):
        return DEVICE
    return signatures.footer(low) or TEXT


def _between_dashes(bare: str) -> str:
    """Return the class of a line that dashes draw, "" for any other."""
    if bare in ("--", "—", "––"):
        return SIGNATURE
    words = bare.strip(_DASHES)
    if not words:
        return RULE if len(bare) > len("-----") else ""
    drawn = bare[0] in _DASHES
    if len(words) > _LONGEST_PHRASE and not drawn:
        return ""
    phrase = words.lower().rstrip(" :：").replace("\xa0", " ")
    if phrase in quotes.FORWARDS:
        return FORWARDED
    if drawn and phrase in quotes.ORIGINALS:
        return ORIGINAL
    # Zoho and Lotus Notes: "---- On ... wrote ----"
    dashed = bare.startswith("---") and bare.endswith("--")
    return ORIGINAL if dashed and attribution(f"{phrase}:") else ""


def _label(bare: str) -> Kind | None:
    """Return what a line of a quoted header names ("From: ..."), None when it is none."""
    head, colon, _ = bare[: _LONGEST_LABEL + 1].replace("：", ":").partition(":")
    return quotes.LABELS.get(head.strip(_AROUND).lower()) if colon else None


def _device(low: str) -> bool:
    low = low.lstrip(_BEFORE_DEVICE)
    if len(low) > _LONGEST_DEVICE_LINE or not low.startswith(quotes.DEVICE_STARTS):
        return False
    words = re.split(r"\s?[<(]https?:", low, maxsplit=1)[0].rstrip(_AFTER_DEVICE)
    return quotes.DEVICE.match(words) is not None


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


def _bare(line: str) -> str:
    """Return a line of an attribution without what is drawn around it or not seen in it."""
    bare = line.strip(_AROUND)
    if not bare.isascii():
        bare = bare.translate(_UNSEEN)
    return bare.lstrip("- ") if bare.startswith("---") else bare


def _ends_attribution(line: str) -> bool:
    return line.rstrip(_AROUND)[-1:] in (":", "：", "-")


def _runs_into_quote(line: str) -> bool:
    """Tell whether a line is an attribution with the quote behind it (Yahoo's telephones)."""
    head, gap, _ = line[:_LONGEST_ATTRIBUTION].partition(":  ")
    return bool(gap) and "@" in head and attribution(f"{head}:") == ATTRIBUTION


def _opens(line: str) -> bool:
    return quotes.OPENS.match(_bare(line).lower()) is not None


def _could_begin(bare: str) -> bool:
    """Tell whether the first line of a wrapped attribution could read like `bare`."""
    if len(bare) > _LONGEST_ATTRIBUTION:
        return False
    if bare.endswith("<") or (len(bare) < _SHORTEST_OPENING and _opens(bare)):
        return True
    return "@" in bare or bool(_DATE.search(bare) or _TIME.search(bare))


def attribution(line: str) -> str:
    """Return the class of a line as an attribution, "" when it is none."""
    bare = _bare(line[: _LONGEST_ATTRIBUTION + 1])
    if len(bare) > _LONGEST_ATTRIBUTION or not bare.endswith((":", "：", "--")):
        return ""
    low = bare.lower()
    date = _DATE.search(bare)
    time = _TIME.search(_DATE.sub(" ", bare, count=1))
    if not quotes.says_wrote(low):
        # Some programs, in Russian and Japanese, say no "wrote".
        return ATTRIBUTION if date and time and _ENDS_WITH_ADDRESS.search(bare) else ""
    if not (date or time):
        return MAYBE_ATTRIBUTION
    opens = (
        quotes.OPENS.match(low)
        or bare[0].isdigit()
        or "@" in bare
        or (date and _ENDS_WITH_TIME.search(bare))
    )
    return ATTRIBUTION if opens and (time or "@" in bare) else MAYBE_ATTRIBUTION


def _unended(line: str) -> bool:
    """Tell whether a line above a quote is an attribution that no colon ends.

    So Gmail wrote, year first, and some lists and newsreaders do.
    """
    bare = _bare(line[: _LONGEST_ATTRIBUTION + 1])
    low = bare.lower()
    if len(bare) > _LONGEST_ATTRIBUTION or not (bare[:1].isdigit() or quotes.OPENS.match(low)):
        return False
    if _DATED.match(bare):
        return True
    named = _ADDRESSED.search(bare) or low.endswith(quotes.VERBS)
    return bool(named and _DATE.search(bare))


def _kept(classes: str, lines: Sequence[str], *, reply: bool) -> list[bool]:
    """Return for each class whether its line is new."""
    forwarded = _FORWARD.search(classes)
    end = forwarded.start(1) if forwarded else len(classes)
    cut = _cut(classes, end, lines, reply=reply)
    if cut < end:
        end = cut
        kept = [True] * cut + [False] * (len(classes) - cut)
        while cut > 0 and (
            classes[cut - 1] in (BLANK, RULE, BORDERED) or not lines[cut - 1].strip(_DASHES)
        ):
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
    for at in range(end):
        kept[at] = kept[at] and classes[at] not in (ENCLOSED, FORWARDED)  # enclosed as well
    return kept


def _cut(classes: str, end: int, lines: Sequence[str], *, reply: bool) -> int:
    """Return the line from which on everything is quote, `end` when there is none.

    A cue that is not certain counts only with text above it: answers stand above such quotes.
    """
    written = _WRITTEN.search(classes, 0, end)
    first = written.start() if written else end
    for cue in _CUES.finditer(classes, 0, end):
        at, kind = cue.start(), cue[0][0]
        if kind == CUT:
            return at
        if first >= at:
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
    quoted = ENCLOSED in classes or (reply and QUOTED in classes)
    return quoted and not _MEANT.search(classes)


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


def _divided(kept: Sequence[bool], classes: str, lines: Sequence[str]) -> Division:
    """Return the lines that are kept, with and without what is folded away at the end of each run.

    Where the writer said nothing besides, what would be folded away is the answer; only the line
    of a telephone above a quote, and a signature that the markup shows, never are.
    """
    replies, news, folded = [], [], []
    for run in _runs(kept):
        stop = run.stop
        if FORWARDED not in classes[run.start : run.stop]:
            stop = signatures.begins(classes, run)
        replies.append(lines[run.start : run.stop])
        news.append([lines[at] for at in range(run.start, stop) if classes[at] != SIGNED])
        folded.append([lines[at] for at in run if at >= stop or classes[at] == SIGNED])
    reply, new = _joined(replies), _joined(news)
    if not new and (all(kept) or _MEANT.search("".join(compress(classes, kept)))):
        return Division(reply, reply, "")
    return Division(new, reply, _joined(folded))


def _joined(runs: Sequence[Sequence[str]]) -> str:
    return "\n\n".join(filter(None, ("\n".join(run).strip("\n \t\xa0") for run in runs)))
