"""Returned mail that says so in words only: qmail, Exim, Exchange, Domino, Yahoo, QQ and others.

What a delivery status (RFC 3464) says comes first, see `report`. Without one, and only if the mail
looks like one of a mail system, flufl.bounce looks for the recipients, and one pass over the text
finds the status codes beside them and the Message-ID of the mail that was returned. The result is
a `Report` of the same shape, whose `source` says that it was read out of prose.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import compat32
from itertools import pairwise

from flufl.bounce import all_failures

from mailgate.mail import headers, openings, report
from mailgate.mail.guard import guard
from mailgate.mail.parts import Part
from mailgate.mail.report import Outcome, Report, Source

Headers = Mapping[str, tuple[str, ...]]

_DAEMON = re.compile(r"(?:mail(?:er)?-?|m)daemon@", re.IGNORECASE)
_BARE_DAEMON = re.compile(r"[\s<\"]{0,5}mailer-daemon\b", re.IGNORECASE)
_OTHER_REPORT = re.compile(r"report-type\s*=\s*\"?(?!delivery-status)\w")
_SYSTEM_NAME = re.compile(
    r"[\s<\"]{0,5}(?:(?:internet )?mail delivery (?:sub)?system|mail delivery service"
    r"|system administrator)\b",
    re.IGNORECASE,
)

_LARGEST = 32_768  # octets, or characters, looked at
_LONGEST_LINE = 500  # characters; the expressions of flufl.bounce are quadratic in a line
_LONG_LINE = re.compile(rb"([^\n]{%d})[^\n]*+" % _LONGEST_LINE)
_MOST_RECIPIENTS = 100
_NESTING = re.compile(rb"multipart/|message/", re.IGNORECASE)
_MOST_NESTED = 20

_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^{|}~-]{1,64}@\w[\w-]{0,62}(?:\.\w[\w-]{0,62}){1,8}")
_EDGE = " \t<>\"'*.,;-"

# What stands between the words of the mail system and the mail that it returns.
_RETURNED = re.compile(
    r"[\s>*|=_#-]{0,80}(?:"
    r"below (?:this|the next) line is a copy"
    r"|(?:(?:this|here|included|attached) is|a) (?:a )?copy of (?:the|your) (?:original )?message"
    r"|(?:unsent|original|old) (?:message|mail)(?: text| headers?| details)? ?"
    r"(?:follows|below|[-=:*]|$)|returned mail follows"
    r"|(?:the )?(?:message )?headers? (?:of the original message )?(?:is |are )?follow"
    r"|here is your returned mail|start of returned message|message text follows"
    r"|your message reads"
    r"|(?:return-path|received|message-id|mime-version|dkim-signature):)",
    re.IGNORECASE,
)
_MESSAGE_ID = re.compile(r"[\s>|]{0,5}message-id:(.*)", re.IGNORECASE)
_STILL_TRIED = re.compile(
    r"this is a warning message only|(?:do not|don't) need to resend|no action is required on your"
    r"|will (?:retry|keep trying|continue (?:to try|trying|to attempt))|still being re?tried"
    r"|has not yet been delivered|delivery attempts will continue",
    re.IGNORECASE,
)


def daemon(authors: Iterable[str], from_: Iterable[str]) -> str | None:
    """Return the address, or the raw From, of a mail system that calls itself a daemon."""
    return next(
        (f"from: {address}" for address in authors if _DAEMON.match(address)), None
    ) or next((f"from: {value}" for value in from_ if _BARE_DAEMON.match(value)), None)


def system(authors: Sequence[str], from_: Sequence[str]) -> str | None:
    """Return by what the author of a mail, or the lack of one, shows to be a mail system."""
    if found := daemon(authors, from_):
        return found
    postmaster = (a for a in authors if a.lower().startswith("postmaster@"))
    named = (value for value in from_ if _SYSTEM_NAME.match(value))
    for value in (*postmaster, *named):
        return f"from: {value}"
    return None if authors else "without an author"


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail as far as it was read; `authors` as in From and Reply-To, `lines` of its text."""

    raw: bytes
    leaves: tuple[Part, ...]
    headers: Headers
    subject: str
    authors: tuple[str, ...]
    lines: Sequence[str]


def read(letter: Letter, notes: list[str]) -> Report | None:
    """Return what a delivery status says, or else what a mail system's own words do."""
    standard = report.read(letter.raw, letter.leaves)
    if (standard is not None and standard.outcomes) or not _announced(letter):
        return standard
    prose = _prose(letter, notes)
    return prose if prose is not None and prose.outcomes else standard or prose


def _announced(letter: Letter) -> bool:
    """Tell whether a mail looks like returned mail, so that its words may be taken so.

    A report, a list of failed recipients or a daemon says so by itself; a postmaster, and whoever
    else, by the subject.
    """
    subject = letter.subject
    if openings.auto_reply(subject):
        return False
    kind = letter.headers.get("content-type", ("",))[0].lower()
    return (
        (kind.startswith("multipart/report") and _OTHER_REPORT.search(kind) is None)
        or "x-failed-recipients" in letter.headers
        or daemon(letter.authors, letter.headers.get("from", ())) is not None
        or (openings.undelivered(subject) or openings.delay(subject)) is not None
    )


def _prose(letter: Letter, notes: list[str]) -> Report | None:
    lines = tuple(_bounded(letter.lines))
    until = next((n for n, line in enumerate(lines) if _RETURNED.match(line)), len(lines))
    ours = _ADDRESS.findall(" ".join(letter.headers.get("to", ())))
    told = _Told(frozenset(each.lower() for each in (*letter.authors, *ours)))
    for line in lines[:until]:
        told.take(line)
    tried = openings.delay(letter.subject) or any(map(_STILL_TRIED.search, lines[:until]))
    waiting, gone = _by_the_library(letter, notes)
    named = " ".join(letter.headers.get("x-failed-recipients", ()))[:_LARGEST]
    gone = [*_ADDRESS.findall(named), *gone]
    recipients = tuple({a.lower(): a for a in (*gone, *waiting)}.values()) or told.recipients()
    outcomes = tuple(
        told.of(each, tried=bool(tried) or (each in waiting and each not in gone))
        for each in recipients[:_MOST_RECIPIENTS]
    )
    original = report.returned_id(letter.raw, letter.leaves) or _returned_id(lines)
    if not outcomes and original is None:
        return None
    return report.of(outcomes, original, Source.TEXT)


def _bounded(lines: Iterable[str]) -> Iterator[str]:
    left = _LARGEST
    for line in lines:
        left -= len(line) + 1
        if left < 0:
            return
        yield line[: report.LONGEST_DIAGNOSTIC]


@dataclass(slots=True)
class _Told:
    """What the lines said so far: of whom, and with which code.

    `others`, in lower case, are between whom the bounce goes: the mail did not fail to reach them.
    """

    others: frozenset[str]
    codes: dict[str, tuple[str, str]] = field(default_factory=dict)  # by address in lower case
    listed: dict[str, None] = field(default_factory=dict)
    last: str = ""

    def take(self, line: str) -> None:
        """Read one line; a code belongs to the address on its line, or to the last one before."""
        found = next((a for a in _ADDRESS.finditer(line) if a[0].lower() not in self.others), None)
        if found is not None:
            self.last = found[0]
            before, after = line[: found.start()].strip(_EDGE), line[found.end() :].lstrip(_EDGE)
            if (not before or before.endswith((":", "："))) and (not after or after[0] in "(:["):
                self.listed.setdefault(self.last)
        code = report.code(line)
        if code:
            known = self.codes.get(self.last.lower(), ("", ""))[0]
            if not known or (known.endswith(".0.0") and not code.endswith(".0.0")):
                self.codes[self.last.lower()] = (code, line.strip())
                self.listed.setdefault(self.last)

    def recipients(self) -> tuple[str, ...]:
        """Return those who were named with a code; without any, those who stand by themselves."""
        named = tuple(filter(None, self.listed))
        coded = tuple(each for each in named if each.lower() in self.codes)
        return coded or named or tuple(self.listed)

    def of(self, recipient: str, *, tried: bool) -> Outcome:
        """Return what became of a recipient; the first status stands in for a missing one.

        Whatever words go with it, a permanent status means that it is not `tried` any more.
        """
        first = next(iter(self.codes.values()), ("", ""))
        status, diagnostic = self.codes.get(recipient.lower(), first)
        action = "delayed" if tried and not status.startswith("5.") else "failed"
        return Outcome(action, status, recipient, diagnostic)


def _by_the_library(letter: Letter, notes: list[str]) -> tuple[list[str], list[str]]:
    """Return the recipients still tried, and those failed, as flufl.bounce finds them.

    It gets the beginning of the mail in short lines, and always a From, for it fails without one;
    nothing of a mail nested as no bounce is, over which the standard library's parser takes long.
    """
    head = letter.raw[:_LARGEST]
    if len(_NESTING.findall(head)) > _MOST_NESTED:
        return [], []

    def call() -> tuple[list[str], list[str]]:
        mail = message_from_bytes(_LONG_LINE.sub(rb"\1", head), policy=compat32)
        del mail["from"]
        mail["From"] = next(filter(None, letter.authors), "mailer-daemon@localhost")
        temporary, permanent = all_failures(mail)
        return _addresses(temporary), _addresses(permanent)

    return guard("looking for returned mail", call, lambda: ([], []), notes)


def _addresses(found: Iterable[bytes]) -> list[str]:
    decoded = (each.decode("ascii", "replace") for each in sorted(found))
    return [each for each in decoded if _ADDRESS.fullmatch(each)]


def _returned_id(lines: Sequence[str]) -> str | None:
    """Return the first Message-ID in the text, on the line of its name or folded to the next."""
    found = (
        match[1].strip() or following.lstrip(" \t>|")
        for line, following in pairwise((*lines, ""))
        if (match := _MESSAGE_ID.match(line))
    )
    return next(headers.message_ids(found), None)
