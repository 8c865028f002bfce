"""A year of a desk: customers and agents with habits of their own, all of it from a seed.

What they do is mail, as far as people do it by mail; the desk takes it in, decides, ticks and sends
as it does in a gateway, on a clock that is moved from one thing that happens to the next.
"""

import heapq
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from functools import partial
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, event, func, select

from mailgate.delivery.ending import Rules
from mailgate.delivery.lease import Claims
from mailgate.delivery.letter import Writer
from mailgate.delivery.transport import Never, Result
from mailgate.delivery.way import Way
from mailgate.delivery.worker import Worker
from mailgate.desk.assignment import Patience, assign_waiting, reassign_inactive
from mailgate.desk.clock import Clock
from mailgate.desk.digest import Digests
from mailgate.desk.monthly import Reports
from mailgate.desk.staffing import note_away
from mailgate.domain.events import Rated
from mailgate.domain.model import Actor, ActorKind, Disposition, Side, Status, Ticket
from mailgate.errors import Illegal
from mailgate.mail.trust import Trust
from mailgate.store import heartbeat, schema
from mailgate.store.letters import Carried
from mailgate.store.outbox import Due
from tests.delivery.sending import RENDERER, Scripted
from tests.intake.desk import SUPPORT, Believing, Gateway
from tests.torture.office import BOSS, NAMES, WAKE, YEAR, ZONE, settings

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
BEGIN, END = datetime(YEAR, 1, 1, 8, tzinfo=UTC), datetime(YEAR + 1, 1, 1, 8, tzinfo=UTC)
OUTAGE = (datetime(YEAR, 6, 10, 9, tzinfo=UTC), datetime(YEAR, 6, 10, 12, 0, 30, tzinfo=UTC))
GONE = "gone@customer.example"  # whose mailbox takes nothing
PRIORITIES = ("critical", "urgent", "high", "normal", "low")
_HOLDS_UP = {"new_message", "assigned", "reopened", "overdue", "escalated", "woken", "joined"}
_SHOWN = ("id", "ticket_id", "notice", "recipient", "role", "state", "rfc_id", "turn", "context")
_OUTBOX, _TIMER = schema.outbox.c, schema.timer.c

# Asked many thousand times: spelt once.
_COMING = select(
    select(func.min(_TIMER.due_at)).where(_TIMER.fired_at.is_(None)).scalar_subquery(),
    select(func.min(_OUTBOX.next_try_at)).where(_OUTBOX.state == "ready").scalar_subquery(),
)
_NEW = (
    select(*(_OUTBOX[name] for name in _SHOWN))
    .where(_OUTBOX.id > bindparam("seen"))
    .order_by(_OUTBOX.id)
)


class _Post(Scripted):
    """A way out on which everything arrives, but for one address."""

    repeatable = True  # beginnings are written down for ways on which a mail may be lost

    def send(self, mail: Any, *rest: Any) -> Result:
        if mail.recipient == GONE:
            return Never(550, "5.1.1 nobody here")
        self.arrived.clear()  # a year of mails is much to keep
        self.tried.clear()
        return super().send(mail, *rest)


class _Alone(Claims):
    """Claims that no other worker waits for: none of them needs to be made longer meanwhile."""

    @contextmanager
    def kept(self, dues: Sequence[Due], claimed_at: datetime) -> Iterator[None]:
        self._until = {due.id: claimed_at + self.length for due in dues}
        yield


class _Brief(Writer):
    """Writes mails of a word: how notices are worded is tested elsewhere, and takes its time."""

    def original(self, _due: Due, _carried: Carried) -> None:
        return None

    def write(self, due: Due, _carried: Carried, _original: bytes | None) -> bytes:
        return f"Subject: {due.notice}\r\n\r\n".encode()


class Town:
    """A desk and the people around it.

    `every_minute`: the clock looks when nothing is due, too. `passed` is called with the number of
    each week that is over.
    """

    def __init__(
        self,
        database: Any,
        seed: int,
        tickets: int,
        *,
        every_minute: bool,
        passed: Callable[[int], None] = lambda _week: None,
    ) -> None:
        self.chance = random.Random(seed)
        self.desk = Gateway(database, settings())
        self.desk.now = BEGIN
        reader = replace(self.desk.worker._reader, authenticator=Believing(Trust.STRONG))
        self.desk.worker._reader = reader
        self._clock = Clock(self.desk.desk)
        self._sender = Worker(
            self.desk.desk,
            _Brief(RENDERER, self.desk.signer, "Support", SUPPORT),
            _Post(),
            Rules(),
            lambda: self.desk.now,
            "one",
            Way(self.desk.desk, "one"),
        )
        self._sender._claims = _Alone(self.desk.desk, lambda: self.desk.now, Rules().lease)
        self._digests = Digests(self.desk.desk, time(7, 30), lambda _text: ())
        self._reports = Reports(self.desk.desk, time(8))
        event.listen(database.engine, "commit", self._committed)
        self._written_anew = True
        self._coming: tuple[datetime | None, datetime | None] = (None, None)
        self._every_minute = every_minute
        self._looked = BEGIN - MINUTE
        self._agenda: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order, self._seen, self._written = count(), 0, False
        self._away: dict[str, datetime] = dict.fromkeys(NAMES, BEGIN)
        self._busy: set[tuple[int, int]] = set()
        self.customers = [f"c{n}@customer.example" for n in range(max(3, tickets // 4))] + [GONE]
        self.sums: Counter[str] = Counter()
        self._plan(tickets)
        for week in range(1, 53):
            self._later(week * 7 * DAY, partial(passed, week))

    def live(self) -> None:
        """Let the year pass."""
        while self._agenda and self._agenda[0][0] < END:
            at, _, deed = heapq.heappop(self._agenda)
            self._tick_until(at)
            self.desk.now = max(self.desk.now, at)
            deed()
            if self._written:
                self._written = False
                self.desk.worker.run_once()
            self._send()
        self._tick_until(END)
        self.desk.now = END

    # --- the gateway ---

    def _tick_until(self, until: datetime) -> None:
        while (at := self._next_look()) <= until:
            self.desk.now = max(self.desk.now, at)
            if not self._every_minute and not self._looked < OUTAGE[1] <= at:
                self._say_it_ran()
            self.sums["ticks"] += 1
            self._looked = at
            if self._clock.tick(self.desk.now).steps:
                self._send()

    def _next_look(self) -> datetime:
        """Return the next minute at which the clock looks: before, it holds nothing to be due.

        It may have passed while people wrote; then the clock looks some seconds late.
        """
        at = self._looked + MINUTE
        if not self._every_minute:
            due, _ = self._look_ahead()
            at = END + DAY if due is None else max(at, due)
        if OUTAGE[0] <= at < OUTAGE[1] or self._looked < OUTAGE[1] <= at:  # it looks when it is up
            at = OUTAGE[1]
        return at + (BEGIN - at) % MINUTE

    def _say_it_ran(self) -> None:
        """Write the sign of life of a clock that has looked each minute, and found nothing."""
        with self.desk.database.write() as connection:
            last = heartbeat.last(connection)
            heartbeat.keep(connection, replace(last, seen_at=self.desk.now - MINUTE, late=False))

    def _send(self) -> None:
        """Send what is to be sent, and let those who get it do what they are used to."""
        if not self._is_due():
            return
        while self._is_due():
            self._sender.run_once()
        with self.desk.database.read() as connection:
            found = connection.execute(_NEW, {"seen": self._seen})
            rows = [dict(row) for row in found.mappings()]
        for row in rows:
            self._seen = row["id"]
            if row["ticket_id"] is not None and row["state"] != "suppressed":
                self._react(row)

    def _is_due(self) -> bool:
        """Whether anything is to be sent."""
        _, ready = self._look_ahead()
        return ready is not None and ready <= self.desk.now

    def _committed(self, connection: Any) -> None:
        if connection.get_execution_options().get("mailgate_write"):
            self._written_anew = True

    def _look_ahead(self) -> tuple[datetime | None, datetime | None]:
        """Return when the next deadline is due, and the next mail to be sent.

        It is asked only when something has been written since.
        """
        if self._written_anew:
            self._written_anew = False
            with self.desk.database.read() as connection:
                due, ready = connection.execute(_COMING).one()
                self._coming = due, ready
        return self._coming

    # --- who does what ---

    def _later(self, after: timedelta, deed: Callable[[], None]) -> None:
        at = self.desk.now + timedelta(seconds=int(after.total_seconds()) + 1)
        heapq.heappush(self._agenda, (at, next(self._order), deed))

    def _plan(self, tickets: int) -> None:
        year = int((END - BEGIN).total_seconds())
        for n in range(tickets):
            at = timedelta(seconds=self.chance.randrange(year))
            self._later(at, partial(self._ask, n))
        for day in range(366):
            for hour, deed in ((WAKE, self._wake), (9, self._daily)):
                at = datetime.combine((BEGIN + day * DAY).date(), time(hour), ZoneInfo(ZONE))
                self._later(at.astimezone(UTC) - BEGIN, deed)
        often = 48 if self._every_minute else 1  # a day
        for n in range(365 * often):
            self._later(n * DAY / often, self._jobs)
        for name in NAMES:
            for _ in range(3):
                after = timedelta(days=self.chance.randrange(360))
                self._later(after, partial(self._leave, name))

    def _wake(self) -> None:
        """Be there when quiet hours end: what has waited for it is sent after each deed."""

    def _daily(self) -> None:
        self.sums["digests"] += self._digests.look(self.desk.now)
        self.sums["monthly reports"] += self._reports.look(self.desk.now)

    def _jobs(self) -> None:
        desk, now = self.desk.desk, self.desk.now
        self.sums["given later"] += assign_waiting(desk, now).assigned
        patience = Patience(6 * HOUR, desk.settings.policy.calendars["office"])
        self.sums["taken from the quiet"] += reassign_inactive(desk, now, patience).moved

    def _leave(self, name: str) -> None:
        """Go on a holiday, of which the desk is told or not."""
        until = self.desk.now + self.chance.randint(1, 9) * DAY
        self._away[name] = until
        if self.chance.random() < 0.7:
            note_away(self.desk.desk, name, until, self.desk.now)

    def _ask(self, n: int) -> None:
        """Write to the desk about a new matter."""
        to = SUPPORT
        if self.chance.random() < 0.6:
            to = SUPPORT.replace("@", f"+{self.chance.choice(PRIORITIES)}@")
        what = self.chance.choice(("printer", "invoice", "account"))
        who = self.chance.choice(self.customers)
        self._mail(f"My {what} is at fault ({n}).", sender=who, to=to, Subject=f"The {what} {n}")

    def _mail(self, text: str, **headers: Any) -> None:
        self.sums["mails in"] += 1
        self._written = True
        self.desk.keep(text, Date=self.desk.now.strftime("%a, %d %b %Y %H:%M:%S +0000"), **headers)

    def _react(self, row: dict[str, Any]) -> None:
        self.sums["mails out"] += 1
        if row["notice"] == "approval_wanted":
            if self.chance.random() < 0.5:
                self._later(self._hours(6), lambda: self._decide(row["ticket_id"]))
            return
        if row["role"] != "customer":
            again = row["notice"] in ("overdue", "escalated", "woken")
            key = (row["ticket_id"], row["turn"])
            if row["notice"] in _HOLDS_UP and (again or key not in self._busy):
                self._busy.add(key)
                self._later(self._agents_delay(), lambda: self._handle(row["ticket_id"]))
            return
        habit = getattr(self, f"_on_{row['notice']}", None)
        if habit is not None and row["recipient"] != GONE:
            habit(row)

    # --- customers ---

    def _hours(self, mean: float) -> timedelta:
        return self.chance.expovariate(1 / mean) * HOUR

    def _writes(self, row: dict[str, Any], text: str, to: str = SUPPORT, **headers: Any) -> None:
        subject = f"Re: [{row['context']['ticket']['number']}]"
        facts = {"sender": row["recipient"], "to": to, "Subject": subject}
        self._mail(text, **facts, In_Reply_To=row["rfc_id"], **headers)

    def _on_received(self, row: dict[str, Any]) -> None:
        if self.chance.random() < 0.15:
            self._later(self._hours(12), lambda: self._writes(row, f"Any news? ({row['id']})"))

    def _on_agent_reply(self, row: dict[str, Any]) -> None:
        if self.chance.random() < 0.08:
            back = (self.desk.now + self.chance.randint(2, 12) * DAY).strftime("%d %B %Y")
            away = f"I am out of the office and will be back on {back}."
            self._later(MINUTE, lambda: self._writes(row, away, Auto_Submitted="auto-replied"))
        match self.chance.random():
            case p if p < 0.45:
                self._later(self._hours(25), lambda: self._writes(row, f"Not yet. ({row['id']})"))
            case p if p < 0.55:
                self._later(self._hours(8), lambda: self._writes(row, "Thank you!"))

    def _on_waiting(self, row: dict[str, Any]) -> None:
        if self.chance.random() < 0.3:
            self._later(self._hours(30), lambda: self._writes(row, f"I am here. ({row['id']})"))

    def _on_resolved(self, row: dict[str, Any]) -> None:
        match self.chance.random():
            case p if p < 0.25:
                self._later(self._hours(10), lambda: self._writes(row, "Thank you very much!"))
            case p if p < 0.35:
                to = row["context"]["confirm_address"]
                self._later(self._hours(10), lambda: self._writes(row, "Yes.", to))
            case p if p < 0.5:
                self._later(self._hours(20), lambda: self._writes(row, f"No. ({row['id']})"))
        self._later(self._hours(90), lambda: self._rate(row["ticket_id"]))

    def _on_auto_closed(self, row: dict[str, Any]) -> None:
        if self.chance.random() < 0.15:
            days = self.chance.choice((24, 200, 900))
            self._later(self._hours(days), lambda: self._writes(row, f"Once more. ({row['id']})"))

    def _on_survey(self, row: dict[str, Any]) -> None:
        if self.chance.random() < 0.5:
            self._later(self._hours(10), lambda: self._rate(row["ticket_id"]))

    def _rate(self, ticket_id: int) -> None:
        ticket = self.desk.ticket(ticket_id)
        actor = Actor(ActorKind.CUSTOMER, ticket.requester)
        score = self.chance.randint(1, 5)
        event = Rated(at=self.desk.now, actor=actor, resolution=ticket.resolution, score=score)
        with suppress(Illegal), self.desk.desk.writing(self.desk.now) as ledger:
            ledger.apply(ticket_id, event)

    # --- agents ---

    def _agents_delay(self) -> timedelta:
        return self._hours(self.chance.choice((0.3, 1, 3, 3, 8, 60)))

    def _handle(self, ticket_id: int) -> None:
        """Look at a ticket, when they work, and do something about it if it is the desk's turn."""
        wall = self.desk.now.astimezone(ZoneInfo(ZONE))
        if wall.weekday() > 4 or not 8 <= wall.hour < 18:
            self._put_off(ticket_id)
            return
        ticket = self.desk.ticket(ticket_id)
        if ticket.side is not Side.SYSTEM or ticket.disposition is not Disposition.NONE:
            return
        name = ticket.assignee or self.chance.choice(NAMES)
        if self._away[name] > self.desk.now:
            self._put_off(ticket_id)
            return
        said = self._says(ticket)
        if said:
            self._answers(name, ticket, said)
        if said.startswith(("/note", "/priority", "/threshold", "/assign", "/escalate")):
            self._later(self._agents_delay(), lambda: self._handle(ticket_id))

    def _put_off(self, ticket_id: int) -> None:
        if self.chance.random() < 0.98:
            self._later(self.chance.randint(1, 12) * HOUR, lambda: self._handle(ticket_id))

    def _decide(self, ticket_id: int) -> None:
        """Say, as who stands above, whether it may go up; if that is still a question."""
        ticket = self.desk.ticket(ticket_id)
        if ticket.approval is not None:
            yes = self.chance.random() < 0.6
            self._answers("boss", ticket, "/approve" if yes else f"/reject No. ({self.desk.count})")

    def _says(self, ticket: Ticket) -> str:
        """Return what an agent writes: nothing is forgetting about it."""
        until = f"{self.desk.now + self.chance.randint(3, 90) * HOUR:%Y-%m-%dT%H:%M}"
        words = f"Try this. ({self.desk.count})"
        choices = {
            words: 42,
            f"/resolve\r\n\r\nDone. ({self.desk.count})": 27,
            f"/note\r\n\r\nHm. ({self.desk.count})": 5,
            f"/snooze {until}": 5,
            f"/priority {self.chance.choice(PRIORITIES)}": 4,
            f"/threshold system={self.chance.randint(1, 30)}h client=20h": 3,
            "/wait": 3,
            f"/assign {self.chance.choice(NAMES)}": 4,
            "/escalate he calls": 2,
            "/close": 1,
            "/spam": 1,
            self._twin(ticket): 1,
            "": 2,
        }
        return self.chance.choices(list(choices), list(choices.values()))[0]

    def _twin(self, ticket: Ticket) -> str:
        """Return the command that merges a ticket into another of the same customer."""
        table = schema.ticket.c
        query = select(table.number).where(
            table.requester == ticket.requester,
            table.id != ticket.id,
            table.status != Status.CLOSED.value,
        )
        with self.desk.database.read() as connection:
            number = connection.scalar(query.order_by(table.id).limit(1))
        return f"/merge {number}" if number else "/wait"

    def _answers(self, name: str, ticket: Ticket, text: str) -> None:
        who = BOSS if name == "boss" else f"{name}@agents.example"
        signer = self.desk.signer
        to = signer.ticket_address(SUPPORT, ticket.number, who, "reply", self.desk.now)
        self._mail(text, sender=who, to=to, Subject=f"Re: [{ticket.number}] {self.desk.count}")
