"""Listeners that store nothing, to measure the wire alone. Each prints its port and serves.

`stock` is aiosmtpd as it comes; `blocks` is the same with DATA read in blocks, as simply as it can
be done with the same strictness, and shares nothing with the gateway, so that the yardstick stays
as long as it is when the gateway gets faster; `tuned` is aiosmtpd with the gateway's own reader of
DATA; `listener` is our whole listener, over an inbox that says yes at once.
"""

import argparse
import asyncio
import logging
import signal
import threading
from concurrent.futures import Future
from datetime import UTC, datetime

from aiosmtpd.smtp import SMTP

from bench import mix
from mailgate.intake.data import DataReader
from mailgate.intake.inbox import Inbox, Incoming
from mailgate.intake.settings import SmtpSettings
from mailgate.intake.smtp import Listener

SIZE = 25 * 1024 * 1024


class Yes:
    """A handler for aiosmtpd that does nothing."""

    async def handle_DATA(self, *_: object) -> str:  # noqa: N802 -- aiosmtpd's name
        """Say that all is well."""
        return "250 OK"


class Whole:
    """Gathers the data of one mail, and judges it at its end."""

    def __init__(self) -> None:
        self._octets = bytearray(b"\r\n")  # of the command: the first line may be the end

    def feed(self, block: bytes) -> bytes | None:
        """Take octets; return what follows the end of data, None while it has not come."""
        seen = max(len(self._octets) - 4, 0)
        self._octets += block
        end = self._octets.find(b"\r\n.\r\n", seen)
        if end < 0:
            return None
        rest = bytes(self._octets[end + 5 :])
        del self._octets[end + 2 :]
        return rest

    def take(self) -> bytes:
        """Return the mail without the dots of the transport; empty where a line end is none."""
        others = self._octets.replace(b"\r\n", b"")
        if len(self._octets) > SIZE or b"\r" in others or b"\n" in others:
            return b""
        return bytes(self._octets.replace(b"\r\n.", b"\r\n"))[2:]


class Blocks(SMTP):
    """aiosmtpd, but for DATA."""

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        self._data: Whole | DataReader | None = None

    def reader(self) -> Whole | DataReader:
        """Return what reads the next mail."""
        return Whole()

    def data_received(self, data: bytes) -> None:
        """Hand the octets of a mail to our reader."""
        if self._data is None:
            super().data_received(data)
            return
        rest = self._data.feed(data)
        if rest is not None:
            self._data = None
            super().data_received(rest)
            self._ended.set_result(None)

    async def smtp_DATA(self, _arg: str) -> None:  # noqa: N802 -- aiosmtpd's name
        """Read a mail in blocks."""
        data = self._data = self.reader()
        self._ended = self.loop.create_future()
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        await self._ended
        self.envelope.content = data.take()
        status = await self._call_handler_hook("DATA")
        self._set_post_data_state()
        await self.push(status)


class Tuned(Blocks):
    """The same with our reader of DATA."""

    def reader(self) -> DataReader:
        """Return one that counts as it reads."""
        return DataReader(SIZE, lambda _size: True, 4 * SIZE)


class YesInbox(Inbox):
    """An inbox that forgets."""

    def __init__(self) -> None:
        self._count = 0

    def has_room(self, _octets: int) -> bool:
        """Say that there is always room."""
        return True

    def submit(self, _mail: Incoming) -> "Future[int]":
        """Say at once that the mail is stored."""
        self._count += 1
        done: Future[int] = Future()
        done.set_result(self._count)
        return done


_BARE: dict[str, type[SMTP]] = {"stock": SMTP, "blocks": Blocks, "tuned": Tuned}


async def _serve(kind: type[SMTP], port: int) -> None:
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    server = await loop.create_server(
        lambda: kind(Yes(), hostname="noop.example", data_size_limit=SIZE, loop=loop),
        "127.0.0.1",
        port,
        backlog=4096,
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await stopped.wait()
    server.close()


def _listen(port: int) -> None:
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    settings = SmtpSettings("127.0.0.1", port, "noop.example")
    listener = Listener(
        settings, YesInbox(), lambda address: address == mix.DESK, lambda: datetime.now(UTC)
    )
    listener.start()
    print(listener.port, flush=True)
    stopped.wait()
    listener.stop()


def main() -> None:
    """Serve until SIGTERM."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("kind", choices=[*_BARE, "listener"])
    options.add_argument("--port", type=int, default=0)
    given = options.parse_args()
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    if given.kind == "listener":
        _listen(given.port)
    else:
        asyncio.run(_serve(_BARE[given.kind], given.port))


if __name__ == "__main__":
    main()
