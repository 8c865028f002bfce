"""A client that says exactly what a test wants said, and an inbox that does what it is told."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Any

from mailgate.intake.inbox import Incoming
from mailgate.intake.settings import SmtpSettings
from mailgate.intake.smtp import Listener

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
DESK = "support@desk.example"
MAIL = b"From: Ann <ann@customer.example>\r\nSubject: the lamp\r\n\r\nIt does not light.\r\n"


class FakeInbox:
    """Keeps what it is given. `hold` leaves it unanswered, `fault` answers with an exception."""

    def __init__(self) -> None:
        self.mails: list[Incoming] = []
        self.waiting: list[Future[int]] = []
        self.hold = False
        self.fault: BaseException | None = None
        self.refuse_at_once: BaseException | None = None
        self.arrived = threading.Semaphore(0)
        self.free = 1 << 40  # octets of the disk

    def has_room(self, octets: int) -> bool:
        return octets <= self.free

    def submit(self, mail: Incoming) -> Future[int]:
        if self.refuse_at_once:
            raise self.refuse_at_once
        self.mails.append(mail)
        answer: Future[int] = Future()
        if self.hold:
            answer.set_running_or_notify_cancel()
            self.waiting.append(answer)
        elif self.fault:
            answer.set_exception(self.fault)
        else:
            answer.set_result(len(self.mails))
        self.arrived.release()
        return answer

    def release(self) -> None:
        """Answer everything that waits."""
        for number, answer in enumerate(self.waiting, 1):
            answer.set_result(number)
        self.waiting.clear()


class Wire:
    """One connection to a listener."""

    def __init__(self, port: int, *, greeting: bool = True) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self.socket.makefile("rb")
        self.greeting = self.reply() if greeting else ""

    def send(self, octets: bytes) -> None:
        self.socket.sendall(octets)

    def reply(self) -> str:
        """Return the next whole reply; "" when the connection has ended."""
        lines = []
        while True:
            line = self._file.readline().decode()
            lines.append(line.rstrip("\r\n"))
            if line[3:4] != "-":
                return "\n".join(lines)

    def say(self, line: str | bytes) -> str:
        self.send((line.encode() if isinstance(line, str) else line) + b"\r\n")
        return self.reply()

    def hello(self) -> "Wire":
        assert self.say("EHLO client.example").startswith("250")
        return self

    def begin(self, *recipients: str) -> "Wire":
        """Go as far as the 354 of DATA."""
        assert self.say("MAIL FROM:<ann@customer.example>") == "250 2.1.0 OK"
        for recipient in recipients or (DESK,):
            assert self.say(f"RCPT TO:<{recipient}>") == "250 2.1.5 OK"
        assert self.say("DATA").startswith("354 ")
        return self

    def mail(self, wire_form: bytes = MAIL + b".\r\n") -> str:
        """Send one mail and return the answer to its end of data."""
        self.begin().send(wire_form)
        return self.reply()

    def start_tls(self, context: ssl.SSLContext) -> None:
        self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
        self._file = self.socket.makefile("rb")

    def ended(self) -> bool:
        """Whether the other side has closed; waits for it."""
        with contextlib.suppress(ConnectionResetError):
            return self._file.read() == b""
        return True

    def close(self) -> None:
        self._file.close()
        self.socket.close()


@contextlib.contextmanager
def listening(
    inbox: FakeInbox, accepts: Any = None, opened: Any = None, lmtp: Any = None, **settings: Any
) -> Iterator[Listener]:
    """Run a listener on a free port of the loopback interface, or on one that was opened.

    `lmtp` is a port opened for LMTP.
    """
    place = {"host": "127.0.0.1", "port": 0, "hostname": "mx.desk.example"}
    chosen = SmtpSettings(**place | settings)
    listener = Listener(chosen, inbox, accepts or (lambda address: address == DESK), lambda: NOW)
    listener.start(opened, lmtp)
    try:
        yield listener
    finally:
        listener.stop(grace=5)
