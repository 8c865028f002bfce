"""What a ticket begins with: by the address written to, how the mail is marked, and the rules.

Customers choose up to `[desk] customer_max_priority`; agents, and machines that are proved, freely.
"""

from collections.abc import Iterable

from mailgate.desk.settings import Settings
from mailgate.domain.choice import Choice, choose
from mailgate.domain.model import Priority
from mailgate.domain.rules import Matter, routed
from mailgate.intake.alerts import from_machine_sender
from mailgate.intake.reading import Reading
from mailgate.mail.importance import importance
from mailgate.mail.screen import Kind
from mailgate.mail.tongue import tongue
from mailgate.mail.trust import Trust

_MOST = 50  # recipients, and addresses in To, that are looked at


def of(
    reading: Reading, settings: Settings, sender: str, text: str, *, by_staff: bool = False
) -> Choice:
    """Return what a first mail of `sender` about `text` (subject and words) begins with.

    What a machine marks as important is not. The desk's rules have the last word.
    """
    level = reading.authentication.level
    free = by_staff or (from_machine_sender(reading) and level is Trust.STRONG)
    most = Priority.CRITICAL if free else settings.customer_max_priority
    mark = importance(reading.mail) if reading.verdict.kind is Kind.PERSON else ""
    asked = Priority(mark) if mark else None
    chosen = choose(_words(reading), asked, settings.categories, most)
    proved = level is Trust.STRONG and not by_staff
    return routed(chosen, settings.routes, Matter(sender, _addressed(reading), text, proved))


def language(settings: Settings, text: str) -> str:
    """Return the language in which whoever wrote this is written to; empty: that of the desk."""
    found = tongue(text)
    return found if found in settings.languages else ""


def _addressed(reading: Reading) -> frozenset[str]:
    """Return the addresses written to, normalised, without what stands behind the delimiter."""
    return frozenset(reading.own.base(address) for address in _all(reading))


def _all(reading: Reading) -> Iterable[str]:
    boxes = (box.address for box in reading.mail.to[:_MOST])
    return dict.fromkeys((*reading.claimed.recipients[:_MOST], *boxes))


def _words(reading: Reading) -> list[str]:
    """Return details and names of our addresses: `bug` and `sales` for sales+bug@desk.example."""
    pairs = [reading.own.split(address) for address in _all(reading)]
    return [*(detail for _, detail in pairs if detail), *(name for name, _ in pairs if name)]
