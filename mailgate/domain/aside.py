"""What the rows of the lifecycle table do about tickets that are no matter of the desk's."""

from mailgate.domain.draft import Draft
from mailgate.domain.events import Discard
from mailgate.domain.model import ClosedBy, Disposition


def discard(draft: Draft) -> None:
    """Set it aside as spam or withdrawn."""
    draft.close(ClosedBy.AGENT)
    set_aside(draft)


def set_aside(draft: Draft) -> None:
    """Set aside as spam or withdrawn what was closed before; nobody hears of it."""
    event = draft.event
    assert isinstance(event, Discard)  # noqa: S101 - the table calls each act with its event
    draft.set(disposition=Disposition.SPAM if event.spam else Disposition.WITHDRAWN)


def no_spam(draft: Draft) -> None:
    """Leave it closed, and let mail open it again; nobody hears of it."""
    draft.set(disposition=Disposition.NONE)
