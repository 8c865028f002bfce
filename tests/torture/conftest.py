"""What every torture has: a seed that a failure prints, and a smarthost that counts."""

import random
from collections.abc import Iterator

import pytest

from tests.peers.reports import report_of
from tests.torture.smarthost import Smarthost

USUAL = 20260302


@pytest.fixture
def seed(request: pytest.FixtureRequest, long_form: bool) -> int:
    """What all chance follows from: `--seed`, else any in the long form and always one in CI."""
    chosen = request.config.getoption("--seed")
    if chosen is None:
        chosen = random.SystemRandom().randrange(10**9) if long_form else USUAL
    report_of(request.node).add("seed", lambda: f"--seed {chosen}")
    return chosen


@pytest.fixture
def smarthost() -> Iterator[Smarthost]:
    """A smarthost that counts."""
    with Smarthost() as server:
        yield server
