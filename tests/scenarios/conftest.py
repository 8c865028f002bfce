"""A desk of the table, set up and lived through."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mailgate import app as app_of_the_program
from mailgate import log, setup
from tests.cli.conftest import migrated_file as migrated_file  # noqa: PLC0414 - a fixture that is used
from tests.peers import settings
from tests.scenarios.by_gateway import Hands
from tests.scenarios.people import ADMIN, DESK, STAFF
from tests.scenarios.playing import Play, Way
from tests.scenarios.table import Desk, Row, desks

Lived = Callable[[str], dict[str, list[str]]]


def _set_up(desk: Desk, folder: Path, migrated: Path) -> Path:
    config = setup.write(folder, DESK, STAFF, [ADMIN], None, 0, 0)
    settings.change(config, desk.values)
    shutil.copy(migrated, folder)
    return config


@pytest.fixture(scope="module")
def living(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, migrated_file: Path
) -> Lived:
    """Return a function that lives through the desk of a row, once, by the way of the module."""
    way: Callable[[tuple[Row, ...], Path, Hands], Way] = request.module.WAY
    found: dict[str, dict[str, list[str]]] = {}

    def live(name: str) -> dict[str, list[str]]:
        if name not in found:
            desk = next(desk for desk in desks() if desk.name == name)
            config = _set_up(desk, tmp_path_factory.mktemp("desk") / "desk", migrated_file)
            hands = Hands()
            log.configure("error", "json")
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(app_of_the_program, "now", hands)
                made = way(desk.rows, config, hands)
                try:
                    found[name] = Play(desk, made).play()
                finally:
                    made.close()
        return found[name]

    return live
