"""What the tests of sending share: a desk whose data must agree when the test has ended."""

from collections.abc import Iterator

import pytest

from mailgate.desk.verify import verify
from mailgate.mail.parts import content
from tests.delivery.sending import Scripted
from tests.desk.conftest import World, settings
from tests.desk.conftest import database as database  # noqa: PLC0414 - a fixture that is used


@pytest.fixture
def world(database) -> Iterator[World]:
    world = World(database, settings())
    yield world
    with database.read() as connection:
        faults = list(verify(connection, world.desk.settings, content))
    assert faults == []


@pytest.fixture
def way() -> Scripted:
    """A way out that takes every mail, until it is told otherwise."""
    return Scripted()
