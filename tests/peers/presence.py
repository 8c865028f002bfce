"""What this machine has: a missing peer is a skip with its name, and a failure in CI."""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

_PLACES = "/usr/local/sbin:/usr/sbin:/sbin"  # daemons are often outside an ordinary user's PATH


def in_ci() -> bool:
    """Whether this is the run in which nothing may be missing."""
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def missing(name: str, why: str) -> NoReturn:
    """End the test here: skipped with the peer's name, failed in CI."""
    message = f"{name}: {why} (tests/install-peers installs what is missing)"
    if in_ci():
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


def need(name: str, program: str) -> Path:
    """Return the path of `program`, or end the test as `missing` does."""
    found = shutil.which(program) or shutil.which(program, path=_PLACES)
    if found is None:
        missing(name, f"no program {program!r} on this machine")
    return Path(found)


def need_root(name: str) -> None:
    """End the test as `missing` does unless it runs as root."""
    if os.geteuid() != 0:
        missing(name, "can only be started by root")
