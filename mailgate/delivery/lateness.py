"""Mails with a person's words that have not left for hours: their authors are told, once for each.

The way out may be out of order as a whole, so that most mails are not even tried: what counts is
how long a mail has waited. The notice goes the same way out; the history and the log tell at once.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from mailgate.desk.door import Desk
from mailgate.domain.events import Delayed
from mailgate.domain.model import GATEWAY
from mailgate.errors import Conflict
from mailgate.log import log
from mailgate.store import outbox
from mailgate.store.outbox import Late

_MOST = 50  # told in one transaction
_EVERY = timedelta(minutes=1)
_UNTRIED = "it waits for the way out, which is out of order"


class Lateness:
    """Looks, once a minute at most, for mails that have waited for longer than `after`."""

    def __init__(self, desk: Desk, after: timedelta) -> None:
        self._desk = desk
        self._after = after
        self._looked: datetime | None = None

    def look(self, now: datetime) -> None:
        """Tell of what is late by `now`, if it is time to look."""
        if self._looked is not None and timedelta(0) <= now - self._looked < _EVERY:
            return
        self._looked = now
        try:
            while self._tell(now) == _MOST:
                pass
        except Conflict:
            log("store.conflict", where="lateness")  # in a minute

    def _tell(self, now: datetime) -> int:
        tenant_id, before = self._desk.settings.tenant_id, now - self._after
        with self._desk.database.read() as connection:
            if not outbox.late(connection, tenant_id, before, 1, lock=False):
                return 0
        with self._desk.writing(now, _MOST) as ledger:
            found = outbox.late(ledger.connection, tenant_id, before, _MOST, lock=True)
            outbox.told_late(ledger.connection, tenant_id, (mail.id for mail in found), now)
            for mails in _of_a_message(found):
                first = mails[0]
                event = Delayed(
                    at=now,
                    actor=GATEWAY,
                    notice=first.notice,
                    recipient=", ".join(mail.recipient for mail in mails),
                    reason=next((mail.reason for mail in mails if mail.reason), _UNTRIED),
                    author=first.author,
                )
                ledger.apply(first.ticket_id, event)
        return len(found)


def _of_a_message(found: Iterable[Late]) -> Iterable[list[Late]]:
    """Return the mails with the same words together: of all of them is told at once."""
    together: dict[tuple[int, str], list[Late]] = {}
    for mail in found:
        together.setdefault((mail.message_id, mail.notice), []).append(mail)
    return together.values()
