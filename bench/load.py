"""Sends mails over SMTP from several connections at once, and measures how they are answered.

Works in a process of its own, so that it neither shares the interpreter with what it measures nor
counts in its CPU. As a program it sends the mix to a listener that is there already:

    python -m bench.load --port 2525 --n 1000 --conns 16
"""

import argparse
import asyncio
import json
import pickle
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path

from bench import mix, process

_ROOT = Path(__file__).resolve().parents[1]


@dataclass(slots=True)
class Outcome:
    """What became of the mails sent; times in seconds."""

    began: float = 0.0  # by process.now, which is the same clock in all processes
    sent: int = 0
    refused: list[str] = field(default_factory=list)
    wall: float = 0.0
    answers: list[float] = field(default_factory=list)  # from the end of data to its 250
    wholes: list[float] = field(default_factory=list)  # from MAIL, or its planned time, to the 250

    def add(self, other: "Outcome") -> None:
        """Count another round in."""
        self.sent += other.sent
        self.wall += other.wall
        self.refused += other.refused
        self.answers += other.answers
        self.wholes += other.wholes

    def summary(self) -> dict[str, float]:
        """Return rate and latencies; milliseconds with one decimal."""
        return {
            "mails_s": round(self.sent / self.wall, 1),
            "p50_ms": _milliseconds(self.answers, 0.5),
            "p99_ms": _milliseconds(self.answers, 0.99),
            "whole_p50_ms": _milliseconds(self.wholes, 0.5),
            "whole_p99_ms": _milliseconds(self.wholes, 0.99),
            "refused": len(self.refused),
        }


def _milliseconds(times: Sequence[float], quantile: float) -> float:
    ranked = sorted(times)
    if not ranked:
        return 0.0
    return round(ranked[min(len(ranked) - 1, int(len(ranked) * quantile))] * 1e3, 1)


@dataclass(frozen=True, slots=True)
class Manner:
    """How to send: from `conns` connections, `keep` mails on each (0: any number).

    `rate` plans the mails that many a second, however slow the answers (0: as fast as they come);
    `pipeline` sends MAIL, RCPT and DATA in one go.
    """

    conns: int = 16
    keep: int = 0
    rate: float = 0.0
    pipeline: bool = False


def wire_form(raw: bytes) -> bytes:
    """Return a mail as it is sent after DATA."""
    stuffed = raw.replace(b"\r\n.", b"\r\n..")
    if stuffed.startswith(b"."):
        stuffed = b"." + stuffed
    return stuffed + (b"" if raw.endswith(b"\r\n") or not raw else b"\r\n") + b".\r\n"


def rendered(letters: Iterable[mix.Letter], numbers: Mapping[str, str]) -> list[tuple[str, bytes]]:
    """Return letters as (sender, wire form)."""
    return [(letter.sender, wire_form(mix.render(letter, numbers))) for letter in letters]


class _Connection(asyncio.Protocol):
    """One SMTP connection; `ask` sends and waits for so many replies."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._buffer = b""
        self._left = 1
        self._answered: asyncio.Future[bytes] = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while self._left and (end := self._buffer.find(b"\r\n")) >= 0:
            line, self._buffer = self._buffer[:end], self._buffer[end + 2 :]
            if line[3:4] != b"-":
                self._left -= 1
                if not self._left and not self._answered.done():
                    self._answered.set_result(line)

    def connection_lost(self, _error: Exception | None) -> None:
        if not self._answered.done():
            self._answered.set_result(b"--- connection lost")

    async def greeting(self) -> bytes:
        return await self._answered

    async def ask(self, octets: bytes, replies: int = 1) -> bytes:
        self._answered = self._loop.create_future()
        self._left = replies
        self.transport.write(octets)
        return await self._answered


async def _one_connection(
    port: int, mails: Iterator[tuple[float, bytes, bytes]], manner: Manner, outcome: Outcome
) -> None:
    loop = asyncio.get_running_loop()
    line: _Connection | None = None
    carried = 0
    recipient = f"RCPT TO:<{mix.DESK}>\r\n".encode()
    for due, sender, content in mails:
        delay = due - process.now()
        if manner.rate and delay > 0:
            await asyncio.sleep(delay)
        began = due if manner.rate else process.now()
        if line is None:
            _, line = await loop.create_connection(_Connection, "127.0.0.1", port)
            await line.greeting()
            await line.ask(b"EHLO load.example\r\n")
            carried = 0
        mail = b"MAIL FROM:<%b>\r\n" % sender
        if manner.pipeline:
            reply = await line.ask(mail + recipient + b"DATA\r\n", 3)
        else:
            await line.ask(mail)
            await line.ask(recipient)
            reply = await line.ask(b"DATA\r\n")
        ended = process.now()
        if reply.startswith(b"354"):
            reply = await line.ask(content)
        now = process.now()
        outcome.answers.append(now - ended)
        outcome.wholes.append(now - began)
        carried += 1
        if not reply.startswith(b"250"):
            outcome.refused.append(reply.decode(errors="replace"))
        if carried == manner.keep or reply.startswith((b"421", b"---")):
            await line.ask(b"QUIT\r\n")
            line.transport.close()
            line = None
    if line is not None:
        await line.ask(b"QUIT\r\n")
        line.transport.close()


async def _send(
    ports: Sequence[int], mails: Sequence[tuple[str, bytes]], manner: Manner
) -> Outcome:
    began = process.now()
    pause = 1 / manner.rate if manner.rate else 0.0
    queue = iter(
        [
            (began + number * pause, sender.encode(), content)
            for number, (sender, content) in enumerate(mails)
        ]
    )
    outcome = Outcome(began, len(mails))
    await asyncio.gather(
        *(
            _one_connection(port, queue, manner, outcome)
            for port in islice(cycle(ports), manner.conns)
        )
    )
    outcome.wall = process.now() - began
    return outcome


def send(ports: Sequence[int], mails: Sequence[tuple[str, bytes]], manner: Manner) -> Outcome:
    """Send mails, given as (sender, wire form), to this machine; return when all are answered.

    The connections are divided among the ports.
    """
    told = pickle.dumps((ports, mails, manner))
    words = [sys.executable, "-c", "from bench import load; load.work()"]
    done = subprocess.run(words, input=told, stdout=subprocess.PIPE, check=True, cwd=_ROOT)
    outcome: Outcome = pickle.loads(done.stdout)  # noqa: S301 - of a process of our own
    return outcome


def work() -> None:
    """Be the process that sends: what it is told comes in, and the outcome goes out."""
    told = pickle.loads(sys.stdin.buffer.read())  # noqa: S301 - of the process that began this one
    sys.stdout.buffer.write(pickle.dumps(asyncio.run(_send(*told))))


def main() -> None:
    """Send the opening mails of the mix and print what was measured."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--port", type=int, required=True)
    options.add_argument("--n", type=int, default=1000)
    options.add_argument("--conns", type=int, default=16)
    options.add_argument("--keep", type=int, default=0)
    options.add_argument("--rate", type=float, default=0.0)
    options.add_argument("--pipeline", action="store_true")
    given = options.parse_args()
    letters = [letter for some in mix.plan(given.n) for letter in some]
    tags = {letter.key: "[TKT-2026-00000]" for letter in letters}
    mails = rendered(letters, tags)
    manner = Manner(given.conns, given.keep, given.rate, given.pipeline)
    print(json.dumps(send([given.port], mails, manner).summary()))


if __name__ == "__main__":
    main()
