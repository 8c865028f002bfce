"""The mails in golden_notices/: every notice as it leaves, in each language, whole.

Write them anew, after a look at what changes, with `python -m tests.mail.golden_notices`. Besides
our own code, a new version of Jinja or css-inline may be what has changed them.
"""

from collections.abc import Iterator
from pathlib import Path

from mailgate.domain.notices import NOTICES
from mailgate.mail.compose import compose
from mailgate.mail.render import Renderer
from mailgate.mail.sample import full
from tests.mail.composing import FRAME

GOLDEN = Path(__file__).parent / "golden_notices"
RENDERER = Renderer([Path(__file__).parents[2] / "templates" / "mail"])
OF_OURS = {
    "agent_reply",
    "answered",
    "waiting",
    "resolved",
    "undelivered",
}  # these show what the desk said


def notices() -> Iterator[tuple[str, bytes]]:
    """Yield (file name, mail)."""
    for language in RENDERER.locales:
        for notice in NOTICES:
            role = "customer" if NOTICES[notice].customers else "agent"
            context = full(role, "system" if notice in OF_OURS else "client")
            rendered = RENDERER.render(notice, language, context)
            yield f"{language}-{notice}.eml", compose(rendered, FRAME)


if __name__ == "__main__":
    for name, mail in notices():
        (GOLDEN / name).write_bytes(mail)
