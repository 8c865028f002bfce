"""A ticket that a message has left: it stands as if that had never been said on it.

Only where nothing else was said since on its turn; and what was told of it then stays told.
"""

from mailgate.domain.draft import Draft
from mailgate.domain.model import Status


def resolved_again(draft: Draft) -> None:
    """Let the resolution stand that was there: nobody is asked anew, and auto-close starts anew.

    The address and the page by which the customer confirms it are good again.
    """
    draft.to_customer(Status.RESOLVED, draft.event.at)
    draft.set(resolved_at=draft.event.at)
