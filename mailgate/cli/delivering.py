"""`mailgate deliver`: one mail through a pipe, with the exit codes that mail servers know.

Zero means stored. Whatever is our own trouble is 75, so that the mail server keeps the mail and
tries again; nothing is bounced because of it.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from mailgate.cli.ending import ending, say
from mailgate.cli.opening import opened
from mailgate.cli.options import ConfigFile
from mailgate.cli.program import command

if TYPE_CHECKING:
    from mailgate.app import App
    from mailgate.mail.parse import ParsedMail

# sysexits.h
EX_USAGE, EX_DATAERR, EX_NOINPUT, EX_NOUSER, EX_TEMPFAIL = 64, 65, 66, 67, 75

_TRANSPORT = ("delivered-to", "x-original-to")  # written by the mail server, the envelope's words
_READS = ("/", "./", "../")


class Pipe(TyperCommand):
    """A command whose misuse ends with EX_USAGE instead of typer's 2."""

    def make_context(self, *args: Any, **settings: Any) -> Any:
        """Read the command line."""
        try:
            return super().make_context(*args, **settings)
        except Exception as error:
            if getattr(error, "exit_code", 0):
                error.exit_code = EX_USAGE  # type: ignore[attr-defined]  # usage errors bear their code
            raise


@command(
    "deliver",
    "mailgate deliver < mail.eml",
    "mailgate deliver --from customer@example.com --to support@desk.example mail.eml",
    'in /etc/aliases:  support: "|mailgate deliver --config /var/lib/mailgate/config.toml"',
    cls=Pipe,
)
def deliver(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE|RECIPIENT", help="The mail, - or nothing: stdin; and for whom it is."
        ),
    ] = None,
    sender: Annotated[
        str | None,
        typer.Option("--from", metavar="ADDRESS", help="Envelope sender; else Return-Path."),
    ] = None,
    to: Annotated[
        list[str] | None,
        typer.Option("--to", metavar="ADDRESS", help="Envelope recipient; may be given again."),
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Store one mail, from stdin or a file.

    The gateway, or the next tick, processes it. Without recipients those in Delivered-To,
    X-Original-To, To or Cc that belong to the desk
    count, else the desk's own address. Ends as sysexits.h says: 0 stored, 64 the command was not
    understood, 65 the mail is empty or too large, 66 there is no such file, 67 no recipient is
    ours, 75 not now, also for want of a configuration that can be used: try again.
    """
    files = [word for word in words or () if "@" not in word or word.startswith(_READS)]
    named = [word for word in words or () if word not in files] + (to or [])
    if len(files) > 1:
        say(f"one mail at a time, not {len(files)}: an argument without @ is a file")
        raise typer.Exit(EX_USAGE)
    with _as_a_mail_server_expects(), opened(config) as app:
        raw = _read(files[0] if files else "-", app.config.inbound.max_size)
        _store(app, raw, sender, named)


@contextmanager
def _as_a_mail_server_expects() -> Iterator[None]:
    """Make every trouble of ours EX_TEMPFAIL, also that somebody pressed Ctrl-C.

    A slip in the configuration too: for EX_CONFIG mail servers bounce the mail.
    """
    try:
        with ending(refused=EX_TEMPFAIL, fault=EX_TEMPFAIL, configuration=EX_TEMPFAIL):
            yield
    except (KeyboardInterrupt, typer.Abort):
        raise typer.Exit(EX_TEMPFAIL) from None


def _read(place: str, most: int) -> bytes:
    """Return the mail, at most one octet more than may be."""
    if place == "-":
        raw = sys.stdin.buffer.read(most + 1)
    else:
        try:
            with Path(place).open("rb") as file:
                raw = file.read(most + 1)
        except OSError as error:
            say(f"{place}: {(error.strerror or str(error)).lower()}")
            raise typer.Exit(EX_NOINPUT) from None
    if not raw.strip():
        say("the mail is empty")
        raise typer.Exit(EX_DATAERR)
    if len(raw) > most:
        say(f"the mail is larger than {most} octets, which [inbound] max_size allows")
        raise typer.Exit(EX_DATAERR)
    return raw


def _store(app: "App", raw: bytes, sender: str | None, named: Sequence[str]) -> None:
    from mailgate.app import now
    from mailgate.mail.parse import parse

    postmark, raw = _without_postmark(raw)
    mail = parse(raw, now())
    ours = [address for address in named if app.route(address) is not None]
    for address in named:
        if address not in ours:
            say(f"{address} is no address of this desk ({', '.join(app.config.desk_addresses)})")
    if named and not ours:
        raise typer.Exit(EX_NOUSER)
    recipients = ours or _recipients(app, mail) or [app.config.desk.address]
    app.keep(raw, _sender(sender, mail, postmark), recipients, "pipe")


def _without_postmark(raw: bytes) -> tuple[str, bytes]:
    """Return the sender in a leading `From ` line, which is of the mailbox and not of the mail."""
    if not raw.startswith(b"From "):
        return "", raw
    line, _, rest = raw.partition(b"\n")
    words = line.decode("utf-8", "replace").split()
    return words[1] if len(words) > 1 else "", rest


def _sender(given: str | None, mail: "ParsedMail", postmark: str) -> str:
    """Return the envelope sender; empty (the null path) only where somebody says so."""
    if given is None:
        said = (*mail.headers.get("return-path", ()), postmark)
        given = next((path for path in said if path), mail.strict_from or "")
    bare = given.strip().removeprefix("<").removesuffix(">")
    return "" if bare.upper() == "MAILER-DAEMON" else bare


def _recipients(app: "App", mail: "ParsedMail") -> list[str]:
    """Return the desk's addresses for which the mail came, as far as its header tells."""
    written = [value.strip("<> ") for name in _TRANSPORT for value in mail.headers.get(name, ())]
    named = [mailbox.address for mailbox in (*mail.to, *mail.cc)]
    for addresses in (written, named):
        ours = [address for address in addresses if app.route(address) is not None]
        if ours:
            return list(dict.fromkeys(ours))
    return []
