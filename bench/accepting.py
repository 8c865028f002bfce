"""Who takes the same mails how fast: listeners that store nothing, Postfix, and we.

Nobody does anything with what was taken: Postfix holds it in its queue, and of the gateway only
the ways in run.
"""

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from bench import mix, postgres, process
from bench.gateway import Gateway
from bench.goals import Line
from bench.load import Manner, Outcome, rendered, send
from bench.runs import Figures, compared

NOOPS = ("stock", "blocks", "tuned", "listener")
_ROOT = Path(__file__).resolve().parents[1]

Taker = AbstractContextManager[tuple[int, int]]
"""Something that takes mail as long as it is open; gives its process and port."""


@contextlib.contextmanager
def noop(kind: str) -> Iterator[tuple[int, int]]:
    """Run a listener that stores nothing."""
    with subprocess.Popen(
        [sys.executable, "-m", "bench.noop", kind],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=_ROOT,
    ) as listener:
        assert listener.stdout
        try:
            yield listener.pid, int(listener.stdout.readline())
        finally:
            listener.terminate()


@contextlib.contextmanager
def inbox(options: argparse.Namespace) -> Iterator[tuple[int, int]]:
    """Run the ways in of a gateway."""
    with (
        tempfile.TemporaryDirectory(prefix="mailgate-bench-", dir=options.folder) as folder,
        postgres.database_of(options.database) as database,
    ):
        gateway = Gateway(Path(folder), database, {"node.roles": ["listen"]})
        gateway.start()
        try:
            yield gateway.pid, gateway.port
        finally:
            gateway.stop()


def without_postfix() -> str | None:
    """Say why Postfix cannot be measured; None when it can."""
    if shutil.which("postfix", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin") is None:
        return "Postfix is not installed (tests/install-peers installs it)"
    return None if os.geteuid() == 0 else "Postfix can only be started by root"


@contextlib.contextmanager
def postfix() -> Iterator[tuple[int, int]]:
    """Run a Postfix that holds every mail in its queue."""
    from tests.peers.places import open_folder
    from tests.peers.postfix import Postfix, Setup

    nowhere = {mix.DESK.partition("@")[2]: 9}  # nothing is delivered, but the domain is known
    hold = "smtpd_recipient_restrictions = check_recipient_access static:HOLD, permit\n"
    with open_folder("bench") as folder:
        server = Postfix(folder, Setup(relays=nowhere, main=hold))
        try:
            yield server.pid, server.port
        finally:
            server.stop()


def lines(options: argparse.Namespace) -> list[Line]:
    """Measure all in turn."""
    takers: dict[str, Callable[[], Taker]] = {kind: partial(noop, kind) for kind in NOOPS}
    if not without_postfix():
        takers["Postfix"] = postfix
    takers["gateway"] = partial(inbox, options)
    parts = {name: partial(measure, options, taker) for name, taker in takers.items()}
    return judged(compared(options.runs, parts))


def measure(options: argparse.Namespace, taker: Callable[[], Taker], number: int) -> Figures:
    """Send all mails of the mix to somebody."""
    rounds = mix.plan(options.n, number)
    numbers = {letter.key: "[TKT-2026-00000]" for some in rounds for letter in some}
    manner = Manner(options.conns, options.keep, pipeline=options.pipeline)
    outcome = Outcome()
    with taker() as (pid, port):
        before = process.cpu_seconds(pid)
        for letters in rounds:
            outcome.add(send([port], rendered(letters, numbers), manner))
        used = process.cpu_seconds(pid) - before
        if outcome.refused:
            raise RuntimeError(f"refused: {outcome.refused[0]}")
        return outcome.summary() | {
            "cpu_ms": round(used / outcome.sent * 1e3, 2),
            "peak_mb": process.memory_mb(pid),
        }


def judged(results: dict[str, Figures]) -> list[Line]:
    """Return what the medians say."""
    rates = {name: figures["mails_s"] for name, figures in results.items()}
    ours = rates["gateway"]
    found = [Line("accepting", ours, rates["Postfix"], "Postfix")] if "Postfix" in rates else []
    found.append(Line("accepting, as a listener", ours, rates["blocks"], "blocks"))
    detail = "with our reader"
    found.append(
        Line("accepting, as a listener", ours, rates["tuned"], "tuned", detail, judged=False)
    )
    detail = "storing nothing"
    found += [
        Line(
            "accepting, as a listener", rates["listener"], rates[other], other, detail, judged=False
        )
        for other in ("blocks", "stock")
    ]
    return found
