"""Several nodes of one desk: the same keys and the same database, each with ports of its own."""

import os
import signal
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select

from mailgate.store import inbox, outbox, schema
from tests.acceptance import inside
from tests.peers.gateway import Gateway
from tests.peers.waiting import wait_until
from tests.torture import reckoning
from tests.torture.load import Letter, Load, compose
from tests.torture.smarthost import Smarthost

_PATIENCE = 60.0  # seconds, for a start
_ROLES = ["listen", "process", "deliver", "clock"]
_VALUES = {"node.lease": "2s", "node.roles": _ROLES, "jobs.deadlines": "1s"}
_QUEUES = {
    "inbox": (schema.mail_delivery, inbox.PENDING),
    "outbox": (schema.outbox, outbox.READY),
}
_AN_HOUR = 3600.0  # seconds


class Cluster:
    """Nodes that share everything; whatever befalls one, the others go on."""

    def __init__(
        self,
        start_gateway: Callable[..., Gateway],
        database: str,
        smarthost: Smarthost,
        nodes: int,
        values: Mapping[str, Any] | None = None,
    ) -> None:
        """Start `nodes` of them. Unless `values` say otherwise, each is one process."""
        self.smarthost = smarthost
        self.nodes: list[Gateway] = []
        self.hits = 0
        for number in range(1, nodes + 1):
            node = start_gateway(database=database)
            keys = self.nodes[0].setting("desk.secret_file") if self.nodes else "mailgate.key"
            folder = self.nodes[0].folder if self.nodes else node.folder
            named = {"node.name": f"node{number}", "desk.secret_file": str(folder / keys)}
            node.set({**_VALUES, "node.workers": 0, **smarthost.settings(), **(values or {})})
            node.set(named)
            node.verify_at_end = number == 1
            self.nodes.append(node.start(patience=_PATIENCE))

    @property
    def ports(self) -> list[int]:
        """Where mail may be handed in."""
        return [node.smtp_port for node in self.nodes]

    def kill(self, number: int) -> None:
        """End a node, counted from 0, in the middle of whatever it does, and start it again."""
        self.nodes[number].kill()
        self.nodes[number].start(patience=_PATIENCE)
        self.hits += 1

    def freeze(self, number: int) -> Callable[[], None]:
        """Stop all processes of a node where they stand; what is returned has them go on."""
        group = os.getpgid(self.nodes[number].pid)
        os.killpg(group, signal.SIGSTOP)
        self.hits += 1
        return lambda: os.killpg(group, signal.SIGCONT)

    def rest(self) -> None:
        """Wait until nothing is under way on any node."""
        self.wait_for("inbox")
        self.wait_for("outbox")

    def wait_for(self, queue: str) -> None:
        """Wait until all mail of the inbox is processed, or all of the outbox sent.

        No claim is helped to lapse: what a dead node held is free after its lease.
        """
        table, state = _QUEUES[queue]
        left = select(func.count()).where(table.c.state == state)
        with inside.opened(self.nodes[0].config) as app:

            def waiting() -> int:
                with app.database.read() as connection:
                    return connection.execute(left).scalar_one()

            wait_until(lambda: not waiting(), lambda: f"{waiting()} in the {queue}", _AN_HOUR)

    def faults(self, *loads: Load) -> list[str]:
        """Return what was lost or doubled of what these loads were acknowledged, inside and out."""
        config = self.nodes[0].config
        acknowledged = [message_id for load in loads for message_id in load.acknowledged]
        sent = set().union(*(load.message_ids for load in loads))
        return [
            *reckoning.faults_inside(config, acknowledged, sent),
            *reckoning.faults_outside(config, self.smarthost.arrived, self.hits),
        ]


class Matters(Load):
    """New matters, shared among the connections."""

    def write(self, seed: int, connection: int, count: int) -> list[Letter]:
        """Return one mail about each matter, each from somebody else."""
        return [self.first(seed, connection * count + n) for n in range(count)]

    @staticmethod
    def first(seed: int, matter: int) -> Letter:
        """Return the mail that a matter began with."""
        message_id = f"<first.{matter}.{seed}@torture.example>"
        return compose(message_id, f"c{matter}@customer.example")


class Answers(Load):
    """Mails that go on with matters, which must have tickets; all connections know all of them."""

    def __init__(
        self, ports: Sequence[int], seed: int, connections: int, count: int, matters: int
    ) -> None:
        """As a `Load`; the first mails of so many `matters` have been sent by `Matters`."""
        self.matters = matters
        super().__init__(ports, seed, connections, count)

    def write(self, seed: int, connection: int, count: int) -> list[Letter]:
        """Return mails on one matter after the other, begun at another one by each connection."""
        firsts = [Matters.first(seed, (connection + n) % self.matters) for n in range(count)]
        return [
            compose(f"<{n}.{connection}.{seed}@torture.example>", first.sender, first)
            for n, first in enumerate(firsts)
        ]
