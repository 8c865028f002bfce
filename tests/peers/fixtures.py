"""The peers as fixtures: servers live as long as they may, data is each test's own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.peers import certificate
from tests.peers.certificate import Certificate
from tests.peers.dovecot import Dovecot, Shape
from tests.peers.gateway import Gateway
from tests.peers.places import open_folder
from tests.peers.postfix import Postfix, Setup
from tests.peers.postgresql import PostgreSQL
from tests.peers.pymap import Pymap
from tests.peers.reports import report_of, told
from tests.peers.sink import Sink

PEERS = frozenset(
    {"loopback_certificate", "start_postfix", "postgresql_server", "postgresql_url", "sink"}
    | {"start_gateway", "dovecot", "start_dovecot", "pymap"}
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that use a peer, so that `-m 'not peers'` runs anywhere, quickly."""
    for item in items:
        if PEERS.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.peers)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Show what the peers said next to a failure."""
    result = yield
    if result.failed:
        result.sections.extend(report_of(item).sections())
    return result


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have to tell."""
    for outcome in ("passed", "failed"):
        for title, text in told(terminalreporter.getreports(outcome)):
            terminalreporter.section(title)
            terminalreporter.write_line(text)


@pytest.fixture(scope="session")
def loopback_certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate for 127.0.0.1 and localhost."""
    return certificate.make(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def start_postfix(request: pytest.FixtureRequest) -> Iterator[Callable[[Setup], Postfix]]:
    """Start an instance of Postfix as a `Setup` says; any number of them, until the test ends."""
    started: list[Postfix] = []
    with open_folder("postfix") as folder:

        def start(setup: Setup) -> Postfix:
            home = folder / str(len(started))
            home.mkdir()
            started.append(Postfix(home, setup))
            report_of(request.node).add(f"Postfix {len(started)}", started[-1].log)
            return started[-1]

        yield start
        for instance in started:
            instance.stop()


@pytest.fixture
def sink() -> Iterator[Sink]:
    """An SMTP server that takes mail and can be told to fail; plain, without login."""
    with Sink() as server:
        yield server


@pytest.fixture(scope="session")
def dovecot(loopback_certificate: Certificate) -> Iterator[Dovecot]:
    """One IMAP and LMTP server for the run, with TLS; each test takes user names of its own."""
    with open_folder("dovecot") as folder:
        server = Dovecot(folder, loopback_certificate)
        yield server
        server.stop()


@pytest.fixture(scope="session")
def start_dovecot() -> Iterator[Callable[[Shape], Dovecot]]:
    """Start a server of a `Shape`, without TLS; one of each for the run."""
    started: dict[Shape, Dovecot] = {}
    with ExitStack() as folders:

        def start(shape: Shape) -> Dovecot:
            if shape not in started:
                started[shape] = Dovecot(folders.enter_context(open_folder("dovecot")), None, shape)
            return started[shape]

        yield start
        for server in started.values():
            server.stop()


@pytest.fixture
def pymap() -> Iterator[Pymap]:
    """A second IMAP server, with one user whose mailbox is empty."""
    server = Pymap()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgreSQL]:
    """One PostgreSQL for the run."""
    with open_folder("postgres") as folder:
        server = PostgreSQL(folder)
        yield server
        server.stop()


@pytest.fixture
def postgresql_url(postgresql_server: PostgreSQL) -> Iterator[str]:
    """The SQLAlchemy URL of an empty PostgreSQL database that is gone after the test."""
    name = postgresql_server.create()
    yield postgresql_server.url(name)
    postgresql_server.drop(name)


@pytest.fixture
def start_gateway(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Callable[..., Gateway]]:
    """Lay out a gateway by `mailgate init`, not yet started: `Gateway.init` says what it takes.

    What is still running at the end is stopped, and `mailgate verify` must find no fault.
    """
    made: list[Gateway] = []

    def init(**options: object) -> Gateway:
        made.append(Gateway.init(tmp_path / f"gateway{len(made)}", **options))
        report_of(request.node).add(f"mailgate {len(made)}", made[-1].log)
        return made[-1]

    yield init
    for gateway in made:
        gateway.finish()
