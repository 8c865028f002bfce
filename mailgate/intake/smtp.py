"""The SMTP listener: one event loop in one thread, which hands each mail to the inbox.

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
from typing import Any

from mailgate.intake.dialogue import Dialogue, House
from mailgate.intake.gate import Gate
from mailgate.intake.inbox import Inbox
from mailgate.intake.settings import SmtpSettings
from mailgate.log import log
from mailgate.port import open_port

# aiosmtpd sets 100: three hundred senders that come at once then wait for a minute.
_BACKLOG = 4096


class Listener:
    """Takes mail for the addresses that `accepts` knows.

    `accepts` is asked in the event loop for each recipient, as written by the sender, and must
    not take long; `postmaster` may come without a domain. `now` gives the time of receipt.
    """

    def __init__(
        self,
        settings: SmtpSettings,
        inbox: Inbox,
        accepts: Callable[[str], bool],
        now: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        gate = Gate(
            settings.allowed_peers,
            settings.trusted_peers,
            settings.max_connections,
            settings.max_connections_per_peer,
            settings.mails_per_minute,
            settings.max_in_flight,
        )
        self._house = House(settings, gate, inbox, accepts, now, set())
        self._listening: Future[int] = Future()
        self._stop: Callable[[], object] = lambda: None
        self._grace = 0.0
        self._thread = threading.Thread(target=self._run, name="smtp", daemon=True)

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return self._listening.result()

    @property
    def alive(self) -> bool:
        """Whether the event loop runs."""
        return self._thread.is_alive()

    def start(self, opened: socket.socket | None = None) -> None:
        """Begin to serve a port that was opened for it, or else the one of the settings.

        Raises Temporary if that one cannot be had.
        """
        host, port = self._settings.host, self._settings.port
        self._opened = opened or open_port(host, port, "[inbound] listen")
        self._thread.start()
        log("smtp.listening", host=host, port=self._listening.result())

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
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_report)
        # aiosmtpd logs what peers send unescaped, and what we answer; `dialogue` logs the facts.
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)
        stopping = asyncio.Event()
        self._stop = lambda: loop.call_soon_threadsafe(stopping.set)
        try:
            server = await loop.create_server(
                lambda: Dialogue(self._house),
                sock=self._opened,
                backlog=_BACKLOG,
            )
        except Exception as error:  # noqa: BLE001 -- start raises it again, in its own thread
            self._listening.set_exception(error)
            return
        self._listening.set_result(server.sockets[0].getsockname()[1])
        await stopping.wait()
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
