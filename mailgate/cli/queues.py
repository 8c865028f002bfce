"""`mailgate outbox`, `failed` and `quarantine`: mail that waits to leave, or was set aside."""

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailgate.cli import printing, shapes
from mailgate.cli.opening import opened
from mailgate.cli.options import AsJson, ConfigFile, Limit
from mailgate.cli.program import command, group
from mailgate.errors import Refused

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import RowMapping


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
    from mailgate.store import reports

    with opened(config) as app, app.database.read() as connection:
        tenant_id = app.settings.tenant_id
        rows = reports.notices(connection, tenant_id, states or (), most=limit)
    found = [_notice(row) for row in rows]
    if json:
        printing.as_json(found)
    elif not found:
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
    from mailgate.store import reports

    with opened(config) as app:
        tenant_id, wanted = app.settings.tenant_id, _which(ids, every=every)
        with app.database.write() as connection:
            if wanted is None:
                ended = (store.NEVER, store.UNKNOWN)
                wanted = [row["id"] for row in reports.notices(connection, tenant_id, ended)]
            count = store.release(connection, tenant_id, wanted, now())
        _tell(count, wanted, "notice", "was refused or is unknown")
        app.send()


# --- mail that could not be processed -------------------------------------------------------------

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
        _list_failed(config, json=json)


@command("list", "mailgate failed list --json", within=failed)
def failed_list(json: AsJson = False, config: ConfigFile = None) -> None:
    """List parked mails, oldest first."""
    _list_failed(config, json=json)


def _list_failed(config: "Path | None", *, json: bool) -> None:
    from mailgate.store import inbox

    with opened(config) as app, app.database.read() as connection:
        found = [_parked(row) for row in inbox.parked(connection, app.settings.tenant_id)]
    if json:
        printing.as_json(found)
    elif not found:
        printing.line("No mail is parked.")
    else:
        _table(
            found,
            ("id", "received_at", "mail_from", "recipients", "size", "error"),
            ("SIZE", "RECIPIENTS", "RECEIVED AT"),
        )


def _parked(row: "RowMapping", *, whole: bool = False) -> dict[str, Any]:
    error = (row["error"] or "").strip()
    special = {"error": error if whole else (error.splitlines() or [""])[-1]}
    return {name: special[name] if name in special else row[name] for name in shapes.PARKED}


@command(
    "show",
    "mailgate failed show 17",
    "mailgate failed show 17 --raw > mail.eml",
    within=failed,
)
def failed_show(
    id_: Annotated[int, typer.Argument(metavar="ID", help="Which one, as the list says.")],
    raw: Annotated[bool, typer.Option("--raw", help="The mail itself, byte for byte.")] = False,
    json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Show a parked mail with the error that kept it from being processed."""
    from mailgate.store import inbox, reports

    with opened(config) as app, app.database.read() as connection:
        row = reports.delivery(connection, app.settings.tenant_id, id_)
    if row is None or row["state"] != inbox.PARKED:
        raise Refused(f"no parked mail has the number {id_}; `mailgate failed` lists them")
    if raw:
        sys.stdout.buffer.write(row["raw"])
        return
    facts = _parked(row, whole=True)
    if json:
        printing.as_json(facts)
        return
    error = facts.pop("error")
    printing.facts(_readable(facts))
    printing.line()
    printing.block(error)


@command("retry", "mailgate failed retry 17", "mailgate failed retry --all", within=failed)
def failed_retry(ids: Ids = None, every: Every = False, config: ConfigFile = None) -> None:
    """Put parked mails back, to be processed again by the gateway or the next tick."""
    from mailgate.log import log
    from mailgate.store import inbox

    with opened(config) as app:
        wanted = _which(ids, every=every)
        with app.database.write() as connection:
            count = inbox.retry(connection, app.settings.tenant_id, wanted)
        log("mail.retried", mails=wanted, count=count)
        _tell(count, wanted, "mail", "is parked")


# --- mail that the filter in front took for spam --------------------------------------------------

quarantine = group(
    "quarantine",
    "Show mails that the spam filter in front has marked, and let them in.",
    "mailgate quarantine",
    "mailgate quarantine show 17",
    "mailgate quarantine release 17",
)


@quarantine.callback(invoke_without_command=True)
def quarantine_start(ctx: typer.Context, json: AsJson = False, config: ConfigFile = None) -> None:
    """Remember the configuration for what follows, or list."""
    ctx.obj = config
    if ctx.invoked_subcommand is None:
        _list_quarantine(config, json=json)


@command("list", "mailgate quarantine list --json", within=quarantine)
def quarantine_list(json: AsJson = False, config: ConfigFile = None) -> None:
    """List quarantined mails, oldest first; `known` are those in the name of people we know."""
    _list_quarantine(config, json=json)


def _list_quarantine(config: "Path | None", *, json: bool) -> None:
    from mailgate.store import inbox

    with opened(config) as app, app.database.read() as connection:
        rows = inbox.quarantined(connection, app.settings.tenant_id)
        found = [_quarantined(row, row["known"]) for row in rows]
    if json:
        printing.as_json(found)
    elif not found:
        printing.line("No mail is in quarantine.")
    else:
        names = ("id", "received_at", "mail_from", "known", "recipients", "marks")
        _table(found, names, least=("RECIPIENTS", "RECEIVED AT"))


def _quarantined(row: "RowMapping", known: object) -> dict[str, Any]:
    special = {"known": bool(known), "marks": "; ".join((row["verdict"] or {}).get("reasons", ()))}
    return {name: special[name] if name in special else row[name] for name in shapes.QUARANTINED}


@command(
    "show",
    "mailgate quarantine show 17",
    "mailgate quarantine show 17 --raw > mail.eml",
    within=quarantine,
)
def quarantine_show(
    id_: Annotated[int, typer.Argument(metavar="ID", help="Which one, as the list says.")],
    raw: Annotated[bool, typer.Option("--raw", help="The mail itself, byte for byte.")] = False,
    json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Show a quarantined mail: who sent it, which marks it has, what it says."""
    from mailgate.mail.parse import parse
    from mailgate.store import inbox, people, reports

    with opened(config) as app, app.database.read() as connection:
        tenant_id = app.settings.tenant_id
        row = reports.delivery(connection, tenant_id, id_)
        known = row and people.known(connection, tenant_id, [row["mail_from"]])
    if row is None or row["state"] != inbox.QUARANTINED:
        raise Refused(f"no quarantined mail has the number {id_}; `mailgate quarantine` lists them")
    if raw:
        sys.stdout.buffer.write(row["raw"])
        return
    facts = _quarantined(row, known)
    if json:
        printing.as_json(facts)
        return
    read = parse(row["raw"], row["received_at"])
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
    from mailgate.log import log
    from mailgate.store import inbox

    with opened(config) as app:
        wanted = _which(ids, every=every)
        with app.database.write() as connection:
            count = inbox.release(connection, app.settings.tenant_id, wanted)
        log("mail.released", mails=wanted, count=count)
        _tell(count, wanted, "mail", "is in quarantine")


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
        raise Refused(f"{len(set(wanted)) - count} of those named no {thing} that {what}")


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
