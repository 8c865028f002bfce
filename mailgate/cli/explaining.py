"""`mailgate explain`: why a mail or a ticket became what it is. It reads and never writes.

What was decided is told from what was kept of it then. A mail in a file is decided on now, by the
code that decides on every mail, and nothing of that is kept.
"""

import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Union

import typer

from mailgate.cli import envelope, explained, printing, shapes
from mailgate.cli.opening import find, opened
from mailgate.cli.options import AsJson, ConfigFile
from mailgate.cli.program import command
from mailgate.cli.seeing import event_shape
from mailgate.cli.thresholds import in_force, shape
from mailgate.errors import Refused

if TYPE_CHECKING:
    from sqlalchemy import RowMapping

    from mailgate.app import App
    from mailgate.domain.escalation import Escalation
    from mailgate.domain.model import Ticket
    from mailgate.domain.policy import Policy

Row = Union["RowMapping", Mapping[str, Any]]
"""A row of the database, or one that would be written."""

# Events of two tickets, which need no mail to be one doing.
_TIED = ("ticket.merged", "ticket.absorbed", "ticket.split", "ticket.opened")
_MAIL = re.compile(r"(mail[:=])?([0-9]{1,18})", re.ASCII | re.IGNORECASE)


@command(
    "explain",
    "mailgate explain TKT-2026-00042",
    "mailgate explain mail:1042",
    "mailgate explain --json - < mail.eml",
)
def explain(
    what: Annotated[
        str,
        typer.Argument(
            metavar="FILE|MAIL|TICKET",
            help="A mail as it came, - is stdin; a mail's number in the log; a ticket's number.",
        ),
    ],
    sender: Annotated[
        str | None,
        typer.Option("--from", metavar="ADDRESS", help="Of a file: envelope sender."),
    ] = None,
    to: Annotated[
        list[str] | None,
        typer.Option("--to", metavar="ADDRESS", help="Of a file: envelope recipient; repeatable."),
    ] = None,
    json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Say why a mail or a ticket became what it is.

    Of a mail: what it was taken for and the headers that told it, how far its sender is believed,
    each step by which a ticket was looked for, which rules were tried, what was folded away,
    limits, and what followed. A mail in a file is judged as if it came now; nothing is kept.
    Without a configuration only what it says itself is told. Of a ticket: each event with its
    reasons and notices, the deadlines and where they come from, the mails behind it.
    """
    if _is_file(what):
        raw = _read(what)
        if _no_desk(config):
            told = explained.alone(raw)
        else:
            with opened(config) as app:
                told = _rehearsed(app, raw, sender, to or ())
    else:
        with opened(config) as app:
            told = _recorded(app, what)
    if json:
        printing.as_json(told)
    elif told["about"] == "ticket":
        explained.print_ticket(told)
    else:
        explained.print_mail(told)


def _is_file(what: str) -> bool:
    return what == "-" or "/" in what or what.lower().endswith(".eml") or Path(what).is_file()


def _read(place: str) -> bytes:
    try:
        raw = sys.stdin.buffer.read() if place == "-" else Path(place).read_bytes()
    except OSError as error:
        raise Refused(f"{place}: {(error.strerror or str(error)).lower()}") from error
    if not raw.strip():
        raise Refused(f"there is no mail in {'stdin' if place == '-' else place}: it is empty")
    return raw


def _no_desk(config: Path | None) -> bool:
    """Whether nobody has named a configuration and there is none in this folder."""
    from mailgate import config as configuration

    named = config is not None or bool(os.environ.get("MAILGATE_CONFIG"))
    return not named and not configuration.find(config, os.environ).exists()


# --- a file ---------------------------------------------------------------------------------------


def _rehearsed(app: "App", raw: bytes, sender: str | None, to: Sequence[str]) -> dict[str, Any]:
    postmark, raw = envelope.without_postmark(raw)
    mail = envelope.header(raw)
    mail_from = envelope.sender(sender, mail, postmark)
    recipients = list(to) or envelope.recipients(app, mail)
    done = app.rehearse(raw, mail_from, recipients)
    facts = done.verdict | {
        "about": "file",
        "received_at": done.reading.claimed.received_at,
        "mail_from": mail_from,
        "recipients": recipients,
        "state": done.ending.state,
        "ticket": done.number,
        "events": [event_shape(row) for row in done.events],
        "notices": [_notice(row) for row in done.notices],
    }
    return explained.shaped(facts | explained.said(done.reading.mail))


def _notice(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in shapes.CAUSED}


# --- what was recorded ----------------------------------------------------------------------------


def _recorded(app: "App", what: str) -> dict[str, Any]:
    """Tell of a mail by its number, else of a ticket; raise Refused when it is neither."""
    from mailgate.store import reports

    number = _MAIL.fullmatch(what)
    if number is not None:
        with app.database.read() as connection:
            row = reports.delivery(connection, app.settings.tenant_id, int(number[2]))
        if row is not None:
            return _delivery(app, row)
        if number[1]:
            raise Refused(f"there is no mail {number[2]}; the log has its number in mail.accepted")
    return _ticket(app, find(app, what).id)


def _delivery(app: "App", row: Row) -> dict[str, Any]:
    from mailgate.store import reports

    tenant_id, ticket_id = app.settings.tenant_id, row["ticket_id"]
    with app.database.read() as connection:
        own = reports.mail_events(connection, tenant_id, row["id"])
        ticket, history = None, []
        if ticket_id is not None:
            ticket = reports.ticket(connection, tenant_id, ticket_id)
            history = reports.events(connection, tenant_id, ticket_id)
        caused = [event for event in history if event["correlation"] == row["id"]] + list(own)
        ids = {event["id"] for event in caused}
        notices = reports.notices(connection, tenant_id, event_ids=ids)
    facts = dict(row["verdict"] or {}) | {
        "about": "mail",
        "mail": row["id"],
        "ticket": None if ticket is None else ticket["number"],
        "events": [event_shape(event) for event in caused],
        "notices": [_notice(each) for each in reversed(notices)],
    }
    plain = ("received_at", "mail_from", "recipients", "state", "error")
    facts |= {name: row[name] for name in plain}
    mail = app.reader.parse(row["raw"], row["received_at"], row["id"])
    return explained.shaped(facts | explained.said(mail))


def _ticket(app: "App", ticket_id: int) -> dict[str, Any]:
    from mailgate.store import reports

    tenant_id = app.settings.tenant_id
    with app.database.read() as connection:
        ticket = reports.ticket(connection, tenant_id, ticket_id)
        history = reports.events(connection, tenant_id, ticket_id)
        notices = reports.notices(connection, tenant_id, ticket_id=ticket_id)
        timers = reports.timers(connection, tenant_id, ticket_id)
        mails = reports.deliveries(connection, tenant_id, ticket_id)
        mailed = {
            event["correlation"]
            for event in history
            if event["name"] not in _TIED
            or reports.delivery(connection, tenant_id, event["correlation"] or 0) is not None
        }
    if ticket is None:
        raise Refused("the ticket has gone")
    policy, facts = in_force(app), find(app, ticket["number"])
    return {
        "about": "ticket",
        "number": ticket["number"],
        "subject": ticket["subject"],
        "status": ticket["status"],
        "delay": ticket["delay"],
        "closed_by": ticket["closed_by"],
        "disposition": ticket["disposition"],
        "automation_status": ticket["automation_status"],
        "events": [
            event_shape(event)
            | {
                "mail": event["correlation"] if event["correlation"] in mailed else None,
                "notices": [
                    _notice(each) for each in reversed(notices) if each["event_id"] == event["id"]
                ],
            }
            for event in history
        ],
        "timers": [{name: row[name] for name in shapes.TIMER} for row in timers],
        "escalations": [_escalation(rule, facts, policy) for rule in policy.escalations],
        "thresholds": shape(policy.row(facts), policy.origins_for(facts), facts.priority.value),
        "mails": [_mail(row) for row in mails],
    }


def _escalation(rule: "Escalation", ticket: "Ticket", policy: "Policy") -> dict[str, Any]:
    from mailgate.domain.escalation import lacking
    from mailgate.domain.timers import escalates_at

    missing = lacking(rule, ticket)
    due = None if missing else escalates_at(rule, ticket, policy)
    return {"rule": rule.name, "says": rule.says, "due_at": due, "lacking": missing or None}


def _mail(row: Row) -> dict[str, Any]:
    facts = dict(row["verdict"] or {}) | {"mail": row["id"]}
    facts |= {name: row[name] for name in ("received_at", "mail_from", "state")}
    return {name: facts.get(name) for name in shapes.MAIL}
