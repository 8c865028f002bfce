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

from mailgate.cli import envelope
from mailgate.cli.ending import ending, say
from mailgate.cli.opening import opened
from mailgate.cli.options import ConfigFile
from mailgate.cli.program import command

if TYPE_CHECKING:
    from mailgate.app import App

# sysexits.h
EX_USAGE, EX_DATAERR, EX_NOINPUT, EX_NOUSER, EX_TEMPFAIL = 64, 65, 66, 67, 75

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
    "mailgate deliver --from=customer@example.com --to=support@desk.example mail.eml",
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
    X-Original-To, To or Cc that belong to the desk count, else the desk's own address. In the line
    of a mail server write `--from=` and `--to=` before what it fills in: then no address, however
    it begins, is an option or a file. Ends as sysexits.h says: 0 stored, 64 the command was not
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
    postmark, raw = envelope.without_postmark(raw)
    mail = envelope.header(raw)
    ours = [address for address in named if app.route(address) is not None]
    for address in named:
        if address not in ours:
            say(f"{address} is no address of this desk ({', '.join(app.config.desk_addresses)})")
    if named and not ours:
        raise typer.Exit(EX_NOUSER)
    recipients = ours or envelope.recipients(app, mail)
    app.keep(raw, envelope.sender(sender, mail, postmark), recipients, "pipe")
