"""`mailgate outbox`, `failed` and `quarantine`: mail that waits to leave, or was set aside."""

import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailgate.cli import printing, shapes
from mailgate.cli.opening import opened
from mailgate.cli.options import AsJson, ConfigFile, Limit
from mailgate.cli.program import command, group
from mailgate.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import RowMapping

    from mailgate.app import App


class State(StrEnum):
    """How far a notice is: not sent yet, or how it ended."""

    READY = "ready"
    SENT = "sent"
    NEVER = "never"
    UNKNOWN = "unknown"
    SUPPRESSED = "suppressed"


Ids = Annotated[
    list[int] | None, typer.Argument(metavar="[ID]...", help="Which ones, as the list says.")
]
Every = Annotated[bool, typer.Option("--all", help="All of them.")]
States = Annotated[
    list[State] | None,
    typer.Option(
        "--state", metavar="STATE", help=f"Any of {', '.join(State)}; may be given again."
    ),
]

outbox = group(
    "outbox",
    "Show the mails that the gateway sends, and how far each is.",
    "mailgate outbox",
    "mailgate outbox --state never --state unknown --json",
    "mailgate outbox retry 1042",
)


@outbox.callback(invoke_without_command=True)
def outbox_start(
    ctx: typer.Context,
    state: States = None,
    limit: Limit = None,
    json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Remember the configuration for what follows, or list."""
    ctx.obj = config
    if ctx.invoked_subcommand is None:
        _list_outbox(config, state, limit, json=json)


@command("list", "mailgate outbox list --state never", within=outbox)
def outbox_list(
    state: States = None, limit: Limit = None, json: AsJson = False, config: ConfigFile = None
) -> None:
    """List notices, newest first."""
    _list_outbox(config, state, limit, json=json)


def _list_outbox(
    config: "Path | None", states: list[State] | None, limit: int | None, *, json: bool
) -> None:
    from mailgate.app import now
    from mailgate.store import reports, ways

    with opened(config) as app, app.database.read() as connection:
        tenant_id = app.settings.tenant_id
        rows = reports.notices(connection, tenant_id, states or (), most=limit)
        broken = ways.broken(connection, tenant_id, now())
    found = [_notice(row) for row in rows]
    if json:
        printing.as_json(found)
        return
    for way in broken:
        since = printing.moment(way.since)
        printing.line(f"The way out of {way.node} is out of order since {since}: {way.why}")
    if not found:
        printing.line("No such notices.")
    else:
        _table(
            found,
            ("id", "ticket", "notice", "recipient", "state", "attempts", "reason"),
            ("ATTEMPTS", "NOTICE", "TICKET"),
        )


def _notice(row: "RowMapping") -> dict[str, Any]:
    special = {"ticket": row["number"], "message_id": row["rfc_id"]}
    return {name: special[name] if name in special else row[name] for name in shapes.NOTICE}


@command("retry", "mailgate outbox retry 1042", "mailgate outbox retry --all", within=outbox)
def outbox_retry(ids: Ids = None, every: Every = False, config: ConfigFile = None) -> None:
    """Send notices again that were refused for good, or of which nobody knows whether they arrived.

    Each keeps its Message-ID, so that a mail program shows a double once, and gets the whole
    schedule of tries again: `give_up_after` counts from now.
    """
    from mailgate.app import now
    from mailgate.store import outbox as store

    with opened(config) as app:
        wanted = _which(ids, every=every)
        with app.database.write() as connection:
            count = store.release(connection, app.settings.tenant_id, wanted, now())
        _tell(count, wanted, "notice", "that was refused or is unknown")
        app.send()


# --- mail that was set aside ----------------------------------------------------------------------

Id = Annotated[int, typer.Argument(metavar="ID", help="Which one, as the list says.")]
Raw = Annotated[bool, typer.Option("--raw", help="The mail itself, byte for byte.")]


@dataclass(frozen=True, slots=True)
class SetAside:
    """Mails in one state: what is said of them, what is shown of each, and in which columns.

    `least` are the columns that a narrow screen lacks first; `event` is logged of those put back.
    """

    command: str
    state: str
    words: str
    shape: "Callable[[RowMapping], dict[str, Any]]"
    columns: tuple[str, ...]
    least: tuple[str, ...]
    event: str


def _list(kind: SetAside, config: "Path | None", *, json: bool) -> None:
    from mailgate.store import aside

    with opened(config) as app, app.database.read() as connection:
        rows = aside.set_aside(connection, app.settings.tenant_id, kind.state)
        found = [kind.shape(row) for row in rows]
    if json:
        printing.as_json(found)
    elif not found:
        printing.line(f"No mail {kind.words}.")
    else:
        _table(found, kind.columns, kind.least)


def _one(kind: SetAside, app: "App", id_: int) -> "tuple[RowMapping, bytes]":
    """Return a mail with its bytes. Raises Refused when it is none of these."""
    from mailgate.store import aside, inbox

    with app.database.read() as connection:
        for row in aside.set_aside(connection, app.settings.tenant_id, kind.state, id_):
            return row, inbox.raw(connection, row["mail_id"]) or b""
    number = f"no {kind.state} mail has the number {id_}"
    raise Refused(f"{number}; `mailgate {kind.command}` lists them")


def _put_back(kind: SetAside, config: "Path | None", ids: list[int] | None, *, every: bool) -> None:
    from mailgate.log import log
    from mailgate.store import aside

    with opened(config) as app:
        wanted = _which(ids, every=every)
        with app.database.write() as connection:
            count = aside.put_back(connection, app.settings.tenant_id, kind.state, wanted)
        log(kind.event, mails=wanted, count=count)
        _tell(count, wanted, "mail", f"that {kind.words}")


def _last_line(text: str | None) -> str:
    return ((text or "").strip().splitlines() or [""])[-1]


def _parked(row: "RowMapping") -> dict[str, Any]:
    return {name: row[name] for name in shapes.PARKED} | {"error": _last_line(row["error"])}


def _quarantined(row: "RowMapping") -> dict[str, Any]:
    special = {
        "known": bool(row["known"]),
        "marks": "; ".join((row["verdict"] or {}).get("reasons", ())),
    }
    return {name: special[name] if name in special else row[name] for name in shapes.QUARANTINED}


PARKED = SetAside(
    command="failed",
    state="parked",
    words="is parked",
    shape=_parked,
    columns=("id", "received_at", "mail_from", "recipients", "size", "error"),
    least=("SIZE", "RECIPIENTS", "RECEIVED AT"),
    event="mail.retried",
)
QUARANTINED = SetAside(
    command="quarantine",
    state="quarantined",
    words="is in quarantine",
    shape=_quarantined,
    columns=("id", "received_at", "mail_from", "known", "recipients", "marks"),
    least=("RECIPIENTS", "RECEIVED AT"),
    event="mail.released",
)

failed = group(
    "failed",
    "Show mails that could not be processed, and put them back.",
    "mailgate failed",
    "mailgate failed show 17",
    "mailgate failed retry --all",
)


@failed.callback(invoke_without_command=True)
def failed_start(ctx: typer.Context, json: AsJson = False, config: ConfigFile = None) -> None:
    """Remember the configuration for what follows, or list."""
    ctx.obj = config
    if ctx.invoked_subcommand is None:
        _list(PARKED, config, json=json)


@command("list", "mailgate failed list --json", within=failed)
def failed_list(json: AsJson = False, config: ConfigFile = None) -> None:
    """List parked mails, oldest first."""
    _list(PARKED, config, json=json)


@command(
    "show",
    "mailgate failed show 17",
    "mailgate failed show 17 --raw > mail.eml",
    within=failed,
)
def failed_show(id_: Id, raw: Raw = False, json: AsJson = False, config: ConfigFile = None) -> None:
    """Show a parked mail with the error that kept it from being processed."""
    with opened(config) as app:
        row, octets = _one(PARKED, app, id_)
    if raw:
        sys.stdout.buffer.write(octets)
        return
    facts, error = _parked(row), (row["error"] or "").strip()
    if json:
        printing.as_json(facts | {"error": error})
        return
    del facts["error"]
    printing.facts(_readable(facts))
    printing.line()
    printing.block(error)


@command("retry", "mailgate failed retry 17", "mailgate failed retry --all", within=failed)
def failed_retry(ids: Ids = None, every: Every = False, config: ConfigFile = None) -> None:
    """Put parked mails back, to be processed again by the gateway or the next tick."""
    _put_back(PARKED, config, ids, every=every)


quarantine = group(
    "quarantine",
    "Show mails that the spam filter has marked, and let them in.",
    "mailgate quarantine",
    "mailgate quarantine show 17",
    "mailgate quarantine release 17",
)


@quarantine.callback(invoke_without_command=True)
def quarantine_start(ctx: typer.Context, json: AsJson = False, config: ConfigFile = None) -> None:
    """Remember the configuration for what follows, or list."""
    ctx.obj = config
    if ctx.invoked_subcommand is None:
        _list(QUARANTINED, config, json=json)


@command("list", "mailgate quarantine list --json", within=quarantine)
def quarantine_list(json: AsJson = False, config: ConfigFile = None) -> None:
    """List quarantined mails, oldest first; `known` are those in the name of people we know."""
    _list(QUARANTINED, config, json=json)


@command(
    "show",
    "mailgate quarantine show 17",
    "mailgate quarantine show 17 --raw > mail.eml",
    within=quarantine,
)
def quarantine_show(
    id_: Id, raw: Raw = False, json: AsJson = False, config: ConfigFile = None
) -> None:
    """Show a quarantined mail: who sent it, which marks it has, what it says."""
    with opened(config) as app:
        row, octets = _one(QUARANTINED, app, id_)
        if raw:
            sys.stdout.buffer.write(octets)
            return
        facts = _quarantined(row)
        if json:
            printing.as_json(facts)
            return
        read = app.reader.parse(octets, row["received_at"], id_)
    printing.facts([*_readable(facts), ("subject", read.subject)])
    printing.line()
    printing.block(read.text)


@command(
    "release",
    "mailgate quarantine release 17",
    "mailgate quarantine release --all",
    within=quarantine,
)
def quarantine_release(ids: Ids = None, every: Every = False, config: ConfigFile = None) -> None:
    """Let mails in as no spam: the gateway or the next tick processes them like any other."""
    _put_back(QUARANTINED, config, ids, every=every)


# --- all of them ----------------------------------------------------------------------------------


def _which(ids: list[int] | None, *, every: bool) -> list[int] | None:
    """Return the ids that were named, None for all. Raises a usage error for neither and both."""
    if every == bool(ids):
        raise typer.BadParameter("name the numbers, or say --all")
    return ids or None


def _tell(count: int, wanted: list[int] | None, thing: str, what: str) -> None:
    """Say how many it were; refuse when some of those named were not such."""
    printing.line(f"{count} {thing if count == 1 else thing + 's'} put back.")
    if wanted is not None and count < len(set(wanted)):
        raise Refused(f"{len(set(wanted)) - count} of those named no {thing} {what}")


_LONG = ("MAIL FROM", "RECIPIENT", "RECIPIENTS", "REASON", "ERROR", "MARKS")


def _table(rows: list[dict[str, Any]], names: tuple[str, ...], least: tuple[str, ...]) -> None:
    shown = [dict(_readable(row)) for row in rows]
    headings = tuple(name.upper().replace("_", " ") for name in names)
    values = ([row[name] for name in names] for row in shown)
    printing.table(headings, values, long=_LONG, least=least)


def _readable(row: dict[str, Any]) -> list[tuple[str, Any]]:
    def readable(value: Any) -> Any:
        if isinstance(value, list):
            return ", ".join(map(str, value))
        return printing.moment(value) if hasattr(value, "strftime") else value

    return [(name, readable(value)) for name, value in row.items()]
