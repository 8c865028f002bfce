"""Opens the desk that a configuration describes, for as long as one command runs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mailgate.errors import Refused

if TYPE_CHECKING:
    from mailgate.app import App
    from mailgate.domain.model import Ticket


@contextmanager
def opened(config: Path | None, *, quiet: bool = True) -> "Iterator[App]":
    """Read the configuration and hand out the gateway, built but not started.

    `quiet` leaves only warnings of the log on stderr. Raises ConfigError.
    """
    from mailgate import config as configuration
    from mailgate import log
    from mailgate.app import App
    from mailgate.cli import printing

    read = configuration.load(configuration.find(config, os.environ), os.environ)
    level = read.log.level
    printing.in_zone(read.desk.timezone)
    log.configure("warning" if quiet and level != "error" else level, read.log.format)
    app = App(read, os.environ)
    try:
        yield app
    finally:
        app.close()


def find(app: "App", number: str) -> "Ticket":
    """Return the ticket with a number, however it is written. Raises Refused."""
    from mailgate.desk.naming import named
    from mailgate.store import tickets

    with app.database.read() as connection:
        try:
            id_ = named(connection, app.settings, number)
        except Refused as refusal:
            raise Refused(f"{refusal}; `mailgate tickets` lists them") from None
        return tickets.load(connection, app.settings.tenant_id, [id_])[id_]
