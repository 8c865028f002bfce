"""Very many mails have vanished from the board of a mailbox: its word in the history."""

from dataclasses import dataclass
from typing import ClassVar

from mailgate.domain.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped(Event):
    """A board has stopped, from which so many mails had vanished, and administrators were told."""

    name: ClassVar[str] = "board.stopped"
    mailbox: str
    mails: int
