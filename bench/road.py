"""The whole road: mails sent to a gateway until the last one is a message of a ticket.

CPU counts the gateway with its children, and a PostgreSQL of this machine, from the first mail
until they rest.
"""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import mix, postgres, process, stored
from bench.gateway import NOTHING_SENT, Gateway, tags, threaded
from bench.load import Manner, Outcome, rendered, send
from bench.runs import Figures

PACED_SEED = 500  # added to the seed of a run: keys of its own
PACED_SECONDS = 6


def measure(
    seed: int,
    options: argparse.Namespace,
    folder: Path,
    database: str | None,
    *,
    sending: bool = True,
) -> Figures:
    """Send all rounds to a new gateway; wait for each round to be processed, learn its numbers."""
    gateway = Gateway(folder, database, {} if sending else NOTHING_SENT)
    gateway.start()
    try:
        figures = drive(gateway, mix.plan(options.n, seed), options, database)
        if sending:
            figures |= paced(gateway, seed, options)
    finally:
        gateway.stop()
    if sending:
        figures["stored"] = stored.for_each_raw_byte(gateway, database)
    return figures


def drive(
    gateway: Gateway,
    rounds: Sequence[Sequence[mix.Letter]],
    options: argparse.Namespace,
    database: str | None = None,
) -> Figures:
    """Send rounds to a gateway that serves; return what that took, and whether all was right."""
    letters = [letter for some in rounds for letter in some]
    server = postgres.local_server(database) if database else None
    manner = Manner(options.conns, options.keep, pipeline=options.pipeline)
    idle = process.memory_mb(gateway.pid)
    before = _used(gateway, server)
    with process.Peak(gateway.pid) as peak:
        outcome, road = send_rounds([gateway], rounds, manner)
        process.settle(gateway.pid)
    used = _used(gateway, server) - before
    tickets = gateway.tickets()
    return outcome.summary() | {
        "road_s": round(len(letters) / road, 1),
        "cpu_ms": round(used / len(letters) * 1e3, 2),
        "idle_mb": idle,
        "peak_mb": peak.mb,
        "threaded": threaded(letters, tickets) / len(letters),
        "shown": shown(gateway, letters, tickets, options.check),
    }


def _used(gateway: Gateway, server: int | None) -> float:
    return process.cpu_seconds(gateway.pid) + (process.cpu_seconds(server) if server else 0.0)


def send_rounds(
    gateways: Sequence[Gateway], rounds: Sequence[Sequence[mix.Letter]], manner: Manner
) -> tuple[Outcome, float]:
    """Return what the sending gave, and the seconds from first mail to last processed one.

    Several gateways share one database, and the mails are divided among them.
    """
    outcome, road, numbers = Outcome(), 0.0, dict[str, str]()
    ports = [gateway.port for gateway in gateways]
    processed = gateways[0].processed
    before = processed.mails
    for letters in rounds:
        sent = send(ports, rendered(letters, numbers), manner)
        if sent.refused:
            raise RuntimeError(f"refused: {sent.refused[0]}")
        outcome.add(sent)
        processed.wait(before + outcome.sent)
        road += processed.last - sent.began
        numbers = tags(gateways[0].tickets())
    return outcome, road


def shown(
    gateway: Gateway,
    letters: Iterable[mix.Letter],
    tickets: Sequence[Mapping[str, Any]],
    most: int,
) -> float:
    """Return the share of letters found with text and files, byte for byte, in some tickets."""
    numbers = tags(tickets)
    letters = list(letters)
    opening = [letter for letter in letters if letter.parent is None]
    chosen = opening[:: max(1, len(opening) // most)] if most else []
    wanted = found = 0
    for first in chosen:
        ticket = gateway.show(numbers.get(first.key, "").strip("[]"))
        texts = [message["full_text"] for message in ticket["messages"]]
        digests = {
            file["sha256"] for message in ticket["messages"] for file in message["attachments"]
        }
        for letter in letters:
            if letter.ticket == first.key:
                wanted += 1
                there = any(letter.mark in text for text in texts)
                found += there and digests.issuperset(letter.digests)
    return round(found / wanted, 4) if wanted else 1.0


def paced(gateway: Gateway, seed: int, options: argparse.Namespace) -> Figures:
    """Time the 250 at a steady rate, from when each mail should have begun."""
    if not options.paced:
        return {}
    letters = mix.plan(PACED_SECONDS * options.paced, seed + PACED_SEED, rounds=1)[0]
    manner = Manner(options.conns, rate=options.paced)
    before = gateway.processed.mails
    outcome = send([gateway.port], rendered(letters, {}), manner)
    gateway.processed.wait(before + len(letters))
    process.settle(gateway.pid)
    summary = outcome.summary()
    return {"paced_p50_ms": summary["whole_p50_ms"], "paced_p99_ms": summary["whole_p99_ms"]}
