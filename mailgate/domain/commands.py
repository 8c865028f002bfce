"""The commands an agent writes at the top of a mail: one table of words, and how they are read.

A mail with anything that looks like a command but cannot be carried out must not go on to the
customer, so whatever is doubtful is a fault, with the right form beside it. Lines such as
`/a/b is missing` are text, and so are lines further down, unless they are commands word for word:
`/note he shouts` below a greeting was never meant for the customer.
"""

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from mailgate.domain import arguments
from mailgate.domain.arguments import Argument, nearest
from mailgate.domain.model import Kind
from mailgate.errors import Refused

MOST_COMMANDS = 50  # lines; more in one mail is no agent's doing
_LONGEST_SHOWN = 200  # characters of a faulty line given back
_LONGEST_WORD = 40
_SURE = 0.75  # likeness at which something that is not even a word was meant as a command

INVISIBLE = dict.fromkeys(
    (
        *map(ord, "\u00ad\u034f\u061c\u06dd\u070f\u08e2\u115f\u1160\u17b4\u17b5\u2800\u3164"),
        *map(ord, "\ufeff\uffa0"),
        *range(0x0600, 0x0606),  # signs before numbers
        *range(0x180B, 0x1810),  # selectors of a form, as further below
        *range(0x200B, 0x2010),  # of no width, and marks of direction
        *range(0x202A, 0x202F),  # embeddings and overrides of direction
        *range(0x2060, 0x2070),  # of no width, isolates of direction
        *range(0xFE00, 0xFE10),
        *range(0xFFF9, 0xFFFC),  # around notes between lines
        *range(0x1BCA0, 0x1BCA4),
        *range(0x1D173, 0x1D17B),
        *range(0xE0000, 0xE1000),  # tags, and more selectors
    )
)
_LINE_ENDS = dict.fromkeys(map(ord, "\u2028\u2029"), "\n")
_MARKED = re.compile(r"[/#／＃](\s*)([^\s:：]*)")
_WORD = re.compile(r"[^\W\d_][^\W\d]*(?:-[^\W\d]+)*-?")
_LISTED = re.compile(r"\s*(?:[-*+•–·]\s+)?")
_IMAGE = r"\[[^\[\]\n]{1,200}\]"  # what a picture shows, as it stands in the text of an HTML mail
_DRESSED = re.compile(rf"(?:{_IMAGE}|\d{{1,3}}[.)]\s*|[-*+•–·_`'\"“”„‘’«»(\[\ufffc\s])*")
_ALIKE = dict.fromkeys(map(ord, "∕⁄⧸\\＼"), "/")
_BELOW = "it stands below text, where no command counts, and would go to the customer"
SETS_ASIDE = {
    "spam": "the sender of the spam",
    "withdraw": "who has taken the matter back",
}
"""Commands after which nothing goes to the customer, and who that is."""
_NOTE_MARK = re.compile(r"[:：](?:\s+|$)")


@dataclass(frozen=True, slots=True)
class Command:
    """One command as it was meant.

    `argument` is empty but for: assign ("agent", name), ("team", name), ("me",) or ("none",);
    priority (one of `Priority`); snooze (until when); tag, threshold, field and ref (see
    `Argument`); macro (its name); requester and cc (addresses); merge (the other ticket's
    number, as it was written); split (the new subject). `note` is what stands after the colon, or
    all that stands after a `free` word.
    """

    name: str
    argument: Argument = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """A line that cannot be carried out, why, and what would be right; empty: nothing would."""

    line: str
    reason: str
    right_form: str


@dataclass(frozen=True, slots=True)
class Script:
    """What a mail's text comes down to; with faults in it nothing of it may be carried out.

    `below` is the first line below text that was meant as a command, where none counts: no fault of
    a note, but such a text must not go to the customer.
    """

    commands: tuple[Command, ...]
    text: str
    faults: tuple[Fault, ...]
    below: Fault | None = None


@dataclass(frozen=True, slots=True)
class Word:
    """One row of the table; the first form is the one shown when a line is refused.

    `free` words take all that follows as their note. Not yet `wired` words are known, and refused
    as not available in this version.
    """

    name: str
    forms: tuple[str, ...]
    says: str
    read: Callable[[str], Argument] = arguments.nothing
    free: bool = False
    wired: bool = True


def _later(name: str, form: str, says: str) -> Word:
    return Word(name, (form,), says, wired=False)


_ROWS = (
    # --- what is said
    Word(
        "note",
        ("/note", "/note: text"),
        "The text is an internal note; nothing of it reaches the customer.",
        free=True,
    ),
    Word(
        "cancel",
        ("/cancel",),
        "What waits on this ticket to be sent is not to be sent.",
    ),
    # --- where the ticket stands
    Word(
        "resolve",
        ("/resolve", "/resolve: text"),
        "The matter is settled; the customer is asked to confirm.",
    ),
    Word("close", ("/close", "/close: text"), "The matter ends here."),
    Word("reopen", ("/reopen", "/reopen: text"), "The matter is taken up again."),
    Word("wait", ("/wait", "/wait: text"), "It is the customer's turn from now."),
    Word(
        "snooze",
        ("/snooze 3d", "/snooze 2026-03-01T09:00"),
        "Silence until then: nothing is overdue, nobody is reminded, and the ticket comes back.",
        arguments.until,
    ),
    Word(
        "spam",
        ("/spam",),
        "The ticket is spam: it is closed, and mail does not open it again; /reopen does.",
    ),
    Word(
        "withdraw",
        ("/withdraw", "/withdraw reason"),
        "The customer takes it back: it is closed without a word; their next mail opens it.",
        free=True,
    ),
    # --- whose it is
    Word("take", ("/take", "/take: text"), "The ticket is mine."),
    Word(
        "assign",
        ("/assign alice", "/assign me", "/assign team:billing", "/assign none"),
        "The ticket is theirs; the reason goes after a colon.",
        arguments.assignee,
    ),
    Word("follow", ("/follow",), "I want to hear of it."),
    Word("unfollow", ("/unfollow",), "I have heard enough."),
    Word(
        "escalate",
        ("/escalate", "/escalate reason"),
        "One level up: the administrators are told, and who holds the ticket.",
        free=True,
    ),
    # --- what it is
    Word(
        "priority",
        ("/priority high",),
        "critical, urgent, high, normal (or medium), low.",
        arguments.priority,
    ),
    Word("category", ("/category billing",), "What it is about.", arguments.category),
    Word(
        "kind",
        ("/kind dispute",),
        f"What sort of matter it is: {', '.join(Kind)}.",
        arguments.kind,
    ),
    Word("tag", ("/tag vip -late",), "Tags put on and, after a minus, taken off.", arguments.tags),
    Word(
        "field",
        ("/field order_no=123", "/field order_no="),
        "A field of [desk] fields; without a value it is taken away.",
        arguments.field,
    ),
    Word(
        "ref",
        ("/ref shop:4711", "/ref shop:4711 shipped", "/ref -shop:4711"),
        "A record of another system, and how it stands there; after a minus: taken away.",
        arguments.record,
    ),
    Word(
        "threshold",
        ("/threshold system=1h client=6h close=12h", "/threshold none"),
        "Times for this ticket alone; none takes them away.",
        arguments.times,
    ),
    # --- who and which
    Word(
        "requester",
        ("/requester bob@example.com",),
        "It is theirs from now on; who asked before takes no part any more.",
        arguments.address,
    ),
    Word(
        "cc",
        ("/cc bob@example.com",),
        "They take part too, and get what is said from now on.",
        arguments.addresses,
    ),
    Word(
        "merge",
        ("/merge TKT-2026-00042",),
        "This ticket goes on in that one; its customer does not join there.",
        arguments.number,
    ),
    Word("unmerge", ("/unmerge",), "The ticket of this very address stands alone again."),
    Word(
        "split",
        ("/split", "/split The new subject"),
        "The message answered starts a ticket of its own; all else in the mail is for that one.",
        arguments.subject,
    ),
    # --- what others decide or wrote
    Word(
        "approve",
        ("/approve", "/approve notes"),
        "Agreed: the ticket goes one level up, as was asked.",
        free=True,
    ),
    Word(
        "reject",
        ("/reject reason",),
        "Not agreed: the ticket stays as it is, and who asked is told why.",
        free=True,
    ),
    Word("macro", ("/macro name",), "A canned response, in place of this line.", arguments.macro),
    _later("article", "/article name", "An article of the knowledge base."),
    _later("recover", "/recover type", "The customer's access is to be recovered."),
    Word("list", ("/list",), "I am sent the tickets that I hold; it changes nothing."),
)

WORDS: Mapping[str, Word] = MappingProxyType({word.name: word for word in _ROWS})
"""Every command by its word."""


def read(text: str) -> Script:
    """Return the commands at the top of `text`, the text that is left, and the faults.

    Empty lines before and between commands do not matter; the first line of text ends them.
    Never raises.
    """
    commands: list[Command] = []
    faults: list[Fault] = []
    text = text.translate(_LINE_ENDS)
    lines = text.split("\n")
    for index, raw in enumerate(lines):
        line = raw.translate(INVISIBLE).strip()
        if not line:
            continue
        found = _line(line)
        if found is None:
            text = "\n".join(lines[index:]).rstrip()
            return Script(tuple(commands), text, tuple(faults), _below(lines[index:]))
        if len(commands) + len(faults) == MOST_COMMANDS:
            faults.append(_fault(line, f"a mail may have {MOST_COMMANDS} commands", "fewer lines"))
            break
        if isinstance(found, Command):
            commands.append(found)
        else:
            faults.append(found)
    return Script(tuple(commands), "", tuple(faults))


def cancels(line: str) -> bool:
    """Tell whether a line is `/cancel`, wherever it stands and however it is dressed."""
    marked = _MARKED.match(_DRESSED.sub("", line.translate(_ALIKE), count=1))
    return marked is not None and re.split(r"[\W_]", marked[2].lower(), maxsplit=1)[0] == "cancel"


def reference() -> str:
    """Return the commands that can be carried out as a table in Markdown, for the documentation."""
    rows = ["| command | what it does |", "| --- | --- |"]
    for word in _wired():
        forms = ", ".join(f"`{form}`" for form in word.forms)
        rows.append(f"| {forms} | {word.says} |")
    return "\n".join(rows) + "\n"


def _line(line: str) -> Command | Fault | None:
    """Return the command in a line, what is wrong with it, or None where it is text."""
    marked = _MARKED.match(line)
    if marked is None:
        return _dressed(line)
    gap, name = marked[1], marked[2].lower()
    word = WORDS.get(name)
    if word is None:
        return None if gap else _unknown(line, name)
    if not word.wired:
        return _fault(line, f"/{name} is not available in this version", _forms_of(None))
    if gap:
        return _fault(line, "the word follows the mark at once", word.forms[0])
    return _known(line, word, line[marked.end() :])


def _dressed(line: str) -> Fault | None:
    """Return what is wrong with a command in bold, in a list or in quotes; None for text.

    A mail program made it so, and what stands behind `/note` must not go to the customer.
    """
    bare = _DRESSED.sub("", line.translate(_ALIKE), count=1)
    marked = _MARKED.match(bare)
    if marked is None or marked[1]:
        return None
    name = re.split(r"[\W_]", marked[2].lower(), maxsplit=1)[0]
    if name not in WORDS:
        return None
    return _fault(line, f"something stands around /{name}", WORDS[name].forms[0])


def _below(lines: Sequence[str]) -> Fault | None:
    """Return the first of these lines that was meant as a command, well written or not.

    Also in a list. What stands behind the word may be a remark that nobody outside is to read.
    """
    for raw in lines:
        line = _LISTED.sub("", raw.translate(INVISIBLE), count=1).strip()
        marked = _MARKED.match(line)
        if marked is None and _dressed(line) is not None:
            return _fault(line, _BELOW, "the same line at the very top, or other words")
        if marked is None or marked[1]:
            continue
        name = marked[2].lower()
        if name in WORDS or (_head(name) or _much_like(name)) is not None:
            return _fault(line, _BELOW, "the same line at the very top, or other words")
    return None


def _known(line: str, word: Word, rest: str) -> Command | Fault:
    if rest.startswith((":", "：")):
        argument, note = "", rest[1:].strip()
    elif word.free:
        argument, note = "", rest.strip()
    else:
        mark = _NOTE_MARK.search(rest)
        argument = (rest[: mark.start()] if mark else rest).strip()
        note = rest[mark.end() :].strip() if mark else ""
    try:
        return Command(word.name, word.read(argument), note)
    except Refused as refusal:
        return _fault(line, f"/{word.name}: {refusal}", " or ".join(word.forms))


def _unknown(line: str, name: str) -> Fault | None:
    """Return the fault of a word that stands in no table, or None where it is likely no word.

    `#42` and `/usr/bin` are text; `/resolve.` and `/note2` were meant as commands.
    """
    if (head := _head(name)) is not None:
        right = _forms_of(head if WORDS[head].wired else None)
        return _fault(line, f"something stands behind /{head}", right)
    if _WORD.fullmatch(name):
        reason = f"there is no command /{name[:_LONGEST_WORD]}"
    elif _much_like(name) is not None:
        reason = f"{name!r} is not a command, but much like one"
    else:
        return None
    return _fault(line, reason, _forms_of(nearest(name, [word.name for word in _wired()])))


def _head(name: str) -> str | None:
    """Return the command that a word begins with, before a sign that is none of a path."""
    head = re.split(r"[\W_]", name, maxsplit=1)[0]
    return head if head in WORDS and len(head) < len(name) and name[len(head)] not in "/-" else None


def _much_like(name: str) -> str | None:
    """Return the command that a word was surely meant to be, if any."""
    meant = nearest(name, list(WORDS))
    sure = meant is not None and difflib.SequenceMatcher(None, name, meant).ratio() >= _SURE
    return meant if sure else None


def _forms_of(name: str | None) -> str:
    """Return how a command is written; without a name, the commands that there are."""
    if name is None:
        return ", ".join(f"/{word.name}" for word in _wired())
    return " or ".join(WORDS[name].forms)


def _wired() -> list[Word]:
    return [word for word in WORDS.values() if word.wired]


def _fault(line: str, reason: str, right_form: str) -> Fault:
    return Fault(line[:_LONGEST_SHOWN], reason[:_LONGEST_SHOWN], right_form)
