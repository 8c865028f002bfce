"""A whole conversation on a desk without threads, that goes on whatever the store does.

It does what the threads of a gateway and the people around it do: who hears no 250 sends the same
bytes again, and whoever is told that the store cannot be used tries again a little later.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from sqlalchemy import select

from mailgate.desk.clock import Clock
from mailgate.desk.verify import verify
from mailgate.errors import Temporary
from mailgate.intake.inbox import Incoming
from mailgate.mail.parts import content
from mailgate.store import inbox, outbox, schema
from tests.delivery.sending import Scripted, worker_of
from tests.desk.conftest import ALICE, CUSTOMER, settings
from tests.intake.desk import SUPPORT, Gateway
from tests.torture.faults import Death, Faulty
from tests.torture.reckoning import MESSAGE_ID

AFTER_A_FAULT = timedelta(minutes=13)
"""By then whatever was claimed is free again, and it does not count as an outage."""
_FIRST = "<m1@customer.example>"
_ROUNDS = 12  # of work until all is quiet: few, since nothing may go round and round

# What is compared of each table: nothing that tells the time, and no id.
_FACTS = {
    "ticket": (
        *("number", "subject", "status", "delay", "turn", "reopen_count", "version", "reminders"),
        *("closed_by", "last_responder", "told", "replied", "reply_pending", "held", "resolution"),
    ),
    "message": ("kind", "side", "author", "text", "resolution", "machine"),
    "event": ("n", "name", "actor_kind", "actor_id", "reasons"),
    "turn": ("n", "side"),
    "timer": ("kind", "turn", "step"),
    "outbox": ("notice", "recipient", "role", "turn", "state"),
    "mail_delivery": ("state", "mail_from", "error", "attempts"),
    "reference": ("sender",),
    "contact": ("address", "name"),
}


class Conversation:
    """A customer's matter from the first mail to its being taken up again after its end."""

    def __init__(self, database) -> None:
        self.faulty = Faulty(database)
        self.way = Scripted()
        self.deaths = 0
        self._database = database
        self._gateway = Gateway(database, settings())
        self._be_born()

    def run(self) -> None:
        """Have the whole conversation, each step of it until all is quiet."""
        self._write(CUSTOMER, SUPPORT, "My printer is on fire.", answers=None)
        self._gateway.now += timedelta(hours=25)
        self._work()  # the desk's time has run out
        self._write(ALICE.address, self._address(ALICE.address, "reply_address"), "Pour water.")
        self._write(CUSTOMER, SUPPORT, "It burns no more, but it is wet.")
        self._write(
            ALICE.address, self._address(ALICE.address, "reply_address"), "/resolve\nDry it."
        )
        self._write(CUSTOMER, self._address(CUSTOMER, "confirm_address"), "Thank you!")
        self._write(CUSTOMER, SUPPORT, "There is smoke again.")

    def end(self) -> None:
        """Keep what is to be compared: `state`, `faults` and `doubles`."""
        self.state, self.faults, self.doubles = self._state(), self._faults(), self._doubles()

    def _state(self) -> dict[str, list]:
        """Return what the desk knows in the end, as far as no clock and no id tells of it."""
        with self._database.read() as connection:
            return {
                name: sorted(
                    tuple(map(str, row))
                    for row in connection.execute(
                        select(*(schema.metadata.tables[name].c[fact] for fact in facts))
                    )
                )
                for name, facts in _FACTS.items()
            }

    def _faults(self) -> list[str]:
        """Return what `mailgate verify` would find."""
        with self._database.read() as connection:
            return list(map(str, verify(connection, self._gateway.desk.settings, content)))

    def _doubles(self) -> int:
        """Return how many mails left a second time, each under its first Message-ID.

        Whatever left came of the outbox, and whatever the outbox holds as sent has left.
        """
        left = Counter(
            (MESSAGE_ID.search(mail.raw)[1].decode(), mail.recipient) for mail in self.way.arrived
        )
        rows = {(row["rfc_id"], row["recipient"]) for row in self._gateway.rows("outbox")}
        assert set(left) == rows
        return left.total() - len(left)

    def _be_born(self) -> None:
        """Make what ends with a process."""
        before, self._gateway = self._gateway, Gateway(self._database, settings())
        self._gateway.now, self._gateway.count = before.now, before.count
        self._delivery = worker_of(self._gateway, self.way)
        self._clock = Clock(self._gateway.desk)

    def _write(
        self,
        sender: str,
        to: str,
        text: str,
        answers: str | None = _FIRST,
    ) -> None:
        """Send one mail, again and again until it is acknowledged; then have all work done."""
        raw = self._gateway.raw(text, sender=sender, to=to, In_Reply_To=answers)
        while not self._does(
            lambda: self._gateway.inbox.put(
                Incoming(raw, sender, (to,), self._gateway.now, "127.0.0.1", "smtp")
            )
        ):
            pass
        self._work()

    def _work(self) -> None:
        """Let worker, delivery and clock run until there is nothing to do."""
        for _ in range(_ROUNDS):
            well = [
                self._does(self._gateway.worker.run_once),
                self._does(self._delivery.run_once),
                self._does(lambda: self._clock.tick(self._gateway.now)),
            ]
            if all(well) and not self._under_way():
                return
        raise AssertionError(f"no rest after {_ROUNDS} rounds")

    def _does(self, part: Callable[[], object]) -> bool:
        """Let a part of the gateway work, as its thread would; False when the store failed."""
        try:
            with self.faulty.counted(), suppress(Temporary):
                part()
                return True
        except Death:
            self.deaths += 1
            self._be_born()
        self._gateway.now += AFTER_A_FAULT
        return False

    def _under_way(self) -> int:
        waiting = {"mail_delivery": inbox.PENDING, "outbox": outbox.READY}
        return sum(
            row["state"] == state
            for table, state in waiting.items()
            for row in self._gateway.rows(table)
        )

    def _address(self, to: str, kind: str) -> str:
        """Return an address from the latest mail to somebody that names one of this kind."""
        rows = [row["context"] for row in self._gateway.rows("outbox") if row["recipient"] == to]
        return [context[kind] for context in rows if context.get(kind)][-1]
