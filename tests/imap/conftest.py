"""A connection to a real server, straight or through the proxy that plays tricks."""

import imaplib
import os
from itertools import count

import pytest

from mailgate.imap.account import Account, Tls
from mailgate.imap.link import Link
from tests.peers.dovecot import PASSWORD
from tests.peers.imap_proxy import ImapProxy

_users = count(1)


@pytest.fixture
def user():
    return f"link{next(_users)}"


@pytest.fixture
def put(dovecot, user):
    """Return a function that puts mails into a folder as another session."""

    def append(*texts, folder="INBOX"):
        link = imaplib.IMAP4("127.0.0.1", dovecot.imap_port)
        link.login(user, PASSWORD)
        for text in texts:
            link.append(folder, None, None, f"Subject: {text}\r\n\r\n{text}\r\n".encode())
        link.logout()

    return append


@pytest.fixture
def proxy(dovecot):
    with ImapProxy(dovecot.imap_port) as between:
        yield between


@pytest.fixture
def account(proxy, user):
    return Account("127.0.0.1", proxy.port, Tls.OFF, user, PASSWORD, timeout=2.0)


@pytest.fixture
def link(account):
    opened = Link.open(account)
    yield opened
    opened.close()


@pytest.fixture
def wake():
    """A file descriptor that nobody makes readable."""
    reading, writing = os.pipe()
    yield reading
    os.close(reading)
    os.close(writing)
