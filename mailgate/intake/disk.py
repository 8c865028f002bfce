"""Whether the disk on which mails are kept has room for more.

A disk that is full stops more than mail: the answers that would empty the queue have no room
either. So mail is put off while there is still some left.
"""

import os
from collections.abc import Callable
from pathlib import Path


def free(folder: Path) -> int:
    """Return the octets that a program without privileges may still write; 0 when nobody knows."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return 0
    return found.f_bavail * found.f_frsize


class Disk:
    """The disk of one folder, of which `least` octets stay free; None: a disk that is not ours."""

    def __init__(self, folder: Path | None, least: int, free: Callable[[Path], int] = free) -> None:
        self._folder = folder
        self._least = least
        self._free = free

    def has_room(self, octets: int) -> bool:
        """Whether a mail of so many octets may come."""
        return self._folder is None or self._free(self._folder) - octets >= self._least
