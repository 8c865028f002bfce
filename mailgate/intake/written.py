"""What somebody of the staff wrote, in the text of a mail and in the HTML beside it.

Programs write both, and what the one holds may be missing from the other. The commands are those
of the text: where the HTML holds others, nobody can tell what was meant.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from urllib.parse import unquote

from mailgate.domain.commands import Fault, Script, read
from mailgate.mail import formatted
from mailgate.mail.parsed import ParsedMail

DIFFERS = Fault(
    "",
    "its text and the HTML beside it do not hold the same commands",
    "the commands on short lines of their own at the top, or a mail of text alone",
)
_LED_TO = re.compile(r"<[a-z]+:[^<>\s]*>")
_NO_LETTERS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Written:
    """The words of a mail below its commands, and the HTML that shows just these, if there is any.

    `differs`: the HTML holds other commands than the text.
    """

    text: str
    html: str | None
    differs: bool


def written(mail: ParsedMail, signed: Callable[[str], object]) -> Written:
    """Compare the two forms of a mail; `signed` tells whether HTML holds what we signed for staff.

    Such HTML does not go out, since the text that shows no link does not show its address either.
    """
    script = read(mail.new_text)
    page = None if mail.degraded else formatted.new_text(mail)
    if page is None:
        return Written(script.text, None, differs=False)
    shown = read(page)
    if _asked(script) != _asked(shown):
        return Written(script.text, None, differs=True)
    html = formatted.cut(mail, shown.text, script.text)
    if html and (signed(unescape(html)) or signed(unquote(unescape(html)))):
        html = None
    return Written(script.text, html, differs=False)


def _asked(script: Script) -> tuple[object, ...]:
    """Return what is asked for, so that it can be compared, and how much of it is wrong."""
    return (
        *((command.name, command.argument, _letters(command.note)) for command in script.commands),
        len(script.faults),
    )


def _letters(note: str) -> str:
    """Return what two programs agree on in one line: they write links in different ways."""
    return _NO_LETTERS.sub("", _LED_TO.sub("", note))
