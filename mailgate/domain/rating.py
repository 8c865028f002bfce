# ruff: noqa: ARG001 - the table calls every guard alike
"""What a customer thinks of how a matter was settled: 1 to 5; it moves neither turn nor status.

They say so after they confirmed it, or when they are asked, once a ticket. A rating is of an end
that holds: a ticket that is taken up again has none, and its history keeps the former one.
"""

from datetime import datetime, timedelta

from mailgate.domain.draft import Draft
from mailgate.domain.events import Rated
from mailgate.domain.model import Disposition, Ticket
from mailgate.domain.people import Audience
from mailgate.domain.policy import Policy

CHANGEABLE = timedelta(days=30)
"""For how long a ticket may be rated, and rated anew: since its end, or since it was asked for."""
WORST, BEST = 1, 5
SCORES = range(WORST, BEST + 1)
THE_TICKET = 0
"""Stands for the resolution where a customer is asked about a ticket as a whole, in a survey."""


def rateable(ticket: Ticket, event: Rated, policy: Policy, now: datetime) -> bool:
    """The score is one, for the present resolution, and the ticket ended not long ago."""
    ended = ticket.closed_at
    return (
        event.score in SCORES
        and event.resolution == ticket.resolution
        and ticket.disposition is Disposition.NONE
        and ended is not None
        and event.at <= max(ended, ticket.surveyed_at or ended) + CHANGEABLE
    )


def rate(draft: Draft) -> None:
    """Keep the score; the one before stays in the history. Staff get to read what came with it."""
    event = draft.event
    assert isinstance(event, Rated)  # noqa: S101 - the table calls each act with its event
    draft.set(satisfaction=event.score)
    draft.because(f"{event.score} of {BEST}")
    if event.message is not None:
        draft.notify("new_message", Audience.HOLDERS, Audience.FOLLOWERS)


def ask(draft: Draft) -> None:
    """Ask the customer how it went; once a ticket, whatever becomes of it afterwards."""
    draft.set(surveyed_at=draft.event.at)
    draft.notify("survey", Audience.REQUESTER)
