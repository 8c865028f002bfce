"""The listener for SMTP and LMTP: one event loop in one thread, which hands mails to the inbox.

Listens when `start` has returned; `stop` lets the mails under way be answered, and tells everybody
else to come again. What is said on the wire stands in `dialogue`.
"""

import asyncio
import logging
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from functools import partial
from typing import Any

from mailgate.intake.awaiting import Awaiting
from mailgate.intake.dialogue import Dialogue, House
from mailgate.intake.gate import Gate
from mailgate.intake.inbox import Inbox
from mailgate.intake.lmtp import LocalDialogue
from mailgate.intake.settings import SmtpSettings
from mailgate.log import log, together
from mailgate.port import open_port

# aiosmtpd sets 100: three hundred senders that come at once then wait for a minute.
_BACKLOG = 4096
_HANDSHAKE = 10.0  # seconds for TLS to begin, before which no peer is counted


class Listener:
    """Takes mail for the addresses that `accepts` knows.

    `accepts` is asked in the event loop for each recipient, as written by the sender, and must
    not take long; `postmaster` may come without a domain. `now` gives the time of receipt. `speaks`
    makes the sessions.
    """

    def __init__(
        self,
        settings: SmtpSettings,
        inbox: Inbox,
        accepts: Callable[[str], bool],
        now: Callable[[], datetime],
        speaks: Callable[[House], Dialogue] = Dialogue,
    ) -> None:
        self._settings = settings
        self._speaks = speaks
        gate = Gate(
            settings.allowed_peers,
            settings.trusted_peers,
            settings.max_connections,
            settings.max_connections_per_peer,
            settings.mails_per_minute,
            settings.max_in_flight,
        )
        awaiting = Awaiting(settings.put_timeout)
        self._house = House(settings, gate, inbox, accepts, now, set(), awaiting)
        self._listening: Future[None] = Future()
        self._opened: dict[Callable[[House], Dialogue], socket.socket] = {}
        self._ports: dict[Callable[[House], Dialogue], int] = {}
        self._stop: Callable[[], object] = lambda: None
        self._grace = 0.0
        self._thread = threading.Thread(target=self._run, name="smtp", daemon=True)

    @property
    def port(self) -> int:
        """The port for SMTP."""
        return self._ports[self._speaks]

    @property
    def lmtp_port(self) -> int | None:
        """The port for LMTP, if there is one."""
        return self._ports.get(LocalDialogue)

    @property
    def alive(self) -> bool:
        """Whether the event loop runs."""
        return self._thread.is_alive()

    def start(self, opened: socket.socket | None = None, lmtp: socket.socket | None = None) -> None:
        """Begin to serve a port that was opened for SMTP, or else the one of the settings.

        `lmtp` is a port opened for LMTP, if there shall be one. Raises Temporary if the port of
        the settings cannot be had.
        """
        host, port = self._settings.host, self._settings.port
        self._opened = {self._speaks: opened or open_port(host, port, "[inbound] listen")}
        if lmtp is not None:
            self._opened[LocalDialogue] = lmtp
        self._ports = {kind: door.getsockname()[1] for kind, door in self._opened.items()}
        self._thread.start()
        self._listening.result()
        self._say_where()
        if lmtp is not None:
            log("lmtp.listening", port=self.lmtp_port)

    def _say_where(self) -> None:
        log("smtp.listening", host=self._settings.host, port=self.port)

    def stop(self, grace: float = 20.0) -> None:
        """Stop listening, and return when all sessions have ended.

        Mails under way have `grace` seconds to be answered; sessions that last longer are cut.
        """
        if not self._thread.is_alive():
            return
        self._grace = grace
        self._stop()
        self._thread.join()
        log("smtp.stopped", port=self.port)

    def _run(self) -> None:
        with asyncio.Runner() as runner, together(runner.get_loop().call_soon):
            runner.run(self._serve())

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_report)
        # aiosmtpd logs what peers send unescaped, and what we answer; `dialogue` logs the facts.
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)
        stopping = asyncio.Event()
        self._stop = lambda: loop.call_soon_threadsafe(stopping.set)
        context = self._settings.tls if self._settings.implicit_tls else None
        try:
            servers = [
                await loop.create_server(
                    partial(kind, self._house),
                    sock=door,
                    backlog=_BACKLOG,
                    ssl=context,
                    ssl_handshake_timeout=_HANDSHAKE if context else None,
                )
                for kind, door in self._opened.items()
            ]
        except Exception as error:  # noqa: BLE001 -- start raises it again, in its own thread
            self._listening.set_exception(error)
            return
        self._listening.set_result(None)
        await stopping.wait()
        for server in servers:
            server.close()
        await self._end_sessions()

    async def _end_sessions(self) -> None:
        self._house.gate.stopping = True
        sessions = set(self._house.sessions)
        for session in sessions:
            session.say_goodbye()
        await _until_closed(sessions, self._grace)
        left = set(self._house.sessions)
        for session in left:
            session.abort()
        await _until_closed(left, 1.0)


async def _until_closed(sessions: set[Dialogue], seconds: float) -> None:
    if sessions:
        await asyncio.wait([session.closed for session in sessions], timeout=seconds)


def _report(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what nobody caught; the sessions go on."""
    log("smtp.failed", error=context["message"], exc_info=context.get("exception"))
