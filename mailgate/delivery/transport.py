"""What every way out of the gateway promises, and the four ends that sending one mail can have.

A transport only carries: it decides nothing about retries, order or what a result means for a
ticket. One session belongs to one thread at a time; a transport may be shared.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One mail for one recipient.

    An empty `envelope_from` is the null reverse-path (RFC 5321 section 4.5.5). `name` is that of
    no other mail, and the same at each try; `again`: an earlier try may have handed it over.
    """

    envelope_from: str
    recipient: str
    raw: bytes
    name: str = ""
    again: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Sent:
    """The next hop has taken responsibility; `detail` is what it said."""

    detail: str


@dataclass(frozen=True, slots=True)
class Later:
    """Not taken, and it may be tried again without fear of a double.

    With `connection` the way itself is out of order, so that other mails need not try it now.
    """

    reason: str
    connection: bool


@dataclass(frozen=True, slots=True)
class Never:
    """Refused for good, with the code of the SMTP reply or the one that fits best (RFC 5321)."""

    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """The content went out whole and no answer came: the mail may be there or not."""

    reason: str


Result: TypeAlias = Sent | Later | Never | Unknown


def always() -> None:
    """Let every mail go on its way."""


class Session(Protocol):
    """An open way out, used by one thread at a time."""

    def send(
        self, mail: Outgoing, began: Callable[[], None], still: Callable[[], None] = always
    ) -> Result:
        """Carry one mail.

        `began` is called once, after the envelope was taken and before the first byte of the
        content leaves: from its return on the mail may arrive. `still` is called when only the
        last step is missing that makes the mail theirs. What either raises is passed on, and then
        nothing was sent. Nothing else is raised on purpose.
        """
        ...

    def settle(self) -> str | None:
        """Have what was taken since the last call last; return why it may not, if so."""
        ...

    def cut(self) -> None:
        """End what is under way without having it taken; called by another thread."""
        ...

    def close(self) -> None:
        """Take leave; may be called twice."""
        ...


class Transport(Protocol):
    """A way out that sessions are opened on.

    `repeatable`: a mail that is handed over a second time, under its name, does not come twice.
    """

    repeatable: bool

    def open(self) -> Session:
        """Open a session. Raises Temporary when the way is out of order."""
        ...
