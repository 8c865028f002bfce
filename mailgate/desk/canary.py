"""Sends canaries round the loop, and sees whether they come back; see `mailgate.domain.canary`.

Any number of nodes may look at the same time: one of them does what is to be done.
"""

from collections.abc import Iterable
from datetime import datetime

from mailgate.desk.door import Desk
from mailgate.desk.ledger import Ledger
from mailgate.domain.canary import Canary, Findings, Missing, Over, Pace, Rounds, Sent, examine
from mailgate.domain.model import GATEWAY
from mailgate.domain.people import Recipient, Role
from mailgate.store import canaries

SUBJECT = "canary"
"""The subject kind of their events."""
_SENT, _MISSING, _OVER = 1, 2, 3  # the events of one, in order


class Keeper:
    """Looks after the canaries of a desk; it has done so since `since`."""

    def __init__(self, desk: Desk, pace: Pace, since: datetime) -> None:
        self._desk = desk
        self._pace = pace
        self._since = since

    def look(self, now: datetime) -> Findings:
        """Do whatever is to be done at `now`; return what it was."""
        tenant_id = self._desk.settings.tenant_id
        with self._desk.database.read() as connection:
            found = self._examine(canaries.rounds(connection, tenant_id), now)
        if found == Findings():
            return found
        with self._desk.writing(now) as ledger:
            # What was found may have been done by now.
            return self._act(ledger, canaries.rounds(ledger.connection, tenant_id, hold=True))

    def _examine(self, rounds: Rounds, now: datetime) -> Findings:
        return examine(rounds, self._pace, now, self._since)

    def _act(self, ledger: Ledger, rounds: Rounds) -> Findings:
        found = self._examine(rounds, ledger.now)
        if found.over is not None and rounds.home is not None:
            until = rounds.home.id
            canaries.over(ledger.connection, ledger.settings.tenant_id, until, ledger.now)
            self._tell(ledger, found.over, _OVER)
        missing = self._missing(ledger, found.late)
        if found.alarm is not None and missing:
            self._tell(ledger, missing[0], _MISSING)
        if found.send:
            self._send(ledger)
        return found

    @staticmethod
    def _missing(ledger: Ledger, late: Iterable[Canary]) -> list[Canary]:
        """Return those that are missing: not those that came back at this very moment."""
        tenant_id = ledger.settings.tenant_id
        return [c for c in late if canaries.missed(ledger.connection, tenant_id, c.id, ledger.now)]

    def _tell(self, ledger: Ledger, canary: Canary, n: int) -> None:
        kind, notice = (Missing, "canary_missing") if n == _MISSING else (Over, "canary_over")
        facts = {
            "waiting_since": canary.sent_at.isoformat(),
            "threshold": int(self._pace.within.total_seconds()),
        }
        ledger.announce(
            (SUBJECT, canary.id, n),
            kind(at=ledger.now, actor=GATEWAY),
            [(admin, facts) for admin in ledger.settings.staff.administrators],
            notice,
        )

    def _send(self, ledger: Ledger) -> None:
        id_, settings = ledger.next_id(), ledger.settings
        canaries.add(ledger.connection, settings.tenant_id, id_, ledger.now)
        address = self._desk.signer.canary_address(settings.address, id_, ledger.now)
        ledger.announce(
            (SUBJECT, id_, _SENT),
            Sent(at=ledger.now, actor=GATEWAY),
            [(Recipient(address, settings.name, Role.ADMIN), {})],
            canaries.NOTICE,
        )
