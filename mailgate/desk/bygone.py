"""What happened before the desk began: it is put down, and nobody hears of it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from mailgate.desk.ledger import Ledger
from mailgate.desk.notices import Cause
from mailgate.domain.draft import Notify


class Bygone(Ledger):
    """Decides and writes as any ledger does, but sends nothing to anybody."""

    def _notify(self, cause: Cause, effects: Iterable[Notify]) -> None:
        """Let it be: those concerned have heard of it at its time, from whatever was there then."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A mail, or a file, that was not brought along: where it lies in the file, and why.

    `fault`: not for what it is, but because it could not be read.
    """

    path: Path
    offset: int | None
    why: str
    fault: bool = False


@dataclass(frozen=True, slots=True)
class Example:
    """A ticket that was opened, or would be."""

    at: datetime
    requester: str
    subject: str
    status: str


@dataclass(slots=True)
class Brought:
    """What was brought along, or would be: `still_open` of the tickets, `messages` in all.

    `older` counts the mails in threads that ended before what was asked for.
    `colleagues` counts the mails of those at the desk's own domain who are no agents, and so were
    taken for customers.
    """

    mails: int = 0
    tickets: int = 0
    still_open: int = 0
    messages: int = 0
    known: int = 0
    older: int = 0
    left_out: list[LeftOut] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)
    colleagues: Counter[str] = field(default_factory=Counter)

    @property
    def faults(self) -> bool:
        """Whether anything could not be read."""
        return any(each.fault for each in self.left_out)
