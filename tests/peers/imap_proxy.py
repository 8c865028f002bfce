"""Stands between an IMAP client and its server, and plays tricks on both."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Self

from tests.peers.places import LOOPBACK

Trick = Callable[[bytes], Iterable[bytes]]
"""Returns in which pieces octets are passed on; each goes in a packet of its own. None: cut."""


def as_it_is(octets: bytes) -> Iterable[bytes]:
    """Pass everything on."""
    return [octets]


class ImapProxy:
    """Passes on what both sides say; tests set `to_client`, or call `freeze` and `cut`."""

    def __init__(self, port: int) -> None:
        self._server_port = port
        self.to_client: Trick = as_it_is
        self.commands: list[str] = []
        self._frozen = threading.Event()
        self._frozen.set()
        self._links: list[socket.socket] = []
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._frozen.set()
        self._listener.close()
        self.cut()

    def freeze(self) -> None:
        """Pass nothing on to the client from now on, and keep the connections."""
        self._frozen.clear()

    def thaw(self) -> None:
        """Pass on again, what came meanwhile too."""
        self._frozen.set()

    def cut(self) -> None:
        """End every connection."""
        links, self._links = self._links, []
        for link in links:
            with contextlib.suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
            link.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection((LOOPBACK, self._server_port))
                for link in (client, server):
                    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._links += [client, server]
                for pump in (self._to_server, self._to_client):
                    threading.Thread(target=pump, args=(client, server), daemon=True).start()

    def _to_server(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while octets := client.recv(65536):
                self.commands += [line.decode("latin-1") for line in octets.split(b"\r\n") if line]
                server.sendall(octets)
            server.shutdown(socket.SHUT_WR)

    def _to_client(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while octets := server.recv(65536):
                self._frozen.wait()
                for piece in self.to_client(octets):
                    client.sendall(piece)
            client.shutdown(socket.SHUT_RDWR)
