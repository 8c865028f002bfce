"""A desk on either database, one on SQLite for attacks in great numbers, and what leaves it."""

import pytest

from tests.attacks.flood import Flood
from tests.cli.conftest import cli as cli  # noqa: PLC0414 - a fixture that is used
from tests.cli.conftest import migrated_file as migrated_file  # noqa: PLC0414 - a fixture that is used
from tests.cli.conftest import new_cli as new_cli  # noqa: PLC0414 - a fixture that is used
from tests.delivery.sending import Scripted, read, worker_of
from tests.desk.conftest import database as database  # noqa: PLC0414 - a fixture that is used
from tests.desk.conftest import settings
from tests.intake.conftest import connect as connect  # noqa: PLC0414 - a fixture that is used
from tests.intake.conftest import gateway as gateway  # noqa: PLC0414 - a fixture that is used
from tests.intake.conftest import inbox as inbox  # noqa: PLC0414 - a fixture that is used
from tests.intake.conftest import logged as logged  # noqa: PLC0414 - a fixture that is used
from tests.intake.conftest import opened as opened  # noqa: PLC0414 - a fixture that is used
from tests.intake.conftest import trusted as trusted  # noqa: PLC0414 - a fixture that is used
from tests.intake.desk import Gateway
from tests.store.databases import SQLITE, migrated


@pytest.fixture
def sqlite_gateway(request):
    """A desk on SQLite alone: what counts here are numbers, and not the store."""
    with migrated(request, SQLITE) as database:
        yield Gateway(database, settings())


@pytest.fixture
def flood(sqlite_gateway):
    return Flood(sqlite_gateway)


@pytest.fixture
def leave(gateway):
    """Return a function that sends what waits, and gives the mails as their readers get them."""
    way = Scripted()

    def send():
        worker_of(gateway, way).drain()
        return [read(each.raw) for each in way.arrived]

    return send
