"""A desk beside a shared mailbox whose folders are the board."""

import pytest

from tests.board.played import Played
from tests.desk.conftest import database as database  # noqa: PLC0414 - a fixture that is used
from tests.desk.conftest import settings
from tests.intake.desk import Gateway
from tests.store.databases import SQLITE, migrated


@pytest.fixture
def sqlite_database(request):
    with migrated(request, SQLITE) as database:
        yield database


@pytest.fixture
def gateway(database):
    return Gateway(database, settings())


@pytest.fixture
def played(gateway, dovecot):
    """A board on a real server, looked at for the first time while it is empty."""
    return Played(gateway, dovecot.imap_port).begin()
