"""Commands that change a ticket without a word to it: the same that agents give by mail."""

from typing import TYPE_CHECKING, Annotated

import typer

from mailgate.cli import printing
from mailgate.cli.opening import find, opened
from mailgate.cli.options import ConfigFile, Number, Who, Why, reading
from mailgate.cli.program import command
from mailgate.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from mailgate.app import App
    from mailgate.domain.commands import Command
    from mailgate.domain.events import Event
    from mailgate.domain.people import Agent

    _Asked = Callable[[App, Agent | None, datetime], Event]


@command("close", "mailgate close TKT-2026-00042 --as alice")
def close(number: Number, who: Who = None, note: Why = "", config: ConfigFile = None) -> None:
    """End a ticket. The customer is not asked; their next mail reopens it."""
    steer(config, number, "close", who, note)


@command("reopen", "mailgate reopen TKT-2026-00042 --as alice")
def reopen(number: Number, who: Who = None, note: Why = "", config: ConfigFile = None) -> None:
    """Take up a resolved or closed ticket again. The customer is told."""
    steer(config, number, "reopen", who, note)


@command("wait", "mailgate wait TKT-2026-00042 --as alice")
def wait(number: Number, who: Who = None, note: Why = "", config: ConfigFile = None) -> None:
    """Make it the customer's turn from now, without writing to them."""
    steer(config, number, "wait", who, note)


@command(
    "assign",
    "mailgate assign TKT-2026-00042 alice",
    'mailgate assign TKT-2026-00042 team:billing --note "It is about an invoice."',
    "mailgate assign TKT-2026-00042 none",
)
def assign(
    number: Number,
    whom: Annotated[
        str,
        typer.Argument(metavar="WHO", help="An agent, team:NAME, none, or me (with --as)."),
    ],
    who: Who = None,
    note: Why = "",
    config: ConfigFile = None,
) -> None:
    """Give a ticket to an agent or a team, or to nobody. The new and the former holder are told."""
    steer(config, number, f"assign {whom}", who, note)


@command(
    "escalate",
    'mailgate escalate TKT-2026-00042 --reason "He calls every hour." --as alice',
    "mailgate escalate TKT-2026-00042 --to team:leads",
)
def escalate(
    number: Number,
    to: Annotated[
        str | None,
        typer.Option(metavar="WHO", help="An agent or team:NAME; else the administrators."),
    ] = None,
    who: Who = None,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; they are told.")] = "",
    config: ConfigFile = None,
) -> None:
    """Take a ticket one level up. Who it goes to is told, and who holds it; it stays theirs."""
    from mailgate.desk import commands

    def event(app: "App", by: "Agent | None", at: "datetime") -> "Event":
        return commands.escalation(to, reason, app.settings, by, at)

    _carry_out(config, number, event, who, reason)


@command("approve", "mailgate approve TKT-2026-00042 --as bob")
def approve(number: Number, who: Who = None, note: Why = "", config: ConfigFile = None) -> None:
    """Agree that a ticket goes one level up, where that was asked for. Who asked is told.

    Nobody approves what they have asked for.
    """
    steer(config, number, "approve", who, note)


@command("reject", 'mailgate reject TKT-2026-00042 "Wait until Monday." --as bob')
def reject(
    number: Number,
    reason: Annotated[str, typer.Argument(metavar="REASON", help="Why; who asked is told.")],
    who: Who = None,
    config: ConfigFile = None,
) -> None:
    """Let a ticket stay as it is, where it was asked that it goes one level up."""
    steer(config, number, "reject", who, reason)


@command("priority", "mailgate priority TKT-2026-00042 high")
def priority(
    number: Number,
    wanted: Annotated[
        str, typer.Argument(metavar="PRIORITY", help="critical, urgent, high, normal or low.")
    ],
    who: Who = None,
    note: Why = "",
    config: ConfigFile = None,
) -> None:
    """Set how much a ticket hurries. Its deadlines are worked out anew."""
    steer(config, number, f"priority {wanted}", who, note)


@command("category", "mailgate category TKT-2026-00042 billing")
def category(
    number: Number,
    wanted: Annotated[
        str, typer.Argument(metavar="CATEGORY", help="One of those of [desk] categories.")
    ],
    who: Who = None,
    note: Why = "",
    config: ConfigFile = None,
) -> None:
    """Say what a ticket is about."""
    steer(config, number, f"category {wanted}", who, note)


@command("kind", "mailgate kind TKT-2026-00042 dispute")
def kind(
    number: Number,
    wanted: Annotated[
        str, typer.Argument(metavar="KIND", help="request, dispute, order or recovery.")
    ],
    who: Who = None,
    note: Why = "",
    config: ConfigFile = None,
) -> None:
    """Say what sort of matter a ticket is."""
    steer(config, number, f"kind {wanted}", who, note)


@command("cc", "mailgate cc TKT-2026-00042 bob@example.com --as alice")
def cc(
    number: Number,
    people: Annotated[list[str], typer.Argument(metavar="ADDRESS...", help="Of the customer's.")],
    who: Who = None,
    note: Why = "",
    config: ConfigFile = None,
) -> None:
    """Let others take part in a ticket: they get what is said from now on."""
    _let_in(config, number, "cc", people, who, note)


@command("requester", "mailgate requester TKT-2026-00042 bob@example.com --as alice")
def requester(
    number: Number,
    person: Annotated[str, typer.Argument(metavar="ADDRESS", help="Whose matter it is.")],
    who: Who = None,
    note: Why = "",
    config: ConfigFile = None,
) -> None:
    """Make a ticket somebody else's matter. Who asked before takes no part any more.

    The new one gets what is said from now on, and nothing that is older.
    """
    _let_in(config, number, "requester", [person], who, note)


def _let_in(
    config: "Path | None",
    number: str,
    word: str,
    people: list[str],
    who: str | None,
    note: str,
) -> None:
    from mailgate.desk import commands, outsiders
    from mailgate.mail.address import normalise

    def event(app: "App", by: "Agent | None", at: "datetime") -> "Event":
        def ours(address: str) -> bool:
            return app.routing.find(address) is not None

        addresses, doer = list(map(normalise, people)), (commands.actor(by), at)
        ticket = find(app, number)
        return outsiders.event(word, addresses, ticket, app.settings, ours, doer)

    _carry_out(config, number, event, who, note)


@command("merge", "mailgate merge TKT-2026-00042 TKT-2026-00007 --as alice")
def merge(
    number: Number,
    into: Annotated[str, typer.Argument(metavar="INTO", help="The ticket in which it goes on.")],
    who: Who = None,
    note: Why = "",
    config: ConfigFile = None,
) -> None:
    """Let a ticket go on in another: it is closed, and mail about it goes there.

    What was said on it is shown there; its customer does not join, and nobody is told.
    """
    from mailgate.desk import commands
    from mailgate.domain.events import MergeInto

    def event(app: "App", by: "Agent | None", at: "datetime") -> "Event":
        return MergeInto(at=at, actor=commands.actor(by), target=find(app, into).id)

    _carry_out(config, number, event, who, note)


@command("unmerge", "mailgate unmerge TKT-2026-00042 --as alice")
def unmerge(number: Number, who: Who = None, note: Why = "", config: ConfigFile = None) -> None:
    """Let a merged ticket stand alone again, on the desk's turn."""
    steer(config, number, "unmerge", who, note)


@command(
    "split",
    "mailgate split TKT-2026-00042 --message 1042 --as alice",
    'mailgate split TKT-2026-00042 --message 1042 --subject "Invoice of March"',
)
def split(
    number: Number,
    message: Annotated[
        int, typer.Option("--message", metavar="ID", min=1, help="Which message, as `show` says.")
    ],
    subject: Annotated[
        str, typer.Option(metavar="TEXT", help="What it is about; else as its mail says.")
    ] = "",
    who: Who = None,
    note: Why = "",
    config: ConfigFile = None,
) -> None:
    """Let a customer's message start a ticket of its own, and tell the customer its number.

    The new ticket follows the old one. The message leaves that, with its files, and answers to it
    come to the new ticket.
    """
    from mailgate.app import now
    from mailgate.desk import commands, splitting
    from mailgate.domain import arguments
    from mailgate.mail.subjects import matter

    wish = splitting.Wish(message, "".join(arguments.subject(subject)))
    with opened(config) as app:
        by = None if who is None else commands.member(app.settings.staff, who)
        old, stamp = find(app, number), (now(), commands.actor(by))
        new = commands.split(app.desk, old.id, wish, matter, stamp, note or None)
        app.send()
        printing.line(f"{new.number} is split off {old.number}: {new.subject}")


@command("spam", "mailgate spam TKT-2026-00042 --as alice")
def spam(number: Number, who: Who = None, note: Why = "", config: ConfigFile = None) -> None:
    """Set a ticket aside as spam: it is closed, and no mail opens it again; `reopen` does."""
    steer(config, number, "spam", who, note)


@command("withdraw", 'mailgate withdraw TKT-2026-00042 --note "He found it." --as alice')
def withdraw(number: Number, who: Who = None, note: Why = "", config: ConfigFile = None) -> None:
    """Close a ticket that its author has taken back; the customer is told nothing.

    Their next mail opens it again, and so does `reopen`.
    """
    steer(config, number, "withdraw", who, note)


@command(
    "snooze",
    "mailgate snooze TKT-2026-00042 3d --as alice",
    "mailgate snooze TKT-2026-00042 2026-03-01T09:00",
)
def snooze(
    number: Number,
    until: Annotated[
        str,
        typer.Argument(metavar="WHEN", help="3d, 4h, or 2026-03-01T09:00 in the desk's zone."),
    ],
    who: Who = None,
    note: Why = "",
    config: ConfigFile = None,
) -> None:
    """Be silent about a ticket until then. A mail of the customer ends that at once.

    Nothing is overdue meanwhile; its targets go on. Then whoever holds it is told.
    """
    from mailgate.domain.arguments import until as time_of

    with reading("WHEN"):
        time_of(until)
    steer(config, number, f"snooze {until}", who, note)


@command(
    "tag",
    "mailgate tag TKT-2026-00042 vip",
    "mailgate tag TKT-2026-00042 vip -late",
    ignore_unknown_options=True,
)
def tag(
    number: Number,
    tags: Annotated[
        list[str],
        typer.Argument(metavar="TAG...", help="Put on; with a minus in front, taken off."),
    ],
    who: Who = None,
    note: Why = "",
    config: ConfigFile = None,
) -> None:
    """Put tags on a ticket and take them off."""
    steer(config, number, f"tag {' '.join(tags)}", who, note)


@command(
    "field",
    "mailgate field TKT-2026-00042 order_no=123",
    'mailgate field TKT-2026-00042 order_no= "customer=Big Corp"',
)
def field(
    number: Number,
    values: Annotated[
        list[str],
        typer.Argument(metavar="NAME=VALUE...", help="Filled in; without a value, taken away."),
    ],
    who: Who = None,
    note: Why = "",
    config: ConfigFile = None,
) -> None:
    """Fill in custom fields of a ticket: those of [desk] fields, and no others."""
    from mailgate.desk import commands
    from mailgate.domain import arguments

    pairs = tuple(pair for text in values for pair in arguments.field(text).values)

    def event(app: "App", by: "Agent | None", at: "datetime") -> "Event":
        return commands.fields_set(pairs, app.settings, commands.actor(by), at)

    _carry_out(config, number, event, who, note)


@command(
    "ref",
    "mailgate ref TKT-2026-00042 shop:4711",
    "mailgate ref TKT-2026-00042 shop:4711 --state shipped",
    "mailgate ref TKT-2026-00042 shop:4711 --drop",
)
def ref(
    number: Number,
    record: Annotated[
        str,
        typer.Argument(metavar="RECORD", help="A name for the system, a colon, what it is there."),
    ],
    state: Annotated[
        str, typer.Option("--state", metavar="TEXT", help="How it stands there now.")
    ] = "",
    *,
    drop: Annotated[
        bool, typer.Option("--drop", help="It is none of this matter: take it away.")
    ] = False,
    who: Who = None,
    note: Why = "",
    config: ConfigFile = None,
) -> None:
    """Say which record of another system a ticket is about, and how it stands there.

    What is known already is not recorded again. `mailgate tickets --ref` lists the tickets of one.
    """
    from mailgate.desk import commands
    from mailgate.domain import arguments
    from mailgate.domain.commands import Command

    asked = Command("ref", arguments.record(f"{'-' * drop}{record} {state}".rstrip()))

    def event(app: "App", by: "Agent | None", at: "datetime") -> "Event":
        return commands.event(asked, app.settings, by, at)

    _carry_out(config, number, event, who, note)


def steer(config: "Path | None", number: str, line: str, who: str | None, note: str) -> None:
    """Carry out what an agent would have written as `/line: note`."""
    from mailgate.desk import commands

    def event(app: "App", by: "Agent | None", at: "datetime") -> "Event":
        return commands.event(_understood(line, note), app.settings, by, at)

    _carry_out(config, number, event, who, note)


def _carry_out(
    config: "Path | None", number: str, asked: "_Asked", who: str | None, note: str
) -> None:
    """Let what is asked happen to a ticket, and have what follows sent."""
    from mailgate.app import now
    from mailgate.desk import commands
    from mailgate.desk.staffing import away_until
    from mailgate.domain.events import Assign, Escalate

    with opened(config) as app:
        by = None if who is None else commands.member(app.settings.staff, who)
        ticket = find(app, number)
        at = now()
        event = asked(app, by, at)
        decision = commands.carry_out(app.desk, ticket.id, event, at, note=note or None)
        app.send()
        printing.told(decision)
        name = event.assignee if isinstance(event, Assign) else None
        name = event.to if isinstance(event, Escalate) else name
        until = away_until(app.desk, name, at) if name else None
        if until is not None:
            printing.line(f"Mind that {name} is away until {printing.moment(until)}.")


def _understood(line: str, note: str) -> "Command":
    """Read a command as it is read in a mail. Raises Refused with the right form."""
    from dataclasses import replace

    from mailgate.domain.commands import read

    script = read("/" + " ".join(line.split()))
    if script.faults:
        fault = script.faults[0]
        raise Refused(f"{fault.reason}; right would be {fault.right_form.replace('/', '')}")
    return replace(script.commands[0], note=note)
