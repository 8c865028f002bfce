"""A disk of the tests' own, that can be filled."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.peers.presence import missing, need_root


@contextmanager
def small_disk(folder: Path, mebibytes: int) -> Iterator[Path]:
    """Have an empty folder be a disk of this size until the end of the block."""
    need_root("tmpfs")
    size = f"size={mebibytes}m"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", folder],
        check=False,
        capture_output=True,
        text=True,
    )
    if mounted.returncode:
        missing("tmpfs", f"cannot be mounted: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
