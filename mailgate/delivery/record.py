"""What is written down of notices: that they begin to leave, and how they ended.

Several endings and the next beginning share one transaction. What the database does not take is
kept for the next time; one that cannot be written stops no other.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from mailgate.delivery.ending import Entry, given_back, tell
from mailgate.desk import returns
from mailgate.desk.door import Desk
from mailgate.desk.ledger import Ledger
from mailgate.domain.events import Event, Undelivered
from mailgate.domain.suspension import gone
from mailgate.errors import Conflict, Temporary
from mailgate.log import log
from mailgate.store import filing, outbox
from mailgate.store.outbox import Due

_CONFLICTS = 8
_BY_OTHERS = timedelta(seconds=10)
"""After which a copy that the way out files itself, as some do, can be found by its Message-ID."""


class Record:
    """The endings of one worker that are known, until they are written down."""

    def __init__(self, desk: Desk, now: Callable[[], datetime]) -> None:
        self._desk = desk
        self._now = now
        self._endings: list[Entry] = []

    def add(self, entry: Entry) -> None:
        """Keep how a notice ended, to be written down soon."""
        self._endings.append(entry)

    def give_back(self, dues: Iterable[Due]) -> None:
        """Let go of notices that were claimed and not tried."""
        self._endings += map(given_back, dues)

    def begin(self, beginning: Entry) -> None:
        """Write down what is known, and that one more notice begins to leave, in one piece.

        Raises `Conflict` when its claim has lapsed, `Temporary` as `write` does.
        """
        if not self.write(beginning):
            raise Conflict("another worker has taken this notice over")

    def write(self, beginning: Entry | None = None) -> bool:
        """Write what is known in one piece; False when there is a beginning whose claim has lapsed.

        An ending whose claim has lapsed is left to whoever has the notice now. Raises `Temporary`
        when the database does not take it: it is kept for the next time.
        """
        entries = [*self._endings, beginning] if beginning else self._endings
        if not entries:
            return True
        try:
            held = self._commit(entries)
        except Temporary:
            raise
        except Exception as error:  # noqa: BLE001 - one ending that cannot be written stops no other
            log("delivery.failed", exc_info=error)
            while self._endings:
                self._write_alone(self._endings[0])
                del self._endings[0]
            return beginning is None or self._commit([beginning])[0]
        self._tell(self._endings, held)
        self._endings = []
        return beginning is None or held[-1]

    def _write_alone(self, entry: Entry) -> None:
        """Write one ending; without its event when it is that which cannot be recorded."""
        try:
            held = self._commit([entry])
        except Temporary:
            raise
        except Exception as error:  # noqa: BLE001 - else the mail would be sent again and again
            log("delivery.failed", notice=entry.due.id, ticket=entry.due.ticket_id, exc_info=error)
            held = self._commit([replace(entry, event=None)])
        self._tell([entry], held)

    def _tell(self, entries: list[Entry], held: list[bool]) -> None:
        for entry, ours in zip(entries, held, strict=False):  # a beginning is not told
            if ours:
                tell(entry)
            else:
                log("lease.expired", notice=entry.due.id)

    def _commit(self, entries: list[Entry]) -> list[bool]:
        """Write entries in one transaction; return for each whether the claim was still ours."""
        for _ in range(_CONFLICTS):
            try:
                return self._put(entries)
            except Conflict:
                log("store.conflict", where="delivery")
        raise Temporary("others change the tickets of these notices all the time")

    def _put(self, entries: list[Entry]) -> list[bool]:
        notes = [(entry.due, entry.columns) for entry in entries]
        if not any(entry.event for entry in entries):
            with self._desk.database.write() as connection:
                held = outbox.note(connection, notes)
                self._keep(connection, entries, held)
                return held
        with self._desk.writing(self._now(), len(entries)) as ledger:
            unreached = _unreached(ledger, entries)
            held = outbox.note(ledger.connection, notes)
            self._keep(ledger.connection, entries, held)
            for entry, ours in zip(entries, held, strict=True):
                if ours and entry.event is not None and entry.due.ticket_id is not None:
                    _happen(ledger, entry.due, entry.due.ticket_id, entry.event, unreached)
            return held

    def _keep(self, connection: Connection, entries: list[Entry], held: list[bool]) -> None:
        """Keep what has left and is to be filed among what was sent."""
        times = {"sent_at": self._now(), "next_try_at": self._now() + _BY_OTHERS}
        for entry, ours in zip(entries, held, strict=True):
            if ours and entry.copy is not None:
                filing.keep(connection, entry.due, self._desk.settings.files, entry.copy, times)


def _unreached(ledger: Ledger, entries: list[Entry]) -> returns.Unreached:
    """Return where notices of the same tickets have failed before."""
    failed = [entry.due for entry in entries if isinstance(entry.event, Undelivered)]
    tickets = {due.ticket_id for due in failed if due.ticket_id is not None}
    ids = {due.id for due in failed}
    return outbox.never_reached(ledger.connection, ledger.settings.tenant_id, tickets, ids)


def _happen(
    ledger: Ledger, due: Due, ticket_id: int, event: Event, unreached: returns.Unreached
) -> None:
    """Record how the sending of a notice ended; an address that is gone is left in peace."""
    if not isinstance(event, Undelivered):
        ledger.apply(ticket_id, event)
        return
    returns.failed(ledger, ticket_id, event, unreached, automatic=due.automatic)
    if gone(event.reason):
        ledger.suspend(due.recipient, event.reason)
