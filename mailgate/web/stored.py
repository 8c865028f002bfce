"""What the HTTP port tells of the database, found by one look at it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from mailgate.domain.canary import Rounds
from mailgate.errors import MailgateError
from mailgate.log import log
from mailgate.store import backlog, canaries, figures, heartbeat, jobs, mailboxes, ways
from mailgate.store.backlog import Backlog
from mailgate.store.db import Database
from mailgate.store.jobs import LastRun
from mailgate.store.mailboxes import Watched
from mailgate.store.ways import Broken


@dataclass(frozen=True, slots=True)
class Stored:
    """What waits there, when the clock last ran, what is known of canaries and of ways out.

    None where it never has, and where none are sent. `mailboxes` tells how it goes with each
    shared one, `jobs` how each last ran. `tickets` counts them by automation status, and `loads`
    what each agent holds on the desk's turn, as that was counted last.
    """

    backlog: Backlog
    clock_seen_at: datetime | None
    canaries: Rounds | None = None
    broken: tuple[Broken, ...] = ()
    mailboxes: Mapping[str, Watched] = field(default_factory=dict)
    jobs: Mapping[str, LastRun] = field(default_factory=dict)
    tickets: Mapping[str, int] = field(default_factory=dict)
    loads: Mapping[str, int] = field(default_factory=dict)


def look(
    database: Database,
    tenant_id: int,
    now: datetime,
    *,
    watched: bool,
    shared: Collection[str] = (),
) -> Stored:
    """Look at the store, and for canaries if these are `watched`; `shared` names mailboxes.

    Raises `MailgateError` when it does not answer, which is logged.
    """
    try:
        with database.read() as connection:
            return Stored(
                backlog.read(connection, tenant_id),
                heartbeat.last(connection).seen_at,
                canaries.rounds(connection, tenant_id) if watched else None,
                tuple(ways.broken(connection, tenant_id, now)),
                mailboxes.states(connection, tenant_id, shared),
                jobs.last(connection, tenant_id),
                figures.by_automation(connection, tenant_id),
                figures.loads(connection, tenant_id),
            )
    except MailgateError as error:
        log("database.unavailable", where="web", error=str(error))
        raise
