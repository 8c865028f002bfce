"""A shared mailbox as the board, on a Dovecot of the benchmark's own.

A gateway takes single mails, told of them by IDLE, and then a backlog: three mails of each ticket,
which came while it was away. The same mails by SMTP are what the backlog is compared with. What a
look costs that finds nothing, and one that finds a mail moved, is measured in this process, over
the desk and the mailbox that the backlog has made; so nothing waits in it.
"""

import argparse
import contextlib
import imaplib
import json
import os
import shutil
import smtplib
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bench import mix, process
from bench.gateway import Gateway
from bench.goals import Line
from bench.load import Manner, send, wire_form
from bench.runs import Figures
from tests.peers.places import LOOPBACK, open_folder

if TYPE_CHECKING:
    from mailgate.app import App
    from tests.peers.dovecot import Dovecot

USER = "shared"
EACH = 3  # mails of a ticket
SINGLE, LOOKS, DRAGS = 15, 40, 9  # of which the median is told
BY_SMTP = 1000  # mails of the backlog, at most, that are sent by SMTP
_FULL = 10_000  # tickets for which the goals are
_HOUR = 3600.0  # seconds in which everything must have ended
_DONE = "Tickets/Resolved"


def without_dovecot() -> str | None:
    """Say why a board cannot be measured; None when it can."""
    if shutil.which("dovecot", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin") is None:
        return "Dovecot is not installed (tests/install-peers installs it)"
    return None


def lines(options: argparse.Namespace) -> list[Line]:
    """Measure, and judge."""
    if without_dovecot():
        return []
    figures = measure(options)
    print("board:", json.dumps(figures), flush=True)
    size = options.mailbox
    detail, judged = f"{size:,} tickets, {EACH * size:,} mails", size >= _FULL
    return [
        Line("mailbox, arrival to ticket", figures["arrival_s"]),
        Line("mailbox, backlog", figures["backlog_s"], figures["smtp_s"], "SMTP", detail),
        Line("mailbox, memory growth", figures["grown_mb"], detail=detail, judged=judged),
        Line("board, quiet look", figures["quiet_ms"], detail=detail, judged=judged),
        Line("board, one drag", figures["drag_ms"], detail=detail, judged=judged),
    ]


def measure(options: argparse.Namespace) -> Figures:
    """Return all figures of a mailbox of so many tickets."""
    from tests.peers.dovecot import Dovecot

    mails = list(written(options.mailbox))
    with (
        open_folder("dovecot") as store,
        tempfile.TemporaryDirectory(prefix="mailgate-bench-", dir=options.folder) as folder,
    ):
        dovecot = Dovecot(store)
        try:
            gateway = watching(Path(folder) / "beside", dovecot)
            figures = arrivals(gateway, dovecot) | backlog(gateway, dovecot, mails)
            figures |= looks(gateway.config, dovecot)
        finally:
            dovecot.stop()
        front = Gateway(Path(folder) / "in-front")
        return figures | by_smtp(front, mails[:BY_SMTP], options.conns)


def written(tickets: int) -> Iterator[bytes]:
    """Yield the mails of so many customers: one that opens a ticket, and more about it."""
    for n in range(tickets):
        for nth in range(EACH):
            yield _mail(f"c{n}@customer.example", f"{n}.{nth}", nth and f"{n}.0", f"Lamp {n}")


def _mail(sender: str, name: str, answers: str | int, subject: str) -> bytes:
    lines = [
        f"From: {sender}", f"To: {mix.DESK}", f"Subject: {'Re: ' if answers else ''}{subject}",
        f"Message-ID: <{name}@board.example>", "Date: Mon, 02 Feb 2026 07:30:00 +0000",
    ]  # fmt: skip
    lines += [f"In-Reply-To: <{answers}@board.example>"] if answers else []
    return "\r\n".join([*lines, "", f"It blinks, as I wrote in {name}.", "", ""]).encode()


def watching(folder: Path, dovecot: "Dovecot") -> Gateway:
    """Return a gateway, not yet started, whose board is a user of the server."""
    mailbox = {
        "name": "support", "host": LOOPBACK, "port": dovecot.imap_port, "tls": "off",
        "user": USER, "password_file": "mailbox.password",
        "board": {"on": True, "settle": "1s", "every": "1s"},
    }  # fmt: skip
    gateway = Gateway(folder, settings={"mailbox": [mailbox]})
    gateway.set_up()
    secret = folder / "mailbox.password"
    secret.write_text("secret")
    secret.chmod(0o600)
    return gateway


@contextlib.contextmanager
def served(gateway: Gateway) -> Iterator[None]:
    """Let it serve meanwhile."""
    gateway.start()
    try:
        yield
    finally:
        gateway.stop()


def arrivals(gateway: Gateway, dovecot: "Dovecot") -> Figures:
    """Return the median seconds from when a server takes a mail to its ticket."""
    took = []
    with served(gateway):
        _until(lambda: "mailbox.watched" in gateway.log())
        for n in range(SINGLE):
            process.settle(gateway.pid, patience=3)
            raw = _mail(f"s{n}@customer.example", f"single.{n}", 0, f"Fuse {n}")
            with smtplib.LMTP(LOOPBACK, dovecot.lmtp_port) as link:
                began = process.now()
                link.sendmail("s@customer.example", [USER], raw)
            gateway.processed.wait(n + 1)
            took.append(gateway.processed.last - began)
    return {"arrival_s": round(statistics.median(took), 3), "slowest_s": round(max(took), 3)}


def backlog(gateway: Gateway, dovecot: "Dovecot", mails: list[bytes]) -> Figures:
    """Return the rate at which mails are taken that came meanwhile, and the memory it costs."""
    place = dovecot.maildir(USER).path / "new"
    for n, raw in enumerate(mails):
        (place / f"{n:07}.made.here").write_bytes(raw)
    before = gateway.processed.mails
    began = process.now()
    with served(gateway):
        ready = process.now() - began
        idle = process.memory_mb(gateway.pid)
        with process.Peak(gateway.pid) as peak:
            gateway.processed.wait(before + len(mails), _HOUR)
            took = gateway.processed.last - began - ready
            process.settle(gateway.pid)
        after = process.memory_mb(gateway.pid)
    return {
        "backlog_s": round(len(mails) / took, 1),
        "idle_mb": idle,
        "peak_mb": peak.mb,
        "grown_mb": round(after - idle, 1),
    }


def by_smtp(gateway: Gateway, mails: list[bytes], connections: int) -> Figures:
    """Return the rate of the same road when they are sent to the gateway."""
    ready = [("c@customer.example", wire_form(raw)) for raw in mails]
    with served(gateway):
        sent = send([gateway.port], ready, Manner(connections))
        if sent.refused:
            raise RuntimeError(f"refused: {sent.refused[0]}")
        gateway.processed.wait(len(mails), _HOUR)
    return {"smtp_s": round(len(mails) / (gateway.processed.last - sent.began), 1)}


# --- in this process ------------------------------------------------------------------------------


def looks(config: Path, dovecot: "Dovecot") -> Figures:
    """Return milliseconds, as medians: of a look at nothing new, and of all for one drag."""
    from mailgate.cli.opening import opened

    with opened(config) as app, contextlib.closing(Looking(app)) as looking:
        looking.rest()
        quiet = [looking.once().took for _ in range(LOOKS)]
        drags = []
        for _ in range(DRAGS):
            drag(dovecot)
            drags.append(looking.rest())
    figures = {"quiet_ms": statistics.median(quiet), "quiet_worst_ms": max(quiet)}
    figures |= {"drag_ms": statistics.median(drags), "drag_worst_ms": max(drags)}
    return {name: round(seconds * 1e3, 2) for name, seconds in figures.items()}


def drag(dovecot: "Dovecot") -> None:
    """Move the last mail of the INBOX to what is resolved, as an agent does."""
    link = imaplib.IMAP4(LOOPBACK, dovecot.imap_port)
    link.login(USER, "secret")
    link.select("INBOX")
    assert link.uid("MOVE", link.uid("SEARCH", "1:*")[1][0].split()[-1], _DONE)[0] == "OK"
    link.logout()


@dataclass(frozen=True, slots=True)
class Look:
    """Whether something was otherwise, and the seconds that it took to find that."""

    differs: bool
    took: float


class Looking:
    """Whoever watches a mailbox, without waiting for anything."""

    def __init__(self, app: "App") -> None:
        from dataclasses import replace

        from mailgate.app import mailboxes as built
        from mailgate.app.reading import limits
        from mailgate.board.board import Board
        from mailgate.imap.link import Link
        from mailgate.intake.catchup import LEASE, Catchup
        from mailgate.intake.mailbox import places
        from mailgate.store import mailboxes

        tenant_id = app.settings.tenant_id
        (mailbox,) = app.mailboxes
        terms = built._terms(app, app.config.mailboxes[0])  # noqa: SLF001 - as the gateway builds it
        parts = (app.database, tenant_id, app.inbox, mailbox, frozenset(app.routing.addresses))
        self._catchup = Catchup(*parts, _now, limits(app.config))
        self._board = Board(app.desk, replace(terms, settle=timedelta(0)), _now)
        with app.database.write() as connection:
            claim = (connection, tenant_id, mailbox.name, "bench", _now(), LEASE)
            fence = mailboxes.take(*claim, alone=True)
        assert fence is not None
        self._fence = fence
        self._link = Link.open(mailbox.account)
        found = self._link.folders()
        self._places = places(mailbox, found, self._board.prepare(self._link, found))
        self._catchup.begin()

    def once(self) -> Look:
        """Look once, as the gateway does every other second."""
        began = time.perf_counter()
        self._catchup.look(self._link, self._fence, self._places, lambda: False)
        hold = partial(self._catchup.hold, fence=self._fence)
        differs = self._board.look(self._link, hold, self._catchup.standing)
        return Look(differs, time.perf_counter() - began)

    def rest(self) -> float:
        """Look until nothing is otherwise any more; return the seconds of those looks before."""
        took = 0.0
        while (look := self.once()).differs:
            took += look.took
        return took

    def close(self) -> None:
        """Hang up."""
        self._link.close()


def _now() -> datetime:
    return datetime.now(UTC)


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _HOUR
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.05)
