"""Agents who work in the shared mailbox itself, by IMAP, in mutt and in s-nail."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from tests.peers import agent, mutt
from tests.peers.dovecot import PASSWORD
from tests.peers.mutt import in_a_terminal
from tests.peers.places import LOOPBACK
from tests.peers.presence import need


@dataclass(frozen=True, slots=True)
class Post:
    """The mailbox of an address, and the server that takes its mail; `home` is an empty folder."""

    address: str
    imap_port: int
    smtp_port: int
    home: Path


_MUTT = """
set folder = "imap://{host}:{imap}/"
set spoolfile = "imap://{host}:{imap}/INBOX"
set record = "imap://{host}:{imap}/Sent"
set imap_user = "{address}"
set imap_pass = "{password}"
set imap_authenticators = "login"
set smtp_url = "smtp://{host}:{smtp}"
set from = "{address}"
set realname = "Alice Adams"
set hostname = "laptop.example"
set use_from = yes
set use_envelope_from = yes
set ssl_starttls = no
set ssl_force_tls = no
set editor = "{home}/editor"
set include = yes
set fast_reply = yes
set abort_unmodified = no
set abort_nosubject = no
set copy = yes
set confirmappend = no
set confirmcreate = no
set move = no
set delete = yes
set quit = yes
set header_cache = ""
set charset = utf-8
set send_charset = utf-8
unset mark_old
push "<first-entry>{keys}<quit>"
"""


class Mutt:
    """Sends by SMTP, and puts a copy into Sent; moves by COPY, a mark and EXPUNGE."""

    def __init__(self, post: Post) -> None:
        self._post = post

    def answer(self, text: str) -> None:
        """Answer the first mail of the INBOX, with what it says as a quote."""
        words, editor = self._post.home / "words", self._post.home / "editor"
        words.write_text(f"{text}\n\n", encoding="utf-8")
        editor.write_text(f'#!/bin/sh\ncat "{words}" "$1" > "$1.new" && mv "$1.new" "$1"\n')
        editor.chmod(0o700)
        self._press("<reply><send-message>")

    def drag(self, folder: str) -> None:
        """Move the first mail of the INBOX."""
        named = folder.replace(" ", "<space>")
        self._press(f"<save-message><kill-line>={named}<enter>")

    def _press(self, keys: str) -> None:
        post, rc = self._post, self._post.home / "rc"
        rc.write_text(
            _MUTT.format(
                host=LOOPBACK,
                imap=post.imap_port,
                smtp=post.smtp_port,
                address=post.address,
                password=PASSWORD,
                home=post.home,
                keys=keys,
            )
        )
        program = str(need(mutt.NAME, "mutt"))
        code, screen = in_a_terminal([program, "-n", "-F", str(rc)], post.home)
        assert code == 0, f"mutt ended with {code}; its screen:\n{screen}"


class Snail:
    """Sends by SMTP, and puts a copy into Sent; moves by APPEND and EXPUNGE."""

    def __init__(self, post: Post) -> None:
        self._post = post

    def answer(self, text: str) -> None:
        """Answer the first mail of the INBOX, with what it says as a quote."""
        self._type("Reply 1", *text.splitlines(), "", "~Q", "~.")

    def drag(self, folder: str) -> None:
        """Move the first mail of the INBOX."""
        self._type(f"move 1 '{self._url(folder)}'")

    def _url(self, folder: str) -> str:
        post = self._post
        return (
            f"imap://{quote(post.address, safe='')}:{PASSWORD}@{LOOPBACK}:{post.imap_port}/{folder}"
        )

    def _type(self, *lines: str) -> None:
        post = self._post
        chosen = {
            "v15-compat": "",
            "mta": f"smtp://{LOOPBACK}:{post.smtp_port}",
            "smtp-auth": "none",
            "imap-auth": "login",
            "from": f"Alice Adams <{post.address}>",
            "hostname": "laptop.example",
            "record": self._url("Sent"),
            "sendwait": "",
            "dot": "",
            "fullnames": "",
            "indentprefix": "> ",
            "ttycharset": "utf-8",
            "sendcharsets": "utf-8",
            "showname": "",
            "errexit": "",
        }
        options = [f"-S{name}={value}" if value else f"-S{name}" for name, value in chosen.items()]
        program = need(agent.NAME, "s-nail")
        done = subprocess.run(
            [program, "-:/", "-#", *options, "-f", self._url("INBOX")],
            input="\n".join([*lines, "quit", ""]),
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": os.environ["PATH"], "HOME": str(post.home), "LC_ALL": "C.UTF-8"},
            timeout=60,
        )
        assert done.returncode == 0, f"s-nail: {done.stdout}\n{done.stderr}"
