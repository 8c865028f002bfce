# ruff: noqa: ARG001 - the table calls every guard alike
"""What a customer thinks of how a matter was settled: 1 to 5; it moves neither turn nor status."""

from datetime import datetime, timedelta

from mailgate.domain.draft import Draft
from mailgate.domain.events import Rated
from mailgate.domain.model import Disposition, Ticket
from mailgate.domain.policy import Policy

CHANGEABLE = timedelta(days=30)
"""How long after the end of a ticket it may be rated, and rated anew."""
WORST, BEST = 1, 5


def rateable(ticket: Ticket, event: Rated, policy: Policy, now: datetime) -> bool:
    """The score is one, for the present resolution, and the ticket ended not long ago."""
    ended = ticket.closed_at
    return (
        WORST <= event.score <= BEST
        and event.resolution == ticket.resolution
        and ticket.disposition is Disposition.NONE
        and ended is not None
        and event.at <= ended + CHANGEABLE
    )


def rate(draft: Draft) -> None:
    """Keep the score; the one before stays in the history."""
    event = draft.event
    assert isinstance(event, Rated)  # noqa: S101 - the table calls each act with its event
    draft.set(satisfaction=event.score)
