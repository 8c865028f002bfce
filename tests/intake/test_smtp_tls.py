"""STARTTLS: who speaks it, and what a session keeps across it."""

import smtplib
import ssl

import pytest

from tests.intake.wire import DESK, MAIL
from tests.peers import certificate


@pytest.fixture
def made(loopback_certificate):
    return loopback_certificate


def test_a_mail_comes_over_tls(connect, inbox, made):
    connect(tls=made.server_context())
    port = connect.listener.port
    with smtplib.SMTP("localhost", port, local_hostname="client", timeout=10) as client:
        client.ehlo()
        assert client.has_extn("starttls")
        client.starttls(context=made.client_context())
        client.ehlo()
        assert not client.has_extn("starttls")
        assert not client.has_extn("auth")
        client.sendmail("ann@customer.example", [DESK], MAIL)
    assert inbox.mails[0].raw == MAIL
    assert inbox.mails[0].peer == "127.0.0.1"


def test_a_large_mail_comes_over_tls_whole(connect, inbox, made):
    wire = connect(tls=made.server_context()).hello()
    assert wire.say("STARTTLS") == "220 2.0.0 Ready to start TLS"
    wire.start_tls(made.client_context())
    mail = b"0123456789abcdef\r\n" * 100_000
    assert wire.hello().mail(mail + b".\r\n").startswith("250 ")
    assert inbox.mails[0].raw == mail


def test_what_was_sent_in_clear_behind_starttls_is_forgotten(connect, inbox, made):
    wire = connect(tls=made.server_context()).hello()
    wire.send(b"STARTTLS\r\nMAIL FROM:<evil@x.example>\r\n")
    assert wire.reply().startswith("220 ")
    wire.start_tls(made.client_context())
    assert wire.say(f"RCPT TO:<{DESK}>") == "503 5.5.1 Say MAIL first"
    assert wire.say("MAIL FROM:<>") == "503 5.5.1 Say EHLO first"
    assert wire.hello().mail().startswith("250 ")


def test_tls_is_begun_once(connect, inbox, made):
    wire = connect(tls=made.server_context()).hello()
    wire.say("STARTTLS")
    wire.start_tls(made.client_context())
    assert wire.hello().say("STARTTLS") == "503 5.5.1 TLS is on already"
    assert wire.mail().startswith("250 ")


def test_a_failed_handshake_ends_the_session_and_no_other(connect, inbox, made, logged):
    wire = connect(tls=made.server_context()).hello()
    assert wire.say("STARTTLS").startswith("220 ")
    wire.send(b"this is no client hello\r\n" * 10)
    assert wire.ended()
    assert connect().hello().mail().startswith("250 ")
    names = [name for name, _ in logged]
    assert "peer.tls_failed" in names
    assert "smtp.failed" not in names


def test_a_client_that_trusts_somebody_else_goes_away(connect, made, tmp_path):
    stranger = certificate.make(tmp_path)
    wire = connect(tls=made.server_context()).hello()
    assert wire.say("STARTTLS").startswith("220 ")
    with pytest.raises(ssl.SSLCertVerificationError):
        wire.start_tls(stranger.client_context())
    assert connect().hello()


def test_an_idle_session_over_tls_is_closed(connect, made):
    wire = connect(tls=made.server_context(), idle_timeout=0.3).hello()
    wire.say("STARTTLS")
    wire.start_tls(made.client_context())
    assert wire.hello().reply().startswith("421 4.4.2 ")
    assert wire.ended()
