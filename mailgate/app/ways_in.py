"""The ports for mail, out of the configuration."""

import ssl
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mailgate.intake.settings import SmtpSettings
from mailgate.intake.smtp import Listener

if TYPE_CHECKING:
    from mailgate.app import App


def listener(app: "App", now: Callable[[], datetime]) -> Listener:
    """Return the SMTP and LMTP ports, not yet open."""
    inbound, limits = app.config.inbound, app.config.limits
    return Listener(
        SmtpSettings(
            host=inbound.listen.host,
            port=inbound.listen.port,
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
        ),
        app.inbox,
        lambda address: app.route(address) is not None,
        now,
    )


def _server_tls(cert: Path | None, key: Path | None) -> ssl.SSLContext | None:
    if cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    return context
