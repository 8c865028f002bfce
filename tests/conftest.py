"""What holds for every test: the peers at hand, loopback only, no settings from outside."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import settings

from bench.gateway import LIMITS
from mailgate import log as log_module
from mailgate.mail.sandbox import Sandbox
from tests.peers import loopback
from tests.peers.presence import in_ci

pytest_plugins = ["tests.peers.fixtures"]

# Seconds are for benchmarks: a busy machine must not fail a test.
settings.register_profile("mailgate", deadline=None, derandomize=in_ci())
settings.load_profile("mailgate")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run the long forms: make torture")
    parser.addoption("--seed", type=int, help="repeat a torture that has failed")


def pytest_report_header(config: pytest.Config) -> str | None:
    """Print which limits are lifted where gateways are put under load."""
    if not config.getoption("--long"):
        return None
    return f"[limits] under load: {', '.join(f'{name}={most}' for name, most in LIMITS.items())}"


@pytest.fixture(scope="session")
def long_form(request: pytest.FixtureRequest) -> bool:
    """Whether the tests that know a long form run in it."""
    return bool(request.config.getoption("--long"))


@pytest.fixture(autouse=True, scope="session")
def _this_machine_only() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        loopback.stay(patch)
        for name in [name for name in os.environ if name.startswith("MAILGATE_")]:
            patch.delenv(name)
        for name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
            patch.delenv(name, raising=False)  # what the terminal of who runs the tests can do
        yield


@pytest.fixture(autouse=True, scope="session")
def _each_template_is_compiled_once() -> Iterator[None]:
    """Keep what templates are compiled to: a run has thousands of renderers of the same ones."""
    kept: dict[tuple[Any, ...], Any] = {}
    compile_ = Sandbox.compile

    def once(self: Sandbox, source: Any, *about: Any, **more: Any) -> Any:
        key = (source, *about, *more.items())
        if key not in kept:
            kept[key] = compile_(self, source, *about, **more)
        return kept[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Sandbox, "compile", once)
        yield


@pytest.fixture(autouse=True)
def _log_as_new() -> None:
    """Undo what the command line of an earlier test said of the log: its level above all."""
    structlog.reset_defaults()
    log_module._logger.cache_clear()
