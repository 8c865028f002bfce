"""Rules for new tickets: the first that fits, by rank, says which team gets it, and what it is.

What is tried and why it does not fit is told with the ticket, so that nobody has to guess.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from mailgate.domain.choice import Choice
from mailgate.domain.model import Kind, Priority

LOOKED_AT = 20_000
"""Characters of a mail in which words are looked for: what it is about stands in front."""

_WRITTEN_WITHOUT_BLANKS = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
)
"""Thai, Lao, Burmese, Khmer, and the scripts of China and Japan (UAX 29 section 4.2)."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Conditions, all of which must hold, and what follows.

    A condition without values holds. `sender_domains` hold for the domains below them too.
    `category`, `kind`, `priority`, `team`, `tags` are what the ticket gets; empty: as it would be.
    """

    name: str
    rank: int = 100
    categories: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()
    priorities: tuple[Priority, ...] = ()
    words: tuple[str, ...] = ()
    sender_domains: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    team: str = ""
    category: str = ""
    kind: Kind | None = None
    priority: Priority | None = None
    tags: tuple[str, ...] = ()

    @property
    def takes_all(self) -> bool:
        """Whether every ticket gets a team by it that comes to it."""
        conditions = (self.categories, self.kinds, self.priorities, self.words)
        return bool(self.team) and not any((*conditions, self.sender_domains, self.recipients))


@dataclass(frozen=True, slots=True)
class Matter:
    """What a new ticket is about: addresses are normalised, `text` is subject and words.

    `proved`: it is shown that the sender owns the address.
    """

    sender: str
    recipients: frozenset[str]
    text: str
    proved: bool


def ranked(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """Return the rules as they are tried: by rank, then as they are given; their words spelt."""
    return tuple(
        replace(rule, words=tuple(map(_spelt, rule.words)))
        for rule in sorted(rules, key=lambda rule: rule.rank)
    )


def is_word(text: str) -> bool:
    """Tell whether a text can be looked for: what is no letter or digit is lost at its ends."""
    return bool(text) and not _between().match(text) and not _between().match(text[-1])


def routed(choice: Choice, rules: Sequence[Rule], matter: Matter) -> Choice:
    """Return what a new ticket begins with by the first of the `ranked` rules that fits.

    Conditions on category, kind and priority go by what was chosen before.
    """
    spelt = _spelt(matter.text[:LOOKED_AT]) if any(rule.words for rule in rules) else ""
    tried: list[str] = []
    for rule in rules:
        lacking = _lacking(rule, choice, matter, spelt)
        if not lacking:
            unproved = rule.sender_domains and not matter.proved
            doubt = f", though nothing proves that {matter.sender} wrote it" if unproved else ""
            return _by(rule, choice, tried, doubt)
        tried.append(f"rule {rule.name} does not fit: {lacking}")
    return replace(choice, why=(*choice.why, *tried))


def _by(rule: Rule, choice: Choice, tried: Sequence[str], doubt: str) -> Choice:
    gives = [
        ("team", rule.team),
        ("category", rule.category),
        ("kind", rule.kind),
        ("priority", rule.priority),
        ("tags", ", ".join(rule.tags)),
    ]
    says = ", ".join(f"{name} {value}" for name, value in gives if value)
    return Choice(
        category=rule.category or choice.category,
        kind=rule.kind or choice.kind,
        priority=rule.priority or choice.priority,
        why=(*choice.why, *tried, f"{says} by rule {rule.name}{doubt}"),
        team=rule.team or choice.team,
        tags=(*choice.tags, *(tag for tag in rule.tags if tag not in choice.tags)),
    )


def _lacking(rule: Rule, choice: Choice, matter: Matter, spelt: str) -> str:
    """Return the first condition that does not hold, as a part of a sentence; empty: all hold."""
    if rule.categories and choice.category not in rule.categories:
        return f"its category is {choice.category}"
    if rule.kinds and choice.kind not in rule.kinds:
        return f"its kind is {choice.kind}"
    if rule.priorities and choice.priority not in rule.priorities:
        return f"its priority is {choice.priority}"
    domain = matter.sender.rpartition("@")[2]
    if rule.sender_domains and not any(
        domain == each or domain.endswith(f".{each}") for each in rule.sender_domains
    ):
        return f"its sender is of {domain or 'no domain'}"
    if rule.recipients and matter.recipients.isdisjoint(rule.recipients):
        return "it was sent to another address"
    if rule.words and not any(_holds(spelt, word) for word in rule.words):
        return "it holds none of the whole words"
    return ""


def _holds(spelt: str, word: str) -> bool:
    return (word.strip() if _WRITTEN_WITHOUT_BLANKS.search(word) else word) in spelt


def _spelt(text: str) -> str:
    """Return the words of a text, small and composed, with one blank before and after each."""
    composed = unicodedata.normalize("NFC", text).casefold()
    return f" {_between().sub(' ', composed).strip()} "


@cache
def _between() -> re.Pattern[str]:
    """Return what stands between words: the marks of scripts that write vowels so are in them."""
    marks = "".join(c for c in map(chr, range(0x300, 0xFFFF)) if unicodedata.category(c)[0] == "M")
    return re.compile(rf"[^\w{re.escape(marks)}]+")
