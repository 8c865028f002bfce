"""The SMTP sink takes mail whole, and fails exactly where it is told to."""

import smtplib
import ssl

import pytest

from tests.peers.certificate import Certificate
from tests.peers.certificate import make as make_certificate
from tests.peers.sink import DROP, HANG, Sink, Stage

ANN, BOB = "ann@customer.example", "bob@agent.example"
MAIL = "Subject: one\r\n\r\nA line.\r\n.\r\n..two dots\r\n"


def connect(sink: Sink, timeout: float = 10) -> smtplib.SMTP:
    """Return a connection that has said EHLO."""
    link = smtplib.SMTP("127.0.0.1", sink.port, local_hostname="test.example", timeout=timeout)
    link.ehlo()
    return link


def test_a_mail_comes_byte_for_byte_with_its_envelope(sink: Sink) -> None:
    with connect(sink) as link:
        link.sendmail(ANN, [BOB, ANN], MAIL)
    (mail,) = sink.wait()
    assert mail.raw == MAIL.encode()
    assert (mail.mail_from, mail.recipients) == (ANN, (BOB, ANN))
    assert mail.answered
    assert not mail.encrypted


def test_two_mails_on_one_connection_are_one_session(sink: Sink) -> None:
    with connect(sink) as link:
        link.sendmail(ANN, BOB, MAIL)
        link.sendmail("", BOB, MAIL)
    first, second = sink.wait(2)
    assert (first.session, second.session) == (1, 1)
    assert second.mail_from == ""
    assert sink.sessions == 1


@pytest.mark.parametrize(
    ("stage", "reply", "code"),
    [
        ("mail", "450 4.2.0 later", 450),
        ("data", "451 4.3.0 later", 451),
        ("dot", "552 5.3.4 too big", 552),
        ("dot", "452 4.3.1 full", 452),
    ],
)
def test_a_fault_is_given_once_and_then_the_mail_goes_through(
    sink: Sink, stage: str, reply: str, code: int
) -> None:
    sink.fail(stage, reply)
    with connect(sink) as link:
        with pytest.raises(smtplib.SMTPResponseException) as refused:
            link.sendmail(ANN, BOB, MAIL)
        assert refused.value.smtp_code == code
        link.sendmail(ANN, BOB, MAIL)
    assert sink.wait()[-1].answered


@pytest.mark.parametrize("reply", ["450 4.2.0 later", "550 5.1.1 nobody here"])
def test_one_recipient_can_be_refused_and_another_taken(sink: Sink, reply: str) -> None:
    sink.fail("rcpt", reply)
    with connect(sink) as link:
        refused = link.sendmail(ANN, [ANN, BOB], MAIL)
    assert refused[ANN][0] == int(reply[:3])
    assert sink.wait()[0].recipients == (BOB,)


def test_a_421_ends_the_connection(sink: Sink) -> None:
    sink.fail("mail", "421 4.3.2 going down")
    link = connect(sink)
    with pytest.raises(smtplib.SMTPResponseException, match="421"):
        link.sendmail(ANN, BOB, MAIL)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        link.noop()
    link.close()


@pytest.mark.parametrize("stage", ["greeting", "ehlo", "mail", "data", "mid-data"])
def test_a_connection_dropped_before_the_end_brings_no_mail(sink: Sink, stage: str) -> None:
    sink.fail(stage, DROP)
    with pytest.raises((smtplib.SMTPException, OSError)), connect(sink) as link:
        link.sendmail(ANN, BOB, MAIL)
    assert sink.received == []


def test_a_mail_can_be_taken_without_an_answer(sink: Sink) -> None:
    sink.fail("dot", DROP)
    with pytest.raises(smtplib.SMTPServerDisconnected), connect(sink) as link:
        link.sendmail(ANN, BOB, MAIL)
    (mail,) = sink.wait()
    assert mail.raw == MAIL.encode()
    assert not mail.answered


def test_a_server_that_hangs_leaves_the_client_to_its_timeout(sink: Sink) -> None:
    sink.fail("dot", HANG)
    link = connect(sink, timeout=0.2)
    with pytest.raises((TimeoutError, smtplib.SMTPServerDisconnected)):
        link.sendmail(ANN, BOB, MAIL)
    link.close()
    assert not sink.wait()[0].answered


def test_faults_can_be_repeated_and_healed(sink: Sink) -> None:
    sink.fail(Stage.MAIL, "451 4.3.0 later", times=5)
    with connect(sink) as link:
        for _ in range(2):
            with pytest.raises(smtplib.SMTPResponseException):
                link.sendmail(ANN, BOB, MAIL)
        sink.heal()
        link.sendmail(ANN, BOB, MAIL)
    sink.wait_for_command("MAIL FROM", count=3)


def test_encryption_and_login_are_asked_for_and_recorded(
    loopback_certificate: Certificate,
) -> None:
    with Sink(loopback_certificate, login=("desk", "s3cret")) as sink, connect(sink) as link:
        link.starttls(context=loopback_certificate.client_context())
        with pytest.raises(smtplib.SMTPResponseException, match="530"):
            link.sendmail(ANN, BOB, MAIL)
        with pytest.raises(smtplib.SMTPAuthenticationError):
            link.login("desk", "wrong")
        link.login("desk", "s3cret")
        link.sendmail(ANN, BOB, MAIL)
        (mail,) = sink.wait()
    assert mail.encrypted
    assert mail.login == "desk"
    assert "s3cret" not in sink.log()


def test_a_certificate_of_somebody_else_is_not_trusted(
    loopback_certificate: Certificate, tmp_path
) -> None:
    other = make_certificate(tmp_path)
    with Sink(loopback_certificate) as sink, connect(sink) as link:
        with pytest.raises(ssl.SSLCertVerificationError):
            link.starttls(context=other.client_context())
        link.close()
