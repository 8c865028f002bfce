"""Nobody is free for tickets that wait: what is told of it, and its word in the history."""

from dataclasses import dataclass
from typing import ClassVar

from mailgate.domain.events import Event


@dataclass(frozen=True, slots=True)
class Shortage:
    """Tickets for which nobody is free: those of a team that nobody holds, or of an absent agent.

    `team` and `agent` are names, one or both of them empty; `why` is a reason in words, `tickets`
    are ids, the oldest first.
    """

    team: str
    agent: str
    why: str
    tickets: tuple[int, ...]

    @property
    def cause(self) -> str:
        """What tells it from others: it is told of once, as long as it lasts."""
        return f"agent {self.agent}" if self.agent else f"team {self.team}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NobodyFree(Event):
    """Administrators were told that nobody is free for so many tickets."""

    name: ClassVar[str] = "assignment.stuck"
    cause: str
    count: int
