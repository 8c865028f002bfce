"""`mailgate import`: old mail becomes tickets, and nobody hears of it."""

import os
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from mailgate.cli import printing
from mailgate.cli.ending import NO
from mailgate.cli.opening import opened
from mailgate.cli.options import AsJson, ConfigFile, reading
from mailgate.cli.program import command
from mailgate.errors import Refused

if TYPE_CHECKING:
    from mailgate.desk.bygone import Brought, LeftOut

_MOST = 20  # addresses that are named

Paths = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="PATH", help="An mbox, a Maildir, a folder of .eml files, or one of these."
    ),
]
Named = Annotated[
    str, typer.Option(metavar="NAME", help="Fetch from a [[mailbox]] of the configuration.")
]
Folders = Annotated[
    list[str] | None,
    typer.Option(
        "--folder",
        metavar="NAME",
        help="A folder of that mailbox; several may be given. Without: inbox and sent mail.",
    ),
]
Keep = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Keep what is fetched there: given again, only the rest is."),
]
OpenSince = Annotated[
    str,
    typer.Option(
        metavar="DAYS|DATE", help="Tickets without a mail since then come closed; 0: all do."
    ),
]
Since = Annotated[
    str,
    typer.Option(
        metavar="DAYS|DATE", help="Threads without a mail since then are left out; empty: none is."
    ),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Tell what would come of it; change nothing.")
]


@command(
    "import",
    "mailgate import --dry-run support.mbox",
    "mailgate import ~/Maildir old-mail/",
    "mailgate import --open-since 2026-01-01 INBOX.mbox Sent.mbox",
    "mailgate import --since 365d support.mbox",
    "mailgate import --mailbox support",
    "mailgate import --mailbox support --folder INBOX --folder Archive/2025 --keep old-mail",
)
def import_(  # noqa: PLR0913, PLR0917 - one for each option of the command line
    paths: Paths = None,
    mailbox: Named = "",
    folders: Folders = None,
    keep: Keep = None,
    open_since: OpenSince = "14d",
    since: Since = "",
    dry_run: DryRun = False,
    json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Bring old mail along: threads become tickets, with their own dates.

    Nothing is sent because of it: no acknowledgement, no notice, and no reminder of what was said
    before. Give what came in and what was sent together, so that threads are whole. A mail from an
    address of the desk or of an agent is the desk's, any other the customer's; what belongs
    together is told by References, by our numbers in subjects, and by those of the system before,
    as [desk] former_numbers says how they look. The tickets are tagged `import`.

    With --mailbox the mails of a shared mailbox are fetched first, without a trace there.

    A ticket without a mail since --open-since comes closed, and so does one that the desk has
    answered so long ago that it would remind the customer: the customer's next mail opens it again.
    Of the others, those that wait for the desk are open, and its time for an answer begins with the
    import; those that wait for the customer keep their time. A thread without a mail since --since
    is left out.

    What is there already, by whichever road it came, adds nothing: so the same can be given again,
    also after an interruption, and goes on. Left out are spam, mail that came back, and automatic
    mail about no ticket; each is named. Works beside a gateway that runs. Ends with 1 when
    something could not be read.
    """
    from mailgate.app import now

    given = list(paths or ())
    _see_that_it_is_enough(given, mailbox, what=bool(folders or keep))
    with opened(config) as app, ExitStack() as stack:
        zone = app.config.desk.timezone
        with reading("--open-since"):
            opens = _since(open_since, now(), zone)
        with reading("--since"):
            begins = _since(since, now(), zone) if since else None
        try:
            if mailbox:
                into = keep or Path(stack.enter_context(TemporaryDirectory(prefix="mailgate-")))
                with printing.progress("Fetching") as progress:
                    given.append(app.fetch(mailbox, folders or (), into, progress))
            brought = app.importer(opens, since=begins, dry_run=dry_run).run(
                given, printing.progress
            )
        except KeyboardInterrupt:
            typer.echo("What was put down stays: give the same again, and it goes on.", err=True)
            raise
    if json:
        printing.as_json(_shape(brought))
    else:
        _print(brought, dry_run=dry_run)
    if brought.faults:
        raise typer.Exit(NO)


def _see_that_it_is_enough(given: list[Path], mailbox: str, *, what: bool) -> None:
    if not given and not mailbox:
        raise Refused("say what to import: a PATH, or --mailbox NAME")
    if what and not mailbox:
        raise Refused("--folder and --keep say what of a mailbox: say which, by --mailbox NAME")


def _since(text: str, now: datetime, zone: str) -> datetime:
    """Read a number of days, a duration, or a date in the desk's zone. Raises `Refused`."""
    from mailgate.domain.hours import duration, when

    try:
        if text.isascii() and text.isdigit():
            return now - timedelta(days=int(text))
        since = when(text, now, zone) if "-" in text else now - duration(text)
    except (Refused, OverflowError):
        raise Refused(f"{text!r}: write 14, 14d or 2026-03-01") from None
    if since > now:
        raise Refused(f"{text} lies ahead")
    return since


def _shape(brought: "Brought") -> dict[str, object]:
    return {
        "mails": brought.mails,
        "tickets": brought.tickets,
        "open": brought.still_open,
        "messages": brought.messages,
        "known": brought.known,
        "older": brought.older,
        "colleagues": [
            {"address": address, "mails": mails}
            for address, mails in brought.colleagues.most_common()
        ],
        "left_out": [
            {"path": _path(each), "offset": each.offset, "why": each.why, "fault": each.fault}
            for each in brought.left_out
        ],
        "examples": [
            {
                "created_at": each.at,
                "requester": each.requester,
                "subject": each.subject,
                "status": each.status,
            }
            for each in brought.examples
        ],
    }


def _print(brought: "Brought", *, dry_run: bool) -> None:
    for left in brought.left_out:
        printing.line(f"left out: {_place(left)}: {left.why}")
    if dry_run and brought.examples:
        printing.table(
            ("WRITTEN", "REQUESTER", "STATUS", "SUBJECT"),
            (
                (printing.moment(each.at), each.requester, each.status, each.subject)
                for each in brought.examples
            ),
            long=("SUBJECT", "REQUESTER"),
        )
    if brought.colleagues:
        counted = ", ".join(f"{who} ({n})" for who, n in brought.colleagues.most_common(_MOST))
        printing.line(f"Of your own domain, no agents, and so taken for customers: {counted}.")
        printing.line("Were they of yours, name them as [[agent]] before you import.")
    if dry_run:
        printing.line("Nothing was changed. It would be:")
    if not brought.mails:
        printing.line("No mails were found there: an mbox, a Maildir, or files that end in .eml?")
    older = f"{brought.older} in threads older than asked for, " if brought.older else ""
    printing.line(
        f"{_counted(brought.mails, 'mail')}: {_counted(brought.messages, 'message')} put down; "
        f"{_counted(brought.tickets, 'ticket')} opened, {brought.still_open} of them not closed; "
        f"{brought.known} known before, {older}{len(brought.left_out)} left out."
    )


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _place(left: "LeftOut") -> str:
    return _path(left) if left.offset is None else f"{_path(left)}, octet {left.offset}"


def _path(left: "LeftOut") -> str:
    """Return a path, whatever octets are in it."""
    return os.fsencode(left.path).decode("utf-8", "replace")
