"""The whole road against other systems, and what the same runs tell of the gateway itself.

None of the others sends anything, so the gateway that is compared with them sends nothing either;
a second one, which sends, is measured beside it. Where it uses PostgreSQL, so do they, and that is
what is judged: on SQLite they are measured, too.
"""

import argparse
import tempfile
from functools import partial
from pathlib import Path

from bench import postgres, road
from bench.goals import Line
from bench.peers import others
from bench.runs import Figures, Part, compared

HELD, WHOLE = "gateway, nothing sent", "gateway"
ON_SQLITE = " on SQLite"


def lines(options: argparse.Namespace) -> list[Line]:
    """Measure all in turn."""
    parts: dict[str, Part] = {
        HELD: partial(_ours, options, sending=False),
        WHOLE: partial(_ours, options, sending=True),
    }
    for peer in others.PEERS:
        if python := others.python_of(peer, options.peers):
            alone = peer + ON_SQLITE if options.database else peer
            parts[alone] = partial(others.measure, peer, python, options.n, options.folder)
            if options.database:
                parts[peer] = partial(_on_postgresql, options, peer, python)
    return judged(compared(options.runs, parts), options)


def _on_postgresql(options: argparse.Namespace, peer: str, python: Path, number: int) -> Figures:
    with postgres.fresh_database(options.database) as url:
        server = postgres.local_server(url)
        return others.measure(peer, python, options.n, options.folder, number, (url, server))


def _ours(options: argparse.Namespace, number: int, *, sending: bool) -> Figures:
    with (
        tempfile.TemporaryDirectory(prefix="mailgate-bench-", dir=options.folder) as folder,
        postgres.database_of(options.database) as database,
    ):
        return road.measure(number, options, Path(folder), database, sending=sending)


def judged(results: dict[str, Figures], options: argparse.Namespace) -> list[Line]:
    """Return what the medians say."""
    held, whole = results[HELD], results[WHOLE]
    names = [peer + store for store in ("", ON_SQLITE) for peer in others.PEERS]
    peers = {name: results[name] for name in names if name in results}
    return [
        Line("mails in their ticket", min(held["threaded"], whole["threaded"])),
        Line("mails in their ticket", min(held["shown"], whole["shown"]), detail="text and files"),
        *_against("whole road", held, peers, "road_s"),
        *_against("whole road, sending too", whole, peers, "road_s"),
        *_against("CPU", held, peers, "cpu_ms"),
        *_against("CPU, sending too", whole, peers, "cpu_ms"),
        *(
            Line(f"250 at a steady rate, {name}", whole[f"paced_{name}_ms"], detail=f"{rate}/s")
            for rate in [options.paced]
            for name in ("p50", "p99")
            if rate
        ),
        Line("accepting, all at work", whole["mails_s"]),
        Line("stored for each raw byte", whole["stored"]),
        Line("memory, idle", whole["idle_mb"]),
        Line("memory, growth", round(whole["peak_mb"] - whole["idle_mb"], 1)),
        Line("memory, peak", whole["peak_mb"]),
    ]


def _against(measure: str, ours: Figures, peers: dict[str, Figures], name: str) -> list[Line]:
    """Compare with each of the others; the bounds are of the best of those on the same store."""
    if not peers:
        return [Line(measure, ours[name], judged=False)]
    choose = max if name == "road_s" else min
    alike = [peer for peer in others.PEERS if peer in peers]
    best = choose(alike, key=lambda peer: peers[peer][name])
    return [
        Line(measure, ours[name], figures[name], peer, judged=peer == best)
        for peer, figures in peers.items()
    ]
