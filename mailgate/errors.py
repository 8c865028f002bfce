"""The few ways in which mailgate says no, each of which blames someone.

Whether a fault is worth another try is a property of the error, not of the place that catches it.
"""


class MailgateError(Exception):
    """Anything mailgate raises on purpose; the text is one sentence for a person."""

    @property
    def brief(self) -> str:
        """What anybody may be told: the sentence, without where a server of ours is."""
        return str(self)


class Temporary(MailgateError):
    """Our side, or the way, is out of order for now: the same thing may work later."""


class Unreachable(Temporary):
    """A server of ours does not answer; `advice` tells whoever runs it where it was looked for."""

    def __init__(self, what: str, advice: str) -> None:
        super().__init__(f"{what} {advice}")
        self._what = what

    @property
    def brief(self) -> str:
        """What anybody may be told."""
        return self._what


class Conflict(Temporary):
    """Somebody else changed the same row first: read again and decide again."""


class Lost(Conflict):
    """What we had claimed is another's now, and so is whatever is to be decided about it."""


class Permanent(MailgateError):
    """It will not work however often it is tried."""


class Refused(MailgateError):
    """A person asked for what is malformed or not allowed; the text says what would be right."""


class Illegal(Refused):
    """The lifecycle table has no row for this command on a ticket in this status."""
