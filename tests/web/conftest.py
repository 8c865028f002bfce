"""A gateway that is built and not started, for what the HTTP port tells of it."""

import shutil
from datetime import UTC, datetime

import pytest

from mailgate import app as app_module
from mailgate import config as configuration
from mailgate import gateway as gateway_module
from mailgate.app import App
from tests.cli.conftest import Cli
from tests.cli.conftest import migrated_file as migrated_file  # noqa: PLC0414 - a fixture of theirs

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def gateway(tmp_path, migrated_file, monkeypatch):
    """A gateway at `NOW`, with an empty database."""
    cli = Cli(tmp_path / "desk")
    shutil.copy(migrated_file, cli.folder)
    for module in (app_module, gateway_module):
        monkeypatch.setattr(module, "now", lambda: NOW)
    made = App(configuration.load(cli.config, {}), {})
    yield made
    made.close()
