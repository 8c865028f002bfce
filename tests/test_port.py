"""A port is had by one program at a time, and who cannot have it is told why and what to do."""

import socket

import pytest

from mailgate.errors import Temporary
from mailgate.port import open_port

KEY = "[inbound] listen"


def test_an_open_port_takes_connections_at_once():
    with (
        open_port("127.0.0.1", 0, KEY) as opened,
        socket.create_connection(opened.getsockname(), timeout=5) as link,
    ):
        assert link.getpeername() == opened.getsockname()


def test_a_port_that_is_taken_is_named_with_the_key_and_a_remedy():
    with open_port("127.0.0.1", 0, KEY) as opened:
        port = opened.getsockname()[1]
        with pytest.raises(Temporary) as told:
            open_port("127.0.0.1", port, KEY)
    assert str(told.value) == (
        f"port {port} on 127.0.0.1 is taken: stop what listens there, maybe another gateway, "
        "or change [inbound] listen"
    )


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (13, "may be opened by root only: give the service CAP_NET_BIND_SERVICE"),
        (12, "cannot be opened (cannot allocate memory): see [inbound] listen"),
    ],
)
def test_other_faults_have_their_remedies_too(monkeypatch, number, says):
    def refuse(*_):
        raise OSError(number, "Cannot allocate memory")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(Temporary, match="port 25 on") as told:
        open_port("127.0.0.1", 25, KEY)
    assert says in str(told.value)


def test_an_address_that_this_machine_has_not_is_told():
    with pytest.raises(Temporary, match="has no such address"):
        open_port("192.0.2.1", 2525, KEY)
