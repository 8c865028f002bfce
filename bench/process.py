"""What a process and its children have used, read from /proc; and how fast the machine is now."""

import os
import threading
import time
from pathlib import Path
from typing import Self

_TICKS = os.sysconf("SC_CLK_TCK")


def calibrate() -> float:
    """Return the seconds that a fixed loop takes, the best of three.

    Compare only runs whose figure is alike: the machine may be busy with something else.
    """
    best = float("inf")
    for _ in range(3):
        began = time.perf_counter()
        value = 1
        for number in range(1_000_000):
            value = (value * 33 + number) & 0xFFFFFFFF
        best = min(best, time.perf_counter() - began)
    return round(best, 4)


def now() -> float:
    """Return the seconds of the clock by which everything here is timed."""
    return time.perf_counter()


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat after the name; empty when the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def parent(pid: int) -> int:
    """Return the parent of a process, 0 when it is gone."""
    fields = _stat(pid)
    return int(fields[1]) if fields else 0


def family(pid: int) -> list[int]:
    """Return a process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            children.setdefault(parent(int(entry.name)), []).append(int(entry.name))
    found = [pid]
    for member in found:  # grows while it is walked
        found += children.get(member, [])
    return found


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process and its children, living and ended, in seconds."""
    total = 0
    for member in family(pid):
        fields = _stat(member)
        total += sum(map(int, fields[11:15])) if fields else 0
    return total / _TICKS


def memory_mb(pid: int) -> float:
    """Return the memory of a process and its children in MB, what they share counted once."""
    total = 0
    for member in family(pid):
        try:
            lines = Path(f"/proc/{member}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return round(total / 1024, 1)


class Peak:
    """The most memory of a process and its children, looked at twice a second."""

    def __init__(self, pid: int) -> None:
        self.mb = memory_mb(pid)
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.5):
            self.mb = max(self.mb, memory_mb(self._pid))


def settle(pid: int, patience: float = 30.0) -> None:
    """Wait until a process has done nothing for half a second, or for `patience` seconds."""
    deadline = time.monotonic() + patience
    used = cpu_seconds(pid)
    while time.monotonic() < deadline:
        time.sleep(0.5)
        now = cpu_seconds(pid)
        if now - used <= 2 / _TICKS:
            return
        used = now


def idle_seconds() -> float:
    """Return for how long all cores together had nothing to do, waiting for a disk included."""
    fields = Path("/proc/stat").read_text().splitlines()[0].split()
    return sum(map(int, fields[4:6])) / _TICKS
