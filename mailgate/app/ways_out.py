"""How mail leaves, out of the configuration."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from mailgate.config import Config
from mailgate.delivery.ending import Rules
from mailgate.delivery.letter import Writer
from mailgate.delivery.maildir import MaildirTransport
from mailgate.delivery.smtp import Smarthost, SmarthostSettings, Tls
from mailgate.delivery.stint import Stint
from mailgate.delivery.terminal import TerminalTransport
from mailgate.delivery.transport import Never, Outgoing, Sent, Transport
from mailgate.delivery.way import Way
from mailgate.delivery.worker import Worker
from mailgate.errors import Permanent, Temporary
from mailgate.store import jobs
from mailgate.store.jobs import LastRun

if TYPE_CHECKING:
    from mailgate.app import App


def transport(config: Config) -> Transport:
    """Return the way out that the configuration names."""
    delivery = config.delivery
    if delivery.transport == "maildir":
        return MaildirTransport(delivery.maildir)
    if delivery.transport == "terminal":
        return TerminalTransport()
    password = delivery.password
    return Smarthost(
        SmarthostSettings(
            host=delivery.host,
            port=delivery.port,
            helo=delivery.helo,
            tls=Tls(delivery.tls),
            user=delivery.user or None,
            password=None if password is None else password.get_secret_value(),
            ca_file=delivery.ca_file,
        )
    )


def delivery(app: "App", now: Callable[[], datetime]) -> Worker:
    """Return what empties the outbox."""
    delivery = app.config.delivery
    writer = Writer(app.renderer, app.signer, app.config.desk.name, app.config.desk.address)
    return Worker(
        app.desk,
        writer,
        app.transport,
        Rules(
            delivery.on_unknown,
            delivery.give_up_after,
            delivery.retry_after,
            app.config.node.lease,
            delay_notice_after=delivery.delay_notice_after,
        ),
        now,
        app.owner,
        Way(app.desk, app.node),
        lambda stint: _note(app, stint),
    )


def _note(app: "App", stint: Stint) -> None:
    """Write down how sending went last, as of the job `outbox`."""
    took_ms = round(stint.took / timedelta(milliseconds=1))
    run = LastRun("outbox", app.node, stint.began_at, took_ms, stint.tries, "")
    with app.database.write() as connection:
        jobs.note(connection, app.settings.tenant_id, run)


def hand_over(transport: Transport, recipient: str, raw: bytes) -> str:
    """Send one mail past the outbox, and return what was answered; see `App.hand_over`."""
    session = transport.open()
    try:
        result = session.send(Outgoing("", recipient, raw), lambda: None)
    finally:
        session.close()
    match result:
        case Sent(detail):
            return detail
        case Never(code, reason):
            raise Permanent(f"{code} {reason}")
        case _:
            raise Temporary(result.reason)
