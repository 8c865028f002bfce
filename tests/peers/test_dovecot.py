"""Dovecot shows by IMAP what came by LMTP, with and without encryption."""

import ssl

import imapclient
import pytest

from tests.peers.certificate import make as make_certificate
from tests.peers.customer import swaks
from tests.peers.dovecot import PASSWORD, Dovecot
from tests.peers.postfix import Setup

ANN = "ann@customer.example"


def subjects(client: imapclient.IMAPClient) -> list[bytes]:
    """Return the subjects of the mails in INBOX."""
    client.select_folder("INBOX", readonly=True)
    found = client.fetch(client.search(), ["ENVELOPE"])
    return [row[b"ENVELOPE"].subject for row in found.values()]


def test_a_mail_that_comes_by_lmtp_is_seen_by_imap(dovecot: Dovecot) -> None:
    swaks(dovecot.lmtp_port, "lmtp-desk", ANN, "Hello", options=["--protocol", "LMTP"])
    dovecot.maildir("lmtp-desk").wait()
    with imapclient.IMAPClient("127.0.0.1", dovecot.imap_port, ssl=False, timeout=10) as client:
        client.login("lmtp-desk", PASSWORD)
        assert subjects(client) == [b"Hello"]
        assert b"IDLE" in client.capabilities()
        assert client.find_special_folder(imapclient.imapclient.SENT) == "Sent"


def test_postfix_hands_a_domain_to_it(dovecot: Dovecot, start_postfix) -> None:
    postfix = start_postfix(Setup(lmtp={"desk.example": dovecot.lmtp_port}))
    swaks(postfix.port, "behind-postfix+detail@desk.example", ANN, "Hi")
    assert dovecot.maildir("behind-postfix@desk.example").wait()["Subject"] == "Hi"


def test_encryption_works_both_ways_and_a_foreign_certificate_is_refused(
    dovecot: Dovecot, loopback_certificate, tmp_path
) -> None:
    trust = loopback_certificate.client_context()
    with imapclient.IMAPClient(
        "127.0.0.1", dovecot.imaps_port, ssl_context=trust, timeout=10
    ) as client:
        client.login("tls-desk", PASSWORD)
        assert subjects(client) == []
    with imapclient.IMAPClient("127.0.0.1", dovecot.imap_port, ssl=False, timeout=10) as client:
        client.starttls(trust)
        client.login("tls-desk", PASSWORD)
    other = make_certificate(tmp_path).client_context()
    with pytest.raises(ssl.SSLCertVerificationError):
        imapclient.IMAPClient("127.0.0.1", dovecot.imaps_port, ssl_context=other, timeout=10)


def test_a_wrong_password_is_refused(dovecot: Dovecot) -> None:
    client = imapclient.IMAPClient("127.0.0.1", dovecot.imap_port, ssl=False, timeout=10)
    with pytest.raises(imapclient.exceptions.LoginError):
        client.login("desk", "guessed")
    client.shutdown()
