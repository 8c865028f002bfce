"""Desks for the acceptance tests: one of a test's own, or one that a whole module shares.

Whatever a test did, `mailgate verify` must find nothing wrong afterwards.
"""

from collections.abc import Callable, Iterator

import pytest

from tests.acceptance import inside
from tests.acceptance.desk import Desk, set_up
from tests.peers.gateway import Gateway
from tests.peers.places import open_folder
from tests.peers.postfix import Postfix, Setup
from tests.peers.reports import report_of


@pytest.fixture
def open_own_desk(start_gateway, start_postfix) -> Callable[..., Desk]:
    """Open desks that end with the test; `set_up` says what it takes."""

    def open_(**options: object) -> Desk:
        return set_up(start_gateway, start_postfix, **options)

    return open_


@pytest.fixture(scope="module")
def open_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Desk]]:
    """Open desks that end with the module; `set_up` says what it takes."""
    gateways: list[Gateway] = []
    servers: list[Postfix] = []
    with open_folder("desk") as folder:

        def start_gateway(**options: object) -> Gateway:
            gateways.append(Gateway.init(tmp_path_factory.mktemp("gateway") / "desk", **options))
            return gateways[-1]

        def start_postfix(setup: Setup) -> Postfix:
            home = folder / str(len(servers))
            home.mkdir()
            servers.append(Postfix(home, setup))
            return servers[-1]

        yield lambda **options: set_up(start_gateway, start_postfix, **options)
        for gateway in gateways:
            gateway.finish()
        for server in servers:
            server.stop()


@pytest.fixture
def desk(request: pytest.FixtureRequest) -> Iterator[Desk]:
    """The desk that the module calls `shared_desk`, whose data must agree after every test."""
    shared: Desk = request.getfixturevalue("shared_desk")
    report_of(request.node).add("mailgate", shared.gateway.log)
    report_of(request.node).add("Postfix", shared.postfix.log)
    yield shared
    assert inside.faults(shared.gateway.config) == []
