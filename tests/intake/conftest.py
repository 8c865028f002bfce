"""What the tests of the listener share."""

from dataclasses import replace

import pytest

from mailgate.intake import dialogue, smtp
from mailgate.intake.inbox import Incoming
from tests.desk.conftest import ALICE, CUSTOMER, settings
from tests.desk.conftest import database as database  # noqa: PLC0414 - a fixture that is used
from tests.intake.desk import Believing, Gateway
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

    def believe(level):
        reader = replace(worker._reader, authenticator=Believing(level))
        monkeypatch.setattr(worker, "_reader", reader)

    return believe


@pytest.fixture
def submit(gateway):
    """Return a function that stores what an agent handed in, and returns its delivery."""

    def put(text="Try water.", to=(CUSTOMER,), by=ALICE, drain=True, shown=None, **headers):
        shown = ", ".join(to) if shown is None else shown
        facts = {"Subject": "Re: Printer", "Message_ID": f"<s{gateway.count}@laptop.example>"}
        raw = gateway.raw(text, sender=headers.pop("From", by.address), to=shown, **facts | headers)
        mail = Incoming(raw, by.address, tuple(to), gateway.now, by.name, "submission")
        id_ = gateway.inbox.put(mail)
        if drain:
            gateway.worker.drain()
        return gateway.delivery(id_)

    return put


@pytest.fixture
def thread(gateway, opened):
    """The headers of an answer to the customer's first mail."""
    first = next(row["rfc_id"] for row in gateway.rows("message"))
    return {"In_Reply_To": first, "References": first}
