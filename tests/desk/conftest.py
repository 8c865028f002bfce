"""A desk on an empty database of either kind, with a clock that the test moves."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from mailgate.desk.clock import Clock, Tick
from mailgate.desk.door import Desk
from mailgate.desk.messages import NewMessage
from mailgate.desk.settings import Settings
from mailgate.domain.events import AgentReplied, CustomerWrote, Event, Opened
from mailgate.domain.model import Actor, ActorKind, Side, Ticket
from mailgate.domain.numbers import NumberFormat
from mailgate.domain.people import Agent, Staff
from mailgate.domain.policy import Policy, resolve
from mailgate.mail.signer import Signer
from mailgate.store import tickets
from mailgate.store.db import Database
from tests.store.databases import BOTH, POSTGRESQL, SQLITE, migrated

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
ALICE = Agent("alice", "alice@agents.example")
BOB = Agent("bob", "bob@agents.example")
ADMIN = "admin@agents.example"
CUSTOMER = "carol@customer.example"


def settings(**changes) -> Settings:
    thresholds, origins = resolve()
    values = {
        "name": "Support",
        "address": "support@desk.example",
        "policy": Policy(thresholds, origins, **changes),
        "number_format": NumberFormat("TKT-{year}-{seq:05d}"),
        "staff": Staff((ALICE, BOB), {}, (ADMIN,)),
    }
    return Settings(**values)


class World:
    """A desk, its clock, and a few words to act on it."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database = database
        self.now = START
        self.signer = Signer({"a": b"0123456789abcdef0123456789abcdef"}, "a", "desk.example")
        self.desk = Desk(database, settings, self.signer)
        self.clock = Clock(self.desk)

    def pass_time(self, **duration) -> datetime:
        self.now += timedelta(**duration)
        return self.now

    def open(self, subject: str = "Printer", requester: str = CUSTOMER) -> Ticket:
        actor = Actor(ActorKind.CUSTOMER, requester)
        event = Opened(at=self.now, actor=actor, number="", subject=subject, requester=requester)
        with self.desk.writing(self.now) as ledger:
            ledger.meet(requester, "Carol", self.now)
            return ledger.open(event, self.message(Side.CLIENT, requester))

    def apply(self, ticket: Ticket, event: Event, message: NewMessage | None = None) -> Ticket:
        with self.desk.writing(self.now) as ledger:
            ledger.apply(ticket.id, event, message)
        return self.ticket(ticket)

    def customer_writes(self, ticket: Ticket, **facts) -> Ticket:
        event = CustomerWrote(at=self.now, actor=Actor(ActorKind.CUSTOMER, CUSTOMER), **facts)
        return self.apply(ticket, event, self.message(Side.CLIENT, CUSTOMER))

    def agent_replies(self, ticket: Ticket, agent: Agent = ALICE) -> Ticket:
        event = AgentReplied(at=self.now, actor=Actor(ActorKind.AGENT, agent.name))
        return self.apply(ticket, event, self.message(Side.SYSTEM, agent.name))

    def message(self, side: Side, author: str) -> NewMessage:
        return NewMessage(
            side=side, author=author, author_name=author.title(), at=self.now, text="words"
        )

    def ticket(self, ticket: Ticket) -> Ticket:
        with self.database.read() as connection:
            return tickets.load(connection, 1, [ticket.id])[ticket.id]

    def tick(self) -> Tick:
        return self.clock.tick(self.now)

    def rows(self, table: str) -> list[dict]:
        """Every row of a table, in the order of its key: that of writing where it has ids."""
        from sqlalchemy import select

        from mailgate.store.schema import metadata

        source = metadata.tables[table]
        with self.database.read() as connection:
            found = connection.execute(select(source).order_by(*source.primary_key)).mappings()
            return [dict(row) for row in found]

    def notices(self) -> list[tuple[str, str]]:
        """(notice, recipient) in the order in which they were decided."""
        rows = sorted(self.rows("outbox"), key=lambda row: row["id"])
        return [(row["notice"], row["recipient"]) for row in rows]


def beside_who_opens(world: World, look: Callable[[World], object]) -> None:
    """Let another node look while somebody opens tickets, whom it must not wait for."""
    node = threading.Thread(target=look, args=(world,))
    with world.desk.writing(world.now) as ledger:
        ledger.lock_numbers()
        node.start()
        node.join(10)
        assert not node.is_alive()


@pytest.fixture(params=BOTH)
def database(request) -> Iterator[Database]:
    with migrated(request, request.param) as database:
        yield database


@pytest.fixture
def world(database) -> World:
    return World(database, settings())


@pytest.fixture
def postgresql_world(request):
    """A world on PostgreSQL, where several write at the same time."""
    with migrated(request, POSTGRESQL) as database:
        yield World(database, settings())


@pytest.fixture
def sqlite_world(request):
    """A world on SQLite, whose rows can be torn apart behind its back."""
    with migrated(request, SQLITE) as database:
        yield World(database, settings())
