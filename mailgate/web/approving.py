"""What somebody who may do so decides on the page: whether a ticket goes one level up.

Looking changes nothing. What is decided goes through the one write door, by the same row of the
lifecycle as `/approve` and `/reject`, and on the ticket as it then is.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from mailgate.desk import commands, escalations
from mailgate.desk.door import Desk, persist
from mailgate.domain.approving import decides
from mailgate.domain.events import Approve, Reject
from mailgate.domain.model import Ticket
from mailgate.domain.people import Agent
from mailgate.mail.signer import Signer, TicketAddress
from mailgate.store import tickets


class Standing(Enum):
    """How a link stands: it may be answered, has been just now, or changes nothing any more."""

    ASKED = "asked"
    UNEXPLAINED = "unexplained"  # rejected without a word, which changes nothing
    APPROVED = "approved"
    REJECTED = "rejected"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a page shows of an approval: by whom it is asked for, to whom the ticket goes, and why.

    Empty where nobody does, where it goes to the administrators, and where there is no reason.
    """

    number: str
    subject: str
    language: str
    standing: Standing
    asked_by: str = ""
    to: str = ""
    reason: str = ""


class Approving:
    """Reads the links of one desk, and acts on them.

    A token that is not genuine is none before the store is asked anything.
    """

    def __init__(self, desk: Desk, signer: Signer) -> None:
        self._desk = desk
        self._signer = signer

    def is_about(self, token: str, now: datetime) -> bool:
        """Tell whether a token is one of an approval."""
        return self._signer.read_approval_token(token, "", now) is not None

    def look(self, token: str, now: datetime) -> Wanted | None:
        """Return what a link asks; None where its holder does not work here any more."""
        found = self._find(token, now)
        if found is None:
            return None
        ticket, said, by = found
        asked = self._stands(ticket, said, by, now)
        return self._told(ticket, by, Standing.ASKED if asked else Standing.OVER)

    def decide(self, token: str, now: datetime, reason: str | None) -> Wanted | None:
        """Approve where `reason` is None, else reject for it.

        Raises `Conflict` when somebody else was first again and again.
        """
        return persist(lambda: self._once(token, now, reason))

    def _once(self, token: str, now: datetime, reason: str | None) -> Wanted | None:
        found = self._find(token, now)
        if found is None:
            return None
        ticket, said, by = found
        with self._desk.writing(now) as ledger:
            before = ledger.ticket(ticket.id)
            if not self._stands(before, said, by, now):
                return self._told(before, by, Standing.OVER)
            if reason is None:
                ledger.apply(ticket.id, _approves(said, by, now))
                return self._told(before, by, Standing.APPROVED)
            if not reason:
                return self._told(before, by, Standing.UNEXPLAINED)
            event = Reject(at=now, actor=commands.actor(by), reason=reason, approval=said.nonce)
            ledger.apply(ticket.id, event, note=reason)
            return self._told(before, by, Standing.REJECTED)

    def _stands(self, ticket: Ticket, said: TicketAddress, by: Agent, now: datetime) -> bool:
        event, policy = _approves(said, by, now), self._desk.settings.policy
        return not said.expired and decides(ticket, event, policy, now)

    def _find(self, token: str, now: datetime) -> tuple[Ticket, TicketAddress, Agent] | None:
        """Return the ticket, what the link says, and which of the staff it was given to."""
        said = self._signer.read_approval_token(token, "", now)
        if said is None:
            return None
        with self._desk.database.read() as connection:
            ticket = tickets.numbered(connection, self._desk.settings.tenant_id, said.number)
        if ticket is None:
            return None
        for agent in self._desk.settings.staff.by_address.values():
            own = self._signer.read_approval_token(token, agent.address, now)
            if own is not None and own.holder_matches:
                return ticket, own, agent
        return None

    def _told(self, ticket: Ticket, by: Agent, standing: Standing) -> Wanted:
        language = by.language or self._desk.settings.language
        approval = ticket.approval
        if approval is None or standing is Standing.OVER:
            return Wanted(ticket.number, ticket.subject, language, standing)
        told = escalations.approval(self._desk.settings, approval)
        return Wanted(
            ticket.number,
            ticket.subject,
            language,
            standing,
            told["asked_by"] or "",
            told["to"] or "",
            approval.reason,
        )


def _approves(said: TicketAddress, by: Agent, now: datetime) -> Approve:
    return Approve(at=now, actor=commands.actor(by), approval=said.nonce)
