"""`mailgate tickets`, `show` and `attachment`: what the desk knows of its tickets."""

import os
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailgate.cli import approvals, late, printing, records, shapes
from mailgate.cli.opening import find, opened
from mailgate.cli.options import AsJson, ConfigFile, Limit, Number, priority
from mailgate.cli.program import command
from mailgate.domain.automation import AUTOMATION
from mailgate.domain.model import Actor, ActorKind, Delay, Priority, Status
from mailgate.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, RowMapping

    from mailgate.app import App
    from mailgate.domain.model import Ticket

_NOBODY = "none"
_HEADINGS = (
    *("NUMBER", "SUBJECT", "STATUS", "PRIORITY", "ASSIGNEE"),
    *("REQUESTER", "WAITING", "LEVEL", "CLOCK ACTS"),
)


def _status(text: str) -> Status:
    """Read a status, as the table shows it or as programs get it. Raises a usage error."""
    try:
        return Status(text.strip().lower().replace(" ", "_").replace("-", "_"))
    except ValueError:
        names = ", ".join(Status)
        raise typer.BadParameter(f"{text!r} is no status: {names}") from None


def _automation(text: str) -> str:
    """Read an automation status. Raises a usage error."""
    names = [row.name for row in AUTOMATION]
    if text.lower() not in names:
        raise typer.BadParameter(f"{text!r} is no automation status: {', '.join(names)}")
    return text.lower()


_Statuses = Annotated[
    list[Status] | None,
    typer.Option(
        parser=_status,
        metavar="STATUS",
        help=f"Any of {', '.join(Status)}; may be given again.",
    ),
]
_Automation = Annotated[
    list[str] | None,
    typer.Option(
        parser=_automation,
        metavar="STATUS",
        help="By automation status, for programs; see Statuses in docs/commands.md.",
    ),
]
_Priorities = Annotated[
    list[Priority] | None,
    typer.Option(
        "--priority",
        parser=priority,
        metavar="PRIORITY",
        help=f"Any of {', '.join(Priority)}; may be given again.",
    ),
]
_Tags = Annotated[
    list[str] | None, typer.Option(metavar="TAG", help="With this tag; given again, with all.")
]
_Record = Annotated[
    str | None,
    typer.Option("--ref", metavar="RECORD", help="With this record of another system."),
]
_Assignee = Annotated[
    str | None, typer.Option(metavar="AGENT", help="Whose they are; none: nobody's.")
]
_Search = Annotated[
    str | None, typer.Option(metavar="TEXT", help="In number, subject, requester and messages.")
]
_Escalated = Annotated[bool, typer.Option("--escalated", help="Only what was escalated.")]
_ToApprove = Annotated[bool, typer.Option("--to-approve", help="Only what waits for an approval.")]
_Overdue = Annotated[
    bool, typer.Option("--overdue", help="Only where a side has let its time run out.")
]


@command(
    "tickets",
    "mailgate tickets",
    "mailgate tickets --status new --status open --overdue",
    "mailgate tickets --assignee none --priority high",
    'mailgate tickets --search "invoice" --json --limit 20',
)
def tickets(  # noqa: PLR0913, PLR0917 - one for each option of the command line
    status: _Statuses = None,
    automation: _Automation = None,
    priorities: _Priorities = None,
    assignee: _Assignee = None,
    team: Annotated[str | None, typer.Option(metavar="TEAM", help="Which team's.")] = None,
    requester: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Whose matter it is.")
    ] = None,
    tag: _Tags = None,
    record: _Record = None,
    search: _Search = None,
    overdue: _Overdue = False,
    escalated: _Escalated = False,
    to_approve: _ToApprove = False,
    limit: Limit = None,
    json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """List tickets, newest first.

    All of them, or those that every given condition fits. WAITING is for how long a side has been
    waited for, LEVEL how far it was escalated. CLOCK ACTS is when the next deadline of any kind
    comes: that may be a reminder, or a target that will soon be missed, and need not be when the
    answer is overdue; `mailgate explain NUMBER` lists them all.
    """
    from mailgate.app import now
    from mailgate.domain import arguments
    from mailgate.store import reports

    wanted = reports.Wanted(
        statuses=[each.value for each in status or ()],
        automation=automation or (),
        priorities=[each.value for each in priorities or ()],
        assignee="" if assignee == _NOBODY else assignee,
        team=team,
        requester=requester,
        tags=[each.lower() for each in tag or ()],
        record=None if record is None else arguments.record(record).record,
        search=search,
        overdue=overdue,
        escalated=escalated,
        to_approve=to_approve,
    )
    with opened(config) as app:
        with app.database.read() as connection:
            rows = reports.tickets(connection, app.settings.tenant_id, wanted, limit)
        if json:
            printing.as_json([ticket_shape(row) for row in rows])
        else:
            _list(rows, now())


def ticket_shape(row: "RowMapping") -> dict[str, Any]:
    """Return a ticket as programs get it."""
    pairs = zip(row["participants"], row["joined"], strict=True)
    special = {
        "participants": [{"address": who, "joined_at": at} for who, at in pairs],
        "fields": dict(row["fields"]),
        "records": records.shape(row["records"]),
        "approval": approvals.shape(row["approval"]),
    }
    return {name: special[name] if name in special else row[name] for name in shapes.TICKET}


def _list(rows: Sequence["RowMapping"], now: datetime) -> None:
    if not rows:
        printing.line("No such tickets.")
        return
    printing.table(
        _HEADINGS,
        (
            (
                row["number"],
                row["subject"],
                printing.status(row["status"]),
                row["priority"],
                row["assignee"],
                row["requester"],
                _waiting(row, now),
                row["escalation_level"] or None,
                printing.ago(row["next_due_at"], now),
            )
            for row in rows
        ),
        long=("SUBJECT", "REQUESTER"),
        least=("LEVEL", "CLOCK ACTS", "REQUESTER", "PRIORITY", "ASSIGNEE", "WAITING"),
    )


def _waiting(row: "RowMapping", now: datetime) -> str | None:
    """Return for how long a side has been waited for, and that its time has run out."""
    if row["waiting_since"] is None:
        return None
    late = "" if row["delay"] == Delay.NONE else ", overdue"
    return printing.span(now - row["waiting_since"]) + late


# --- one ticket ---------------------------------------------------------------------------------


@command("show", "mailgate show TKT-2026-00042", "mailgate show TKT-2026-00042 --full")
def show(
    number: Number,
    full: Annotated[
        bool, typer.Option("--full", help="Whole mails, with what they quote and how they end.")
    ] = False,
    json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Show one ticket, all that was said on it, and its history.

    Of each mail the new text is shown; `--full` shows what was folded away as well.
    """
    with opened(config) as app:
        whole = _whole(app, number)
    if json:
        printing.as_json(whole)
    else:
        _print(whole, full=full)


def _whole(app: "App", number: str) -> dict[str, Any]:
    from mailgate.app import now
    from mailgate.desk.merging import merged_into
    from mailgate.desk.splitting import split_off
    from mailgate.domain.timers import time_until_delay
    from mailgate.store import answers, drafts, reports, tickets

    ticket, tenant_id = find(app, number), app.settings.tenant_id
    with app.database.read() as connection:
        left = time_until_delay(ticket, app.desk.current(connection).policy, now())
        row = reports.ticket(connection, tenant_id, ticket.id)
        merged = merged_into(connection, tenant_id, ticket.id)
        messages = [
            message
            for home in (ticket, *merged)
            for message in _messages(connection, tenant_id, home)
        ]
        events = reports.events(connection, tenant_id, ticket.id)
        former = tickets.former_numbers(connection, tenant_id, ticket.id)
        waiting = answers.waiting(connection, tenant_id, ticket.id)
        ids = [ticket.id, *(each.id for each in merged)]
        answering = drafts.answering(connection, tenant_id, ids)
        near = [ticket.merged_into, ticket.follows, *split_off(events)]
        known = tickets.load(connection, tenant_id, filter(None, near))
        called = {id_: each.number for id_, each in known.items()}
    if row is None:
        raise Refused(f"{number} has gone")
    return ticket_shape(row) | {
        "former_numbers": former,
        "waiting_answers": [{"author": who, "until": until} for who, until in waiting],
        "answering": [
            {"mailbox": where, "since": since}
            for _, where, since in answering
            if where in app.settings.mailboxes
        ],
        "merged_into": called.get(ticket.merged_into or 0),
        "merged": [each.number for each in merged],
        "follows": called.get(ticket.follows or 0),
        "split_off": [called[id_] for id_ in split_off(events)],
        "messages": sorted(messages, key=itemgetter("at")),
        "events": [event_shape(each) for each in events],
        "time_until_delay": left and {name: getattr(left, name) for name in shapes.REMAINING},
    }


def _messages(
    connection: "Connection", tenant_id: int, ticket: "Ticket"
) -> "Iterator[dict[str, Any]]":
    """Yield what was said on a ticket, as programs get it."""
    from mailgate.store import reports

    attached: dict[int, list[dict[str, Any]]] = {}
    for n, file in enumerate(reports.attachments(connection, tenant_id, ticket.id), 1):
        facts = {name: file[name] for name in shapes.ATTACHMENT if name != "n"}
        attached.setdefault(file["message_id"], []).append({"n": n} | facts)
    for row in reports.messages(connection, tenant_id, ticket.id):
        yield _message(row, ticket.number, attached.get(row["id"], []))


def _message(row: "RowMapping", number: str, files: list[dict[str, Any]]) -> dict[str, Any]:
    special = {
        "ticket": number,
        "full_text": row["text"] if row["full_text"] is None else row["full_text"],
        "message_id": row["rfc_id"],
        "attachments": files,
    }
    return {name: special[name] if name in special else row[name] for name in shapes.MESSAGE}


def event_shape(row: "RowMapping | Mapping[str, Any]") -> dict[str, Any]:
    """Return an event as programs get it."""
    said = row["data"]
    special = {
        "failure": f"{said['recipient']}: {said['reason']}" if said.keys() >= _FAILURE else None,
        "actor": str(Actor(ActorKind(row["actor_kind"]), row["actor_id"])),
        "before": {name: pair[0] for name, pair in row["changes"].items()},
        "after": {name: pair[1] for name, pair in row["changes"].items()},
    }
    return {name: special[name] if name in special else row[name] for name in shapes.EVENT}


_FAILURE = {"recipient", "reason"}  # what is known of a mail that did not get through
_FACTS = (
    ("Requester", "requester"),
    ("Participants", "people"),
    ("Status", "standing"),
    ("Priority", "priority"),
    ("Category", "category"),
    ("Kind", "kind"),
    ("Assignee", "assignee"),
    ("Team", "team"),
    ("Followed by", "followed_by"),
    ("Tags", "tags"),
    ("Fields", "fields"),
    ("Records", "records"),
    ("Rated (1 to 5)", "satisfaction"),
    ("Missed", "missed"),
    ("Escalated", "escalation"),
    ("To be approved", "to_approve"),
    ("Was before", "before"),
    ("Goes on in", "merged_into"),
    ("Merged here", "here"),
    ("Follows", "follows"),
    ("Split off", "off"),
)
_MOMENTS = (
    ("Created", "created_at"),
    ("Waiting since", "waiting_since"),
    ("Clock acts", "next_due_at"),
    ("First answer by", "first_response_due_at"),
    ("Resolution by", "resolution_due_at"),
    ("Snoozed until", "snoozed_until"),
    ("Resolved", "resolved_at"),
    ("Closed", "closed_at"),
    ("Asked how it went", "surveyed_at"),
)
# What changes with every turn and tells a person nothing.
_MACHINERY = frozenset(
    {"turn", "turn_since", "told", "rearmed", "not_before", "escalates_from", "resolution"}
)
_MACHINERY |= {"targets_used", "targets_told", "escalated_by", "overdue_count", "merged_into"}
_MACHINERY |= {"approvals", "survey_due_at", "follows"}


def _left(until_delay: dict[str, Any] | None) -> str | None:
    if until_delay is None:
        return None
    left, whole = until_delay["hours_remaining"], until_delay["threshold_hours"]
    return f"{left} of {whole} hours left ({until_delay['threshold_origin']})"


def _print(whole: dict[str, Any], *, full: bool) -> None:
    printing.line(f"{whole['number']}  {whole['subject']}")
    known = _known(whole)
    moments = [(name, whole[key]) for name, key in _MOMENTS if whole[key] is not None]
    printing.facts(
        [(name, known[key]) for name, key in _FACTS]
        + [(name, printing.moment(at)) for name, at in moments]
        + [("Answer in time", _left(whole["time_until_delay"]))]
    )
    for message in whole["messages"]:
        who = message["author_name"] or message["author"]
        what = ", internal note" if message["kind"] == "note" else ""
        if message["machine"]:
            what += ", written by a machine"
        if message["other_address"]:
            what += f", takes no part in the ticket: {message['author']}"
        if message["ticket"] != whole["number"]:
            what += f", on {message['ticket']}"
        text, whole_text = message["text"], message["full_text"]
        printing.line()
        head = f"--- {who} ({message['side']}{what}), {printing.moment(message['at'])}"
        printing.line(f"{head}, message {message['id']}")
        printing.block((whole_text if full else text) or "(no text)")
        # Of an agent's mail commands may be all that is missing: they stand in the history.
        if not full and message["side"] == "client" and len(whole_text) > len(text):
            printing.line("  [more was folded away: --full]")
        for file in message["attachments"]:
            printing.line(f"  [{file['n']}] {file['name']}, {file['type']}, {file['size']} octets")
    for answer in whole["waiting_answers"]:
        printing.line()
        until = printing.moment(answer["until"])
        printing.line(f"--- An answer of {answer['author']} waits to be sent at {until}")
    for draft in whole["answering"]:
        printing.line()
        since = printing.moment(draft["since"])
        where = f"a draft lies in mailbox {draft['mailbox']} since {since}"
        printing.line(f"--- Somebody is answering: {where}")
    printing.line()
    printing.line("--- History")
    widest = max((len(event["name"]) for event in whole["events"]), default=0)
    for event in whole["events"]:
        what = event["name"].ljust(widest)
        printing.line(f"{printing.moment(event['at'])}  {what}  {event['actor']}")
        printing.paragraph(_told(event), indent="    ")


def _known(whole: dict[str, Any]) -> dict[str, Any]:
    """Return what is known of a ticket, each in a line."""
    return whole | {
        "tags": ", ".join(whole["tags"]),
        "fields": ", ".join(f"{name}={value}" for name, value in whole["fields"].items()),
        "records": records.listed(whole["records"]),
        "before": ", ".join(whole["former_numbers"]),
        "here": ", ".join(whole["merged"]),
        "off": ", ".join(whole["split_off"]),
        "people": ", ".join(
            each["address"]
            for each in whole["participants"]
            if each["address"] != whole["requester"]
        ),
        "followed_by": ", ".join(whole["followers"]),
        "standing": printing.standing(whole),
        "missed": late.missed(whole["events"]),
        "escalation": late.escalated(whole),
        "to_approve": approvals.brief(whole["approval"]),
    }


def _told(event: dict[str, Any]) -> str:
    """Return what was said about an event, and what it changed."""
    changed = [
        f"{name}: {_brief(name, event['before'][name])} -> {_brief(name, after)}"
        for name, after in event["after"].items()
        if name not in _MACHINERY and not name.endswith(("_at", "_since"))
    ]
    remark = [f"“{event['note']}”"] if event["note"] else []
    remark += [event["failure"]] if event["failure"] else []
    return "; ".join(remark + changed)


def _brief(name: str, value: Any) -> str:
    """Return what a field held, as the other commands tell it."""
    if isinstance(value, list):
        return ", ".join(map(_item, value)) or "-"
    if name == "approval" and value:
        return f"asked of {approvals.asked_of(value)}"
    if name == "status" and value:
        return printing.status(value)
    if name.endswith("_until") and value:
        return printing.moment(datetime.fromisoformat(value))
    return printing.cell(value)


def _item(value: Any) -> str:
    """Return one of several things that a field held: a word, a record, a name and its value."""
    if isinstance(value, dict):
        return records.brief(value)
    return "=".join(map(str, value)) if isinstance(value, list) else str(value)


@command(
    "attachment",
    "mailgate attachment TKT-2026-00042 1 > invoice.pdf",
    "mailgate attachment TKT-2026-00042 1 --output invoice.pdf",
)
def attachment(
    number: Number,
    n: Annotated[int, typer.Argument(metavar="N", min=1, help="Which one, as `show` counts.")],
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A new file to write it to; else stdout.")
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Write an attachment as it came, byte for byte."""
    from mailgate.mail.parts import content
    from mailgate.store import inbox, reports

    with opened(config) as app:
        ticket = find(app, number)
        with app.database.read() as connection:
            files = reports.attachments(connection, app.settings.tenant_id, ticket.id)
            if n > len(files):
                raise Refused(f"{ticket.number} has {len(files)} attachments, so none is {n}")
            mail_id = files[n - 1]["mail_id"]
            raw = None if mail_id is None else inbox.raw(connection, mail_id)
        if raw is None:
            raise Refused("the mail that it came with is not there; see `mailgate verify`")
        _write(content(raw, files[n - 1]["part"]), output)


def _write(data: bytes, output: Path | None) -> None:
    if output is None:
        if sys.stdout.isatty():
            raise Refused("these bytes are not for a terminal: add > FILE or --output FILE")
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(output, flags, 0o600), "wb") as file:
            file.write(data)
    except OSError as error:
        raise Refused(f"{output}: {(error.strerror or str(error)).lower()}") from error
