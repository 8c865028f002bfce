"""A gateway's own books, opened by the test: to wait for rest, to verify, to let time pass.

The commands say the same; but each takes a second to start, and these looks come after every test.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select, update

from mailgate import config as configuration
from mailgate.app import App
from mailgate.desk.verify import verify
from mailgate.domain.horizon import Heartbeat
from mailgate.mail.parts import content
from mailgate.store import heartbeat, inbox, outbox, schema


@contextmanager
def opened(config: Path) -> Iterator[App]:
    """Open the books of a gateway, whether it runs or not."""
    app = App(configuration.load(config, os.environ), os.environ)
    try:
        yield app
    finally:
        app.close()


def under_way(config: Path) -> str:
    """Return how many mails wait to be processed or to be sent; nothing when none does."""
    tables = {"inbox": schema.mail_delivery.c, "outbox": schema.outbox.c}
    with opened(config) as app, app.database.read() as connection:
        waiting = {
            name: connection.scalar(
                select(func.count()).where(table.state.in_((inbox.PENDING, outbox.READY)))
            )
            for name, table in tables.items()
        }
    return ", ".join(f"{count} in the {name}" for name, count in waiting.items() if count)


def let_claims_lapse(config: Path) -> None:
    """Let the claims of a gateway that was killed run out, as they would in a minute or more."""
    with opened(config) as app, app.database.write() as connection:
        for table in (schema.mail_delivery, schema.outbox, schema.imap_mailbox):
            connection.execute(update(table).values(lease_owner=None, lease_until=None))
        begun = schema.imap_filing.c.next_try_at
        tried = update(schema.imap_filing).where(begun.is_not(None))
        connection.execute(tried.values(next_try_at=datetime.now(UTC)))


def to_be_filed(config: Path) -> int:
    """Return how many answers are yet to be filed in a shared mailbox."""
    table = schema.imap_filing.c
    with opened(config) as app, app.database.read() as connection:
        query = select(func.count()).where(table.next_try_at.is_not(None))
        return connection.scalar(query) or 0


def let_the_clock_have_run(config: Path, ago: timedelta) -> None:
    """Make it look as if the clock had run last so long ago, and nothing was held back then."""
    with opened(config) as app, app.database.write() as connection:
        heartbeat.keep(connection, Heartbeat(datetime.now(UTC) - ago))


def faults(config: Path) -> list[str]:
    """Return what `mailgate verify` would find."""
    with opened(config) as app, app.database.read() as connection:
        return [f"{each.check}: {each}" for each in verify(connection, app.settings, content)]
