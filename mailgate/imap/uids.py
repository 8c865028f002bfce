"""UIDs of one folder: as ranges, since most folders have few gaps, whatever their size.

That is also how a server tells them that knows ESEARCH (RFC 4731): a folder of 30,000 mails in one
short line.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Self

_ALL = re.compile(rb"(?:^|[ )])ALL ([0-9:,]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Uids:
    """A set of UIDs: from the first to the last of each range, in order, apart from each other."""

    ranges: Sequence[tuple[int, int]] = ()

    @classmethod
    def of(cls, uids: Iterable[int]) -> Self:
        """Return the set of these UIDs."""
        return cls(_joined((uid, uid) for uid in uids))

    @classmethod
    def told(cls, answers: Iterable[bytes]) -> Self:
        """Return what answers to SEARCH RETURN (ALL) tell; in any order, as they may come."""
        spans: list[tuple[int, int]] = []
        for answer in answers:
            found = _ALL.search(answer)
            for span in found.group(1).split(b",") if found else ():
                first, _, last = span.partition(b":")
                one, other = int(first), int(last or first)
                spans.append((min(one, other), max(one, other)))
        return cls(_joined(spans))

    def __len__(self) -> int:
        """Return how many they are."""
        return sum(last - first + 1 for first, last in self.ranges)

    def __iter__(self) -> Iterator[int]:
        """Yield each, the least first."""
        for first, last in self.ranges:
            yield from range(first, last + 1)

    def __contains__(self, uid: int) -> bool:
        """Whether this one is among them."""
        at = bisect_right(self.ranges, (uid, uid))
        return any(first <= uid <= last for first, last in self.ranges[max(at - 1, 0) : at + 1])

    def between(self, least: int, most: int) -> Iterator[int]:
        """Yield those of them from `least` to `most`."""
        at = bisect_right(self.ranges, (least, least))
        for first, last in self.ranges[max(at - 1, 0) :]:
            if first > most:
                return
            yield from range(max(first, least), min(last, most) + 1)

    def blocks(self, size: int) -> dict[int, tuple[int, int]]:
        """Return UID // `size` -> how many of them, and their sum."""
        found: dict[int, tuple[int, int]] = {}
        for first, last in self.ranges:
            for block in range(first // size, last // size + 1):
                low, high = max(first, block * size), min(last, (block + 1) * size - 1)
                count = high - low + 1
                some, total = found.get(block, (0, 0))
                found[block] = some + count, total + (low + high) * count // 2
        return found


def _joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = joined[-1][0], max(joined[-1][1], last)
        else:
            joined.append((first, last))
    return joined


def copied(told: bytes, most: int) -> dict[int, int]:
    """Read a COPYUID (RFC 4315 section 3), of at most so many mails; nothing in any other."""
    words = told.decode("ascii", "replace").split()
    if len(words) != 3:  # noqa: PLR2004 - UIDVALIDITY, and two sets
        return {}
    before, after = (list(islice(_each(word), most + 1)) for word in words[1:])
    return dict(zip(before, after, strict=True)) if len(before) == len(after) <= most else {}


def _each(spans: str) -> Iterator[int]:
    for span in spans.split(","):
        first, _, last = span.partition(":")
        if first.isdecimal() and (last or first).isdecimal():
            yield from range(int(first), int(last or first) + 1)
