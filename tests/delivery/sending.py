"""What the tests of sending share: a worker on a desk, and a way out that does as it is told."""

import email
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from email import policy
from email.message import EmailMessage
from pathlib import Path

from sqlalchemy import update

from mailgate.delivery.ending import Rules
from mailgate.delivery.letter import Writer
from mailgate.delivery.transport import Later, Never, Outgoing, Result, Sent, always
from mailgate.delivery.way import Way
from mailgate.delivery.worker import Worker
from mailgate.mail.render import Renderer
from mailgate.store import schema

SHIPPED = Path(__file__).parents[2] / "templates" / "mail"
RENDERER = Renderer([SHIPPED])
TAKEN = Sent("250 taken")
MINUTE = timedelta(minutes=1)
LEASE = Rules().lease


class Killed(BaseException):
    """The process ends here: nothing that comes after it happens."""


@dataclass(frozen=True, slots=True)
class Begun:
    """The content begins to leave, and then this is the result, or is raised."""

    then: Result | BaseException


class Scripted:
    """A transport, and its one session, that follows a script; past its end every mail is taken.

    What is scripted as `opening` is raised when a session is opened, one each time; `faults` are
    what settling tells.
    """

    repeatable = False

    def __init__(self, *script: Result | BaseException | Begun) -> None:
        self.script = deque(script)
        self.opening: deque[BaseException] = deque()
        self.faults: deque[str | None] = deque()
        self.opened = self.closed = self.cuts = 0
        self.tried: list[Outgoing] = []
        self.arrived: list[Outgoing] = []
        self.look: Callable[[], None] = lambda: None  # called after the beginning was told

    def open(self) -> "Scripted":
        if self.opening:
            raise self.opening.popleft()
        self.opened += 1
        return self

    def close(self) -> None:
        self.closed += 1

    def settle(self) -> str | None:
        return self.faults.popleft() if self.faults else None

    def cut(self) -> None:
        self.cuts += 1

    def send(
        self, mail: Outgoing, began: Callable[[], None], still: Callable[[], None] = always
    ) -> Result:
        step = self.script.popleft() if self.script else TAKEN
        self.tried.append(mail)
        if isinstance(step, Begun) or not isinstance(step, Later | Never | BaseException):
            began()
            self.look()
            still()
            self.arrived.append(mail)
        result = step.then if isinstance(step, Begun) else step
        if isinstance(result, BaseException):
            raise result
        return result


def read(raw: bytes) -> EmailMessage:
    mail = email.message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def writer_of(world, renderer: Renderer = RENDERER) -> Writer:
    return Writer(renderer, world.signer, "Support", "support@desk.example")


def worker_of(world, way, rules: Rules | None = None, owner: str = "one", **writer) -> Worker:
    """Return a worker; a second one on the same world is what runs after a crash."""
    return Worker(
        world.desk,
        writer_of(world, **writer),
        way,
        rules or Rules(),
        lambda: world.now,
        owner,
        Way(world.desk, owner),
    )


def outbox(world, *columns: str) -> list:
    """Every notice that `only` left, in their order: one column, or several as tuples."""
    rows = sorted(world.rows("outbox"), key=lambda row: row["id"])
    kept = [row for row in rows if row["state"] != "suppressed"]
    if len(columns) == 1:
        return [row[columns[0]] for row in kept]
    return [tuple(row[name] for name in columns) for row in kept] if columns else kept


def only(world, recipient: str) -> None:
    """Leave nothing of the outbox but the notices to one recipient."""
    table = schema.outbox
    with world.database.write() as connection:
        connection.execute(
            update(table)
            .where(table.c.recipient != recipient)
            .values(state="suppressed", done_at=world.now)
        )


def make_due(world) -> None:
    """Have everything that waits be due now."""
    with world.database.write() as connection:
        connection.execute(update(schema.outbox).values(next_try_at=world.now))
