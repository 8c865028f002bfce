"""An access token opens the mailbox of a real server that asks the provider whose it is."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from mailgate.imap.account import Account, LoginRefused, Tls
from mailgate.imap.link import Link
from tests.peers.dovecot import Dovecot
from tests.peers.places import LOOPBACK, open_folder

OF_TOKENS = {"good": "support@desk.example"}


class Provider(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        (token,) = parse_qs(urlsplit(self.path).query)["access_token"]
        whose = OF_TOKENS.get(token)
        self.send_response(200 if whose else 401)
        self.end_headers()
        self.wfile.write(json.dumps({"email": whose} if whose else {"error": "expired"}).encode())

    def log_message(self, *words) -> None:
        pass


@pytest.fixture(scope="module")
def port():
    provider = HTTPServer((LOOPBACK, 0), Provider)
    threading.Thread(target=provider.serve_forever, args=(0.01,), daemon=True).start()
    url = f"http://{LOOPBACK}:{provider.server_port}/info?access_token="
    with open_folder("dovecot") as folder:
        server = Dovecot(folder, provider=url)
        yield server.imap_port
        server.stop()
    provider.shutdown()
    provider.server_close()


def account(port, token, user="support@desk.example"):
    return Account(LOOPBACK, port, Tls.OFF, user, "", timeout=10.0, token=lambda: token)


def test_an_access_token_opens_the_mailbox_it_is_for(port):
    link = Link.open(account(port, "good"))
    assert link.examine("INBOX").messages == 0
    link.close()


@pytest.mark.parametrize(
    ("token", "user"), [("stale", "support@desk.example"), ("good", "sales@desk.example")]
)
def test_a_token_that_has_expired_or_is_anothers_is_a_login_that_is_refused(port, token, user):
    with pytest.raises(LoginRefused, match="refuses the login"):
        Link.open(account(port, token, user))
