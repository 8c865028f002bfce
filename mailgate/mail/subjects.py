"""What a mail calls its matter, without what programs and tickets have put around it."""

import re
from collections.abc import Callable

from mailgate.mail import headers, plain
from mailgate.mail.prescan import DEFAULTS, prescan
from mailgate.mail.wording import bare_subject

_PREFIX = re.compile(r"\s*\[?\w{1,10}(?:\[\d{1,3}\])?\s?[::]\s*")  # Re:, AW[2]:, 回复:
_MOST_PREFIXES = 10


def matter(raw: bytes, numbers: Callable[[str], tuple[str, ...]]) -> str:
    """Return the subject of a mail without marks of an answer and ticket numbers; it may be empty.

    `numbers` finds those in a text: one that is left would lead answers to its ticket.
    """
    scan = prescan(raw[: DEFAULTS.header_block], DEFAULTS)
    written = (field.value for field in scan.fields if field.name == "subject")
    subject = headers.text(next(written, b""), label=scan.charset)
    subject = plain.one_line(subject, DEFAULTS.subject)
    for number in numbers(subject):
        spelt = re.compile(rf"\[?\s*#?{re.escape(number)}\s*\]?", re.IGNORECASE)
        subject = spelt.sub(" ", subject)
    if numbers(subject):  # in signs that look like others
        return ""
    return bare_subject(" ".join(subject.split()), "")


def base_subject(subject: str) -> str:
    """Return a subject without what mail programs put before it, to compare."""
    for _ in range(_MOST_PREFIXES):
        prefix = _PREFIX.match(subject)
        if prefix is None or prefix.end() == len(subject):
            break
        subject = subject[prefix.end() :]
    return " ".join(subject.split()).casefold()
