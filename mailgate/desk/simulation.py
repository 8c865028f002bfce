"""The recorded time lived through under two sets of rules, and where that comes out differently.

Both begin with the tickets as they stood at a time; what came from outside since then is given,
and all else is decided anew (see `mailgate.domain.replay`). So what differs is due to the rules
alone; how far the rules in force lead to what was recorded tells how far it can be trusted. Reads
and never writes. Matters are looked at in batches, so that any number of them will do, and all
that is asked in one transaction is about one moment.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from types import MappingProxyType

from sqlalchemy import Connection, RowMapping

from mailgate.desk.altered import Altered
from mailgate.desk.retelling import changed, event_of
from mailgate.desk.settings import Settings
from mailgate.domain.events import Opened
from mailgate.domain.horizon import OUTAGE
from mailgate.domain.model import Ticket
from mailgate.domain.outcomes import Difference, Outcome, What, differences, outcomes
from mailgate.domain.policy import Policy, overlaid
from mailgate.domain.replay import Begun, Given, Replay
from mailgate.store import audit, matters, policies, thresholds
from mailgate.store.db import let_idle

BATCH = 200

Progress = Callable[[int, int], None]
"""Told (tickets looked at, tickets in all) now and then."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A matter in three lives: as recorded, under the rules in force, and under the new ones.

    `numbers` are those of its tickets, the oldest first. `readable`: its whole history could be
    read; what could not was left out of all three.
    """

    numbers: tuple[str, ...]
    recorded: Sequence[Outcome]
    present: Sequence[Outcome]
    new: Sequence[Outcome]
    readable: bool = True

    @property
    def differs(self) -> list[Difference]:
        """Where the two sets of rules lead to different things."""
        return differences(self.present, self.new)

    @property
    def agrees(self) -> bool:
        """Whether the rules in force lead to what was recorded, as near as the clock looks."""
        return self.readable and not differences(self.recorded, self.present, OUTAGE)


@dataclass
class Summary:
    """All matters summed up, and the newest `most` that differ; None keeps all of these.

    `present` and `new` count outcomes by what they are and what they are about; `moved` those that
    come in both, at other times.
    """

    most: int | None
    matters: int = 0
    differing: int = 0
    agreeing: int = 0
    present: Counter[tuple[What, str]] = field(default_factory=Counter)
    new: Counter[tuple[What, str]] = field(default_factory=Counter)
    moved: Counter[tuple[What, str]] = field(default_factory=Counter)
    shown: deque[tuple[tuple[str, ...], list[Difference]]] = field(init=False)

    def __post_init__(self) -> None:
        self.shown = deque(maxlen=self.most)

    def add(self, compared: Compared) -> None:
        """Count a matter in."""
        self.matters += 1
        self.agreeing += compared.agrees
        self.present.update((each.what, each.about) for each in compared.present)
        self.new.update((each.what, each.about) for each in compared.new)
        differs = compared.differs
        both = (each for each in differs if each.first and each.second)
        self.moved.update((each.what, each.about) for each in both)
        if differs:
            self.differing += 1
            self.shown.append((compared.numbers, differs))


def simulate(
    connection: Connection,
    settings: Settings,
    policy: Policy,
    since: datetime,
    now: datetime,
    progress: Progress = lambda _done, _total: None,
    altered: Altered | None = None,
) -> Iterator[Compared]:
    """Yield each matter that has lived since a time, compared; the oldest first.

    `settings` are those in force, `policy` the rules of the new configuration; over both go the
    thresholds that were set. `altered`: what the mails have led to under the new configuration,
    where that is something else; without it they lead to what was recorded.
    """
    altered = altered or Altered()
    let_idle(connection)
    tenant_id = settings.tenant_id
    rows = thresholds.rows(connection, tenant_id)
    present, other = overlaid(settings.policy, rows), overlaid(policy, rows)
    lives = _Lives(connection, present, other, since, now, altered)
    total, done = matters.count(connection, tenant_id, since), 0
    seen: set[int] = set()
    for ids in matters.batches(connection, tenant_id, since, BATCH):
        kin, mine = _kin(connection, tenant_id, ids, since, altered), set(ids)
        whole = [m for m in _together(kin.values(), altered) if _first(m) in mine]
        yield from lives.compared(tenant_id, whole)
        seen.update(each.id for matter in whole for each in matter)
        done += len(ids)
        progress(done, total)
    for group in altered.groups():
        if group.isdisjoint(seen):  # what has not lived by what was recorded
            kin = _kin(connection, tenant_id, [i for i in group if i > 0], since, altered)
            whole = _together(kin.values(), altered) or [[]]
            yield from lives.compared(tenant_id, whole, group)


def _kin(
    connection: Connection, tenant_id: int, ids: Sequence[int], since: datetime, altered: Altered
) -> dict[int, matters.Kin]:
    """Return tickets with all others of their matters, and with what is bound up with these."""
    wanted, kin = set(ids), dict[int, matters.Kin]()
    while not wanted <= kin.keys():
        found = matters.kin(connection, tenant_id, wanted - kin.keys(), since)
        if found.keys() <= kin.keys():
            break
        kin |= found
        wanted = {near for id_ in kin for near in altered.near(id_) if near > 0}
    return kin


def _together(tickets: Iterable[matters.Kin], altered: Altered) -> list[list[matters.Kin]]:
    """Return tickets by matter, the oldest of each first."""
    found: dict[int, list[matters.Kin]] = {}
    for each in sorted(tickets, key=lambda each: each.id):
        near = altered.near(each.id) | {each.follows}
        parts = {id(found[n]): found[n] for n in near if n in found}
        matter = sorted((*chain(*parts.values()), each), key=lambda each: each.id)
        found |= dict.fromkeys((member.id for member in matter), matter)
    return list({id(matter): matter for matter in found.values()}.values())


def _first(matter: Sequence[matters.Kin]) -> int | None:
    """Return the first ticket of a matter that has lived: with its batch the matter is compared."""
    return next((each.id for each in matter if each.lived), None)


@dataclass
class _Told:
    """The history of one ticket: how it stood at the beginning, and what has happened since."""

    number: str = ""
    begun: Begun | None = None
    given: list[tuple[int | None, Given]] = field(default_factory=list)  # with its delivery
    recorded: list[Outcome] = field(default_factory=list)
    readable: bool = True

    def in_order(self) -> Iterator[tuple[int | None, Given]]:
        """Yield what has happened with times that go with the order, whichever node's clock said.

        With each comes its cause. Of a ticket whose beginning is not known nothing can be told.
        """
        known, last = self.begun is not None, None
        for cause, each in self.given:
            known = known or isinstance(each.event, Opened)
            if not known:
                self.readable = False
                continue
            last = each.recorded_at if last is None else max(last, each.recorded_at)
            yield cause, replace(each, recorded_at=last)


@dataclass
class _Lives:
    """Tells the histories of matters under both sets of rules, over a stretch of time."""

    connection: Connection
    present: Policy
    new: Policy
    since: datetime
    until: datetime
    altered: Altered
    _former: dict[int, Policy | None] = field(default_factory=dict)

    def compared(
        self,
        tenant_id: int,
        whole: Sequence[Sequence[matters.Kin]],
        bound: Iterable[int] = (),
    ) -> Iterator[Compared]:
        """Yield matters compared; `bound`: what has to do with them that was never recorded."""
        members = [each.id for matter in whole for each in matter]
        histories = audit.histories(self.connection, tenant_id, members)
        for matter in whole:
            ids = [each.id for each in matter]
            known = (histories[id_] for id_ in ids if id_ in histories)
            yield self.compare(known, self.altered.given([*ids, *bound]))

    def compare(
        self, histories: Iterable[Sequence[RowMapping]], instead: Sequence[Given] = ()
    ) -> Compared:
        """Return one matter compared; each history is that of one of its tickets."""
        told = [self._told(history) for history in histories]
        given = [pair for each in told for pair in each.in_order()]
        kept = [each for cause, each in given if self.altered.stands(cause, each.event)]
        begun = [each.begun for each in told if each.begun is not None]
        present = self._live(self.present, begun, [each for _, each in given])
        new = self._live(self.new, begun, [*kept, *instead], self.altered.leads)
        return Compared(
            tuple(each.number for each in told),
            sorted((o for each in told for o in each.recorded), key=lambda o: o.at),
            present,
            new,
            all(each.readable for each in told),
        )

    def _live(
        self,
        policy: Policy,
        begun: Sequence[Begun],
        given: Sequence[Given],
        leads: Mapping[int, int] = MappingProxyType({}),
    ) -> list[Outcome]:
        in_order = sorted(given, key=lambda each: each.recorded_at)
        return Replay(policy, begun, self.since, leads).live(in_order, self.until)

    def _told(self, history: Sequence[RowMapping]) -> _Told:
        told, ticket = _Told(), Ticket(history[0]["subject_id"])
        policy_id = None
        for row in history:
            before = ticket
            try:
                ticket = changed(before, row["changes"])
                event = event_of(row)
            except (LookupError, TypeError, ValueError):
                told.readable = False  # `mailgate verify` says what is wrong with it
                continue
            if row["recorded_at"] < self.since:
                policy_id = row["policy_id"]
                told.begun = Begun(ticket, None)
                continue
            told.recorded += outcomes(before, event, ticket)
            turn, resolution = ticket.turn, ticket.resolution
            given = Given(ticket.id, event, row["recorded_at"], turn, resolution)
            told.given.append((row["correlation"], given))
        if told.begun is not None and policy_id is not None:
            told.begun = replace(told.begun, policy=self._policy(policy_id))
        told.number = ticket.number
        return told

    def _policy(self, id_: int) -> Policy | None:
        """Return the rules that a snapshot holds, read once."""
        if id_ not in self._former:
            self._former[id_] = policies.load(self.connection, id_)
        return self._former[id_]
