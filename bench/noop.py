"""Listeners that store nothing, to measure the wire alone. Each prints its port and serves.

`stock` is aiosmtpd as it comes; `blocks` is the same with our reading of DATA in blocks;
`listener` is our whole listener, over an inbox that says yes at once.
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


class Blocks(SMTP):
    """aiosmtpd, but for DATA."""

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        self._data: DataReader | None = None

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
        data = self._data = DataReader(SIZE, lambda _size: True, 4 * SIZE)
        self._ended = self.loop.create_future()
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        await self._ended
        self.envelope.content = data.take()
        status = await self._call_handler_hook("DATA")
        self._set_post_data_state()
        await self.push(status)


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
    options.add_argument("kind", choices=["stock", "blocks", "listener"])
    options.add_argument("--port", type=int, default=0)
    given = options.parse_args()
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    if given.kind == "listener":
        _listen(given.port)
    else:
        asyncio.run(_serve(SMTP if given.kind == "stock" else Blocks, given.port))


if __name__ == "__main__":
    main()
