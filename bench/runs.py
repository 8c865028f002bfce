"""Runs in turn, and their medians."""

import json
import statistics
from collections.abc import Callable, Mapping, Sequence

Figures = dict[str, float]
Part = Callable[[int], Figures]
"""Measures one of those that are compared; given the number of the run, from 0."""


def interleaved(number: int, parts: Mapping[str, Part]) -> dict[str, list[Figures]]:
    """Run everybody once, and that so many times; print each figure as it comes."""
    runs: dict[str, list[Figures]] = {name: [] for name in parts}
    for run in range(number):
        for name, part in parts.items():
            runs[name].append(part(run))
            print(f"run {run + 1}, {name}:", json.dumps(runs[name][-1]), flush=True)
    return runs


def medians(runs: Sequence[Figures]) -> Figures:
    """Return the median of each figure."""
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def compared(number: int, parts: Mapping[str, Part]) -> dict[str, Figures]:
    """Return the medians of runs in turn."""
    return {name: medians(some) for name, some in interleaved(number, parts).items()}
