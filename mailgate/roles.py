"""What a gateway does, and which of its processes does it."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum


class NodeRole(StrEnum):
    """A part of the work that a node, or a process of it, may do."""

    LISTEN = "listen"
    PROCESS = "process"
    DELIVER = "deliver"
    CLOCK = "clock"
    WEB = "web"


ALL = frozenset(NodeRole)
_AWAITED = frozenset({NodeRole.LISTEN, NodeRole.WEB})


@dataclass(frozen=True, slots=True)
class Crew:
    """One process of a gateway: its name in the log and in /healthz, and its work."""

    name: str
    roles: frozenset[NodeRole]

    @property
    def awaited(self) -> bool:
        """Whether somebody waits for what it does, and not only for that it gets done."""
        return bool(self.roles & _AWAITED)


def crews(roles: Collection[NodeRole], workers: int) -> tuple[Crew, ...]:
    """Divide the work: whoever waits for an answer never waits for mail that is being read.

    `workers` processes read and decide on mails; 0 leaves all in one process.
    """
    if not workers:
        return (Crew("gateway", frozenset(roles)),)
    return tuple(_divided(frozenset(roles), workers))


def _divided(roles: frozenset[NodeRole], workers: int) -> Iterator[Crew]:
    if front := roles & _AWAITED:
        yield Crew("front", front)
    if NodeRole.PROCESS in roles:
        for number in range(1, workers + 1):
            yield Crew(f"desk-{number}", frozenset({NodeRole.PROCESS}))
    if back := roles & {NodeRole.DELIVER, NodeRole.CLOCK}:
        yield Crew("back", back)
