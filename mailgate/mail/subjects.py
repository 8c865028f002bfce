"""What a mail calls its matter, without what programs and tickets have put around it."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

from mailgate.mail.prescan import DEFAULTS
from mailgate.mail.skim import skim
from mailgate.mail.wording import bare_subject

_ANY_TIME = datetime.max.replace(tzinfo=UTC)


def matter(raw: bytes, numbers: Callable[[str], tuple[str, ...]]) -> str:
    """Return the subject of a mail without marks of an answer and ticket numbers; it may be empty.

    `numbers` finds those in a text: one that is left would lead answers to its ticket.
    """
    subject = skim(raw, _ANY_TIME, DEFAULTS).subject
    for number in numbers(subject):
        spelt = re.compile(rf"\[?\s*#?{re.escape(number)}\s*\]?", re.IGNORECASE)
        subject = spelt.sub(" ", subject)
    if numbers(subject):  # in signs that look like others
        return ""
    return bare_subject(" ".join(subject.split()), "")
