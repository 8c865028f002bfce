"""`mailgate reply` and `resolve`: an agent's words, which become a mail like any other."""

import secrets
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailgate.cli.opening import find, opened
from mailgate.cli.options import ConfigFile, Number, Who, Why
from mailgate.cli.printing import told
from mailgate.cli.program import command
from mailgate.errors import Refused

if TYPE_CHECKING:
    from mailgate.app import App
    from mailgate.desk.commands import Letter
    from mailgate.domain.model import Ticket
    from mailgate.domain.people import Agent

Text = Annotated[str | None, typer.Option("--text", metavar="TEXT", help="What to say, in one go.")]
TextFile = Annotated[
    Path | None,
    typer.Option("--file", metavar="FILE", help="A file with what to say, in UTF-8; - is stdin."),
]


@command(
    "reply",
    'mailgate reply TKT-2026-00042 --as alice --text "It is on its way."',
    "mailgate reply TKT-2026-00042 --as alice < answer.txt",
    'mailgate reply TKT-2026-00042 --as alice --note --text "Ask billing first."',
)
def reply(
    number: Number,
    who: Annotated[
        str, typer.Option("--as", metavar="AGENT", help="Who writes: an agent's name or address.")
    ],
    text: Text = None,
    file: TextFile = None,
    note: Annotated[
        bool, typer.Option("--note", help="An internal note; nothing goes to the customer.")
    ] = False,
    config: ConfigFile = None,
) -> None:
    """Answer the customer, or leave an internal note.

    The text comes from --text, from --file, or else from stdin. It is kept as a mail and sent as
    the desk's, just as if the agent had answered a notice. Nothing in it is read as a command.
    """
    from mailgate.app import now
    from mailgate.desk import commands
    from mailgate.desk.messages import NOTE, PUBLIC
    from mailgate.domain.commands import Command

    with opened(config) as app:
        author = commands.member(app.settings.staff, who)
        ticket = find(app, number)
        said = _said(text, file or (Path("-") if text is None else None))
        at = now()
        letter = _letter(app, ticket, author, said, at, kind=NOTE if note else PUBLIC)
        wish = Command("note" if note else "reply")
        event = commands.event(wish, app.settings, author, at)
        decision = commands.carry_out(app.desk, ticket.id, event, at, letter)
        app.send()
        told(decision)


@command(
    "resolve",
    "mailgate resolve TKT-2026-00042 --as alice",
    'mailgate resolve TKT-2026-00042 --as alice --text "The new cable solves it."',
)
def resolve(
    number: Number,
    who: Who = None,
    text: Text = None,
    file: TextFile = None,
    note: Why = "",
    config: ConfigFile = None,
) -> None:
    """Settle a ticket; the customer is asked to confirm.

    The text that is given is the answer that settles it. Without an objection it is closed
    after the auto-close time.
    """
    from mailgate.app import now
    from mailgate.desk import commands
    from mailgate.domain.commands import Command

    with opened(config) as app:
        by = None if who is None else commands.member(app.settings.staff, who)
        ticket = find(app, number)
        at = now()
        letter = None
        if text is not None or file is not None:
            if by is None:
                raise Refused("whose words are these? say it by --as AGENT")
            letter = _letter(app, ticket, by, _said(text, file), at, resolution=True)
        event = commands.event(Command("resolve"), app.settings, by, at)
        decision = commands.carry_out(app.desk, ticket.id, event, at, letter, note or None)
        app.send()
        told(decision)


def _said(text: str | None, file: Path | None) -> str:
    """Return the text of an option, a file or stdin. Raises Refused when there is none."""
    from mailgate.mail.plain import many_lines

    if text is not None and file is not None:
        raise Refused("the text comes from --text or from --file, not from both")
    if text is None:
        text = _read(file or Path("-"))
    said = many_lines(text).strip()
    if not said:
        raise Refused("there is nothing to say: give --text, --file, or a text on stdin")
    return said


def _read(file: Path) -> str:
    try:
        raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        return raw.decode("utf-8-sig")
    except OSError as error:
        raise Refused(f"{file}: {(error.strerror or str(error)).lower()}") from error
    except UnicodeDecodeError:
        raise Refused(f"{file} is not text in UTF-8") from None


def _letter(
    app: "App",
    ticket: "Ticket",
    author: "Agent",
    text: str,
    at: datetime,
    *,
    kind: str = "public",
    resolution: bool = False,
) -> "Letter":
    """Write the mail that the agent would have sent to the desk."""
    from mailgate.desk.commands import Letter
    from mailgate.mail.compose import Frame, compose
    from mailgate.mail.parse import parse
    from mailgate.mail.render import Rendered
    from mailgate.store import letters

    tenant_id, desk = app.settings.tenant_id, app.config.desk
    with app.database.read() as connection:
        answers = letters.last_question(connection, tenant_id, ticket.id, at)
    rfc_id = f"<{secrets.token_hex(16)}@{author.address.rpartition('@')[2]}>"
    frame = Frame(
        from_name=author.display_name,
        from_address=author.address,
        to_name=desk.name,
        to_address=desk.address,
        reply_to=None,
        message_id=rfc_id,
        in_reply_to=answers,
        references=(answers,) if answers else (),
        date=at,
        auto_submitted=None,
        loop_mark="",
        language="",
    )
    subject = f"Re: {ticket.subject} [{ticket.number}]"
    raw = compose(Rendered(subject, f"{text}\n", None, ""), frame)
    return Letter(raw, author, rfc_id, parse(raw, at).fingerprint, text, kind, resolution)
