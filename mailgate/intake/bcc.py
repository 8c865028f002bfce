"""Mail that came to nothing of ours but addresses that hold a command, as by Bcc of an answer."""

from mailgate.desk.ledger import Ledger
from mailgate.domain.model import Side
from mailgate.domain.people import Agent
from mailgate.intake import addressed, sent
from mailgate.intake.ending import Ending, message_of
from mailgate.intake.lookup import Lookup
from mailgate.intake.reading import Reading
from mailgate.mail.trust import Trust
from mailgate.store import inbox


def by_the_desk(ledger: Ledger, lookup: Lookup, reading: Reading) -> Ending | None:
    """Handle what bears the desk's own address and came to one that holds a command, by Bcc.

    Where a mailbox is watched its copy in what was sent counts, which nobody can forge.
    """
    ours = not reading.by_form and reading.own.holds(reading.mail.strict_from or "")
    if not ours or not addressed.is_command(reading, ledger.settings):
        return None
    if ledger.settings.mailboxes and lookup.is_patient(reading):
        return Ending(inbox.PENDING, says="its copy in what was sent comes first")
    if reading.authentication.level is Trust.STRONG:
        return sent.filed(ledger, lookup, reading)
    if ledger.settings.mailboxes:
        return Ending("suppressed", says="nothing shows that it is ours, but its copy would")
    return None


def by_agent(ledger: Ledger, lookup: Lookup, reading: Reading, agent: Agent) -> Ending | None:
    """Carry out what a proved agent asks by an address; None where there is no ticket of others."""
    if not addressed.is_command(reading, ledger.settings):
        return None
    ticket, _ = sent.about(ledger, lookup, reading, list(reading.others))
    if ticket is None or agent.address in ticket.people:
        return None
    message = message_of(reading, side=Side.SYSTEM)
    state, says = addressed.act(ledger, reading, agent, ticket.id, message)
    return Ending(state, ticket.id, says)
