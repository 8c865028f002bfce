"""Measures the gateway and all that it is compared with, and says how it stands to its goals.

    python -m bench.run                             # the default: about ten minutes
    python -m bench.run --full                      # a million tickets, five runs at each size
    python -m bench.run --rows road accept --runs 5
    python -m bench.run --postgresql                # on a server of its own, started for it

Rows: `road` (mails a second from the first byte to the last outbox row, CPU, the 250 at a steady
rate, memory, stored bytes; against other systems), `accept` (against Postfix and listeners that
store nothing), `many` (the road with many tickets there already), `tick` (the clock over them),
`calendar` (a year of working time), `nodes` (several on one PostgreSQL), `board` (a shared mailbox
whose folders are states). Each run of a row measures everybody in turn, so that a machine busy with
something else hurts all alike; what is compared are medians of one and the same call.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from bench import accepting, board, calendars, goals, many, nodes, postgres, process, systems
from bench.gateway import LIMITS
from bench.goals import Line
from bench.peers import others

ROWS = ("road", "accept", "many", "tick", "calendar", "nodes", "board")
SIZES, FULL = (1_000, 100_000), (1_000, 100_000, 1_000_000)


def measure(options: argparse.Namespace) -> list[Line]:
    """Measure the rows that were asked for."""
    lines: list[Line] = []
    if "road" in options.rows:
        lines += systems.lines(options)
    if "accept" in options.rows:
        lines += accepting.lines(options)
    sizes = options.sizes if "many" in options.rows else [max(options.sizes)]
    if {"many", "tick"} & set(options.rows):
        with many.desks(options, sizes) as found:
            if "many" in options.rows:
                lines += many.roads(found, options)
            if "tick" in options.rows:
                lines += many.ticks(found[max(sizes)], max(sizes), options)
    if "calendar" in options.rows:
        lines += calendars.lines(options.runs)
    if "nodes" in options.rows and options.database:
        lines += nodes.lines(options)
    if "board" in options.rows:
        lines += board.lines(options)
    return lines


def left_out(options: argparse.Namespace) -> list[str]:
    """Say what cannot be measured here, and how it could."""
    found = []
    if "road" in options.rows:
        missing = [peer for peer in others.PEERS if not others.python_of(peer, options.peers)]
        found += [f"{peer} has no environment here ({others.HOW} makes one)" for peer in missing]
    if "accept" in options.rows and (why := accepting.without_postfix()):
        found.append(why)
    if "nodes" in options.rows and not options.database:
        found.append("several nodes need PostgreSQL (--postgresql, or --database URL)")
    if "board" in options.rows and (why := board.without_dovecot()):
        found.append(why)
    return found


def read_options(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--rows", nargs="+", choices=ROWS, default=list(ROWS), help="what is measured")
    add("--n", type=int, default=1000, help="mails in a run")
    add("--runs", type=int, default=3)
    add("--conns", type=int, default=16, help="connections at once")
    add("--keep", type=int, default=0, help="mails on a connection, 0: any number")
    add("--pipeline", action="store_true", help="MAIL, RCPT and DATA in one go")
    add("--paced", type=int, default=50, help="mails/s of the steady part, 0: none")
    add("--check", type=int, default=5, help="tickets that are read in full")
    add("--sizes", type=int, nargs="+", help="tickets that are there for `many` and `tick`")
    add("--growth-n", type=int, default=400, help="mails in a run of `many`")
    add("--growth-runs", type=int, help="runs of `many`")
    add("--due", type=int, default=100, help="deadlines in a tick that has some")
    add("--ticks", type=int, default=15, help="ticks that have some")
    add("--mailbox", type=int, default=10_000, help="tickets in the mailbox of `board`")
    add("--full", action="store_true", help="up to a million tickets, five runs of `many`")
    add("--seeded", type=Path, help="keep the desks of `many` and `tick` here (SQLite)")
    add("--postgresql", action="store_true", help="PostgreSQL, started for this call")
    add("--database", help="URL of a PostgreSQL server; else SQLite")
    add("--folder", help="where files go, to choose a disk")
    add("--peers", type=Path, default=others.FOLDER, help="environments of the other systems")
    add("--strict", action="store_true", help="end with 1 without the figure of a floor, too")
    options = parser.parse_args(words)
    options.sizes = sorted(options.sizes or (FULL if options.full else SIZES))
    options.growth_runs = options.growth_runs or (5 if options.full else 3)
    return options


def report(lines: Sequence[Line], missing: Sequence[str], options: argparse.Namespace) -> None:
    """Print what was measured, for people and for programs."""
    store = "PostgreSQL" if options.database else "SQLite"
    when, cores = datetime.now(UTC), os.cpu_count()
    facts = {"calib_s": process.calibrate(), "load": round(os.getloadavg()[0], 1), "cores": cores}
    print(f"\n{when:%Y-%m-%d %H:%M} UTC, {store}, {cores} cores,", end=" ")
    print(f"load {facts['load']}, calib_s {facts['calib_s']}\n")
    print(goals.table(lines))
    for what in missing:
        print(f"left out: {what}")
    asked = {"n": options.n, "conns": options.conns, "runs": options.runs, "sizes": options.sizes}
    told = {"store": store, **asked, **facts, "left_out": missing}
    print(json.dumps(told | {"lines": [goals.as_json(line) for line in lines]}))


def main(words: Sequence[str] | None = None) -> int:
    """Run, print, judge."""
    options = read_options(words)
    print("[limits]", ", ".join(f"{name}={value}" for name, value in LIMITS.items()), flush=True)
    with ExitStack() as stack:
        if options.postgresql:
            if why := postgres.without():
                print(why, file=sys.stderr)
                return 1
            options.database = stack.enter_context(postgres.own_server())
        missing = left_out(options)
        for what in missing:
            print(f"left out: {what}", flush=True)
        lines = measure(options)
    report(lines, missing, options)
    return int(bool(goals.failed(lines)) or (options.strict and _unjudged(options)))


def _unjudged(options: argparse.Namespace) -> bool:
    """Tell whether a floor that was asked for had nothing to be compared with."""
    return "road" in options.rows and not any(
        others.python_of(peer, options.peers) for peer in others.PEERS
    )


if __name__ == "__main__":
    sys.exit(main())
