"""What a look ahead has decided and nobody writes: it counts as if it were in the outbox."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mailgate.desk import notices
from mailgate.domain.caps import DAY, Recent
from mailgate.domain.people import Role
from mailgate.store.joining import Waiting
from mailgate.store.outbox import LONGEST_QUIET, SUPPRESSED


@dataclass
class Ahead:
    """Automatic mail of which the store does not know, by address; `mails` may take more.

    Of what goes to staff: when it was written, and until when it waits for quiet hours to end.
    `changed`: by (ticket, address), what waits to tell a customer of changes, or has none to tell.
    """

    to_customers: dict[str, deque[Recent]] = field(default_factory=dict)
    to_staff: dict[str, deque[tuple[datetime, datetime | None]]] = field(default_factory=dict)
    mails: dict[tuple[str, bool], Waiting] = field(default_factory=dict)
    changed: dict[tuple[int | None, str], Waiting] = field(default_factory=dict)

    def note(
        self, rows: Iterable[Mapping[str, Any]], joined: Mapping[int, Waiting], now: datetime
    ) -> None:
        """Note rows that would be written at an instant, and in which mails some are told."""
        for row in rows:
            address = row["recipient"]
            if notices.counts(row):
                got = self.to_customers.setdefault(address, deque())
                got.append(Recent(address, row["ticket_id"], now))
                while now - got[0].at >= DAY:
                    got.popleft()
            elif _counts(row):
                sent = self.to_staff.setdefault(address, deque())
                sent.append((now, row["quiet_until"]))
                while now - sent[0][0] >= LONGEST_QUIET:
                    sent.popleft()
        for mail in joined.values():
            if mail.ticket_id is None:
                self.mails[mail.whose] = mail
            else:
                self.changed[mail.about] = mail

    def sent_to_staff(self, whose: tuple[str, bool], since: datetime, now: datetime) -> int:
        """Return how many such mails one of the staff got after `since`, as the store counts them.

        Those that wait at `now` for the end of quiet hours count apart, whenever written.
        """
        address, quiet = whose
        found = ((at, until and until > now) for at, until in self.to_staff.get(address, ()))
        return sum(bool(waits) is quiet and (waits or at > since) for at, waits in found)

    def waiting(self, now: datetime) -> list[Waiting]:
        """Return the mails in which more can be told."""
        return [mail for mail in self.mails.values() if mail.takes_more(now)]

    def untold(self) -> list[Recent]:
        """Return what the store takes for sent, or to be sent, and will not be."""
        found = (mail for mail in self.changed.values() if mail.untold)
        return [Recent(mail.recipient, mail.ticket_id, mail.created_at) for mail in found]


def _counts(row: Mapping[str, Any]) -> bool:
    staff = row["role"] != Role.CUSTOMER.value
    return bool(staff and row["automatic"] and row["state"] != SUPPRESSED)
