"""The recorded mails sorted once more, under another configuration, in the order of their time.

Each is read and decided on twice, by the same code as ever, on the tickets as they stood then:
under the configuration in force, and under the other one in the course of things to which that has
led so far. Where the first does not come out as it was recorded, as when the raw mail is not kept
any more, what was recorded stands in both. What staff did is as it was recorded. Reads and never
writes.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, RowMapping

from mailgate.desk.altered import Altered
from mailgate.desk.retelling import changed, event_of
from mailgate.domain.events import Event, Opened, PolicyChanged
from mailgate.domain.model import GATEWAY, Disposition, Status, Ticket
from mailgate.domain.replay import Given
from mailgate.intake.bygone import IMPORT
from mailgate.intake.trial import Court, Decided, Past, Standing, Way
from mailgate.mail.signer import Signer
from mailgate.store import audit, inbox, matters, recorded, tickets
from mailgate.store.db import let_idle

BATCH = 200
_FRESH = 16  # tickets that one mail may open: they share the ids that are made of its own
_CHOSEN = ("team", "assignee", "priority", "category", "kind", "tags")
# Not asked of what was recorded: it hangs on whom the store knows by now, and on what is written.
_BESIDE = frozenset({"message", "number", "remarks", "unproven", "proved", "silent", "language"})
_WRITTEN = frozenset({"message", "number"})
_KEPT = (*_CHOSEN, "participants", "joined")


class Otherwise(StrEnum):
    """How what becomes of a mail may differ."""

    ELSEWHERE = "other_ticket"
    OPENS = "opens"
    JOINS = "joins"
    REFUSED = "refused"
    TAKEN = "taken"
    TEAM = "team"
    AGENT = "assignee"
    PRIORITY = "priority"
    CATEGORY = "category"
    KIND = "kind"
    TAGS = "tags"
    BELIEVED = "believed"


class Stood(StrEnum):
    """Why what was recorded of a mail stands, whatever the new configuration says."""

    NOT_KEPT = "not_kept"
    IMPORTED = "imported"
    NOT_AGAIN = "not_again"  # decided once more it comes out otherwise than it was recorded
    FAILS = "fails"  # by the new configuration it would stop an answer that waits, or be parked


@dataclass(frozen=True, slots=True)
class Differing:
    """One difference, in both courses of things: a ticket's number, a name, how it ended."""

    what: Otherwise
    present: str
    new: str


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail of which something else becomes; `number`: of the ticket that it is recorded on."""

    id: int
    received_at: datetime
    sender: str
    subject: str
    number: str
    differs: tuple[Differing, ...]


@dataclass
class Relived:
    """All mails since a time: how many were read again, what differs, and for how many it stands.

    `mails` are those that differ, the oldest first.
    """

    read: int = 0
    stood: Counter[Stood] = field(default_factory=Counter)
    differing: int = 0
    counts: Counter[Otherwise] = field(default_factory=Counter)
    mails: list[Mail] = field(default_factory=list)
    altered: Altered = field(default_factory=Altered)


def relive(
    connection: Connection,
    ways: tuple[Way, Way],
    signer: Signer,
    since: datetime,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Relived:
    """Decide on each mail that has ended since a time once more; `ways`: the present, the new one.

    By the new one go reading and sorting; how long anything may take does not matter here. All
    tickets that have lived since are held in memory.
    """
    let_idle(connection)
    present, new = ways
    new = replace(new, settings=replace(new.settings, policy=present.settings.policy))
    course = _Course(connection, present, new, signer, since)
    course.run(progress)
    return course.relived


class _Course:
    """Both courses of things, side by side."""

    def __init__(
        self, connection: Connection, present: Way, new: Way, signer: Signer, since: datetime
    ) -> None:
        self.relived = Relived()
        self._altered = self.relived.altered
        self._altered.assigns = new.settings.assigns or not present.settings.assigns
        self._connection, self._since = connection, since
        self._tenant_id = present.settings.tenant_id
        then, past = Past(), Past()
        past.unborn = then.unborn
        self._unborn, self._moved = then.unborn, past.moved
        self._was = Standing(self._stored)
        self._is = Standing(self._was.get)
        self._before = Court(connection, signer, present, present, self._was, then)
        self._after = Court(connection, signer, new, present, self._is, past)
        self._over: dict[int, dict[str, Any]] = {}
        self._gone: set[int] = set()
        self._events: dict[int | None, list[RowMapping]] = {}

    def run(self, progress: Callable[[int, int], None]) -> None:
        """Let the time since pass."""
        self._begin()
        rows = recorded.deliveries(self._connection, self._tenant_id, self._since)
        events = recorded.events(self._connection, self._tenant_id, self._since)
        for event in events:
            self._events.setdefault(event["correlation"], []).append(event)
        coming, waiting = deque(rows), {row["id"]: row for row in rows}

        def decide(row: RowMapping | None) -> None:
            if row is not None and waiting.pop(row["id"], None) is not None:
                self._mail(row)
                progress(len(rows) - len(waiting), len(rows))

        for event in events:
            while coming and coming[0]["done_at"] < event["recorded_at"]:
                decide(coming.popleft())
            decide(waiting.get(event["correlation"]))  # before the first that it caused
            self._pass(event)
        while coming:
            decide(coming.popleft())

    def _begin(self) -> None:
        """Let the tickets stand as they stood in the beginning."""
        ids_of = matters.batches(self._connection, self._tenant_id, self._since, BATCH)
        for ids in ids_of:
            for id_, history in audit.histories(self._connection, self._tenant_id, ids).items():
                ticket = Ticket(id_)
                before = [row for row in history if row["recorded_at"] < self._since]
                for row in before:
                    ticket = _after(ticket, row)
                if before:
                    self._was.put(id_, ticket)
                    self._is.put(id_, ticket)
                else:
                    self._unborn.add(id_)

    def _stored(self, id_: int) -> Ticket | None:
        """Return a ticket that has not lived since: it stands as it stood."""
        if id_ in self._unborn or id_ < 0:
            return None
        return tickets.load(self._connection, self._tenant_id, [id_]).get(id_)

    def _pass(self, row: RowMapping) -> None:
        """Let what was recorded happen to a ticket, in the new course as far as it does there."""
        id_, cause = row["subject_id"], row["correlation"]
        born = id_ in self._unborn
        self._unborn.discard(id_)
        after = _after(Ticket(id_) if born else self._was.get(id_) or Ticket(id_), row)
        self._was.put(id_, after)
        if id_ in self._altered.leads or id_ in self._gone:
            return
        over = self._over.setdefault(id_, {})
        if cause not in self._altered.instead:
            for name in row["changes"]:
                over.pop(name, None)
        self._is.put(id_, replace(after, **over))
        self._altered.known(cause, event_of(row), after)

    # --- a mail ---

    def _mail(self, row: RowMapping) -> None:
        """Decide on a mail in both courses, and note what is different in the new one."""
        if row["road"] == IMPORT:
            self.relived.stood[Stood.IMPORTED] += 1
        elif not (raw := inbox.raw(self._connection, row["mail_id"])):
            self.relived.stood[Stood.NOT_KEPT] += 1
        elif (why := self._again(row, raw)) is not None:
            self.relived.stood[why] += 1

    def _again(self, row: RowMapping, raw: bytes) -> Stood | None:
        """Decide on a mail in both courses; return why that cannot be done, if so."""
        happened = _happened(self._events.get(row["id"], ()))
        opened = [id_ for id_, event in happened if isinstance(event, Opened)]
        ids = [*opened, *(-row["id"] * _FRESH - n for n in range(_FRESH))]
        first = self._before.decide(row, raw, iter(ids))
        if first is None or not self._as_recorded(first, row, happened):
            return Stood.NOT_AGAIN
        second = self._after.decide(row, raw, iter(ids))
        if second is None:
            return Stood.FAILS
        self.relived.read += 1
        self._compare(row, first, second)
        return None

    def _as_recorded(
        self, first: Decided, row: RowMapping, happened: Sequence[tuple[int, Event]]
    ) -> bool:
        """Tell whether a mail comes out as it was recorded."""
        again = [(id_, _facts(event, _BESIDE)) for id_, event in first.happened]
        then = [(id_, _facts(event, _BESIDE)) for id_, event in happened]
        ended = (first.ending.state, first.ending.ticket_id)
        return again == then and ended == (row["state"], row["ticket_id"])

    def _compare(self, row: RowMapping, first: Decided, second: Decided) -> None:
        one = [(self._leads(id_), _facts(event, _WRITTEN)) for id_, event in first.happened]
        other = [(id_, _facts(event, _WRITTEN)) for id_, event in second.happened]
        if one == other:
            return
        differs = tuple(self._differences(first, second))
        if not differs:
            return
        self.relived.differing += 1
        self.relived.counts.update({each.what for each in differs})
        number = self._number(first.ending.ticket_id)
        mail = first.reading
        self.relived.mails.append(
            Mail(row["id"], row["received_at"], mail.sender, mail.subject, number, differs)
        )
        self._go_on(row, first, second)

    def _differences(self, first: Decided, second: Decided) -> Iterator[Differing]:
        """Yield what is different; the tickets of the first are named as in the new course."""
        if not (first.happened and second.happened):
            ended = _ended(first), _ended(second)
            yield Differing(Otherwise.REFUSED if first.happened else Otherwise.TAKEN, *ended)
            return
        (one, was), (other, is_) = first.happened[0], second.happened[0]
        numbers = self._number(one), self._number(other)
        if isinstance(was, Opened) and isinstance(is_, Opened):
            for name in _CHOSEN:
                before, after = getattr(was, name), getattr(is_, name)
                if before != after:
                    yield Differing(Otherwise(name), _shown(before), _shown(after))
            if all(getattr(was, name) == getattr(is_, name) for name in _CHOSEN):
                yield Differing(Otherwise.BELIEVED, _believed(first), _believed(second))
        elif isinstance(was, Opened):
            yield Differing(Otherwise.JOINS, *numbers)
        elif isinstance(is_, Opened):
            yield Differing(Otherwise.OPENS, *numbers)
        elif self._leads(one) != other:
            yield Differing(Otherwise.ELSEWHERE, *numbers)
        else:
            yield Differing(Otherwise.BELIEVED, _believed(first), _believed(second))

    def _go_on(self, row: RowMapping, first: Decided, second: Decided) -> None:
        """Let the new course of things go on from what becomes of the mail there."""
        at, home = row["done_at"], second.ending.ticket_id
        opened = {id_ for id_, event in second.happened if isinstance(event, Opened)}
        for id_, event in first.happened:
            if isinstance(event, Opened) and id_ not in opened:
                self._never_opened(id_, home)
        for id_, ticket in second.left.items():
            self._keep(id_, ticket)
        mid = first.reading.mail.message_id
        if mid is not None and self._leads(first.ending.ticket_id or 0) != home:
            self._moved[mid] = [] if home is None else [(home, second.reading.sender)]
        given = [Given(id_, event, at, 0, 0) for id_, event in second.happened]
        about = {id_ for id_, _ in (*first.happened, *second.happened)}
        self._altered.add(row["id"], given, about | ({home} if home is not None else set()))

    def _never_opened(self, id_: int, home: int | None) -> None:
        """Let a recorded ticket not begin: what it was about goes on in another, or nowhere."""
        if home is None:
            self._gone.add(id_)
            self._is.put(id_, None)
            return
        self._altered.leads[id_] = home
        merged = replace(Ticket(id_), disposition=Disposition.MERGED, merged_into=home)
        self._is.put(id_, replace(merged, status=Status.CLOSED))

    def _keep(self, id_: int, ticket: Ticket) -> None:
        """Keep a ticket as a mail has left it in the new course."""
        if id_ > 0:
            was = self._was.get(id_) or Ticket(id_)
            mine = {name: getattr(ticket, name) for name in _KEPT}
            mine = {name: value for name, value in mine.items() if value != getattr(was, name)}
            self._over.setdefault(id_, {}).update(mine)
        self._is.put(id_, ticket)

    def _leads(self, id_: int) -> int:
        """Return the ticket that stands for a recorded one in the new course."""
        while id_ in self._altered.leads:
            id_ = self._altered.leads[id_]
        return id_

    def _number(self, id_: int | None) -> str:
        """Return a ticket's number; empty for one that was not recorded."""
        if id_ is None or id_ < 0:
            return ""
        return tickets.load(self._connection, self._tenant_id, [id_])[id_].number


def _after(ticket: Ticket, row: RowMapping) -> Ticket:
    """Return a ticket as a recorded event has left it."""
    return replace(changed(ticket, row["changes"]), version=row["n"])


def _happened(rows: Sequence[RowMapping]) -> list[tuple[int, Event]]:
    """Return what was recorded as the doing of a mail, but for what the rules make of time."""
    events = [(row["subject_id"], event_of(row)) for row in rows]
    return [
        (id_, event)
        for id_, event in events
        if not (isinstance(event, PolicyChanged) and event.actor == GATEWAY)
    ]


def _facts(event: Event, beside: frozenset[str]) -> tuple[str, dict[str, Any]]:
    """Return what an event says, but for some of it."""
    names = (each.name for each in fields(event) if each.name not in beside)
    return event.name, {name: getattr(event, name) for name in names}


def _shown(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value or "")


def _ended(decided: Decided) -> str:
    return decided.ending.word or decided.ending.state


def _believed(decided: Decided) -> str:
    placement = decided.ending.placement
    other = ", from another address" if placement is not None and placement.other_address else ""
    return f"{decided.reading.authentication.level.value}{other}"
