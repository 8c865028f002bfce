"""`mailgate check`: whether the gateway could run as it is configured, before it does."""

import os
import secrets
from collections.abc import Callable, Iterator
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mailgate.cli import printing, shapes
from mailgate.cli.ending import NO, say
from mailgate.cli.finding import Finding
from mailgate.cli.opening import opened
from mailgate.cli.options import AsJson, ConfigFile
from mailgate.cli.program import command
from mailgate.errors import MailgateError, Temporary

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mailgate.app import App
    from mailgate.store.db import Database

_BEHIND = "migrated at the next start: make a backup before (`mailgate backup`)"
_EMPTY = Finding("database", "ok", "it is empty: tables are made at the first start")


@command(
    "check",
    "mailgate check --config desk/config.toml",
    "mailgate check --send-to me@example.com",
)
def check(
    send_to: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Send a mail there, to see that it arrives."),
    ] = None,
    json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Check that the gateway can run as it is configured.

    Looks at the configuration, the database, the templates, the way out and the shared mailboxes,
    and tells whether a gateway runs now, whether another desk's has its port, and when its clock
    last ran. A fault in the configuration
    is named with file, line and key, what was found, what is allowed, and a remedy. Changes
    nothing. Ends with 0 when the gateway can run or does, with 1 when it cannot.
    """
    from mailgate.config import ConfigError

    try:
        with opened(config) as app:
            findings = [*_configuration(app), *_all(app, send_to)]
    except ConfigError as error:
        findings = [Finding("configuration", "fault", str(fault)) for fault in error.faults]
    if json:
        printing.as_json(
            [{name: getattr(each, name) for name in shapes.CHECKED} for each in findings]
        )
    else:
        for each in findings:
            if each.state == "fault":
                say(f"{each.check}: {each.says}")
            else:
                printing.line(f"{each.state.ljust(7)}  {each.check}: {each.says}")
    if any(each.state == "fault" for each in findings):
        raise typer.Exit(NO)


def _configuration(app: "App") -> Iterator[Finding]:
    from mailgate.cli.setting_up import lacking

    yield Finding("configuration", "ok", f"{app.config.desk.address} is understood")
    for says in lacking(bool(app.config.agents), bool(app.config.desk.admins)):
        yield Finding("configuration", "warning", says)
    for says in _assignment(app):
        yield Finding("assignment", "warning", says)


def _assignment(app: "App") -> Iterator[str]:
    """Yield what of the assignment may not be meant."""
    settings, inactive = app.settings, app.config.assignment
    last = settings.routes[-1:]
    if settings.assigns and settings.staff.teams and not any(rule.takes_all for rule in last):
        yield (
            "a ticket to which no rule gives a team is given to nobody: let the last [[rule]] have "
            "a team and no conditions"
        )
    if inactive.inactive_after is not None and not inactive.inactive_in:
        yield (
            "[assignment] inactive_after counts every hour, so tickets move each night: name a "
            "[[calendar]] in inactive_in"
        )


def _all(app: "App", send_to: str | None) -> Iterator[Finding]:
    checks: list[tuple[str, Callable[[App], Iterator[Finding]]]] = [
        ("database", _database),
        ("gateway", _gateway),
        ("inbound", _inbound),
        ("submission", _submission),
        ("web", _web),
        ("templates", _templates),
        ("delivery", _delivery),
        ("trust", _trust),
        ("mailbox", _mailboxes),
    ]
    if send_to is not None:
        checks.append(("delivery", lambda app: _send(app, send_to)))
    for name, look in checks:
        try:
            yield from look(app)
        except MailgateError as error:
            yield Finding(name, "fault", str(error))


# --- the database ---------------------------------------------------------------------------------


def _database(app: "App") -> Iterator[Finding]:
    """Look at the database without making or migrating it."""
    from mailgate.store import footprint
    from mailgate.store.db import Database

    database = Database(app.config.database.url.get_secret_value())
    path = database.path
    used = footprint.found(path)
    if path is not None and path.exists() and not path.stat().st_size:
        yield _EMPTY  # as it stays: SQLite would write to it
        return
    if path is not None and not path.exists():
        writable = os.access(path.parent, os.W_OK)
        wrong = "is closed to us" if path.parent.is_dir() else "is no folder: make it"
        says = f"{path} is made at the first start" if writable else f"{path.parent} {wrong}"
        yield Finding("database", "ok" if writable else "fault", says)
        return
    try:
        yield from _schema(database, used)
    finally:
        database.close()


def _schema(database: "Database", used: Path | None) -> Iterator[Finding]:
    """Look into a database; `used` is the file when a desk has run on it before."""
    from mailgate.store import audit, footprint, heartbeat, migrate
    from mailgate.store.revision import NEWEST, present

    with database.write() as connection:  # a disk or a database that is read-only shows here
        revision = present(connection)
        if revision is None and used is not None:
            raise footprint.lost(used)
        if revision is None:
            yield _EMPTY
            return
        migrate.see_that_known(revision)
        current = revision == NEWEST
        last = heartbeat.last(connection).seen_at if current else None
        waiting = _for_people(connection) if current else []
        wrong = audit.unsafe(connection)
    if wrong:
        says = f"what is committed might be lost: {', '.join(wrong)}"
        yield Finding("database", "warning", says)
    where = "at this version's schema" if current else _BEHIND
    yield Finding("database", "ok", f"it can be written to, and is {where}")
    if last is not None:
        yield _clock(last)
    yield from waiting


def _for_people(connection: "Connection") -> list[Finding]:
    """Return what was set aside and waits for somebody to look at it."""
    from mailgate.app import TENANT_ID, now
    from mailgate.domain.caps import HOUR
    from mailgate.store import aside, backlog, outbox

    held = outbox.to_strangers(connection, TENANT_ID, now() - HOUR, held=True)
    counted = (
        (
            "flood",
            held,
            "acknowledgements to unknown senders were held back in the last hour",
            "outbox --state suppressed",
        ),
        (
            "parked",
            backlog.read(connection, TENANT_ID).parked,
            "mails could not be processed",
            "failed list",
        ),
        (
            "quarantine",
            aside.quarantined_of_known(connection, TENANT_ID),
            "mails of known people were taken for spam by the filter in front",
            "quarantine list",
        ),
    )
    return [
        Finding(name, "warning", f"{count} {what}: `mailgate {where}`")
        for name, count, what, where in counted
        if count
    ]


def _clock(last: datetime) -> Finding:
    from mailgate.app import now
    from mailgate.store.heartbeat import SILENT

    silence = now() - last
    if silence > SILENT:
        says = f"it last ran {printing.span(silence)} ago: start `mailgate serve`, or see to cron"
        return Finding("clock", "warning", says)
    return Finding("clock", "ok", f"its last sign of life is {printing.span(silence)} old")


# --- a gateway that runs now, and who can ask it --------------------------------------------------


def _gateway(app: "App") -> Iterator[Finding]:
    from mailgate.cli.running import gateway

    return gateway(app)


def _inbound(app: "App") -> Iterator[Finding]:
    """Tell where a port is open to other machines, none of which may connect."""
    from mailgate.config.secrets import is_loopback

    inbound = app.config.inbound
    if not all(peers.is_loopback for peers in inbound.allowed_peers):
        return
    for at in (inbound.listen, inbound.lmtp_listen):
        if at is not None and not is_loopback(at.host):
            says = (
                f"{at} is open to other machines, and all of them are refused: say in [inbound] "
                'allowed_peers who may connect, beside "127.0.0.0/8" and "::1"'
            )
            yield Finding("inbound", "warning", says)


def _submission(app: "App") -> Iterator[Finding]:
    """Tell who can hand in mail, and whether an unknown name would show by its cost."""
    at = app.config.submission.listen
    if at is None:
        return
    hashes = {
        agent.name: agent.password_hash.get_secret_value()
        for agent in app.config.agents
        if agent.password_hash is not None
    }
    yield Finding("submission", "ok", f"{', '.join(sorted(hashes))} can log in at {at}")
    if len({text.rpartition("$")[0].rpartition("$")[0] for text in hashes.values()}) > 1:
        says = (
            "password hashes of agents are of different cost, by which a guesser could tell who is "
            "there: make them anew by `mailgate agents password NAME`"
        )
        yield Finding("submission", "warning", says)


def _web(app: "App") -> Iterator[Finding]:
    """Tell who can ask how the gateway is."""
    at = app.config.web.listen
    if at.host == "localhost" or ip_address(at.host).is_loopback:
        yield Finding("web", "ok", f"{at} is open to this machine only")
        return
    says = (
        f"{at} is open to others: whoever reaches it sees how the gateway is, without a login and "
        'without TLS; take "127.0.0.1:8025" in [web] listen and put a server with TLS in front, or '
        "keep others out by a firewall"
    )
    yield Finding("web", "warning", says)


# --- templates and the way out --------------------------------------------------------------------


def _templates(app: "App") -> Iterator[Finding]:
    faults = app.renderer.check() + app.macros.check()
    yield from (Finding("templates", "fault", fault) for fault in faults)
    if not faults:
        languages = ", ".join(app.renderer.locales)
        macros = ", ".join(app.macros.names) or "none"
        count = len(app.renderer.notices)
        yield Finding("templates", "ok", f"{count} notices in {languages}; macros: {macros}")


def _delivery(app: "App") -> Iterator[Finding]:
    """Open the way out as the gateway would: connect, greet, TLS, log in; or make a file."""
    delivery = app.config.delivery
    app.transport.open().close()
    match delivery.transport:
        case "maildir":
            _write_to(delivery.maildir)
            yield Finding("delivery", "ok", f"mails go into the Maildir {delivery.maildir}")
        case "terminal":
            yield Finding("delivery", "warning", "mails are shown on the terminal and not sent")
        case _:
            login = f", as {delivery.user}" if delivery.user else ", without login"
            how = f"{delivery.host}:{delivery.port} ({delivery.tls}{login})"
            yield Finding("delivery", "ok", f"the smarthost answers: {how}")
    if app.config.canary.every is not None and delivery.transport != "smtp":
        says = f"[canary] sends mails that transport {delivery.transport} does not bring back"
        yield Finding("canary", "warning", says)


def _write_to(folder: Path) -> None:
    """Make a file in the folder and take it away. Raises Temporary when that cannot be done."""
    probe = folder / "tmp" / f"check.{secrets.token_hex(8)}"
    try:
        probe.touch(mode=0o600, exist_ok=False)
        probe.unlink()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise Temporary(f"nothing can be written to {folder}: {reason}") from error


def _trust(app: "App") -> Iterator[Finding]:
    """Say who vouches for senders; the DNS is not asked."""
    trust = app.config.trust
    ways = []
    if trust.authserv_ids:
        ways.append(f"the Authentication-Results of {', '.join(trust.authserv_ids)} are believed")
    if trust.verify:
        app.authenticator  # noqa: B018 - built, so that what it needs is there
        ways.append("DKIM, SPF and DMARC are verified here")
    nobody = "nobody vouches for senders: every one is unknown, see [trust]"
    yield Finding("trust", "ok", ", else ".join(ways) or nobody)
    if trust.arc_sealers and not ways:
        says = "arc_sealers do nothing without authserv_ids or verify"
        yield Finding("trust", "warning", says)


def _mailboxes(app: "App") -> Iterator[Finding]:
    """Log in to each shared mailbox, and say what its server can do and where its folders are."""
    for name, said in app.survey():
        state: Literal["ok", "warning", "fault"] = "ok" if said.well else "warning"
        yield Finding("mailbox", state if said.watched else "fault", f"{name}: {said.says}")


def _send(app: "App", address: str) -> Iterator[Finding]:
    from mailgate.app import now
    from mailgate.mail.compose import Frame, compose
    from mailgate.mail.render import Rendered

    desk = app.config.desk
    at = now()
    frame = Frame(
        from_name=desk.name,
        from_address=desk.address,
        to_name="",
        to_address=address,
        reply_to=None,
        message_id=f"<check.{secrets.token_hex(12)}@{desk.address.rpartition('@')[2]}>",
        in_reply_to=None,
        references=(),
        date=at,
        auto_submitted="auto-generated",
        loop_mark=app.signer.loop_mark(),
        language="en",
    )
    text = f"mailgate sent this from {desk.address} to see that mail arrives. It did.\n"
    raw = compose(Rendered("mailgate: a mail to see that it arrives", text, None, "en"), frame)
    answer = app.hand_over(address, raw)
    yield Finding("delivery", "ok", f"a mail to {address} was handed over: {answer}")
