"""How a quote is told from its marks, out of the table in `languages`; compiled once.

All patterns are matched against lower-case text.
"""

import re

from mailgate.mail.languages import LANGUAGES, Kind

MARKER_OPENS, MARKER_CLOSES = "##-", "-##"
"""The ends of the line that our own notices carry on top: from it on everything is quote."""

REPLY_PREFIXES = (
    "re",
    "r",
    "aw",
    "antw",
    "antwort",
    "sv",
    "vs",
    "rif",
    "res",
    "odp",
    "ynt",
    "cevap",
    "vá",
    "απ",
    "ha",
    "bls",
    "r/e",
    "ответ",
    "отв",
    "回复",
    "答复",
    "回覆",
    "返信",
    "답장",
)
FORWARD_PREFIXES = (
    "fwd",
    "fw",
    "wg",
    "tr",
    "rv",
    "i",
    "enc",
    "pd",
    "vb",
    "vl",
    "doorst",
    "doorgest",
    "videresendt",
    "i̇lt",
    "ilt",
    "továbbítás",
    "πρθ",
    "пересл",
    "переслано",
    "转发",
    "轉寄",
    "轉發",
    "転送",
    "전달",
)


def _words(*columns: str) -> frozenset[str]:
    return frozenset(word for column in columns for word in column.split("|") if word)


_OPENS = _words(*(language.opens for language in LANGUAGES))
OPENS = re.compile(
    "(?:" + "|".join(re.escape(word) for word in sorted(_OPENS, key=len, reverse=True)) + r")[\s,:]"
)
"""Matches the beginning of a lower-case line that opens an attribution."""

OPENS_WITHIN = re.compile(
    r"(?<=[\s.!?,)-])(?:"
    + "|".join(re.escape(word[0].upper() + word[1:]) for word in sorted(_OPENS) if len(word) > 1)
    + r") (?=\D{0,20}\d)"
)
"""Finds where in a line an attribution opens that has text in front of it."""

VERBS = tuple(sorted(_words(*(language.verbs for language in LANGUAGES))))
"""What an attribution says somebody did, in lower case."""

_FIRST_UNSPACED = "\u2e80"  # from here on are the scripts that do not part words by spaces
_WHOLE_VERBS = re.compile(
    r"(?<!\w)(?=\w)(?:"
    + "|".join(re.escape(word) for word in VERBS if word < _FIRST_UNSPACED)
    + r")(?!\w)"
)
_VERBS_WITHIN = tuple(word for word in VERBS if word >= _FIRST_UNSPACED)


def says_wrote(low: str) -> bool:
    """Tell whether the verb of an attribution stands in a lower-case line."""
    if _WHOLE_VERBS.search(low):
        return True
    return not low.isascii() and any(word in low for word in _VERBS_WITHIN)


LABELS: dict[str, Kind] = {
    label: kind
    for language in LANGUAGES
    for kind, labels in language.labels.items()
    for label in labels.split("|")
}
"""What a header line names, by its label in lower case."""

ORIGINALS = _words(*(language.originals for language in LANGUAGES))
FORWARDS = _words(*(language.forwards for language in LANGUAGES))

DEVICES = tuple(
    (start, end)
    for start, _, end in (
        word.partition("…") for word in sorted(_words(*(each.devices for each in LANGUAGES)))
    )
)
"""How lines by which a telephone signs begin and end, in lower case."""

DEVICE_STARTS = tuple(start for start, _ in DEVICES)
DEVICE = re.compile(
    "|".join(re.escape(start) + (rf".*{re.escape(end)}\Z" if end else "") for start, end in DEVICES)
)
"""Matches a lower-case line by which a telephone signs."""


def _prefixed(prefixes: tuple[str, ...]) -> re.Pattern[str]:
    any_of = "|".join(re.escape(word) for word in sorted(prefixes, key=len, reverse=True))
    return re.compile(
        rf"\s{{0,9}}(?:\[[^\]]{{0,80}}\]\s{{0,9}}){{0,3}}(?:{any_of})\s?(?:[\[(^]?\d{{1,3}}[\])]?)?\s?[:：]"
    )


REPLY = _prefixed(REPLY_PREFIXES)
FORWARD = _prefixed(FORWARD_PREFIXES)
"""Match the beginning of the subject, in lower case, of a reply and of a forwarded mail."""
