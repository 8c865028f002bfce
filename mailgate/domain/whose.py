"""Whose matter a ticket is: another requester, who sees nothing that is older."""

from mailgate.domain.draft import Draft
from mailgate.domain.events import SetRequester


def set_requester(draft: Draft) -> None:
    """Make it somebody else's matter; who asked before takes no part any more.

    The new one joins now, unless they have taken part: that is kept among the participants. Of our
    answers they have had none, so they are reminded of none.
    """
    event = draft.event
    assert isinstance(event, SetRequester)  # noqa: S101 - the table calls each act with its event
    joined = dict(zip(draft.before.participants, draft.before.joined, strict=True))
    joined.pop(draft.before.requester, None)
    joined.setdefault(event.requester, event.at)
    draft.set(
        requester=event.requester,
        requester_name=event.requester_name,
        participants=tuple(joined),
        joined=tuple(joined.values()),
        replied=False,
        reply_pending=False,
        held=False,
    )
