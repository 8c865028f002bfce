"""Several gateways on one PostgreSQL, and several workers in one: what they give, what limits.

All of them, the server and who sends share the cores of one machine: where its time goes is told
beside what comes of it.
"""

import argparse
import contextlib
import os
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from bench import mix, postgres, process, road
from bench.gateway import Gateway, Processed
from bench.goals import Line
from bench.load import Manner
from bench.runs import Figures, compared

FIRST_SEED = 900  # of mails: keys that no other run has
NODES, WORKERS = (2, 4), (2,)


@contextlib.contextmanager
def nodes(folder: Path, database: str, number: int, workers: int) -> Iterator[list[Gateway]]:
    """Run so many gateways on one database, whose mails are counted together."""
    processed = Processed()
    made = []
    with contextlib.ExitStack() as stack:
        for at in range(number):
            home = folder / f"node-{at + 1}"
            settings = {"node.name": f"node-{at + 1}", "node.workers": workers}
            gateway = Gateway(home, database, settings, processed)
            gateway.set_up()
            if made:  # what one node has signed, all must recognise
                secret = made[0].folder / "mailgate.key"
                (home / "mailgate.key").write_bytes(secret.read_bytes())
            gateway.start()
            stack.callback(gateway.stop)
            made.append(gateway)
        yield made


def measure(options: argparse.Namespace, number: int, workers: int, run: int) -> Figures:
    """Send the mix to so many gateways; return the rate, and who used how much of the machine."""
    with (
        tempfile.TemporaryDirectory(prefix="mailgate-bench-", dir=options.folder) as folder,
        postgres.database_of(options.database) as database,
        nodes(Path(folder), str(database), number, workers) as gateways,
    ):
        server = postgres.local_server(str(database))
        pids = [gateway.pid for gateway in gateways]
        before = [sum(map(process.cpu_seconds, pids)), process.cpu_seconds(server or 0)]
        began, idle = process.now(), process.idle_seconds()
        rounds = mix.plan(options.n, FIRST_SEED + run)
        outcome, road_s = road.send_rounds(gateways, rounds, Manner(options.conns))
        wall, idle = process.now() - began, process.idle_seconds() - idle
        for pid in pids:
            process.settle(pid)
        after = [sum(map(process.cpu_seconds, pids)), process.cpu_seconds(server or 0)]
    ours, servers = (
        (now - then) / outcome.sent * 1e3 for then, now in zip(before, after, strict=True)
    )
    return {
        "road_s": round(outcome.sent / road_s, 1),
        "gateways_ms": round(ours, 2),
        "server_ms": round(servers, 2),
        "cores_busy": round(1 - idle / wall / (os.cpu_count() or 1), 2),
    }


def lines(options: argparse.Namespace) -> list[Line]:
    """Measure one gateway, several, and one with several workers, in turn."""
    forms = {
        "one node": (1, 1),
        **{f"{number} nodes": (number, 1) for number in NODES},
        **{f"{number} workers": (1, number) for number in WORKERS},
    }
    parts = {name: partial(measure, options, *form) for name, form in forms.items()}
    results = compared(options.runs, parts)
    return [_line(name, ours, results["one node"]) for name, ours in results.items()]


def _line(name: str, ours: Figures, one: Figures) -> Line:
    detail = (
        f"{name}; CPU ms/mail: gateways {ours['gateways_ms']:.1f}, server {ours['server_ms']:.1f};"
        f" cores busy {ours['cores_busy']:.0%}"
    )
    if ours is one:
        return Line("several nodes", ours["road_s"], detail=detail)
    measure_ = "several workers" if "workers" in name else "several nodes"
    return Line(measure_, ours["road_s"], one["road_s"], "one node", detail)
