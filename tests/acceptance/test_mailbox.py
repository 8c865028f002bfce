"""The shared mailbox, watched by the program beside the ways in."""

import imaplib
from itertools import count

import pytest

from tests.peers.dovecot import PASSWORD

_users = count(1)
MAIL = (
    "From: Carol <carol@customer.example>\r\nTo: support@desk.example\r\nSubject: Printer {n}\r\n"
    "Message-ID: <m{n}@customer.example>\r\nDate: Mon, 02 Mar 2026 09:00:00 +0000\r\n\r\n"
    "It is on fire, the {n}th.\r\n"
)


@pytest.fixture
def user(dovecot):
    return f"shared{next(_users)}"


def put(dovecot, user, raw, folder="INBOX"):
    link = imaplib.IMAP4("127.0.0.1", dovecot.imap_port)
    link.login(user, PASSWORD)
    assert link.append(folder, None, None, raw.encode())[0] == "OK"
    link.logout()


def watching(start_gateway, dovecot, user, **more):
    gateway = start_gateway()
    secret = gateway.folder / "mailbox.password"
    secret.write_text(PASSWORD)
    secret.chmod(0o600)
    values = {
        "name": "support",
        "host": "127.0.0.1",
        "port": dovecot.imap_port,
        "tls": "off",
        "user": user,
        "password_file": "mailbox.password",
    } | more
    lines = [
        f"{k} = {str(v).lower() if isinstance(v, bool | int) else repr(v)}"
        for k, v in values.items()
    ]
    with gateway.config.open("a") as file:
        file.write("\n[[mailbox]]\n" + "\n".join(lines) + "\n")
    return gateway


def test_a_mail_delivered_into_the_mailbox_becomes_a_ticket(start_gateway, dovecot, user):
    put(dovecot, user, MAIL.format(n=1))
    gateway = watching(start_gateway, dovecot, user).start()
    gateway.wait_for_log("mailbox.watched")
    put(dovecot, user, MAIL.format(n=2))
    gateway.wait_for_log("mail.opened")
    tickets = gateway.json("tickets")
    assert [t["subject"] for t in tickets] == ["Printer 2"]
