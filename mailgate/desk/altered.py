"""What of the recorded time would have begun otherwise, when mails came in, and on which tickets.

A ticket that only the other course of things has bears a negative id.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from mailgate.domain.events import Assign, Event
from mailgate.domain.model import GATEWAY, Ticket
from mailgate.domain.replay import Given


@dataclass
class Altered:
    """By delivery: what happens instead of all that was recorded as its doing.

    `leads`: a recorded ticket that was never opened -> the one that took its first mail.
    `assigns`: tickets are still given to agents by themselves.
    """

    instead: dict[int, list[Given]] = field(default_factory=dict)
    leads: dict[int, int] = field(default_factory=dict)
    assigns: bool = True
    _groups: dict[int, set[int]] = field(default_factory=dict)
    _deeds: dict[int, set[int]] = field(default_factory=dict)

    def add(self, delivery: int, given: Iterable[Given], about: Iterable[int]) -> None:
        """Let this happen instead of what one mail has caused; `about` are all tickets of both."""
        self.instead[delivery] = list(given)
        ids = set(about)
        for id_ in ids:
            self._deeds.setdefault(id_, set()).add(delivery)
        group = ids.union(*(self._groups.get(id_, ()) for id_ in ids))
        for id_ in group:
            self._groups[id_] = group

    def stands(self, cause: int | None, event: Event) -> bool:
        """Tell whether what was recorded as the doing of a delivery, if of one, happens still."""
        if not self.assigns and isinstance(event, Assign) and event.actor == GATEWAY:
            return False
        return cause not in self.instead

    def known(self, cause: int | None, event: Event, after: Ticket) -> None:
        """Note the ticket's turn and resolution after an event that happens in both courses."""
        if cause is None:
            return
        given = self.instead.get(cause, [])
        for at, each in enumerate(given):
            if each.ticket_id == after.id and each.event.name == event.name and not each.turn:
                given[at] = replace(each, turn=after.turn, resolution=after.resolution)
                return

    def near(self, id_: int) -> set[int]:
        """Return the tickets with which one is bound up by what happens instead, itself too."""
        return self._groups.get(id_, {id_})

    def groups(self) -> Iterator[set[int]]:
        """Yield the tickets that are bound up with each other, all of which are lived together."""
        yield from {id(group): group for group in self._groups.values()}.values()

    def given(self, ids: Iterable[int]) -> list[Given]:
        """Return what happens instead, and has to do with any of these tickets."""
        near = set[int]().union(*map(self.near, ids))
        deeds = {deed for id_ in near for deed in self._deeds.get(id_, ())}
        return [each for deed in sorted(deeds) for each in self.instead[deed]]
