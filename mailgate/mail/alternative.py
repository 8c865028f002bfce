"""A quote that the plain form of a mail hides and its HTML shows.

Some programs write the plain form of a reply without any sign of where the quote begins. Where
nothing in the plain text was found to be quote, the HTML beside it is asked: if what is new there
stands above the quote, and the plain text begins with the same letters, the quote begins after
them. In any other case the plain text is left alone.
"""

import re
from collections.abc import Sequence

from mailgate.mail import body, html, layout
from mailgate.mail.body import Division
from mailgate.mail.prescan import Limits
from mailgate.mail.texts import Texts

_NO_LETTERS = re.compile(r"[\W_]+")


def divide(text: Texts, limits: Limits, *, reply: bool, forwarded: bool) -> Division:
    """Return what is new in `text`; the arguments are those of `body.divide`."""
    divided = body.divide(text.lines, text.cues, reply=reply, forwarded=forwarded)
    if not reply or forwarded or text.html is None or text.cues.strip(layout.NONE):
        return divided
    if divided.reply != "\n".join(text.lines).strip():
        return divided
    page = html.render(text.html, limits, [])  # what is too much in it was noted when it was read
    shown = body.divide(page.lines, page.cues, reply=True)
    at = _ending(_letters(shown.reply), _letters("\n".join(page.lines)), text.lines)
    if at is None:
        return divided
    return body.divide(text.lines, layout.NONE * at + layout.CUT, reply=reply)


def _ending(new: str, whole: str, lines: Sequence[str]) -> int | None:
    """Return the line after which `lines` have said `new`, None when the two do not agree.

    `whole` is what the HTML says: `new` must be the beginning of it and not all.
    """
    if not new or len(new) == len(whole) or not whole.startswith(new):
        return None
    said = 0
    for at, line in enumerate(lines):
        letters = _letters(line)
        if said == len(new) and letters:
            return at
        if not new.startswith(letters, said):
            return None
        said += len(letters)
    return None


def _letters(text: str) -> str:
    return _NO_LETTERS.sub("", text)
