"""The ports for mail, out of the configuration."""

import ssl
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mailgate.config import Config
from mailgate.config.addresses import Listen
from mailgate.errors import Refused
from mailgate.intake.gate import within
from mailgate.intake.settings import SmtpSettings
from mailgate.intake.smtp import Listener

if TYPE_CHECKING:
    from mailgate.app import App
    from mailgate.intake.logins import Account
    from mailgate.intake.submission import SubmissionListener


def listener(app: "App", now: Callable[[], datetime]) -> Listener:
    """Return the SMTP and LMTP ports, not yet open."""
    return Listener(
        _settings(app.config, app.config.inbound.listen),
        app.inbox,
        lambda address: app.route(address) is not None,
        now,
    )


def _settings(config: Config, listen: Listen) -> SmtpSettings:
    """Return what all ports have in common, as it is at the one for mail from outside."""
    inbound, limits = config.inbound, config.limits
    return SmtpSettings(
        host=listen.host,
        port=listen.port,
        hostname=inbound.hostname,
        max_size=inbound.max_size,
        max_recipients=limits.recipients,
        max_connections=inbound.max_connections,
        max_connections_per_peer=inbound.max_connections_per_peer,
        mails_per_minute=limits.mails_per_minute,
        max_errors=inbound.max_errors,
        allowed_peers=inbound.allowed_peers,
        trusted_peers=limits.trusted_relays,
        tls=_server_tls(inbound.tls_cert, inbound.tls_key),
        max_in_flight=inbound.max_in_flight,
    )


def submission(app: "App", now: Callable[[], datetime]) -> "SubmissionListener":
    """Return the port at which agents log in and hand in mail, not yet open.

    Nobody is trusted there for where they come from; relays of ours bring many people, whose
    passwords are counted by name.
    """
    from mailgate.intake.logins import Logins
    from mailgate.intake.rehearsal import objection
    from mailgate.intake.submission import Office, SubmissionDialogue, SubmissionListener

    config = app.config
    port = config.submission
    if port.listen is None:
        raise Refused("there is no submission port: [submission] listen")
    office = Office(
        Logins(
            _accounts(config),
            port.failed_logins,
            lambda peer: within(peer, config.limits.trusted_relays),
            time.monotonic,
        ),
        lambda mail: objection(app.rehearse_mail, mail),
    )
    return SubmissionListener(
        replace(
            _settings(config, port.listen),
            allowed_peers=port.allowed_peers,
            trusted_peers=(),
            implicit_tls=port.implicit_tls,
        ),
        app.inbox,
        lambda _address: True,  # who may be written to shows when the mail is there
        now,
        partial(SubmissionDialogue, office=office),
    )


def _accounts(config: Config) -> "dict[str, Account]":
    """Return who may log in, by short name and by address."""
    from mailgate.intake.logins import Account

    accounts: dict[str, Account] = {}
    for agent in config.agents:
        if agent.password_hash is not None:
            account = Account(agent.name, agent.password_hash.get_secret_value())
            accounts |= {agent.name: account, agent.address: account}
    return accounts


def _server_tls(cert: Path | None, key: Path | None) -> ssl.SSLContext | None:
    if cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    return context
