"""What changes with the number of tickets that are there already: the road, and the tick.

Desks of each size are seeded once. The runs on them are interleaved, so that a machine busy with
something else hurts all sizes alike; each run leaves its own mails behind, some hundred.
"""

import argparse
import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bench import mix, postgres, process, road, seed, ticking
from bench.gateway import Gateway
from bench.goals import Line
from bench.runs import Part, compared

FIRST_SEED = 600  # of mails: keys that no other run has
_MOST_RUNS = 300
_FULL = 1_000_000  # tickets for which the clock's goals are meant


class Desk:
    """A seeded desk, and how many runs it has seen; each of them has mails of its own."""

    def __init__(self, folder: Path, database: str | None) -> None:
        self.folder, self.database = folder, database
        self._count = folder / "runs"

    @property
    def runs(self) -> int | None:
        """How many runs it has seen; None when it is not there."""
        return int(self._count.read_text()) if self._count.exists() else None

    def seed(self, tickets: int) -> None:
        """Make it anew."""
        began = process.now()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        seed.seed(self.folder, tickets, self.database)
        self._count.write_text("0")
        print(f"seeded {tickets:,} tickets in {process.now() - began:.0f} s", flush=True)

    def run(self, options: argparse.Namespace) -> road.Figures:
        """Send it a few mails."""
        number = self.runs or 0
        self._count.write_text(str(number + 1))
        gateway = Gateway(self.folder, self.database, seed.SETTINGS)
        gateway.start()
        try:
            rounds = mix.plan(options.growth_n, FIRST_SEED + number)
            return road.drive(gateway, rounds, options, self.database)
        finally:
            gateway.stop()


@contextlib.contextmanager
def desks(options: argparse.Namespace, sizes: Sequence[int]) -> Iterator[dict[int, Desk]]:
    """Seed a desk of each size; those of SQLite may be kept for the next time, in `--seeded`."""
    with contextlib.ExitStack() as stack:
        folder = options.seeded if not options.database else None
        if folder is None:
            temporary = tempfile.TemporaryDirectory(prefix="mailgate-bench-", dir=options.folder)
            folder = Path(stack.enter_context(temporary))
        found = {}
        for size in sizes:
            database = stack.enter_context(postgres.database_of(options.database, f"_{size}"))
            desk = found[size] = Desk(folder / str(size), database)
            grown = None if desk.runs is None else desk.runs * options.growth_n
            if grown is None or grown > size / 10 or (desk.runs or 0) > _MOST_RUNS:
                desk.seed(size)
        os.sync()  # or the first run would be measured while all this is written
        yield found


def roads(found: Mapping[int, Desk], options: argparse.Namespace) -> list[Line]:
    """Measure the road at each size, in turn; compare each with the smallest."""

    def part(desk: Desk) -> Part:
        return lambda _: desk.run(options)

    parts = {f"{size:,} tickets": part(desk) for size, desk in found.items()}
    results = compared(options.growth_runs, parts)
    least, *more = (f"{size:,} tickets" for size in sorted(found))
    return [
        Line(measure, results[size][name], results[least][name], least, size)
        for size in more
        for measure, name in (
            ("road with many tickets", "road_s"),
            ("CPU with many tickets", "cpu_ms"),
        )
    ]


def ticks(desk: Desk, size: int, options: argparse.Namespace) -> list[Line]:
    """Measure the clock over so many open tickets, which nobody serves meanwhile."""
    figures = ticking.measure(desk.folder / "config.toml", options.due, options.ticks)
    print(f"ticks over {size:,}:", json.dumps(figures), flush=True)
    judged = size >= _FULL and not options.database
    return [
        Line(measure, figures[name], detail=f"{size:,} open tickets", judged=judged)
        for measure, name in (("tick, nothing due", "idle_ms"), ("tick, 100 due", "due_ms"))
    ]
