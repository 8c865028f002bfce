"""Serves the HTTP application in a thread of its own."""

import asyncio
import logging
import socket
import threading

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from mailgate.log import log
from mailgate.port import open_port

_START = 15.0  # seconds
_CONNECTIONS = 200
"""Connections at once: the files that the process may open are needed for mail."""
_PATIENCE = 20.0  # seconds that a client has for a whole request, and for taking the answer
_HEADERS = 16 * 1024  # octets of a request before its end; there is nothing to be said at length


class _Guarded(H11Protocol):
    """One connection; it ends at once when there are too many, and soon when nothing moves.

    Whoever does not take the answer is not waited for either.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn narrows it
        super().connection_made(transport)
        self._deadline = self.loop.call_later(_PATIENCE, transport.abort)
        if len(self.connections) > _CONNECTIONS:
            transport.abort()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._deadline.cancel()
        self._deadline = self.loop.call_later(_PATIENCE, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._deadline.cancel()


class Server:
    """One HTTP port. Raises `Temporary` from `start` when it cannot be opened."""

    def __init__(self, app: FastAPI, host: str, port: int) -> None:
        self._host, self._wanted, self._port = host, port, port
        self._socket: socket.socket | None = None
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                lifespan="off",
                http=_Guarded,
                h11_max_incomplete_event_size=_HEADERS,
                server_header=False,
            )
        )
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)

    @property
    def port(self) -> int:
        """The port in use, once started."""
        return self._port

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def start(self, opened: socket.socket | None = None) -> None:
        """Serve a port that was opened for it, or else the one that was wanted."""
        self._socket = opened or open_port(self._host, self._wanted, "[web] listen")
        self._port = int(self._socket.getsockname()[1])
        # It would tell again, and at length, what the application logs as `http.failed`.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        self._thread.start()
        log("http.listening", host=self._host, port=self.port)

    def _run(self) -> None:
        if self._socket is not None:
            self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """Finish the requests in hand, and stop."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(_START)
            log("http.stopped", port=self.port)
        if self._socket is not None:
            self._socket.close()
