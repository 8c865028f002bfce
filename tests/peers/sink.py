"""An SMTP server that takes mail, and fails where a test tells it to.

It speaks the protocol by hand, so that it can also do what no decent server does: cut the
connection in the middle of DATA, or take a mail and never say so.
"""

import base64
import contextlib
import socket
import ssl
import threading
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from tests.peers.certificate import Certificate
from tests.peers.places import LOOPBACK
from tests.peers.waiting import PATIENCE


class Stage(StrEnum):
    """The moments of a session at which a fault can happen."""

    GREETING = "greeting"
    EHLO = "ehlo"
    STARTTLS = "starttls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"  # the command
    MID_DATA = "mid-data"  # some of the mail has come: the fault can only be DROP or HANG
    RSET = "rset"
    QUIT = "quit"
    DOT = "dot"  # the whole mail has come and is recorded, whatever the fault


DROP = "<drop>"  # cut the connection instead of an answer
HANG = "<hang>"  # keep the connection and say nothing


@dataclass(frozen=True, slots=True)
class Received:
    """One mail that came whole. `answered` tells whether the client was told that it was taken."""

    mail_from: str
    recipients: tuple[str, ...]
    raw: bytes  # dots unstuffed, CRLF line ends as they came
    session: int  # which connection brought it, from 1
    encrypted: bool
    login: str | None
    answered: bool


@dataclass(slots=True)
class _Fault:
    stage: Stage
    reply: str
    left: int


class _Gone(Exception):
    """The connection is over."""


class Sink:
    """A listening server. Use as a context, or call `close`.

    With `certificate` it offers STARTTLS; with `login` (user, password) it wants AUTH PLAIN or
    LOGIN before MAIL.
    """

    def __init__(
        self, certificate: Certificate | None = None, login: tuple[str, str] | None = None
    ) -> None:
        self.certificate = certificate
        self.login = login
        self.received: list[Received] = []
        self.lax = False  # whether it wants the content of a mail that nobody is to have
        self.sessions = 0
        self.commands: list[str] = []  # every command line, in order, credentials blanked
        self._news = threading.Condition()
        self._faults: deque[_Fault] = deque()
        self._closing = threading.Event()
        self._links: set[socket.socket] = set()
        self._listener = socket.create_server((LOOPBACK, 0), backlog=50)
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def fail(self, stage: Stage | str, reply: str, times: int = 1) -> None:
        """Answer the next `times` arrivals at `stage` with `reply`, a full line, DROP or HANG."""
        with self._news:
            self._faults.append(_Fault(Stage(stage), reply, times))

    def wait_for_faults(self, patience: float = PATIENCE) -> None:
        """Wait until every fault that was asked for has happened."""
        with self._news:
            if not self._news.wait_for(lambda: not any(f.left for f in self._faults), patience):
                raise AssertionError(f"not every fault has happened: {self.log()}")

    def heal(self) -> None:
        """Forget every fault that has not happened yet."""
        with self._news:
            self._faults.clear()

    def wait(self, count: int = 1, patience: float = PATIENCE) -> list[Received]:
        """Wait until at least `count` mails came whole, answered or not, and return all."""
        with self._news:
            if not self._news.wait_for(lambda: len(self.received) >= count, patience):
                raise AssertionError(f"{len(self.received)} of {count} mails came: {self.log()}")
            return list(self.received)

    def wait_for_command(self, start: str, count: int = 1, patience: float = PATIENCE) -> None:
        """Wait until `count` commands were given that begin with `start` (upper case)."""

        def enough() -> bool:
            return sum(line.upper().startswith(start) for line in self.commands) >= count

        with self._news:
            if not self._news.wait_for(enough, patience):
                raise AssertionError(f"{count} x {start} did not come: {self.log()}")

    def log(self) -> str:
        """Return every command so far, one a line."""
        return "\n".join(self.commands)

    def close(self) -> None:
        """Stop listening, cut every connection, and wait for the threads to end."""
        self._closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
        self._listener.close()
        with self._news:
            links = list(self._links)
        for link in links:
            with contextlib.suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(timeout=5)

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                link, _ = self._listener.accept()
            except OSError:
                return
            with self._news:
                self.sessions += 1
                number = self.sessions
                self._links.add(link)
            thread = threading.Thread(target=self._serve, args=(link, number), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, link: socket.socket, number: int) -> None:
        session = _Session(self, link, number)
        with contextlib.suppress(_Gone, OSError, ssl.SSLError):
            session.run()
        session.close()
        with self._news:
            self._links.discard(link)

    # What a session asks of its server.

    def take_fault(self, stage: Stage) -> str | None:
        """Return the reply with which this arrival at `stage` is to fail, if it is to."""
        with self._news:
            for fault in self._faults:
                if fault.stage is stage and fault.left > 0:
                    fault.left -= 1
                    self._news.notify_all()
                    return fault.reply
            return None

    def note_command(self, line: str) -> None:
        """Record a command line."""
        with self._news:
            self.commands.append(line)
            self._news.notify_all()

    def note_mail(self, mail: Received) -> None:
        """Record a mail that came whole."""
        with self._news:
            self.received.append(mail)
            self._news.notify_all()

    def wait_until_closing(self) -> None:
        """Return when the sink is being closed."""
        self._closing.wait()


class _Session:
    """One connection, from the greeting to its end."""

    def __init__(self, sink: Sink, link: socket.socket, number: int) -> None:
        self.sink, self.link, self.number = sink, link, number
        self.reader = link.makefile("rb")
        self.encrypted = False
        self.user: str | None = None
        self.mail_from: str | None = None
        self.recipients: list[str] = []

    def run(self) -> None:
        self.answer(Stage.GREETING, "220 sink.test.example ESMTP")
        while True:
            line = self.line()
            verb, _, rest = line.partition(" ")
            secret = verb.upper() == "AUTH"
            self.sink.note_command(f"AUTH {rest.split(' ')[0]}" if secret else line)
            self.obey(verb.upper(), rest)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.reader.close()
            self.link.close()

    def obey(self, verb: str, rest: str) -> None:
        known = {
            "EHLO": self.hello,
            "HELO": self.hello,
            "STARTTLS": self.start_tls,
            "AUTH": self.authenticate,
            "MAIL": self.mail,
            "RCPT": self.rcpt,
            "DATA": self.data,
            "RSET": self.reset,
            "NOOP": self.noop,
            "QUIT": self.quit,
        }
        known.get(verb, self.unknown)(rest)

    def hello(self, _rest: str) -> None:
        self.answer(Stage.EHLO, *self.greeting())

    def rcpt(self, rest: str) -> None:
        if self.mail_from is None:
            self.say("503 5.5.1 no sender")
        elif self.answer(Stage.RCPT, "250 2.1.5 ok"):
            self.recipients.append(_path(rest))

    def reset(self, _rest: str) -> None:
        self.mail_from, self.recipients = None, []
        self.answer(Stage.RSET, "250 2.0.0 ok")

    def noop(self, _rest: str) -> None:
        self.say("250 2.0.0 ok")

    def quit(self, _rest: str) -> None:
        self.answer(Stage.QUIT, "221 2.0.0 bye")
        raise _Gone

    def unknown(self, _rest: str) -> None:
        self.say("502 5.5.1 not known here")

    def greeting(self) -> list[str]:
        offers = ["sink.test.example", "8BITMIME", "SMTPUTF8", "SIZE 52428800", "PIPELINING"]
        if self.sink.certificate and not self.encrypted:
            offers.append("STARTTLS")
        if self.sink.login:
            offers.append("AUTH PLAIN LOGIN")
        return [f"250-{offer}" for offer in offers[:-1]] + [f"250 {offers[-1]}"]

    def start_tls(self, rest: str) -> None:
        if self.sink.certificate is None:
            self.unknown(rest)
            return
        if not self.answer(Stage.STARTTLS, "220 2.0.0 go on"):
            return
        self.reader.close()
        self.link = self.sink.certificate.server_context().wrap_socket(self.link, server_side=True)
        self.reader = self.link.makefile("rb")
        self.encrypted = True

    def authenticate(self, rest: str) -> None:
        mechanism, _, initial = rest.partition(" ")
        if mechanism.upper() == "PLAIN":
            if not initial:
                self.say("334 ")
                initial = self.line()
            _, user, password = base64.b64decode(initial).decode().split("\0")
        else:
            user, password = (self.asked(word) for word in ("Username:", "Password:"))
        if (user, password) != self.sink.login:
            self.say("535 5.7.8 wrong user or password")
        elif self.answer(Stage.AUTH, "235 2.7.0 welcome"):
            self.user = user

    def asked(self, word: str) -> str:
        self.say(f"334 {base64.b64encode(word.encode()).decode()}")
        return base64.b64decode(self.line()).decode()

    def mail(self, rest: str) -> None:
        if self.sink.login and self.user is None:
            self.say("530 5.7.0 log in first")
        elif self.answer(Stage.MAIL, "250 2.1.0 ok"):
            self.mail_from, self.recipients = _path(rest), []

    def data(self, _rest: str) -> None:
        if not (self.mail_from is not None and self.recipients) and not self.sink.lax:
            self.say("503 5.5.1 no recipient")
            return
        if not self.answer(Stage.DATA, "354 go on"):
            return
        lines: list[bytes] = []
        while (line := self.raw_line()) != b".\r\n":
            if not lines:
                self.answer(Stage.MID_DATA)
            lines.append(line.removeprefix(b"."))
        reply = self.sink.take_fault(Stage.DOT)
        taken = reply is None or reply.startswith("2")
        self.sink.note_mail(
            Received(
                self.mail_from or "",
                tuple(self.recipients),
                b"".join(lines),
                self.number,
                self.encrypted,
                self.user,
                taken,
            )
        )
        self.mail_from, self.recipients = None, []
        self.deliver(reply or "250 2.0.0 taken")

    def answer(self, stage: Stage, *usual: str) -> bool:
        """Give the usual lines, or the fault that stands here; True if the stage went well."""
        fault = self.sink.take_fault(stage)
        if fault is None:
            if usual:
                self.say(*usual)
            return True
        self.deliver(fault)
        return fault.startswith("2")

    def deliver(self, reply: str) -> None:
        if reply == HANG:
            self.sink.wait_until_closing()
        if reply in {HANG, DROP}:
            raise _Gone
        self.say(reply)
        if reply.startswith("421"):
            raise _Gone

    def say(self, *lines: str) -> None:
        self.link.sendall("".join(f"{line}\r\n" for line in lines).encode())

    def line(self) -> str:
        return self.raw_line().decode("utf-8", "replace").rstrip("\r\n")

    def raw_line(self) -> bytes:
        line = self.reader.readline()
        if not line.endswith(b"\n"):
            raise _Gone
        return line


def _path(rest: str) -> str:
    """Return the address between the angle brackets of a MAIL or RCPT command."""
    return rest.partition("<")[2].rpartition(">")[0]
