"""A gateway as it runs: in one process, or in several that share its database and its ports.

Whoever answers a sender never waits for mail that is being read: with `[node] workers` the ways
in, the reading and the sending have a process each.
"""

import ctypes
import importlib
import os
import socket
import sys
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from mailgate.app import TENANT_ID, App, now
from mailgate.config import digest
from mailgate.config.addresses import Listen
from mailgate.errors import MailgateError, Permanent, Refused, Temporary
from mailgate.log import log
from mailgate.port import open_port
from mailgate.roles import Crew, NodeRole, crews
from mailgate.stopping import Stop
from mailgate.store import calls
from mailgate.supervisor import BEAT, SILENT, Supervisor
from mailgate.tally import Pulse
from mailgate.wire import Wire

if TYPE_CHECKING:
    from mailgate.web.health import Check
    from mailgate.web.server import Server
    from mailgate.web.stored import Stored
    from mailgate.web.watch import Watch


class Started(Protocol):
    """Something with a thread of its own that was started."""

    @property
    def alive(self) -> bool:
        """Whether its thread runs."""
        ...

    def stop(self) -> None:
        """Finish what is in hand, and stop."""
        ...


_SWITCH = 0.0005
"""Seconds after which a busy thread lets another go on: the answer to a sender must not wait for
the workers, as it would with Python's 5 ms."""

_MMAP_THRESHOLD, _LARGE = -3, 1024 * 1024
"""The option of glibc's mallopt(3), and the octets from which a block counts as large."""

_BLAMED = {each.__name__: each for each in (Temporary, Permanent, Refused)}
"""The faults that one process may tell another, by name."""

_MODULES = {
    NodeRole.LISTEN: ("mailgate.app.ways_in",),
    NodeRole.PROCESS: ("mailgate.app.reading", "mailgate.intake.worker"),
    NodeRole.DELIVER: ("mailgate.app.ways_out",),
    NodeRole.CLOCK: ("mailgate.app.clockwork",),
    NodeRole.WEB: (
        "mailgate.web.health",
        "mailgate.web.metrics",
        "mailgate.web.page",
        "mailgate.web.server",
        "mailgate.web.stored",
        "mailgate.web.watch",
    ),
}
"""What the parts of a role are made of. Nothing else needs it, so it is imported late."""


def load(roles: Collection[NodeRole]) -> None:
    """Import what these roles need, before the processes are forked: then it is in memory once."""
    for role in roles:
        for name in _MODULES[role]:
            importlib.import_module(name)


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of a gateway, open and listening; None where it has none."""

    smtp: socket.socket | None = None
    lmtp: socket.socket | None = None
    submission: socket.socket | None = None
    http: socket.socket | None = None

    @property
    def numbers(self) -> dict[str, int]:
        """Return the ports by what is spoken there."""
        opened = {
            "smtp": self.smtp,
            "lmtp": self.lmtp,
            "submission": self.submission,
            "http": self.http,
        }
        return {name: port.getsockname()[1] for name, port in opened.items() if port}

    def close(self, kept: Collection[NodeRole] = ()) -> None:
        """Close, in this process, the ports that these roles do not serve."""
        serving = {
            NodeRole.LISTEN: (self.smtp, self.lmtp, self.submission),
            NodeRole.WEB: (self.http,),
        }
        for role, opened in serving.items():
            for port in opened:
                if port is not None and role not in kept:
                    port.close()


class Gateway:
    """One gateway that serves; `app` hands out its parts."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._roles = frozenset(map(NodeRole, app.config.node.roles))
        self._crews = crews(self._roles, app.config.node.workers)
        self._pulse = Pulse()

    def prepare(self) -> Ports:
        """See that it can work: templates, ports, database. Nothing runs yet.

        Texts of the desk's own are read now and not when a mail is due; those that come with
        mailgate are known to be whole. Raises `Temporary` when a port is taken or the database
        away, `Refused` for a template.
        """
        app = self._app
        faults = app.macros.check()
        if app.config.desk.templates.is_dir():
            faults += app.renderer.check()
        if faults:
            raise Refused(f"a template is broken: {'; '.join(faults)}")
        inbound, web = app.config.inbound, app.config.web
        with ExitStack() as undo:  # of two gateways by mistake, the second one touches nothing

            def opened(role: NodeRole, at: Listen | None, key: str) -> socket.socket | None:
                if at is None or role not in self._roles:
                    return None
                return undo.enter_context(open_port(at.host, at.port, key))

            ports = Ports(
                smtp=opened(NodeRole.LISTEN, inbound.listen, "[inbound] listen"),
                lmtp=opened(NodeRole.LISTEN, inbound.lmtp_listen, "[inbound] lmtp_listen"),
                submission=opened(
                    NodeRole.LISTEN, app.config.submission.listen, "[submission] listen"
                ),
                http=opened(NodeRole.WEB, web.listen, "[web] listen"),
            )
            self._migrate(ports)
            app.identity  # noqa: B018 - asked, the database is there, and migrated before the fork
            undo.pop_all()
        return ports

    def _migrate(self, ports: Ports) -> None:
        """Have a process of its own migrate the database: what that takes of memory ends with it.

        Raises what it has met there; a fault of ours this one will meet as well, and tells of it.
        """
        if len(self._crews) == 1:  # other threads may run
            return
        hearing, telling = os.pipe()
        pid = os.fork()
        if not pid:
            ports.close()  # it may outlive this process, should that be killed
            try:
                self._app.identity  # noqa: B018 - asked, the database is there, and migrated
            except MailgateError as error:
                kind = next(name for name, each in _BLAMED.items() if isinstance(error, each))
                os.write(telling, f"{kind} {error}".encode())
            finally:
                os._exit(0)
        os.close(telling)
        with os.fdopen(hearing, "rb") as said:
            kind, _, why = said.read().decode().partition(" ")
        os.waitpid(pid, 0)
        if kind:
            raise _BLAMED[kind](why)

    def serve(self, ports: Ports, ready: Callable[[], None], asked: Stop) -> None:
        """Serve until a stop is `asked` for; `ready` is called when everything works.

        Raises `Temporary` when a process does not begin, or a part of the only one has ended.
        """
        if len(self._crews) == 1:
            self._serve_alone(ports, ready, asked)
        else:
            self._serve_together(ports, ready, asked)

    def _serve_alone(self, ports: Ports, ready: Callable[[], None], asked: Stop) -> None:
        parts = Parts(self._app, self._crews[0].roles, ports, {})
        parts.start()
        ready()
        well = parts.watch(asked)
        parts.stop()
        if not well:  # whoever started us does so again, and finds what was under way
            raise Temporary("a part of the gateway has ended; its log says more")

    def _serve_together(self, ports: Ports, ready: Callable[[], None], asked: Stop) -> None:
        load(self._roles)
        self._build()
        self._app.close()  # a connection to the database belongs to one process
        self._app.bells.share((NodeRole.PROCESS, NodeRole.DELIVER))

        def work(crew: Crew, beat: Callable[[], None], stop: Stop) -> bool:
            ports.close(kept=crew.roles)
            return Parts(self._app, crew.roles, ports, self._others(crew)).work(beat, stop)

        supervisor = Supervisor(self._crews, work, self._pulse)
        supervisor.start(asked)
        if not asked.wait(0):
            ready()
        while not asked.wait(BEAT):
            supervisor.look()
        supervisor.stop(deaf=ports.close)

    def _build(self) -> None:
        """Build what never changes, before the processes are forked: then it is in memory once."""
        app = self._app
        app.desk  # noqa: B018 - asked for, it is there
        if NodeRole.PROCESS in self._roles:
            app.reader  # noqa: B018 - asked for, it is there
        if NodeRole.DELIVER in self._roles:
            app.renderer  # noqa: B018 - asked for, it is there

    def _others(self, asking: Crew) -> "dict[str, Check]":
        """Return what can be asked about the other processes."""

        def check(number: int) -> "Check":
            def silent() -> str | None:
                seconds = self._pulse.silence(number)
                return None if seconds < SILENT else f"no sign of life for {seconds:.0f} s"

            return silent

        numbered = enumerate(self._crews, 1)
        return {crew.name: check(number) for number, crew in numbered if crew != asking}


class Parts:
    """The parts of a gateway that work in this process."""

    def __init__(
        self, app: App, roles: frozenset[NodeRole], ports: Ports, others: "Mapping[str, Check]"
    ) -> None:
        """`others` are asked by /healthz for what works in other processes."""
        self._app = app
        self._roles = roles
        self._ports = ports
        self._others = others
        self._started: list[Started] = []

    def start(self) -> None:
        """Start them, the ways in last."""
        app, ports = self._app, self._ports
        sys.setswitchinterval(_SWITCH)
        _free_large_blocks()
        if NodeRole.DELIVER in self._roles:
            app.bells.answer(NodeRole.DELIVER, app.delivery.wake)
            self._begin(app.delivery, app.delivery.start)
        if NodeRole.PROCESS in self._roles:
            app.bells.answer(NodeRole.PROCESS, app.intake.wake)
            self._begin(app.intake, app.intake.start)
        if not app.database.sqlite:
            self._hear_other_nodes()
        if NodeRole.LISTEN in self._roles:
            self._begin(app.inbox, app.inbox.start)
        if NodeRole.CLOCK in self._roles:
            self._begin(app.scheduler, app.scheduler.start)
        if NodeRole.WEB in self._roles:
            web = self._server()
            self._begin(web, lambda: web.start(ports.http))
        if NodeRole.LISTEN in self._roles:
            app.let_go_of_filing()
            if app.mailboxes:
                self._begin(app.watchers, app.watchers.start)
            self._begin(app.listener, lambda: app.listener.start(ports.smtp, ports.lmtp))
            if ports.submission is not None:
                self._begin(app.submission, lambda: app.submission.start(ports.submission))

    def _hear_other_nodes(self) -> None:
        wakes: dict[str, Callable[[], None]] = {}
        if NodeRole.DELIVER in self._roles:
            wakes[calls.DELIVER] = self._app.delivery.wake
        if NodeRole.PROCESS in self._roles:
            wakes[calls.PROCESS] = self._app.intake.wake
        if wakes:
            wire = Wire(self._app.database, TENANT_ID, wakes)
            self._begin(wire, wire.start)

    def _begin(self, part: "Started", start: Callable[[], None]) -> None:
        start()
        self._started.append(part)

    def stop(self) -> None:
        """Stop taking mail, finish what is in hand, and leave everything in order."""
        for part in reversed(self._started):
            part.stop()
        self._app.close()

    def work(self, beat: Callable[[], None], stop: Stop) -> bool:
        """Be one process of a gateway until a stop is asked for; see `supervisor.Work`."""
        self.start()
        beat()
        well = self.watch(stop, beat)
        if well:
            self.stop()
        return well

    def watch(self, stop: Stop, beat: Callable[[], None] = lambda: None) -> bool:
        """Wait until a stop is asked for; False as soon as a part has ended by itself.

        `beat` is called at each look at them that finds all well.
        """
        while not stop.wait(BEAT):
            ended = [type(part).__module__ for part in self._started if not part.alive]
            if ended:
                log("process.failed", error=f"a thread of {', '.join(ended)} has ended")
                return False
            beat()
        return True

    def _server(self) -> "Server":
        # It takes half a second to import all this, which no command needs.
        from mailgate.web.health import canary_note, create_app, mailbox_note, way_out_note
        from mailgate.web.metrics import Metrics, sample
        from mailgate.web.server import Server
        from mailgate.web.stored import look
        from mailgate.web.watch import Watch

        database, listen = self._app.database, self._app.config.web.listen
        watched = self._app.config.canary.every is not None
        shared = {box.name: box.every for box in self._app.mailboxes}
        watch = Watch(lambda: look(database, TENANT_ID, now(), watched=watched, shared=shared))
        checks = self.checks(watch)
        taking = ("database", "smtp", "inbox")
        app = create_app(
            checks,
            [name for name in taking if name in checks],
            Metrics(lambda: sample(watch.seen(), now())),
            {
                "canary": canary_note(watch),
                "way out": way_out_note(watch),
                **{f"mailbox {n}": mailbox_note(watch, n, e, now) for n, e in shared.items()},
            },
            {
                "desk": self._app.config.desk.address,
                "identity": self._app.identity,
                "configuration": digest(self._app.config),
            },
        )
        if self._app.config.web.public_url:
            from mailgate.web.page import add_page

            add_page(app, self._app.desk, self._app.signer, now)
        return Server(app, listen.host, listen.port)

    def checks(self, watch: "Watch[Stored]") -> "dict[str, Check]":
        """Return what /healthz asks, by name: the store, the parts here, the other processes."""
        from mailgate.web.health import clock_check, database_check, running

        app = self._app
        checks: dict[str, Check] = {"database": database_check(watch)}
        if NodeRole.LISTEN in self._roles:
            checks["smtp"] = running(app.listener)
            if app.config.submission.listen is not None:
                checks["submission"] = running(app.submission)
            if app.mailboxes:
                checks["mailboxes"] = running(app.watchers)
            checks["inbox"] = lambda: running(app.inbox)() or app.inbox.fault
        if NodeRole.PROCESS in self._roles:
            checks["intake"] = running(app.intake)
        if NodeRole.DELIVER in self._roles:
            checks["delivery"] = running(app.delivery)
        if NodeRole.CLOCK in self._roles:
            checks["scheduler"] = running(app.scheduler)
        if (every := app.config.jobs.deadlines) is not None:
            checks["clock"] = clock_check(watch, every, now)
        return {**checks, **self._others}


def _free_large_blocks() -> None:
    """Have memory of large mails given back to the system as soon as it is free.

    Left alone, glibc keeps for each thread what it once needed, up to 32 MiB a block.
    """
    with suppress(OSError, AttributeError):  # another C library knows no such thing
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, _LARGE)
