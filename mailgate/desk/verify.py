"""Whether everything in the database agrees: nothing lost, nothing twice, no history rewritten.

Reads and never writes. Tickets are looked at in batches, so that any number of them will do, and
all that is asked in one transaction is about one moment, whatever a gateway writes meanwhile.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from hashlib import sha256
from types import MappingProxyType

from sqlalchemy import Connection, RowMapping

from mailgate.desk.retelling import History, retell
from mailgate.desk.settings import Settings
from mailgate.domain.hours import local_date
from mailgate.domain.model import Delay, Ticket
from mailgate.domain.numbers import NumberFormat
from mailgate.domain.policy import Policy
from mailgate.domain.timers import Timer, running
from mailgate.errors import MailgateError
from mailgate.store import audit, inbox, orphans, schema, tickets
from mailgate.store import policies as snapshots
from mailgate.store.audit import Scope
from mailgate.store.db import let_idle
from mailgate.store.identity import identify

BATCH = 500
SAMPLE = 200
"""How many attachments are opened unless all are."""

EVERYTHING = Scope()

Content = Callable[[bytes, str], bytes]
"""Takes an attachment out of a raw mail: (bytes, part) -> decoded bytes."""

Progress = Callable[[int, int], None]
"""Told (tickets looked at, tickets in all) now and then."""

_FROM_A_BACKUP = (
    "a row was lost or changed past mailgate: `mailgate explain` shows what is left of it, and "
    "what was there stands in the last backup that agrees (`mailgate restore`, with another "
    "configuration)"
)

REMEDIES: Mapping[str, str] = MappingProxyType(
    {
        "database": "stop the gateway, see that the disk is sound and that no other program writes "
        "to the database, and restore the last backup that agrees: `mailgate restore --replace`",
        "mail": _FROM_A_BACKUP,
        "parked": "try it again: `mailgate failed retry ID`",
        "message": _FROM_A_BACKUP,
        "attachment": _FROM_A_BACKUP,
        "reference": _FROM_A_BACKUP,
        "ticket": _FROM_A_BACKUP,
        "history": "the ticket or its history was changed past mailgate: `mailgate explain NUMBER` "
        "shows both; put the ticket right by commands (`mailgate assign`, `tag` and so on)",
        "turn": _FROM_A_BACKUP,
        "timer": "set the ticket's priority to another and back: its deadlines are worked out anew "
        "(`mailgate priority NUMBER high`)",
        "number": "stop the gateway, and in the table number_sequence set `next` above the highest "
        "number that was given out",
        "event": _FROM_A_BACKUP,
        "outbox": _FROM_A_BACKUP,
    }
)
"""What to do about what each check finds."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that does not agree: in which check, about what, and how."""

    check: str
    subject: str
    says: str

    @property
    def remedy(self) -> str:
        """What can be done about it."""
        return REMEDIES[self.check]

    def __str__(self) -> str:
        return f"{self.subject}: {self.says}"


def verify(
    connection: Connection,
    settings: Settings,
    content: Content,
    *,
    deep: bool = False,
    scope: Scope = EVERYTHING,
    progress: Progress = lambda _done, _total: None,
) -> Iterator[Fault]:
    """Yield every fault of a desk's data.

    `deep` opens every attachment, works out the digest of every raw mail, and has SQLite read its
    whole file. A `scope` of one ticket leaves out what is not about it; one of time leaves out
    only the history of the tickets before.
    """
    tenant_id = settings.tenant_id
    let_idle(connection)  # whoever reads the faults may page through them
    if scope.number is None:
        yield from _database(connection, deep=deep)
        yield from _orphans(connection, tenant_id)
    yield from _tickets(connection, settings, scope, progress)
    if deep or scope.number is not None:
        pointers = audit.attachments(connection, tenant_id, scope, BATCH)
    else:
        pointers = audit.sample(connection, tenant_id, SAMPLE)
    yield from _attachments(connection, pointers, content)
    if deep and scope.number is None:
        for id_, digest, raw, received_at in audit.mails(connection):
            if identify(raw, received_at).digest != digest:
                yield Fault("mail", f"raw mail {id_}", "its bytes are not those that came")


def accounted(connection: Connection, tenant_id: int) -> str:
    """Say how many mails came, how each ended, and what was made of them."""
    parts = [
        _counted("mails", audit.states(connection, tenant_id, schema.mail_delivery)),
        *(f"{name}s: {count}" for name, count in audit.sums(connection, tenant_id).items()),
        _counted("notices", audit.states(connection, tenant_id, schema.outbox)),
    ]
    return "; ".join(parts)


def _counted(things: str, found: Mapping[str, int]) -> str:
    parts = ", ".join(f"{count} {state}" for state, count in found.items())
    return f"{things}: {sum(found.values())}" + (f" ({parts})" if parts else "")


def _database(connection: Connection, *, deep: bool) -> Iterator[Fault]:
    for name, value in audit.pragmas(connection).items():
        if value != audit.PRAGMAS[name]:
            yield Fault("database", f"PRAGMA {name}", f"is {value}, not {audit.PRAGMAS[name]}")
    for table, row, target in audit.dangling(connection):
        yield Fault("database", f"row {row} of {table}", f"points to no row of {target}")
    for line in audit.damage(connection) if deep else ():
        yield Fault("database", "file", line)


def _orphans(connection: Connection, tenant_id: int) -> Iterator[Fault]:
    for question in orphans.questions(tenant_id):
        for id_ in orphans.answers(connection, question):
            yield Fault(question.check, f"{question.subject} {id_}", question.says)


# --- tickets ------------------------------------------------------------------------------------


def _tickets(
    connection: Connection, settings: Settings, scope: Scope, progress: Progress
) -> Iterator[Fault]:
    tenant_id = settings.tenant_id
    total, done = audit.count(connection, tenant_id, scope), 0
    policies = {id_: snapshots.restore(body) for id_, body in audit.policies(connection).items()}
    numbers = _Numbers(audit.sequences(connection, tenant_id), settings.zone)
    for rows in audit.batches(connection, tenant_id, scope, BATCH):
        ids = [row["id"] for row in rows]
        events = audit.histories(connection, tenant_id, ids)
        notices = audit.notices(connection, tenant_id, ids)
        turns = audit.turns(connection, tenant_id, ids)
        timers = audit.timers(connection, tenant_id, ids)
        for row in rows:
            ticket, id_ = tickets.from_row(row), row["id"]
            history = History(id_, events.get(id_, ()), notices)
            fault = partial(Fault, subject=ticket.number)
            for says in retell(history, ticket, policies):
                yield fault(check="history", says=says)
            for says in _turn_faults(ticket, turns.get(id_, [])):
                yield fault(check="turn", says=says)
            rules = policies.get(row["policy_id"], settings.policy)
            for says in _timer_faults(ticket, row, timers.get(id_, []), rules):
                yield fault(check="timer", says=says)
            for says in numbers.faults(ticket, history):
                yield fault(check="number", says=says)
        done += len(rows)
        progress(done, total)


def _turn_faults(ticket: Ticket, rows: Sequence[RowMapping]) -> Iterator[str]:
    numbers = [row["n"] for row in rows]
    if numbers != list(range(1, ticket.turn + 1)):
        yield f"it is in turn {ticket.turn}, but its turns are {numbers}"
        return
    last = rows[-1] if rows else None
    if last is None or ticket.side is None:
        return
    if last["side"] != ticket.side.value:
        yield f"it is the {ticket.side} side's turn, but turn {last['n']} is the {last['side']}'s"
    if last["since"] != ticket.turn_since:
        yield f"turn {last['n']} began at {last['since']}, but the ticket says {ticket.turn_since}"
    if last["answered_at"] is not None:
        yield f"turn {last['n']} is answered and still goes on"
    if ticket.delay is not Delay.NONE and last["overdue_at"] is None:
        yield f"it is {ticket.delay}, but turn {last['n']} never ran out"


def _timer_faults(
    ticket: Ticket, row: RowMapping, timers: Sequence[RowMapping], rules: Policy
) -> Iterator[str]:
    """Compare the stored timers with those that should run by the rules that they go by."""
    soonest = timers[0]["due_at"] if timers else None
    stored = {_key(timer): timer["due_at"] for timer in timers}
    wanted = {_timer_key(timer): timer.due_at for timer in running(ticket, rules)}
    if stored != wanted:
        yield f"its timers are {_listed(stored)}, but should be {_listed(wanted)}"
    if row["next_due_at"] != soonest:
        yield f"its next_due_at is {row['next_due_at']}, but its first timer is {soonest}"


def _key(row: RowMapping) -> tuple[str, int, int]:
    return row["kind"], row["turn"], row["step"]


def _timer_key(timer: Timer) -> tuple[str, int, int]:
    return timer.kind.value, timer.turn, timer.step


def _listed(timers: Mapping[tuple[str, int, int], object]) -> str:
    found = [f"{kind} {turn}.{step} at {due}" for (kind, turn, step), due in timers.items()]
    return ", ".join(sorted(found)) or "none"


class _Numbers:
    """Knows which numbers each sequence has given out."""

    def __init__(self, sequences: Sequence[tuple[str, str, int]], zone: str) -> None:
        self._zone = zone
        self._next = {(template, period): free for template, period, free in sequences}
        self._formats = [NumberFormat(each) for each in dict.fromkeys(t for t, _, _ in sequences)]

    def faults(self, ticket: Ticket, history: History) -> Iterator[str]:
        """Yield a fault if a ticket's number was not given out yet, or by no sequence."""
        if not history.events:
            return
        day = local_date(history.events[0]["recorded_at"], self._zone)
        for format_ in self._formats:
            for near in (day, day - timedelta(days=1), day + timedelta(days=1)):
                seq = _sequence(format_, near, ticket.number)
                free = self._next.get((format_.template, format_.period(near)))
                if seq is not None and free is not None:
                    if seq >= free:
                        yield (
                            f"its number is given out again: the next free one is {free}, and "
                            f"should be above {seq}"
                        )
                    return
        yield "its number comes from no sequence: it may be given out again"


_LONG = 111_111_111_111_111_111


def _sequence(format_: NumberFormat, day: date, number: str) -> int | None:
    """Return which of its day a number is, or None where it is of another day or format."""
    before, _, after = format_.write(day, _LONG).partition(str(_LONG))
    figures = number.removeprefix(before).removesuffix(after)
    if f"{before}{figures}{after}" != number or not figures.isdecimal():
        return None
    return int(figures) if format_.write(day, int(figures)) == number else None


# --- attachments --------------------------------------------------------------------------------


def _attachments(
    connection: Connection, pointers: Iterator[RowMapping], content: Content
) -> Iterator[Fault]:
    """Open attachments as a reader would, and compare them with what is said of them."""
    for row in pointers:
        raw = None if row["mail_id"] is None else inbox.raw(connection, row["mail_id"])
        subject = f"attachment {row['n']} of message {row['message_id']}"
        if raw is None:
            yield Fault("attachment", subject, "its mail is not there")
            continue
        try:
            data = content(raw, row["part"])
        except MailgateError as error:
            yield Fault("attachment", subject, f"cannot be read: {error}")
            continue
        if len(data) != row["size"] or sha256(data).hexdigest() != row["sha256"]:
            yield Fault("attachment", subject, "is not what came")
