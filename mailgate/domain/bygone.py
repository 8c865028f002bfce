"""What becomes of matters that old mail tells of, once that is brought along.

Whatever came due while nobody was there to act on it must not come due now: hundreds of customers
would be pressed for answers to mails of last month, and the desk be told of as many delays.
"""

from datetime import datetime

from mailgate.domain.draft import Draft
from mailgate.domain.events import Imported
from mailgate.domain.model import ClosedBy, Side, Ticket
from mailgate.domain.policy import Policy
from mailgate.domain.timers import running


def over(ticket: Ticket, event: Imported, policy: Policy, now: datetime) -> bool:
    """Its last mail is older than asked for or thanks, or the customer's time has run out."""
    if event.at < event.open_since or (event.thanks and ticket.replied):
        return True
    late = (timer.due_at <= now for timer in running(ticket, policy))
    return ticket.side is Side.CLIENT and any(late)


def close(draft: Draft) -> None:
    """End it as of its last mail, without a word; should it be taken up again, time begins anew."""
    draft.close(ClosedBy.AUTO)
    draft.set(targets_since=None, targets_used=(), survey_due_at=None)


def begin_now(draft: Draft) -> None:
    """Let the desk have the whole time for its answer, its targets and all else from now on."""
    before = draft.before
    if before.side is Side.SYSTEM:
        draft.set(waiting_since=draft.now)
    runs = before.targets_since is not None
    since = draft.now if runs else None
    draft.set(targets_since=since, targets_used=(), open_since=draft.now)
    draft.targets(draft.now)
