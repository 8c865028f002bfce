"""What the tests of the listener share."""

from dataclasses import replace

import pytest

from mailgate.intake import dialogue, smtp
from mailgate.mail.trust import Authentication
from tests.desk.conftest import database as database  # noqa: PLC0414 - a fixture that is used
from tests.desk.conftest import settings
from tests.intake.desk import Gateway
from tests.intake.wire import FakeInbox, Wire, listening


@pytest.fixture
def inbox():
    return FakeInbox()


@pytest.fixture
def logged(monkeypatch):
    """Collect what the listener logs, as pairs of name and fields."""
    lines = []

    def record(name, **fields):
        lines.append((name, fields))

    monkeypatch.setattr(dialogue, "log", record)
    monkeypatch.setattr(smtp, "log", record)
    return lines


@pytest.fixture
def connect(inbox, logged):
    """Return a function that connects to one listener, with settings given at the first call."""
    opened = []
    running = []

    def open_wire(accepts=None, **settings):
        if not running:
            context = listening(inbox, accepts, **settings)
            running.append((context, context.__enter__()))
        opened.append(Wire(running[0][1].port))
        open_wire.listener = running[0][1]
        return opened[-1]

    yield open_wire
    for wire in opened:
        wire.close()
    inbox.release()
    for context, _ in running:
        context.__exit__(None, None, None)


@pytest.fixture
def gateway(database):
    """A desk with its intake, on a clock that the test moves."""
    return Gateway(database, settings())


@pytest.fixture
def opened(gateway):
    """The delivery of a customer's first mail."""
    return gateway.mail("My printer is on fire.")


@pytest.fixture
def trusted(gateway, monkeypatch):
    """Return a function that says how far the next mails are believed."""
    worker = gateway.worker
    read = worker._reader.read

    def believe(level):
        def reading(claimed, now):
            return replace(read(claimed, now), authentication=Authentication(level))

        class Reader:
            read = staticmethod(reading)

        monkeypatch.setattr(worker, "_reader", Reader())

    return believe
