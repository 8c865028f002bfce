"""One recorded mail decided once more, on tickets as they stood then; nothing of it is written."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from functools import cached_property
from itertools import count

from sqlalchemy import Connection, RowMapping
from sqlalchemy.exc import DBAPIError

from mailgate.desk.assignment import with_away
from mailgate.desk.ledger import Ledger
from mailgate.desk.retelling import event_of
from mailgate.desk.settings import Settings
from mailgate.domain.assignment import Load
from mailgate.domain.events import Event
from mailgate.domain.model import Side, Ticket
from mailgate.errors import MailgateError, Temporary
from mailgate.intake.authentication import Authenticator
from mailgate.intake.ending import Ending
from mailgate.intake.lookup import Lookup, look_up
from mailgate.intake.reading import Reader, Reading
from mailgate.intake.sorting import sort
from mailgate.log import log
from mailgate.mail.parse import ParsedMail
from mailgate.mail.signer import Signer
from mailgate.mail.trust import Authentication, Trust
from mailgate.store import inbox
from mailgate.store.db import sealed, would_write
from mailgate.store.inbox import Claimed
from mailgate.store.tickets import TICKET

_UNKNOWN = Authentication(Trust.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Way:
    """How mails are read and decided on: by one configuration."""

    settings: Settings
    reader: Reader


class Standing:
    """The tickets as they stand at a moment, and who holds them.

    `find` tells of a ticket that nothing has happened to; None where there is none at the moment.
    """

    def __init__(self, find: Callable[[int], Ticket | None]) -> None:
        self._find = find
        self._tickets: dict[int, Ticket | None] = {}
        self._held: dict[str, dict[int, bool]] = {}  # those of each, and whether they are to answer

    def get(self, id_: int) -> Ticket | None:
        """Return a ticket, None where there is none."""
        if id_ not in self._tickets:
            self.put(id_, self._find(id_))
        return self._tickets[id_]

    def put(self, id_: int, ticket: Ticket | None) -> None:
        """Note how a ticket stands now; None: there is none any more."""
        was = self._tickets.get(id_)
        if was is not None and was.assignee:
            self._held.setdefault(was.assignee, {}).pop(id_, None)
        if ticket is not None and ticket.assignee and ticket.side is not None:
            self._held.setdefault(ticket.assignee, {})[id_] = ticket.side is Side.SYSTEM
        self._tickets[id_] = ticket

    def loads(self) -> dict[str, Load]:
        """Return what agents hold."""
        return {name: Load(sum(ids.values()), max(ids)) for name, ids in self._held.items() if ids}


@dataclass(frozen=True, slots=True)
class Recalled(Authenticator):
    """Believes a mail as far as was found when it came; the DNS may say something else by now.

    Where the present configuration (`before`) and this one read another level out of the headers,
    it is that of this one that counts; but what only the DNS has shown stays if it is still asked.
    """

    found: Authentication = _UNKNOWN
    before: Authenticator | None = None
    asks: bool = False

    def waits(self, claimed: Claimed, mail: ParsedMail) -> bool:  # noqa: ARG002 - as its kind
        """Whether `authenticate` has to wait: never."""
        return False

    def authenticate(self, claimed: Claimed, mail: ParsedMail) -> Authentication:
        """Return the level of a mail and why."""
        if self.before is None:
            return self.found
        was = self.before.authenticate(claimed, mail)
        now = Authenticator.authenticate(self, claimed, mail)
        if was.level is not self.found.level:  # so it was the DNS
            return self.found if self.asks else now
        return self.found if now.level is was.level else now


def recalled(way: Way, before: Way, verdict: Mapping[str, object]) -> Authenticator:
    """Return what finds how far a recorded mail can be believed; `before`: the present way."""
    reasons = verdict.get("authentication")
    why = tuple(map(str, reasons)) if isinstance(reasons, list) else ()
    found = Authentication(Trust(str(verdict["trust"])), why)
    mine, theirs = way.reader.authenticator, before.reader.authenticator
    if mine is theirs:
        return Recalled(found=found)
    return Recalled(
        border=mine.border,
        relays=mine.relays,
        verifier=None,
        sealers=mine.sealers,
        limits=mine.limits,
        found=found,
        before=replace(theirs, verifier=None),
        asks=mine.verifier is not None,
    )


@dataclass
class Past:
    """What the store knows by now and did not know then, or leads elsewhere in a course of things.

    `unborn`: tickets that have not begun. `moved`: Message-ID -> where it leads to, if anywhere.
    """

    unborn: set[int] = field(default_factory=set)
    moved: dict[str, list[tuple[int, str]]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Then(Lookup):
    """What the store knew when a mail came."""

    loads: Mapping[str, Load] = field(default_factory=dict)

    @cached_property
    def held(self) -> Mapping[str, Load]:
        """What agents held."""
        return self.loads


class _Trial(Ledger):
    """A ledger in which tickets stand as they stood then, and new ones get ids that are given."""

    def __init__(
        self,
        connection: Connection,
        way: Way,
        signer: Signer,
        now: datetime,
        standing: Standing,
        opens: Iterator[int],
    ) -> None:
        super().__init__(connection, count(-1, -1), way.settings, signer, now)
        self._standing, self._ticket_ids = standing, opens

    def load(self, ids: Iterable[int]) -> dict[int, Ticket]:
        """Read tickets as they stood; those that there were not are left out."""
        wanted = dict.fromkeys(ids)
        for id_ in wanted:
            if id_ not in self._tickets and (found := self._standing.get(id_)) is not None:
                self._stored[id_] = self._tickets[id_] = found
        return {id_: self._tickets[id_] for id_ in wanted if id_ in self._tickets}

    def catch_up(self, ticket_id: int) -> None:
        """Do nothing: what the rules make of time is not asked here."""

    def lock_numbers(self) -> int:
        """Return a number that nobody has: none is given away."""
        return 0

    def happened(self) -> list[tuple[int, Event]]:
        """Return what has happened to tickets, in order."""
        rows = (row for row in self._pages.events if row["subject_kind"] == TICKET)
        return [(row["subject_id"], event_of(row)) for row in rows]

    def left(self) -> dict[int, Ticket]:
        """Return the tickets that were changed, as they stand now."""
        return {id_: self._tickets[id_] for id_ in self._touched}


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of a mail: how it ended, what happened to which ticket, and how they stand."""

    reading: Reading
    ending: Ending
    happened: list[tuple[int, Event]]
    left: dict[int, Ticket]


@dataclass
class Court:
    """Decides mails once more, in one course of things."""

    connection: Connection
    signer: Signer
    way: Way
    before: Way
    standing: Standing
    past: Past

    def decide(self, row: RowMapping, raw: bytes, opens: Iterator[int]) -> Decided | None:
        """Return what becomes of a delivery; None where that cannot be found out any more.

        Nor can it where something is written at once, as of an answer that is held: nothing may be.
        The tickets that it opens get their ids from `opens`. Raises `Temporary` and other faults
        of the database; a fault of ours is logged.
        """
        try:
            with sealed(self.connection), self.connection.begin_nested():
                return self._decide(row, raw, opens)
        except Temporary:
            raise
        except MailgateError:
            return None
        except DBAPIError as error:
            if would_write(error):
                return None
            raise
        except Exception as error:  # noqa: BLE001 - one mail must not end the whole, as in the worker
            log("mail.not_relived", mail=row["id"], exc_info=error)
            return None

    def _decide(self, row: RowMapping, raw: bytes, opens: Iterator[int]) -> Decided:
        authenticator = recalled(self.way, self.before, row["verdict"])
        reader = replace(self.way.reader, authenticator=authenticator)
        now = row["done_at"]
        reading = reader.read(_claimed(row, raw), now)
        ledger = _Trial(self.connection, self.way, self.signer, now, self.standing, opens)
        lookup = self._then(look_up(ledger, [reading], self.signer), row)
        ending = sort(ledger, lookup, reading)
        return Decided(reading, ending, ledger.happened(), ledger.left())

    def _then(self, found: Lookup, row: RowMapping) -> Lookup:
        """Return what the store knew then."""
        ledger, unborn = found.ledger, self.past.unborn
        known = {each.name: getattr(found, each.name) for each in fields(Lookup)}
        for name in ("numbers", "followers", "alerts"):
            known[name] = {k: v for k, v in known[name].items() if ledger.load([v])}
        hits = found.seen | self.past.moved
        known["seen"] = {k: there for k, v in hits.items() if (there := _there(ledger, v))}
        for opened in found.lately.opened.values():
            for id_ in unborn & opened.keys():
                del opened[id_]
        if row["state"] != inbox.SUPPRESSED:
            known["duplicates"] = {}
        known["awaited"] = {}
        loads: Mapping[str, Load] = {}
        if ledger.settings.assigns:
            held = self.standing.loads()
            loads = with_away(self.connection, ledger.settings, ledger.now, held)
        return _Then(**known, loads=loads)


def _there(ledger: Ledger, hits: Iterable[tuple[int, str]]) -> list[tuple[int, str]]:
    return [hit for hit in hits if ledger.load([hit[0]])]


def _claimed(row: RowMapping, raw: bytes) -> Claimed:
    values = {name: row[name] for name in Claimed.__slots__ if name not in ("raw", "waiting_since")}
    return Claimed(**values | {"recipients": tuple(row["recipients"]), "raw": raw})
