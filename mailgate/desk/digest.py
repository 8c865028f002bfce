"""Writes the daily digests: to each agent who is there, what waits for them or for their teams.

Any number of nodes may look at any time: those of a day are written once, in one piece.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, time, timedelta
from typing import Any

from mailgate.desk.door import Desk
from mailgate.desk.ledger import Ledger
from mailgate.domain.digest import Written, harmless, is_due
from mailgate.domain.model import GATEWAY, Ticket
from mailgate.domain.people import Agent, Recipient
from mailgate.domain.timers import response_due
from mailgate.store import agents, aside, digests, holding

NOTICE = "digest"
_MOST = 100  # tickets of each part
_MOST_MAILS = 20
_FIRST = timedelta(days=7)  # what the first one tells of the quarantine
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_LONG = 3 * _DAY  # beyond it hours are of no interest

Numbers = Callable[[str], Iterable[str]]
"""Finds the ticket numbers in a text."""


class Digests:
    """Writes the digests of a desk from `at` on, a time of its day."""

    def __init__(self, desk: Desk, at: time, numbers: Numbers) -> None:
        self._desk = desk
        self._at = at
        self._numbers = numbers

    def look(self, now: datetime) -> int:
        """Write those of today, if it is time and nobody has; return how many were written."""
        settings = self._desk.settings
        calendars = settings.policy.calendars.values()
        day = is_due(self._at, now, settings.zone, calendars)
        if day is None:
            return 0
        today = int(f"{day:%Y%m%d}")
        with self._desk.database.read() as connection:
            last = digests.last(connection, settings.tenant_id, today)
        if last is not None and last[0] == today:
            return 0
        with self._desk.writing(now) as ledger:
            last = digests.last(ledger.connection, settings.tenant_id, today, hold=True)
            if last is not None and last[0] == today:
                return 0
            letters = list(self._letters(ledger, last[1] if last else now - _FIRST))
            event = Written(at=now, actor=GATEWAY, count=len(letters))
            ledger.announce((digests.SUBJECT, today, 1), event, letters, NOTICE)
            return len(letters)

    def _letters(
        self, ledger: Ledger, since: datetime
    ) -> Iterator[tuple[Recipient, Mapping[str, Any]]]:
        """Yield to whom a digest goes and what it says; to who has nothing to do none goes."""
        settings, connection = ledger.settings, ledger.connection
        staff, tenant_id = settings.staff, settings.tenant_id
        free = ledger.load(self._free(ledger)).values()
        known = agents.known(connection, tenant_id)
        suspects = aside.quarantined_since(connection, tenant_id, since, _MOST_MAILS + 1)
        hidden = len(suspects) > _MOST_MAILS
        suspects = suspects[-_MOST_MAILS:]
        mails = [{"id": id_, "author": harmless(who, self._numbers)} for id_, who in suspects]
        readers = {reader.address for reader in staff.team(None)}
        for agent in staff.by_address.values():
            sign = known.get(agent.name)
            if sign is not None and sign.away_at(ledger.now) is not None:
                continue
            held, more = self._listed(ledger, self._held(ledger, agent))
            theirs = (t for t in free if _is_for(agent, t, ledger) and not _sleeps(t, ledger.now))
            unheld, further = self._listed(ledger, theirs)
            shown = mails if agent.address in readers else []
            if held or unheld or shown:
                address = self._desk.signer.digest_address(
                    settings.address, agent.address, ledger.now
                )
                yield (
                    staff.recipient(agent),
                    {
                        "digest": {"held": held, "free": unheld, "quarantined": shown},
                        "more": more or further or (hidden and bool(shown)),
                        "reply_to": address,
                    },
                )

    @staticmethod
    def _free(ledger: Ledger) -> list[int]:
        """Return tickets that nobody holds: of each team the oldest, so that none hides another."""
        connection, tenant_id = ledger.connection, ledger.settings.tenant_id
        found = holding.unheld(connection, tenant_id, None, _MOST * 10)
        for team in ledger.settings.staff.teams:
            found += holding.unheld(connection, tenant_id, [team], _MOST * 10)
        return list(dict.fromkeys(found))

    def _held(self, ledger: Ledger, agent: Agent) -> Iterable[Ticket]:
        tenant_id = ledger.settings.tenant_id
        ids = holding.awaiting(ledger.connection, tenant_id, agent.name, ledger.now, _MOST + 1)
        return ledger.load(ids).values()

    def _listed(
        self, ledger: Ledger, tickets: Iterable[Ticket]
    ) -> tuple[list[dict[str, Any]], bool]:
        """Return tickets as they are shown, the most urgent first, and whether there are more."""
        policy = ledger.settings.policy
        due = [(response_due(ticket, policy), ticket) for ticket in tickets]
        due.sort(key=lambda pair: (pair[0] is None, pair[0] or ledger.now, pair[1].id))
        shown = [
            {
                "number": ticket.number,
                "subject": harmless(ticket.subject, self._numbers),
                "late": _seconds(ledger.now - at) if at and at <= ledger.now else None,
                "left": _seconds(at - ledger.now) if at and at > ledger.now else None,
            }
            for at, ticket in due[:_MOST]
        ]
        return shown, len(due) > _MOST


def _is_for(agent: Agent, ticket: Ticket, ledger: Ledger) -> bool:
    told = ledger.settings.staff.team(ticket.team)
    return any(person.address == agent.address for person in told)


def _sleeps(ticket: Ticket, now: datetime) -> bool:
    return ticket.snoozed_until is not None and ticket.snoozed_until > now


def _seconds(span: timedelta) -> int:
    """Return a span in seconds, as exactly as it is of interest: in one unit."""
    seconds = max(_MINUTE, int(span.total_seconds()))
    unit = _DAY if seconds >= _LONG else _HOUR if seconds >= _HOUR else _MINUTE
    return seconds // unit * unit
