"""Another configuration tried on the recorded mails."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from mailgate.config import Config
from mailgate.intake.reliving import Differing, Mail, Relived, relive
from mailgate.intake.trial import Way

if TYPE_CHECKING:
    from mailgate.app import App

__all__ = ["Differing", "Mail", "Relived", "relived"]

_APART = frozenset(
    {
        *("sla", "lifecycle", "calendars", "escalations", "asking", "jobs"),
        *("delivery", "canary", "web", "database", "node", "log", "submission"),
    }
)
"""Tables of the configuration that have nothing to do with what becomes of a mail that comes in."""


def relived(
    app: "App",
    config: Config,
    connection: Connection,
    since: datetime,
    progress: Callable[[int, int], None],
) -> Relived | None:
    """Return what would have become of the mails since; None where they need not be read again."""
    names = type(config).model_fields.keys() - _APART
    if all(getattr(config, name) == getattr(app.config, name) for name in names):
        return None
    other = app.trying(config)
    ways = Way(app.settings, app.reader), Way(other.settings, other.reader)
    return relive(connection, ways, app.signer, since, progress)
