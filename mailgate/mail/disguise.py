"""Names and domains that pretend to be somebody else's.

What people see of a mail is the name, and anybody may write any. A name is suspicious when it
shows another address, when it has characters that cannot be seen, when a word of it mixes scripts
whose letters look alike, or when it reads like the name of a colleague at an address that is not
theirs. A name written in one script, whichever, is no disguise. After the idea of UTS 39: two
texts are confusable when their skeletons are the same.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from mailgate.errors import Refused
from mailgate.mail.address import normalise

LONGEST_NAME = 255  # characters looked at

_KEPT = 1024  # skeletons: those of colleagues and of our domains are asked for with every mail
_ADDRESS = re.compile(r"[^\s<>()\[\]\"',;:@]{1,64}@[^\s<>()\[\]\"',;:@]{1,255}")
_WORD = re.compile(r"[^\W_]+")
_NOT_LETTERS = re.compile(r"[\W_]+")

# Letters that look like a Latin one, by the Latin one, in small letters; digits too.
_LOOK_ALIKE = {
    "a": "аαɑ",
    "b": "ь",
    "c": "сςᴄ",
    "d": "ԁ",
    "e": "еєҽε",
    "g": "ɡց",
    "h": "һհ",
    "i": "іıιɩ1lӏ|",
    "j": "јϳ",
    "k": "кκ",
    "m": "м",
    "n": "пո",
    "o": "оο0օσ",
    "p": "рρ",
    "q": "ԛգ",
    "s": "ѕ5",
    "t": "тτ",
    "u": "υս",
    "v": "νѵ",
    "w": "ѡԝω",
    "x": "хχ",
    "y": "уγү",
    "z": "ᴢ",
}
_SKELETON = str.maketrans({odd: plain for plain, all_ in _LOOK_ALIKE.items() for odd in all_})
_LOOK_ALIKE_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE")
# Joiners stand in names of Persian and Indic scripts, and the plain marks in right-to-left ones.
_WANTED = frozenset("\u200c\u200d\u200e\u200f\u061c")
_NEEDS_THEM = ("ARABIC", "HEBREW", "SYRIAC", "THAANA", "DEVANAGARI", "BENGALI", "MALAYALAM")


class Disguise(StrEnum):
    """What a name or a domain pretends."""

    COLLEAGUE = "colleague"
    ADDRESS = "address"
    SCRIPTS = "scripts"
    HIDDEN = "hidden"
    DOMAIN = "domain"


@dataclass(frozen=True, slots=True)
class Pretence:
    """A disguise, and what pretends, with what cannot be seen spelt out."""

    kind: Disguise
    shown: str


def of_name(name: str, address: str, colleagues: Iterable[str], desk: str = "") -> Pretence | None:
    """Return what the display name of `address` pretends, if anything.

    `colleagues` are the names of people at other addresses than this one, `desk` that of the desk.
    """
    text = name[:LONGEST_NAME]
    plain = text.isascii()
    checks = (
        (Disguise.HIDDEN, not plain and _hides(text)),
        (Disguise.ADDRESS, _shows_other(text, address)),
        (Disguise.SCRIPTS, not plain and any(map(_mixes, _WORD.findall(text)))),
        (Disguise.COLLEAGUE, _reads_like(text, colleagues, desk)),
    )
    kind = next((kind for kind, holds in checks if holds), None)
    return None if kind is None else Pretence(kind, spelt_out(text))


def of_domain(domain: str, ours: Iterable[str]) -> Pretence | None:
    """Return that a domain (normalised) can be taken for one of `ours`, if it can."""
    known = frozenset(ours)
    if domain in known or any(domain.endswith(f".{own}") for own in known):
        return None
    wanted = {skeleton(own) for own in known}
    return Pretence(Disguise.DOMAIN, domain) if skeleton(_unicode(domain)) in wanted else None


@lru_cache(_KEPT)
def skeleton(text: str) -> str:
    """Return what a text looks like: two that can be taken for each other have the same."""
    flat = unicodedata.normalize("NFKD", text).lower()
    bare = "".join(char for char in flat if unicodedata.category(char) not in ("Mn", "Cf"))
    return bare.translate(_SKELETON).replace("rn", "m").replace("vv", "w")


def spelt_out(text: str) -> str:
    """Return `text` with each character that cannot be seen as its code."""
    return "".join(f"[U+{ord(c):04X}]" if unicodedata.category(c) == "Cf" else c for c in text)


def _hides(text: str) -> bool:
    hidden = {char for char in text if unicodedata.category(char) == "Cf"}
    if not hidden:
        return False
    needed = any(script_of(char) in _NEEDS_THEM for char in text)
    return not (hidden <= _WANTED and needed)


def _shows_other(text: str, address: str) -> bool:
    found = _ADDRESS.findall(unicodedata.normalize("NFKC", text))
    return any(_normal(shown.strip(".")) != address for shown in found)


def _normal(address: str) -> str:
    try:
        return normalise(address)
    except Refused:
        return ""


def _mixes(word: str) -> bool:
    scripts = {script_of(char) for char in word if char.isalpha()}
    return len(scripts.intersection(_LOOK_ALIKE_SCRIPTS)) > 1


@lru_cache(maxsize=1024)
def script_of(char: str) -> str:
    """Return the first word of a character's name, which for letters is their script."""
    return unicodedata.name(char, "").partition(" ")[0]


def _reads_like(text: str, colleagues: Iterable[str], desk: str) -> bool:
    """Tell whether a name is the desk's, or has all words of a colleague's in it.

    One word alone is anybody's, unless the desk's name stands beside it, as in what we send.
    """
    words, ours = _words(text), _words(desk)
    if words and words == ours:
        return True
    beside = bool(ours) and ours < words
    return len(words) > 1 and any(
        w and w <= words and (len(w) > 1 or beside) for w in map(_words, colleagues)
    )


@lru_cache(_KEPT)
def _words(name: str) -> frozenset[str]:
    return frozenset(_NOT_LETTERS.sub(" ", skeleton(name)).split())


def _unicode(domain: str) -> str:
    return ".".join(map(_label, domain.split(".")))


def _label(label: str) -> str:
    try:
        return label[4:].encode("ascii").decode("punycode") if label[:4] == "xn--" else label
    except UnicodeError:
        return label
