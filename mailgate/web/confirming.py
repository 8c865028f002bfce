"""What a customer says of a resolution on the page: that it is settled, or that it is not.

Looking changes nothing. What is said goes through the one write door, and is decided on the ticket
as it then is.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from mailgate.desk import commands
from mailgate.desk.door import Desk, persist
from mailgate.desk.ledger import Ledger
from mailgate.desk.messages import NewMessage
from mailgate.domain.events import Confirm, CustomerWrote, Rated
from mailgate.domain.model import Actor, ActorKind, ClosedBy, Side, Status, Ticket
from mailgate.domain.rating import BEST, THE_TICKET, rateable
from mailgate.mail.compose import Frame, compose
from mailgate.mail.parse import parse
from mailgate.mail.render import Rendered
from mailgate.mail.signer import Signer, TicketAddress
from mailgate.store import tickets
from mailgate.web.wording import words_for


class Standing(Enum):
    """How a link stands: it may be answered, has been just now, or changes nothing any more.

    ENDED: there is nothing but a rating to be given.
    """

    ASKED = "asked"
    SETTLED = "settled"
    REOPENED = "reopened"
    ENDED = "ended"
    RATED = "rated"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Question:
    """What a page may show of a ticket, and nothing else of it; `rateable`: it asks for a score."""

    number: str
    subject: str
    language: str
    standing: Standing
    rateable: bool = False


class Confirming:
    """Reads the links of one desk, and acts on them.

    A token that is not genuine is None before the store is asked anything, so that all of them take
    the same time.
    """

    def __init__(self, desk: Desk, signer: Signer) -> None:
        self._desk = desk
        self._signer = signer

    def look(self, token: str, now: datetime) -> Question | None:
        """Return what a link asks; None where it is none of ours, or the ticket another's now."""
        found = self._find(token, now)
        if found is None:
            return None
        ticket, said = found
        rates = self._rates(ticket, _rated(ticket, said, now), said)
        standing = Standing.ASKED if _stands(ticket, said) else Standing.OVER
        if rates and said.nonce == THE_TICKET:
            standing = Standing.ENDED
        return self._told(ticket, standing, rates=rates)

    def answer(self, token: str, now: datetime, text: str | None) -> Question | None:
        """Confirm a resolution where `text` is None, else reopen with what it says, if anything.

        Raises `Conflict` when somebody else was first again and again.
        """
        return persist(lambda: self._once(token, now, text))

    def rate(self, token: str, now: datetime, score: int, comment: str) -> Question | None:
        """Keep what a customer who said yes, or was asked, thinks: 1 to 5. It may be changed.

        Raises `Conflict` when somebody else was first again and again.
        """
        return persist(lambda: self._rate(token, now, score, comment))

    def _rate(self, token: str, now: datetime, score: int, comment: str) -> Question | None:
        found = self._find(token, now)
        if found is None:
            return None
        ticket, said = found
        with self._desk.writing(now) as ledger:
            ticket = ledger.ticket(ticket.id)
            if self._own(token, ticket, now) is None:
                return None
            event = _rated(ticket, said, now, score, comment)
            if not self._rates(ticket, event, said):
                return self._told(ticket, Standing.OVER)
            ledger.apply(ticket.id, event, note=comment or None)  # as the history shows it
            return self._told(ticket, Standing.RATED)

    def _rates(self, ticket: Ticket, event: Rated, said: TicketAddress) -> bool:
        """Tell whether the customer ended the ticket, or was asked how it went, and may rate it."""
        asked = said.nonce == THE_TICKET or ticket.closed_by is ClosedBy.CUSTOMER
        return (
            asked
            and not said.expired
            and rateable(ticket, event, self._desk.settings.policy, event.at)
        )

    def _once(self, token: str, now: datetime, text: str | None) -> Question | None:
        found = self._find(token, now)
        if found is None:
            return None
        ticket, said = found
        with self._desk.writing(now) as ledger:
            ticket = ledger.ticket(ticket.id)
            if self._own(token, ticket, now) is None:
                return None
            if not _stands(ticket, said):
                return self._told(ticket, Standing.OVER)
            actor = Actor(ActorKind.CUSTOMER, ticket.requester)
            if text is None:
                ledger.apply(ticket.id, Confirm(at=now, actor=actor, resolution=said.nonce))
                return self._told(ticket, Standing.SETTLED, rates=True)
            event = CustomerWrote(at=now, actor=actor, proved=True)
            ledger.apply(ticket.id, event, self._written(ledger, ticket, text, now))
            return self._told(ticket, Standing.REOPENED)

    def _written(self, ledger: Ledger, ticket: Ticket, text: str, now: datetime) -> NewMessage:
        """Keep what a customer wrote as a mail like any other; return what it says on the ticket.

        Who wrote nothing has said no, in their language.
        """
        words = words_for(self._language(ticket))
        said = text or f"({words.question} {words.no}.)"
        desk, who = self._desk.settings, ticket.requester
        rfc_id = f"<{secrets.token_hex(16)}@{desk.address.rpartition('@')[2]}>"
        frame = Frame(
            from_name=ticket.requester_name,
            from_address=who,
            to_name=desk.name,
            to_address=desk.address,
            reply_to=None,
            message_id=rfc_id,
            in_reply_to=None,
            references=(),
            date=now,
            auto_submitted=None,
            loop_mark="",
            language="",
        )
        subject = f"Re: {ticket.subject} [{ticket.number}]"
        raw = compose(Rendered(subject, f"{said}\n", None, ""), frame)
        mail_id = commands.keep(
            ledger,
            ticket.id,
            raw,
            who,
            now,
            road=commands.PAGE,
            fingerprint=parse(raw, now).fingerprint,
            says="the customer wrote it on the page of a signed link",
        )
        return NewMessage(
            side=Side.CLIENT,
            author=who,
            author_name=ticket.requester_name,
            at=now,
            text=said,
            mail_id=mail_id,
            rfc_id=rfc_id,
            sender=who,
        )

    def _language(self, ticket: Ticket) -> str:
        return ticket.language or self._desk.settings.language

    def _find(self, token: str, now: datetime) -> tuple[Ticket, TicketAddress] | None:
        said = self._signer.read_page_token(token, "", now)
        if said is None:
            return None
        with self._desk.database.read() as connection:
            ticket = tickets.numbered(connection, self._desk.settings.tenant_id, said.number)
        if ticket is None:
            return None
        own = self._own(token, ticket, now)
        return None if own is None else (ticket, own)

    def _own(self, token: str, ticket: Ticket, now: datetime) -> TicketAddress | None:
        """Return what a link says to whom it was given; None where the ticket is another's now."""
        said = self._signer.read_page_token(token, ticket.requester, now)
        return said if said and said.holder_matches else None

    def _told(self, ticket: Ticket, standing: Standing, *, rates: bool = False) -> Question:
        language = self._language(ticket)
        return Question(ticket.number, ticket.subject, language, standing, rates)


def _stands(ticket: Ticket, said: TicketAddress) -> bool:
    resolved = ticket.status is Status.RESOLVED and ticket.resolution == said.nonce
    return resolved and not said.expired


def _rated(
    ticket: Ticket, said: TicketAddress, now: datetime, score: int = BEST, comment: str = ""
) -> Rated:
    actor = Actor(ActorKind.CUSTOMER, ticket.requester)
    about = ticket.resolution if said.nonce == THE_TICKET else said.nonce
    return Rated(at=now, actor=actor, resolution=about, score=score, comment=comment)
