"""Access tokens, and the refresh token that is stored anew each time."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

import pytest

from mailgate.errors import Temporary
from mailgate.imap.account import LoginRefused
from mailgate.imap.oauth import Application, Tokens, refreshed
from mailgate.intake.grant import Grant
from tests.desk.conftest import database as database  # noqa: PLC0414 - a fixture that is used


class Provider(HTTPServer):
    """Answers with what the test says, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers, self.asked = [], []
        self.application = Application(
            f"http://127.0.0.1:{self.server_port}/token?v=2", "app", "hush"
        )


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        form = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.asked.append((self.path, parse_qs(form)))
        status, body = self.server.answers.pop(0)
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

    def log_message(self, *words) -> None:
        pass


@pytest.fixture
def provider():
    server = Provider()
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_refresh_token_is_exchanged_for_an_access_token(provider):
    provider.answers = [(200, {"access_token": "a", "refresh_token": "r2", "expires_in": 3600})]
    assert refreshed(provider.application, "r1") == Tokens("a", "r2", 3600.0)
    ((path, form),) = provider.asked
    assert path == "/token?v=2"
    assert form == {
        "grant_type": ["refresh_token"],
        "refresh_token": ["r1"],
        "client_id": ["app"],
        "client_secret": ["hush"],
    }


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ((400, {"error": "invalid_grant"}), LoginRefused),
        ((401, b"no"), LoginRefused),
        ((503, b"later"), Temporary),
        ((302, b""), Temporary),
        ((200, {"access_token": 7}), Temporary),
        ((200, b"[]"), Temporary),
    ],
)
def test_what_is_no_token_is_a_fault(provider, answer, fault):
    provider.answers = [answer]
    with pytest.raises(fault):
        refreshed(provider.application, "r1")


def test_a_provider_that_is_away_is_a_fault():
    with pytest.raises(Temporary):
        refreshed(Application("http://127.0.0.1:1", "app"), "r1")


def granted(provider, database, configured="r1"):
    return Grant(provider.application, configured, lambda: database, 1, "support")


def test_the_newest_refresh_token_outlives_the_program_until_another_is_configured(
    provider, database
):
    provider.answers = [
        (200, {"access_token": "a1", "refresh_token": "r2", "expires_in": 3600}),
        (200, {"access_token": "a2"}),
        (200, {"access_token": "a3", "expires_in": 30}),
        (200, {"access_token": "a4", "expires_in": 30}),
    ]
    first = granted(provider, database)
    assert [first.token(), first.token()] == ["a1", "a1"]
    assert granted(provider, database).token() == "a2"
    another = granted(provider, database, "fresh")
    assert [another.token(), another.token()] == ["a3", "a4"]  # what ends soon is not used again
    used = [form["refresh_token"] for _, form in provider.asked]
    assert used == [["r1"], ["r2"], ["fresh"], ["fresh"]]


def test_tokens_stay_out_of_what_is_shown():
    assert "hush" not in repr(Application("https://x", "app", "hush"))
    assert "aaa" not in repr(Tokens("aaa", "rrr", 1.0))
