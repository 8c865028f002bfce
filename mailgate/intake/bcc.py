"""Mail that came to nothing of ours but addresses that hold a command, as by Bcc of an answer.

What vouches for a mail that went to a customer vouches for it when they send it on to an address
of their choice as well. So what was written long ago asks for nothing.
"""

from dataclasses import replace
from datetime import timedelta
from itertools import islice

from mailgate.desk.commands import actor
from mailgate.desk.ledger import Ledger
from mailgate.domain.model import Side
from mailgate.domain.people import Agent
from mailgate.intake import addressed, sent, twins
from mailgate.intake.ending import Ending, message_of
from mailgate.intake.lookup import Lookup
from mailgate.intake.mailbox import SENT
from mailgate.intake.reading import Reading
from mailgate.mail.headers import message_ids
from mailgate.mail.trust import Trust
from mailgate.store import inbox, tickets

_MOST_IDS = 50
_COPY_FIRST = "its copy in what was sent comes first"
_LONGEST_WAY = timedelta(days=1)
"""How long after it was written a mail that asks for something by an address may come."""


def by_the_desk(ledger: Ledger, lookup: Lookup, reading: Reading) -> Ending | None:
    """Handle what bears the desk's own address and came to one that holds a command, by Bcc.

    Where a mailbox is watched its copy in what was sent counts, which nobody can forge; any other
    mail of ours, as an answer to all, waits for that as well.
    """
    ours = not reading.by_form and reading.own.holds(reading.mail.strict_from or "")
    if not ours:
        return None
    if not addressed.is_command(reading, ledger.settings):
        return _answer_to_all(ledger, lookup, reading)
    if _is_known(ledger, reading):
        earlier = lookup.elsewhere(reading)
        if earlier is not None:
            return by_another_address(ledger, lookup, reading, earlier)
        return Ending("suppressed", says="a mail of this Message-ID is known, and reads otherwise")
    if ledger.settings.mailboxes and lookup.is_patient(reading):
        return Ending(inbox.PENDING, says=_COPY_FIRST)
    if reading.authentication.level is Trust.STRONG and not _is_old(reading):
        return sent.filed(ledger, lookup, reading)
    if ledger.settings.mailboxes:
        return Ending("suppressed", says="nothing shows that it is ours, but its copy would")
    return None


def _answer_to_all(ledger: Ledger, lookup: Lookup, reading: Reading) -> Ending | None:
    """Handle what bears the desk's own address and came to that as well as to somebody else.

    Its copy in what was sent may have another Message-ID. To be taken for the same it must say the
    same to the same people, so that whoever forges it hides nothing.
    """
    if not ledger.settings.mailboxes or not reading.others:
        return None
    ticket, _ = sent.about(ledger, lookup, reading, list(reading.others))
    same = None if ticket is None else twins.twin(ledger, lookup, reading, ticket.id)
    if ticket is not None and same is not None:  # on a board it goes where its ticket goes
        return Ending("suppressed", ticket.id, f"a copy of {same}, under another Message-ID")
    return Ending(inbox.PENDING, says=_COPY_FIRST) if lookup.is_patient(reading) else None


def by_agent(ledger: Ledger, lookup: Lookup, reading: Reading, agent: Agent) -> Ending | None:
    """Carry out what a proved agent asks by an address; None where there is no ticket of others.

    Where it went to the desk's plain address as well, the customer must have it: else it is a mail
    to the desk, with an address that nobody else sees.
    """
    if _is_old(reading) or not addressed.is_command(reading, ledger.settings, beside=True):
        return None
    ticket, _ = sent.about(ledger, lookup, reading, list(reading.others))
    if ticket is None or agent.address in ticket.people:
        return None
    only = addressed.is_command(reading, ledger.settings)
    if not only and ticket.people.isdisjoint(reading.others):
        return None
    message = message_of(reading, side=Side.SYSTEM)
    state, says = addressed.act(ledger, reading, agent, ticket.id, message)
    return Ending(state, ticket.id, says)


def by_another_address(
    ledger: Ledger, lookup: Lookup, reading: Reading, earlier: int
) -> Ending | None:
    """Carry out what a mail asks by one address that came by another before; None if nothing new.

    Mail servers bring a mail to each of its addresses apart. What it says was heard with the
    `earlier` delivery, and all that it asks for where the copy in what was sent was seen.
    """
    settings, who = ledger.settings, reading.mail.strict_from or ""
    agent = settings.staff.by_address.get(who)
    ours = not reading.by_form and reading.own.holds(who)
    if reading.authentication.level is not Trust.STRONG or not (agent or ours):
        return None
    if reading.verdict.machine or reading.claimed.road == SENT:
        return None
    if _is_old(reading) or not addressed.is_command(reading, settings):
        return None
    key = (settings.tenant_id, reading.claimed.queue, reading.fingerprint)
    came = inbox.came_by(ledger.connection, *key, earlier, reading.claimed.id)
    if SENT in {road for road, _ in came}:
        return None
    before = {address for _, addresses in came for address in addresses}
    new = tuple(address for address in reading.claimed.recipients if address not in before)
    ticket, _ = sent.about(ledger, lookup, reading, list(reading.others))
    if not new or ticket is None or who in ticket.people:
        return None
    by, known = sent.author(reading, settings.staff)
    apart = replace(reading, claimed=replace(reading.claimed, recipients=new))
    asks = addressed.carry_out(ledger, apart, ticket.id, actor(agent) if agent else by, known)
    return Ending("suppressed", says=f"the same mail came before, as {earlier}; {asks}")


def _is_known(ledger: Ledger, reading: Reading) -> bool:
    """Tell whether a mail bears the Message-ID of one that was said on a ticket, and is another.

    What an agent hands in leaves under its own Message-ID: whoever got it could send it on, without
    the mark by which it is known as ours, or with another id in front.
    """
    own = set(islice(message_ids(reading.mail.headers.get("message-id", ())), _MOST_IDS))
    if any(id_ in own for id_, _, _ in ledger.references()):
        return True
    return bool(tickets.by_reference(ledger.connection, ledger.settings.tenant_id, own))


def _is_old(reading: Reading) -> bool:
    """Tell whether a mail was written so long before it came that somebody may have sent it on."""
    written = reading.mail.date
    return written is not None and reading.claimed.received_at - written > _LONGEST_WAY
