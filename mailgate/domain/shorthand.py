"""Commands as they stand in an address: `support+done@` says what `/resolve` does.

Every word of the table of commands that needs no text may stand there, its argument behind a dash,
and so may what needs no word: a priority, an agent, a team, a category, a kind. What it comes to is
a line as an agent would write it, so that there is one grammar for both. Three are none of those
words: `/approve` and `/list`, since an address counts in what the shared account sends, and who of
those who have it has approved or asks must be beyond doubt; and `/unmerge`, which goes to the
address of a ticket that was merged.
"""

from collections.abc import Collection
from dataclasses import dataclass

from mailgate.domain.choice import category_of
from mailgate.domain.model import Kind, Priority

_ALIASES = {
    "done": "resolve",
    "resolved": "resolve",
    "closed": "close",
    "waiting": "wait",
    "mine": "take",
    "withdrawn": "withdraw",
}
_ALONE = (
    *("note", "resolve", "close", "reopen", "wait", "spam", "withdraw"),
    *("take", "follow", "unfollow", "escalate", "split", "cancel"),
)
_WITH_ARGUMENT = ("assign", "team", "snooze", "priority", "category", "kind", "tag", "merge")
_MEDIUM = "medium"


@dataclass(frozen=True, slots=True)
class Names:
    """What addresses may name beside commands."""

    agents: Collection[str] = ()
    teams: Collection[str] = ()
    categories: Collection[str] = ()


def line(word: str, names: Names) -> str | None:
    """Return the command that the detail of an address stands for, as a line; None for no command.

    `word` is in lower case. Commands go before names: an agent called `close` is `assign-close`.
    """
    name = _ALIASES.get(word, word)
    if name in _ALONE:
        return f"/{name}"
    if word in (*Priority, _MEDIUM):
        return f"/priority {word}"
    if word in names.agents:
        return f"/assign {word}"
    if word in names.teams:
        return f"/assign team:{word}"
    if category_of(word, names.categories) is not None:
        return f"/category {word}"
    if word in set(Kind):
        return f"/kind {word}"
    head, _, argument = word.partition("-")
    if head not in _WITH_ARGUMENT or not argument:
        return None
    return f"/assign team:{argument}" if head == "team" else f"/{head} {argument}"


def says(word: str, names: Names) -> bool:
    """Tell whether addresses can say a line, here without its mark: one that `line` has made."""
    head, _, argument = word.partition(" ")
    return head in _WITH_ARGUMENT if argument else line(word, names) is not None


def words(names: Names) -> dict[str, str]:
    """Return words for an address book -> the lines that they stand for; `line` knows more."""
    alone = ("done", "note", *_ALONE, *Priority, *names.agents, *names.teams, *names.categories)
    found = {word: line(word, names) for word in dict.fromkeys(alone)}
    return {word: said for word, said in found.items() if said is not None}
