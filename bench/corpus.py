"""Reads every mail below a folder as `mailgate parse` does, and tells how that went.

Ends with 1 when a mail cannot be read without an exception, or takes longer than a second.
Where the folder has an expect.json, what was read is compared with it.
"""

import argparse
import json
import statistics
import sys
import time
import traceback
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mailgate.mail.asjson import as_json
from mailgate.mail.parse import parse

LONGEST = 1.0  # seconds that one mail may take
SLOWEST = 10  # mails that are named
EXPECTED = "expect.json"
TEXTS = frozenset({"reply_text", "subject", "text"})
_SHOWN = 60  # characters of a value that differs


@dataclass(frozen=True, slots=True)
class Read:
    """What one mail came to: `told` is what `parse --json` prints, None after an exception."""

    name: str
    seconds: float
    told: dict[str, Any] | None
    error: str = ""


def mails(folder: Path, *, every: bool = False) -> list[Path]:
    """Return the mails below a folder: the .eml files, or all files where there are none."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != EXPECTED)
    named = [path for path in files if path.suffix.lower() == ".eml"]
    return files if every or not named else named


def read(path: Path, name: str) -> Read:
    """Read one mail and time it."""
    raw = path.read_bytes()
    start = time.perf_counter()
    try:
        told, error = as_json(parse(raw, datetime.now(UTC))), ""
    except Exception:  # noqa: BLE001 - whichever it is, that it escaped is what is looked for
        told, error = None, traceback.format_exc()
    return Read(name, time.perf_counter() - start, told, error)


# --- what is reported -----------------------------------------------------------------------------


def times(results: Sequence[Read]) -> dict[str, Any]:
    """Return the spread of the times in milliseconds, and the slowest mails."""
    took = sorted(each.seconds * 1000 for each in results)
    slowest = sorted(results, key=lambda each: -each.seconds)[:SLOWEST]
    return {
        "min_ms": round(took[0], 2),
        "median_ms": round(statistics.median(took), 2),
        "p99_ms": round(took[min(len(took) - 1, len(took) * 99 // 100)], 2),
        "max_ms": round(took[-1], 2),
        "slowest": {each.name: round(each.seconds * 1000, 1) for each in slowest},
    }


def verdicts(results: Sequence[Read]) -> dict[str, int]:
    """Return how many mails were taken for what: each fact of the verdict that holds."""
    counted: Counter[str] = Counter()
    for each in results:
        verdict = (each.told or {}).get("verdict") or {}
        counted.update(_facts(verdict) or ["none"])
    return dict(counted.most_common())


def _facts(verdict: Mapping[str, Any]) -> list[str]:
    held = [name for name, value in verdict.items() if value is True]
    return held + ([f"kind {verdict['kind']}"] if "kind" in verdict else [])


def degraded(results: Sequence[Read]) -> dict[str, int]:
    """Return how many mails were read in part only, by the reason."""
    counted: Counter[str] = Counter()
    for each in results:
        counted.update(set((each.told or {}).get("degraded", ())))
    return dict(counted.most_common())


def compare(results: Sequence[Read], expected: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return for each key how many mails agree, and every difference.

    A key that `parse` does not tell counts as `absent`; a mail that is not there differs.
    """
    told = {each.name: each.told or {} for each in results}
    keys: dict[str, Counter[str]] = {}
    differences = []
    for name, wanted in sorted(expected.items()):
        for key, value in sorted(wanted.items()):
            found = _found(told.get(name, {}), key)
            how = _how(key, value, found)
            keys.setdefault(key, Counter())[how] += 1
            if how == "differ":
                shown = {"wanted": _brief(value), "found": _brief(found)}
                differences.append({"mail": name, "key": key} | shown)
    counts = {
        key: {how: counted[how] for how in ("agree", "differ", "absent")}
        for key, counted in sorted(keys.items())
    }
    return {"keys": counts, "differences": differences}


class _Absent:
    """Stands for what is not told."""


ABSENT = _Absent()


def _found(told: Mapping[str, Any], key: str) -> Any:
    if key in told:
        return told[key]
    return (told.get("verdict") or {}).get(key, ABSENT)


def _how(key: str, wanted: Any, found: Any) -> str:
    if found is ABSENT:
        return "absent"
    return "agree" if _plain(key, wanted) == _plain(key, found) else "differ"


def _plain(key: str, value: Any) -> Any:
    """Return a value without what does not matter: blanks in texts, the order of a list."""
    if key in TEXTS:
        return " ".join(str(value or "").split())
    if isinstance(value, bool):
        return value
    many = value if isinstance(value, list) else [value]
    return sorted(str(each) for each in many if each not in (None, ""))


def _brief(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


# --- the program ----------------------------------------------------------------------------------


def report(folder: Path, *, every: bool = False) -> dict[str, Any]:
    """Read all mails below a folder and return what is to be told of them."""
    results = [read(path, str(path.relative_to(folder))) for path in mails(folder, every=every)]
    if not results:
        return {"mails": 0}
    expected = folder / EXPECTED
    facts: dict[str, Any] = {
        "mails": len(results),
        "exceptions": {each.name: each.error for each in results if each.told is None},
        "too_slow": [each.name for each in results if each.seconds > LONGEST],
        "times": times(results),
        "verdicts": verdicts(results),
        "degraded_mails": sum(bool((each.told or {}).get("degraded")) for each in results),
        "degraded": degraded(results),
    }
    if expected.exists():
        wanted = json.loads(expected.read_text(encoding="utf-8"))
        facts["expected"] = compare(results, wanted)
    return facts


def show(facts: Mapping[str, Any]) -> None:
    """Print a report for people."""
    print(f"mails: {facts['mails']}, exceptions: {len(facts['exceptions'])}", end="")
    print(f", over {LONGEST:g} s: {len(facts['too_slow'])}")
    for name, error in facts["exceptions"].items():
        print(f"  {name}: {error.strip().splitlines()[-1]}")
    took = facts["times"]
    spread = ", ".join(f"{name[:-3]} {took[name]}" for name in took if name.endswith("_ms"))
    print(f"\nms for a mail: {spread}")
    for name, value in took["slowest"].items():
        print(f"  {value:9.1f}  {name}")
    for heading, counted in (
        ("verdicts", facts["verdicts"]),
        (f"degraded ({facts['degraded_mails']} mails)", facts["degraded"]),
    ):
        print(f"\n{heading}:")
        for name, count in counted.items():
            print(f"  {count:6d}  {name}")
    if "expected" not in facts:
        return
    print(f"\ncompared with {EXPECTED}: agree, differ, absent")
    for key, counts in facts["expected"]["keys"].items():
        print("  " + "  ".join(f"{counts[how]:5d}" for how in counts) + f"  {key}")
    for each in facts["expected"]["differences"]:
        print(f"  {each['mail']}, {each['key']}: wanted {each['wanted']}, found {each['found']}")


def main(words: Sequence[str] | None = None) -> int:
    """Read, tell, judge."""
    options = argparse.ArgumentParser(prog="bench.corpus", description=__doc__)
    options.add_argument("folder", type=Path, help="where the mails are")
    options.add_argument("--all", action="store_true", help="every file, not the .eml files only")
    options.add_argument("--json", action="store_true", help="the report as JSON")
    chosen = options.parse_args(words)
    facts = report(chosen.folder, every=chosen.all)
    if not facts["mails"]:
        print(f"there is no mail below {chosen.folder}", file=sys.stderr)
        return 1
    if chosen.json:
        print(json.dumps(facts, indent=2, ensure_ascii=False))
    else:
        show(facts)
    return int(bool(facts["exceptions"] or facts["too_slow"]))


if __name__ == "__main__":
    sys.exit(main())
