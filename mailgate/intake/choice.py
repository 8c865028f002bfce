"""What was chosen for a ticket by the address written to, or by how the mail is marked.

Customers choose up to `[desk] customer_max_priority`; agents, and machines that are proved, freely.
"""

from mailgate.desk.settings import Settings
from mailgate.domain.choice import Choice, choose
from mailgate.domain.model import Priority
from mailgate.intake.alerts import from_machine_sender
from mailgate.intake.reading import Reading
from mailgate.mail.importance import importance
from mailgate.mail.screen import Kind
from mailgate.mail.trust import Trust

_MOST = 50  # recipients, and addresses in To, that are looked at


def of(reading: Reading, settings: Settings, *, by_staff: bool = False) -> Choice:
    """Return what a first mail chooses; what a machine marks as important is not."""
    level = reading.authentication.level
    free = by_staff or (from_machine_sender(reading) and level is Trust.STRONG)
    most = Priority.CRITICAL if free else settings.customer_max_priority
    mark = importance(reading.mail) if reading.verdict.kind is Kind.PERSON else ""
    return choose(_words(reading), Priority(mark) if mark else None, settings.categories, most)


def _words(reading: Reading) -> list[str]:
    """Return details and names of our addresses: `bug` and `sales` for sales+bug@desk.example."""
    boxes = (box.address for box in reading.mail.to[:_MOST])
    addressed = dict.fromkeys((*reading.claimed.recipients[:_MOST], *boxes))
    pairs = [reading.own.split(address) for address in addressed]
    return [*(detail for _, detail in pairs if detail), *(name for name, _ in pairs if name)]
