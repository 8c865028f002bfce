"""What holds for every test: the peers at hand, loopback only, no settings from outside."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.peers import loopback
from tests.peers.presence import in_ci

pytest_plugins = ["tests.peers.fixtures"]

# Seconds are for benchmarks: a busy machine must not fail a test.
settings.register_profile("mailgate", deadline=None, derandomize=in_ci())
settings.load_profile("mailgate")


@pytest.fixture(autouse=True, scope="session")
def _this_machine_only() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        loopback.stay(patch)
        for name in [name for name in os.environ if name.startswith("MAILGATE_")]:
            patch.delenv(name)
        yield
