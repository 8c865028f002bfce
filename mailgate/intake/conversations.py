"""Old mails in the order in which they are brought along: the threads by age, each in one piece.

What is kept of a mail here does not depend on its size.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from mailgate.intake.archive import Place

BATCH, BATCH_OCTETS = 200, 16 * 1024 * 1024
"""Mails, and octets of them, that are committed at once."""
_KEY = 8  # octets of a digest: two of a million keys are alike once in 30 million archives


@dataclass(frozen=True, slots=True)
class Entry:
    """One mail: where it lies, whom it came from (the envelope's sender), when it was written."""

    place: Place
    mail_from: str
    at: datetime


class Conversations:
    """Finds which mails belong together: those that have a key in common, or with a third."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._parents: list[int] = []
        self._first: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, entry: Entry, keys: Iterable[str]) -> None:
        """Take in a mail."""
        mine = len(self._entries)
        self._entries.append(entry)
        self._parents.append(mine)
        for key in keys:
            digest = blake2b(key.encode("utf-8", "replace"), digest_size=_KEY).digest()
            other = self._root(self._first.setdefault(digest, mine))
            root = self._root(mine)
            self._parents[max(root, other)] = min(root, other)

    def _root(self, at: int) -> int:
        parents = self._parents
        while parents[at] != at:
            parents[at] = parents[parents[at]]
            at = parents[at]
        return at

    def threads(self, since: datetime | None) -> list[list[Entry]]:
        """Return the threads by age, all or those with a mail since then; each is in order."""
        found: dict[int, list[Entry]] = {}
        for at, entry in enumerate(self._entries):
            found.setdefault(self._root(at), []).append(entry)
        for thread in found.values():
            thread.sort(key=lambda entry: entry.at)
        late = (thread for thread in found.values() if since is None or thread[-1].at >= since)
        return sorted(late, key=lambda thread: thread[0].at)


def batches(threads: Iterable[Sequence[Entry]]) -> Iterator[list[Entry]]:
    """Yield what is brought along at once: whole threads, where they are not too long."""
    batch: list[Entry] = []
    octets = 0
    for thread in threads:
        size = sum(entry.place.size for entry in thread)
        if batch and (len(batch) + len(thread) > BATCH or octets + size > BATCH_OCTETS):
            yield batch
            batch, octets = [], 0
        for entry in thread:
            if batch and (len(batch) >= BATCH or octets + entry.place.size > BATCH_OCTETS):
                yield batch
                batch, octets = [], 0
            batch.append(entry)
            octets += entry.place.size
    if batch:
        yield batch
