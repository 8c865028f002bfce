"""An agent who answers a notification in mutt, as in a terminal: real keys, a real editor."""

import contextlib
import mailbox
import os
import pty
import subprocess
import tempfile
from collections.abc import Sequence
from email.message import EmailMessage
from pathlib import Path

from tests.peers.agent import Agent
from tests.peers.places import LOOPBACK
from tests.peers.presence import need

NAME = "mutt"

_SETTINGS = """
set mbox_type = Maildir
set folder = "{home}"
set from = "{address}"
set realname = "{name}"
set use_from = yes
set use_envelope_from = yes
set hostname = "{domain}"
set smtp_url = "smtp://{host}:{port}"
set ssl_starttls = no
set ssl_force_tls = no
set editor = "{editor}"
set include = {quote}
set fast_reply = yes
set reply_to = yes
set abort_unmodified = no
set abort_nosubject = no
set copy = no
set move = no
set delete = no
set quit = yes
set postpone = no
set header_cache = ""
set charset = utf-8
set send_charset = utf-8
set attribution = "On %d, %n wrote:"
unset mark_old
push "<first-entry><{verb}>{attach}<send-message><quit>"
"""

# What the person types: their words above what mutt quotes.
_EDITOR = '#!/bin/sh\ncat "{words}" "$1" > "$1.new" && mv "$1.new" "$1"\n'


class MuttAgent(Agent):
    """The same person as `Agent`, who answers in mutt; `forward` stays s-nail's."""

    def reply(
        self,
        mail: EmailMessage,
        text: str,
        *,
        quote: bool = True,
        everybody: bool = False,
        attach: Sequence[Path] = (),
    ) -> None:
        """Answer `mail` with `text` above its quote; `everybody` by mutt's group reply."""
        program = need(NAME, "mutt")
        with tempfile.TemporaryDirectory(prefix="mg-mutt-") as home:
            folder = Path(home)
            mailbox.Maildir(folder / "one", create=True).add(mail.as_bytes())
            words, editor, rc = (folder / name for name in ("words", "editor", "rc"))
            words.write_text(f"{text}\n\n", encoding="utf-8")
            editor.write_text(_EDITOR.format(words=words))
            editor.chmod(0o700)
            verb = "group-reply" if everybody else "reply"
            keys = "".join(f"<attach-file>{path}<enter>" for path in attach)
            rc.write_text(self._rc(folder, verb, keys, quote=quote), encoding="utf-8")
            code, screen = in_a_terminal(
                [str(program), "-n", "-F", str(rc), "-f", str(folder / "one")], folder
            )
        assert code == 0, f"mutt ended with {code}; its screen:\n{screen}"

    def _rc(self, home: Path, verb: str, attach: str, *, quote: bool) -> str:
        name = self.from_.partition(" <")[0] if "<" in self.from_ else ""
        return _SETTINGS.format(
            address=self.address,
            name=name,
            domain=self.address.rpartition("@")[2],
            host=LOOPBACK,
            port=self.port,
            home=home,
            editor=home / "editor",
            verb=verb,
            attach=attach,
            quote="yes" if quote else "no",
        )


def in_a_terminal(command: list[str], home: Path) -> tuple[int, str]:
    """Run a full-screen program to its end; a refused mail leaves mutt waiting, so not for long."""
    ours, theirs = pty.openpty()
    limited = [str(need(NAME, "timeout")), "--foreground", "--kill-after=1", "20", *command]
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "TERM": "xterm", "LC_ALL": "C.UTF-8"}
    with subprocess.Popen(
        limited, stdin=theirs, stdout=theirs, stderr=theirs, env=env, start_new_session=True
    ) as running:
        os.close(theirs)
        screen = bytearray()
        with contextlib.suppress(OSError):  # the terminal is gone when the program has ended
            while said := os.read(ours, 65536):
                screen += said
        os.close(ours)
    return running.returncode, screen.decode("utf-8", "replace")
