"""Measures the gateway on the mix of `mix`, next to listeners that store nothing.

    python -m bench.run [--n 1000] [--conns 16] [--runs 3] [--database postgresql://...]

Each run measures everything once, so that a machine busy with something else hurts all alike;
what is printed are the medians, as a table and as one line of JSON. "Accepting" is the rate of
250s; "whole road" ends when the last mail is a message of a ticket. CPU counts the process and
its children (a local PostgreSQL too) until they rest, so that sending the notices is in it.
The 250 is timed from the end of data, at full load, and again at a steady `--paced` mails/s.
"""

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench import mix, postgres, process
from bench.gateway import LIMITS, Gateway, tags, threaded
from bench.load import Manner, Outcome, send, wire_form

NOOPS = ("stock", "blocks", "listener")
ACCEPT_FLOOR = 0.6  # of `blocks`
PACED_SEED = 500  # added to the seed of a run: keys of its own

Figures = dict[str, float]


def rendered(letters: Sequence[mix.Letter], numbers: dict[str, str]) -> list[tuple[str, bytes]]:
    """Return letters as (sender, wire form)."""
    return [(letter.sender, wire_form(mix.render(letter, numbers))) for letter in letters]


@contextlib.contextmanager
def noop(kind: str) -> Iterator[tuple[int, int]]:
    """Run a listener that stores nothing; give its process and port."""
    with subprocess.Popen(
        [sys.executable, "-m", "bench.noop", kind],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as listener:
        assert listener.stdout
        try:
            yield listener.pid, int(listener.stdout.readline())
        finally:
            listener.terminate()


def measure_noop(kind: str, rounds: Sequence[Sequence[mix.Letter]], manner: Manner) -> Figures:
    """Send all rounds to a listener that stores nothing."""
    numbers = {letter.key: "[TKT-2026-00000]" for some in rounds for letter in some}
    outcome = Outcome()
    with noop(kind) as (pid, port):
        before = process.cpu_seconds(pid)
        for letters in rounds:
            outcome.add(send(port, rendered(letters, numbers), manner))
        used = process.cpu_seconds(pid) - before
        return outcome.summary() | {
            "cpu_ms": round(used / outcome.sent * 1e3, 2),
            "peak_mb": process.memory_mb(pid),
        }


def measure_gateway(
    seed: int, options: argparse.Namespace, folder: Path, database: str | None
) -> Figures:
    """Send all rounds to a new gateway; wait for each round to be processed, learn its numbers."""
    rounds = mix.plan(options.n, seed)
    letters = [letter for some in rounds for letter in some]
    manner = Manner(options.conns, options.keep, pipeline=options.pipeline)
    server = postgres.local_server(database) if database else None
    gateway = Gateway(folder, database)
    gateway.start()
    try:
        idle = process.memory_mb(gateway.pid)
        before = process.cpu_seconds(gateway.pid)
        before_server = process.cpu_seconds(server) if server else 0.0
        with process.Peak(gateway.pid) as peak:
            outcome, road = _rounds(gateway, rounds, manner)
            process.settle(gateway.pid)
        used = process.cpu_seconds(gateway.pid) - before
        used += process.cpu_seconds(server) - before_server if server else 0.0
        tickets = gateway.tickets()
        figures = outcome.summary() | {
            "road_s": round(len(letters) / road, 1),
            "cpu_ms": round(used / len(letters) * 1e3, 2),
            "idle_mb": idle,
            "peak_mb": peak.mb,
            "threaded": threaded(letters, tickets),
            "shown": _shown(gateway, letters, tickets, options.check),
        }
        return figures | _paced(gateway, seed, options)
    finally:
        gateway.stop()


def _rounds(
    gateway: Gateway, rounds: Sequence[Sequence[mix.Letter]], manner: Manner
) -> tuple[Outcome, float]:
    """Return what the sending gave, and the seconds from first mail to last processed one."""
    outcome, road, numbers = Outcome(), 0.0, {}
    for letters in rounds:
        sent = send(gateway.port, rendered(letters, numbers), manner)
        if sent.refused:
            raise RuntimeError(f"refused: {sent.refused[0]}")
        outcome.add(sent)
        gateway.wait_processed(outcome.sent)
        road += gateway.last - sent.began
        numbers = tags(gateway.tickets())
    return outcome, road


def _shown(
    gateway: Gateway, letters: Sequence[mix.Letter], tickets: list[dict[str, Any]], most: int
) -> float:
    """Return the share of letters found with text and files, byte for byte, in some tickets."""
    numbers = tags(tickets)
    opening = [letter for letter in letters if letter.parent is None]
    chosen = opening[:: max(1, len(opening) // most)] if most else []
    wanted = found = 0
    for first in chosen:
        shown = gateway.show(numbers.get(first.key, "").strip("[]"))
        texts = [message["full_text"] for message in shown["messages"]]
        digests = {
            file["sha256"] for message in shown["messages"] for file in message["attachments"]
        }
        for letter in letters:
            if letter.ticket == first.key:
                wanted += 1
                there = any(letter.mark in text for text in texts)
                found += there and digests.issuperset(letter.digests)
    return round(found / wanted, 4) if wanted else 1.0


def _paced(gateway: Gateway, seed: int, options: argparse.Namespace) -> Figures:
    """Time the 250 at a steady rate."""
    if not options.paced:
        return {}
    letters = mix.plan(6 * options.paced, seed + PACED_SEED, rounds=1)[0]
    manner = Manner(options.conns, rate=options.paced)
    summary = send(gateway.port, rendered(letters, {}), manner).summary()
    return {"paced_p50_ms": summary["whole_p50_ms"], "paced_p99_ms": summary["whole_p99_ms"]}


def medians(runs: Sequence[Figures]) -> Figures:
    """Return the median of each figure."""
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def table(results: dict[str, Figures], mails: int) -> str:
    """Lay the medians out for people."""
    columns = {
        "accepting /s": "mails_s", "whole road /s": "road_s", "CPU ms/mail": "cpu_ms",
        "idle MB": "idle_mb", "peak MB": "peak_mb", "250 p50 ms": "p50_ms", "p99 ms": "p99_ms",
        "paced p50": "paced_p50_ms", "paced p99": "paced_p99_ms",
    }  # fmt: skip
    lines = [f"{'':<10}" + "".join(f"{title:>15}" for title in columns)]
    for who, figures in results.items():
        cells = (figures.get(name, "") for name in columns.values())
        lines.append(f"{who:<10}" + "".join(f"{cell:>15}" for cell in cells))
    gateway = results.get("gateway")
    if gateway:
        lines.append(f"threading correct: {gateway['threaded']:.0f}/{mails}")
        lines.append(f"shown with text and files: {gateway['shown']:.1%}")
    for name, value in ratios(results).items():
        lines.append(f"{name}: {value:.2f}")
    return "\n".join(lines)


def ratios(results: dict[str, Figures]) -> Figures:
    """Return what accepts how much faster than what."""
    found = {}
    for who, other in (("gateway", "blocks"), ("listener", "blocks"), ("listener", "stock")):
        if who in results and other in results:
            found[f"{who}/{other}"] = results[who]["mails_s"] / results[other]["mails_s"]
    return found


def run_once(number: int, options: argparse.Namespace) -> dict[str, Figures]:
    """Measure everything that was asked for, once."""
    results = {}
    manner = Manner(options.conns, options.keep, pipeline=options.pipeline)
    for kind in options.noop:
        results[kind] = measure_noop(kind, mix.plan(options.n, number), manner)
    if not options.without_gateway:
        fresh = postgres.fresh_database(options.database) if options.database else None
        with (
            tempfile.TemporaryDirectory(prefix="mailgate-bench-", dir=options.folder) as folder,
            fresh or contextlib.nullcontext(None) as database,
        ):
            results["gateway"] = measure_gateway(number, options, Path(folder), database)
    return results


def read_options(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--n", type=int, default=1000, help="mails in a run")
    options.add_argument("--conns", type=int, default=16, help="connections at once")
    options.add_argument("--keep", type=int, default=0, help="mails on a connection, 0: any number")
    options.add_argument("--pipeline", action="store_true", help="MAIL, RCPT and DATA in one go")
    options.add_argument("--runs", type=int, default=3)
    options.add_argument(
        "--paced", type=int, default=50, help="mails/s of the steady part, 0: none"
    )
    options.add_argument("--check", type=int, default=5, help="tickets that are read in full")
    options.add_argument("--database", help="URL of a PostgreSQL server; else SQLite")
    options.add_argument("--folder", help="where the gateway's files go, to choose a disk")
    options.add_argument("--noop", nargs="*", choices=NOOPS, default=list(NOOPS))
    options.add_argument("--without-gateway", action="store_true")
    options.add_argument("--strict", action="store_true", help="end with 1 below a floor")
    return options.parse_args(words)


def main(words: Sequence[str] | None = None) -> int:
    """Run, print, judge."""
    options = read_options(words)
    print("[limits]", ", ".join(f"{name}={value}" for name, value in LIMITS.items()), flush=True)
    runs = []
    for number in range(options.runs):
        runs.append(run_once(number, options))
        print(f"run {number + 1}:", json.dumps(runs[-1]), flush=True)
    results = {who: medians([run[who] for run in runs]) for who in runs[0]}
    print(table(results, options.n))
    facts = {
        "n": options.n,
        "conns": options.conns,
        "runs": options.runs,
        "store": "postgresql" if options.database else "sqlite",
        "calib_s": process.calibrate(),
        "ratios": {name: round(value, 3) for name, value in ratios(results).items()},
    }
    print(json.dumps(facts | results))
    below = ratios(results).get("gateway/blocks", 1.0) < ACCEPT_FLOOR
    wrong = "gateway" in results and results["gateway"]["threaded"] < options.n
    return int(options.strict and (below or wrong))


if __name__ == "__main__":
    sys.exit(main())
