"""The mail that somebody passes on: attached whole, or copied into the text below its header.

Only one mail is looked for, and only by somebody whose word for it will do: what stands in the
text was typed, or could have been.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mailgate.errors import Refused
from mailgate.mail import plain, quotes
from mailgate.mail.address import normalise
from mailgate.mail.parsed import ParsedMail

_MOST_LINES = 500  # above the header of the copied mail
_HEADER_LINES = 15  # that such a header may take, blank ones among them
_LONGEST_LABEL = 40
_LONGEST_VALUE = 1000
_LONGEST_NAME = 255
_ADDRESS = re.compile(r"[^\s<>()\[\]\"',;:@]{1,64}@[^\s<>()\[\]\"',;:@]{1,255}")
_MARKS = re.compile(r"[\s>|]{0,20}")


@dataclass(frozen=True, slots=True)
class Forwarded:
    """The mail within: its sender (normalised) with name, subject, text and id, as far as known.

    `comment` is what was written above it by whoever passed it on.
    """

    sender: str
    name: str
    subject: str
    text: str
    message_id: str | None
    comment: str


def attached(mail: ParsedMail) -> tuple[str, ...]:
    """Return the paths of the mails that `mail` has attached."""
    return tuple(file.part for file in mail.attachments if file.type == "message/rfc822")


def read(mail: ParsedMail, parsed: Callable[[str], ParsedMail]) -> Forwarded | None:
    """Return the one mail that `mail` passes on, or None where there is none beyond doubt.

    `parsed` reads the mail that is attached at a path; beside a copied one it is a file of that.
    """
    copied = None
    if quotes.FORWARD.match(mail.subject.lower()):
        copied = _copied(mail.text.split("\n"))
    paths = attached(mail)
    if copied is None and len(paths) == 1:
        inner = parsed(paths[0])
        if inner.strict_from is None:
            return None
        name = inner.from_[0].name
        text = inner.text
        return Forwarded(
            inner.strict_from, name, inner.subject, text, inner.message_id, mail.new_text
        )
    return copied


def _copied(lines: Sequence[str]) -> Forwarded | None:
    for at, line in enumerate(lines[:_MOST_LINES]):
        if _label(line)[0] == "from":
            return _below(lines, at)
    return None


def _below(lines: Sequence[str], at: int) -> Forwarded | None:
    """Return the mail whose copied header begins at line `at`: From, and a date or a subject."""
    values: dict[str, str] = {}
    end = at
    for n in range(at, min(len(lines), at + _HEADER_LINES)):
        kind, value = _label(lines[n])
        if kind:
            values.setdefault(kind, value)
            end = n + 1
        elif _MARKS.sub("", lines[n], count=1):
            break
    sender, name = _mailbox(values["from"])
    if sender is None or not values.keys() & {"sent", "subject"}:
        return None
    text = "\n".join(lines[end:]).strip()
    subject = plain.one_line(values.get("subject", ""))
    return Forwarded(sender, name, subject, text, None, _comment(lines[:at]))


def _label(line: str) -> tuple[str, str]:
    """Return what a line of a copied header names, and its value; both empty for other lines."""
    bare = _MARKS.sub("", line, count=1).replace("：", ":")
    head, colon, value = bare[:_LONGEST_VALUE].partition(":")
    if not colon or len(head) > _LONGEST_LABEL:
        return "", ""
    return quotes.LABELS.get(head.strip(" *_\xa0").lower(), ""), value.strip(" *_\xa0")


def _mailbox(value: str) -> tuple[str | None, str]:
    found = _ADDRESS.search(value)
    if found is None:
        return None, ""
    name = value[: found.start()].removesuffix("mailto:").strip(" \t\"'<([*")
    try:
        return normalise(found[0]), plain.one_line(name, _LONGEST_NAME)
    except Refused:
        return None, ""


def _comment(lines: Sequence[str]) -> str:
    """Return the text above, without the line that announces the mail."""
    kept = "\n".join(lines).rstrip().split("\n")
    last = kept[-1].strip(" -_*>").lower().rstrip(" :：")
    if last in quotes.FORWARDS or last in quotes.ORIGINALS or not last:
        kept.pop()
    return "\n".join(kept).strip()
