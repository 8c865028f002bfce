"""The seed and the smarthost of every torture; a PostgreSQL of a test's own, and its standby."""

from collections.abc import Iterator

import pytest

from tests.peers.places import open_folder
from tests.peers.postgresql import PostgreSQL
from tests.torture.conftest import seed, smarthost

__all__ = ["seed", "smarthost"]


@pytest.fixture
def server() -> Iterator[PostgreSQL]:
    """A PostgreSQL that only this test has, to be stopped as it likes."""
    with open_folder("server") as folder:
        server = PostgreSQL(folder)
        yield server
        server.stop()


@pytest.fixture
def standby(server) -> Iterator[PostgreSQL]:
    """The synchronous standby of `server`: every commit waits for it."""
    with open_folder("standby") as folder:
        standby = PostgreSQL(folder, primary=server)
        server.wait_for_standby()
        yield standby
        standby.stop()
