"""A storm over a shared mailbox: everybody works at once while the gateway is killed and killed.

Customers write, by SMTP and into the INBOX. Two agents drag in every shape, whole threads and
single mails, think better of it, and flag. An admin changes tickets by command. Meanwhile somebody
else drags certain tickets on purpose, which nobody but them touches: what they ask for must happen.
"""

import imaplib
import random
import smtplib
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from sqlalchemy import select

from mailgate.domain.board import Spot
from mailgate.store import schema
from tests.acceptance import inside
from tests.peers.dovecot import Dovecot
from tests.peers.gateway import ADDRESS, Gateway
from tests.peers.places import LOOPBACK
from tests.torture.folders import SHAPES, Folders, Lies
from tests.torture.nursery import Nursery

_LIFE = (0.1, 3.0)  # seconds that a gateway lives, from when its ports are open
_MOST = 150  # mails, however long a busy machine makes a storm
_SMTP, _LMTP, _APPEND = "by SMTP", "into the INBOX", "by another server"
_PATIENCE = 120.0  # seconds, for a gateway that is being started again


@dataclass(frozen=True, slots=True)
class Written:
    """A mail of the storm, and of which matter it is."""

    mid: str
    matter: int
    raw: bytes
    road: str


@dataclass
class Books:
    """What everybody did, for whoever counts afterwards.

    `wanted`: matter -> where somebody has put it on purpose; `flagged` are those with a star.
    """

    written: dict[str, Written] = field(default_factory=dict)
    wanted: dict[int, Spot] = field(default_factory=dict)
    flagged: set[int] = field(default_factory=set)
    kills: int = 0
    drags: int = 0
    said: int = 0

    def __str__(self) -> str:
        on_purpose = f"{len(self.wanted)} drags and {len(self.flagged)} stars on purpose"
        mails = f"{len(self.written)} mails, {self.drags} other drags, {self.said} commands"
        return f"{self.kills} kills, {mails}, {on_purpose}"

    @property
    def in_mailbox(self) -> set[str]:
        """The Message-IDs of what must lie in the mailbox."""
        return {mid for mid, mail in self.written.items() if mail.road != _SMTP}

    def matter(self, lies: Lies) -> int:
        """Return what a mail is about."""
        return self.written[lies.mid].matter


class Storm:
    """Blows as long as it is open; a context."""

    def __init__(
        self, gateway: Gateway, dovecot: Dovecot, folders: Folders, seed: int, purposes: int
    ) -> None:
        """`purposes`: so many matters are dragged on purpose."""
        self.gateway, self.books = gateway, Books()
        self._folders, self._dovecot, self.seed = folders, dovecot, seed
        self._kept = range(purposes)
        self._matters = purposes
        self._over = threading.Event()
        self._faults: list[BaseException] = []
        people = {
            "ann": self._customer,
            "ben": self._customer,
            "agent a": self._agent,
            "agent b": self._agent,
            "admin": self._admin,
        }
        self._threads = [
            threading.Thread(target=self._live, args=(name, does), daemon=True)
            for name, does in people.items()
        ]

    def open(self) -> None:
        """Write what there is before it begins: the matters that are dragged on purpose."""
        for matter in self._kept:
            self._write(matter, _APPEND, answers=False)
            for _ in range(matter % 3):
                self._write(matter, _APPEND, answers=True)

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        if self._faults:
            raise self._faults[0]

    def blow(self, nursery: Nursery, seconds: float) -> None:
        """Kill the gateway again and again, and meanwhile do what is to be done on purpose."""
        chance = random.Random(f"purpose/{self.seed}")
        until = time.monotonic() + seconds
        purposeful = threading.Thread(target=self._guarded, args=(self._drag_all, chance, seconds))
        purposeful.start()
        lives = random.Random(f"lives/{self.seed}")
        while time.monotonic() < until or purposeful.is_alive():
            nursery.start()
            self._over.wait(lives.uniform(*_LIFE))
            nursery.kill()
            self.books.kills += 1
        nursery.start()
        purposeful.join()

    # --- on purpose ---

    def _drag_all(self, chance: random.Random, seconds: float) -> None:
        """Drag each matter that is kept for it, once, and put a star on every fourth."""
        spots = list(self._folders.layout.folders)
        for matter in self._kept:
            self._over.wait(seconds / (len(self._kept) + 1))
            mails = self._of(matter)
            assert mails, f"nothing of matter {matter} lies anywhere"
            if matter % 4 == 3:
                self._folders.flag(chance.choice(mails), on=True)
                self.books.flagged.add(matter)
                continue
            here = mails[0].folder
            to = chance.choice(
                [spot for spot in spots if self._folders.layout.folders[spot] != here]
            )
            how = chance.choice(list(SHAPES))
            mails = mails if chance.random() < 0.5 else [chance.choice(mails)]
            target = self._folders.layout.folders[to]
            self._folders.drag(mails, target, how, chance.uniform(0, 2))
            self.books.wanted[matter] = to

    def _of(self, matter: int) -> list[Lies]:
        return [lies for lies in self._folders.lie() if self.books.matter(lies) == matter]

    # --- people ---

    def _live(self, name: str, does: Callable[[random.Random], None]) -> None:
        chance = random.Random(f"{name}/{self.seed}")

        def live() -> None:
            while not self._over.wait(chance.uniform(0.1, 0.8)):
                with suppress(imaplib.IMAP4.abort):  # as when their line breaks
                    does(chance)

        self._guarded(live)

    def _guarded(self, does: Callable[..., None], *given: object) -> None:
        try:
            does(*given)
        except BaseException as fault:  # noqa: BLE001 - it is raised again when the storm is over
            self._faults.append(fault)

    def _customer(self, chance: random.Random) -> None:
        """Write about something new, or again about something old."""
        if len(self.books.written) > _MOST:
            return
        road = chance.choice([_SMTP, _LMTP, _APPEND])
        first = len(self._kept)
        if self._matters == first or chance.random() < 0.4:
            matter, self._matters = self._matters, self._matters + 1
            self._write(matter, road, answers=False)
        else:
            self._write(chance.randrange(first, self._matters), road, answers=True)

    def _write(self, matter: int, road: str, *, answers: bool) -> None:
        n = len(self.books.written)
        name = f"{n}.{threading.get_ident() % 1000}" if answers else "first"
        mid = f"<{name}.{matter}.{self.seed}@storm.example>"
        first = f"<first.{matter}.{self.seed}@storm.example>"
        head = [
            f"From: c{matter % 7}@customer.example",
            f"To: {ADDRESS}",
            f"Subject: {'Re: ' if answers else ''}Matter {matter}",
            f"Message-ID: {mid}",
            "Date: Mon, 02 Mar 2026 09:00:00 +0000",
            *([f"In-Reply-To: {first}"] if answers else []),
        ]
        raw = "\r\n".join([*head, "", f"My words of {mid}.", ""]).encode()
        mail = Written(mid, matter, raw, road)
        self.books.written[mid] = mail
        if road == _APPEND:
            self._folders.put(raw)
        elif road == _LMTP:
            with smtplib.LMTP(LOOPBACK, self._dovecot.lmtp_port) as link:
                link.sendmail("c@customer.example", [self._folders.user], raw)
        else:
            self._send(raw)

    def _send(self, raw: bytes) -> None:
        """Send a mail to the gateway until it takes it, also after the storm."""
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            with suppress(OSError, smtplib.SMTPException):
                with smtplib.SMTP(LOOPBACK, self.gateway.smtp_port, timeout=30) as link:
                    link.sendmail("c@customer.example", [ADDRESS], raw)
                return
            threading.Event().wait(0.1)
        raise AssertionError("the gateway takes no mail")

    def _agent(self, chance: random.Random) -> None:
        """Do something to some mail, or to all of its matter that lie beside it."""
        folder = chance.choice(self._folders.layout.all)
        lie = self._folders.lie_in(folder)
        free = [lies for lies in lie if self.books.matter(lies) not in self._kept]
        if not free:
            return
        mails = [chance.choice(free)]
        if chance.random() < 0.4:
            matter = self.books.matter(mails[0])
            mails = [lies for lies in free if self.books.matter(lies) == matter]
        target = chance.choice([name for name in self._folders.layout.all if name != folder])
        how = chance.choice([*SHAPES, "move", "undo", "flag"])
        pause = chance.choice([0, chance.uniform(0, 3)])
        self.books.drags += 1
        if how == "flag":
            self._folders.flag(mails[0], on=chance.random() < 0.7)
        elif how == "undo":
            self._folders.undo(mails, target, pause)
        else:
            self._folders.drag(mails, target, how, pause)

    def _admin(self, chance: random.Random) -> None:
        """Change a ticket by a command; the desk may refuse it."""
        numbers = self._numbers()
        if numbers:
            command = chance.choice(["assign", "assign", "resolve", "wait", "close", "reopen"])
            words = [command, chance.choice(numbers)]
            words += [chance.choice(["alice", "bob", "none"])] if command == "assign" else []
            self.gateway.cli(*words, check=False)
            self.books.said += 1
            self._over.wait(chance.uniform(1, 3))  # a command takes more of the machine than others

    def _numbers(self) -> list[str]:
        kept = {f"Matter {matter}" for matter in self._kept}
        return [number for number, subject in subjects(self.gateway.config) if subject not in kept]


def subjects(config: Path) -> Sequence[tuple[str, str]]:
    """Return number and subject of each ticket."""
    ticket = schema.ticket.c
    with inside.opened(config) as app, app.database.read() as connection:
        return [tuple(row) for row in connection.execute(select(ticket.number, ticket.subject))]
