"""The HTTP port: open once `start` returns, answered from its own thread, gone after `stop`."""

import contextlib
import socket
import threading

import httpx2
import pytest
import structlog

from mailgate.errors import Temporary
from mailgate.web import server as server_module
from mailgate.web.health import create_app
from mailgate.web.server import Server
from tests.peers.places import LOOPBACK
from tests.peers.waiting import wait_until


def serve(checks=None, host=LOOPBACK, port=0) -> Server:
    return Server(create_app(checks or {}, ()), host, port)


@pytest.fixture
def server():
    server = serve()
    server.start()
    yield server
    server.stop()


def get(server, path="/healthz", host=LOOPBACK) -> httpx2.Response:
    return httpx2.get(f"http://{host}:{server.port}{path}", timeout=20)


def test_a_request_right_after_the_start_is_answered(server):
    answer = get(server)

    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "faults": {}, "notes": {}})
    assert server.alive
    assert server.port > 0


def test_it_can_be_reached_by_ipv6():
    server = serve(host="::1")
    server.start()
    try:
        assert get(server, host="[::1]").status_code == 200
    finally:
        server.stop()


def test_what_is_not_there_is_not_found(server):
    for path in ("/", "/docs", "/redoc", "/openapi.json", "/healthz/../etc/passwd"):
        assert get(server, path).status_code == 404


def test_a_port_that_is_taken_is_temporary_and_is_named(server):
    other = serve(port=server.port)

    with pytest.raises(Temporary, match=rf"port {server.port} on 127\.0\.0\.1 is taken"):
        other.start()
    other.stop()
    assert not other.alive
    assert get(server).status_code == 200


def test_after_the_stop_nobody_listens_and_the_port_is_free():
    server = serve()
    server.start()
    port = server.port
    server.stop()

    assert not server.alive
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((LOOPBACK, port), timeout=5)
    again = serve(port=port)
    again.start()
    again.stop()


def test_a_request_in_hand_is_answered_before_it_stops():
    asked, go_on, answers = threading.Event(), threading.Event(), []

    def slow() -> None:
        asked.set()
        go_on.wait(20)

    server = serve({"slow": slow})
    server.start()
    client = threading.Thread(target=lambda: answers.append(get(server).status_code))
    client.start()
    assert asked.wait(20)
    stopping = threading.Thread(target=server.stop)
    stopping.start()
    wait_until(lambda: server._server.should_exit, "the stop to begin")
    go_on.set()
    stopping.join()
    client.join()

    assert answers == [200]
    assert not server.alive


def test_one_that_was_never_started_can_be_stopped():
    server = serve(port=0)
    server.stop()

    assert not server.alive
    assert server.port == 0


def test_start_and_stop_are_told_with_the_port():
    server = serve()
    with structlog.testing.capture_logs() as lines:
        server.start()
        server.stop()

    told = [(line["event"], line["port"]) for line in lines]
    assert told == [("http.listening", server.port), ("http.stopped", server.port)]


@pytest.fixture
def serve_within(monkeypatch):
    """Return a context that serves within other limits."""

    @contextlib.contextmanager
    def within(**limits):
        for name, value in limits.items():
            monkeypatch.setattr(server_module, name, value)
        server = serve()
        server.start()
        try:
            yield server
        finally:
            server.stop()

    return within


def connected(server):
    return socket.create_connection((LOOPBACK, server.port), timeout=20)


def test_who_says_nothing_or_half_a_request_is_not_waited_for(serve_within):
    with serve_within(_PATIENCE=0.1) as server, connected(server) as link:
        link.sendall(b"GET /hea")
        assert link.recv(100) == b""


def test_half_a_second_request_is_not_waited_for_either(serve_within):
    with serve_within(_PATIENCE=0.2) as server, connected(server) as link:
        link.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert link.recv(1000).startswith(b"HTTP/1.1 200 ")
        link.sendall(b"GET /hea")
        while link.recv(100):
            pass
        assert link.recv(100) == b""


def test_no_client_can_use_up_the_files_that_mail_needs(serve_within):
    with serve_within(_CONNECTIONS=3) as server, contextlib.ExitStack() as stack:
        links = [stack.enter_context(connected(server)) for _ in range(4)]
        with contextlib.suppress(ConnectionResetError):
            assert links[-1].recv(100) == b""
        links[0].sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert links[0].recv(100).startswith(b"HTTP/1.1 200 ")


def test_huge_headers_are_refused_before_they_are_read_to_the_end(serve_within):
    with serve_within(_HEADERS=4096) as server, connected(server) as link:
        with contextlib.suppress(ConnectionError):
            link.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 1_000_000)
            assert link.recv(100).startswith(b"HTTP/1.1 400 ")
        assert get(server).status_code == 200


def test_who_asks_and_never_takes_the_answer_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(server_module, "_PATIENCE", 0.3)
    long = {"part": lambda: "word " * 2_000_000}
    server = serve(long)
    server.start()
    try:
        with connected(server) as link:
            link.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            wait_until(lambda: server._server.server_state.connections, "the connection")
            wait_until(lambda: not server._server.server_state.connections, "the end of it")
    finally:
        server.stop()


def test_it_does_not_tell_what_it_is_made_of(server):
    assert "server" not in get(server).headers
