"""What brings old mail along, out of the configuration."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from mailgate.intake.authentication import Authenticator
from mailgate.intake.importing import Destination, Importer

if TYPE_CHECKING:
    from mailgate.app import App


def importer(
    app: "App", queue: str, now: Callable[[], datetime], open_since: datetime, *, dry_run: bool
) -> Importer:
    """Return what brings old mail along; of who wrote that, nobody is asked any more."""
    return Importer(
        app.desk,
        replace(app.reader, authenticator=Authenticator()),
        Destination(queue, app.config.desk.address, app.inbox.need_room),
        now,
        open_since,
        dry_run=dry_run,
    )
