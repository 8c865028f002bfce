"""What a new ticket begins with: category, kind, and priority up to a bound, a customer chose."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from mailgate.domain.model import Kind, Priority

GENERAL = "general_inquiry"
ALIASES = {
    "technical": "technical_support",
    "feature": "feature_request",
    "bug": "bug_report",
}
_MOST_PRESSING_FIRST = tuple(Priority)


@dataclass(frozen=True, slots=True)
class Choice:
    """What a ticket begins with; `why` says what of it was chosen, and by what."""

    category: str
    priority: Priority = Priority.NORMAL
    why: tuple[str, ...] = ()
    team: str | None = None
    tags: tuple[str, ...] = ()
    kind: Kind = Kind.REQUEST


def choose(
    words: Sequence[str], mark: Priority | None, categories: Sequence[str], most: Priority
) -> Choice:
    """Return what was chosen by `words`, those of the address written to, the most exact first.

    `mark` is the importance that the mail itself bears; the address goes before it. `most` is the
    most pressing priority that may be chosen. Without a choice it is a general matter.
    """
    category = GENERAL if GENERAL in categories else categories[0]
    priority, why = Priority.NORMAL, []
    named = [(word, found) for word in words if (found := category_of(word, categories))]
    if named:
        word, category = named[0]
        why.append(f"category {category} by the address ({word})")
    kinds = [(word, Kind(word.lower())) for word in words if word.lower() in set(Kind)]
    kind = Kind.REQUEST
    if kinds:
        word, kind = kinds[0]
        why.append(f"kind {kind} by the address ({word})")
    asked = [(f"the address ({word})", found) for word in words if (found := _priority(word))]
    asked += [("the importance of the mail", mark)] if mark else []
    if asked:
        by, wanted = asked[0]
        priority = max(wanted, most, key=_MOST_PRESSING_FIRST.index)
        bound = "" if priority is wanted else f", {wanted} is not for customers to choose"
        why.append(f"priority {priority} by {by}{bound}")
    return Choice(category, priority, tuple(why), kind=kind)


def category_of(word: str, categories: Collection[str]) -> str | None:
    """Return which of the categories a word means, also a short one that all know; or None."""
    name = word.lower().replace("-", "_")
    name = name if name in categories else ALIASES.get(name, "")
    return name if name in categories else None


def _priority(word: str) -> Priority | None:
    try:
        return Priority(word)
    except ValueError:
        return None
