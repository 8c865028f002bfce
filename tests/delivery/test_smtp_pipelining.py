"""An envelope given in one go (RFC 2920), and connections that are used for many mails."""

import smtplib

import pytest

from mailgate.delivery import smtp
from mailgate.delivery.smtp import Smarthost
from mailgate.delivery.transport import Later, Never, Sent
from tests.delivery.smarthost import MAIL, OFFERED, OTHER, nothing, settings_for
from tests.peers.sink import DROP, Stage


@pytest.fixture
def writes(monkeypatch) -> list[str]:
    """What is written to the connection as text, write by write."""
    found: list[str] = []
    send = smtplib.SMTP.send

    def noting(self, content):
        if isinstance(content, str):
            found.append(content)
        return send(self, content)

    monkeypatch.setattr(smtplib.SMTP, "send", noting)
    return found


def envelope(writes: list[str]) -> list[str]:
    return [text for text in writes if not text.upper().startswith(("EHLO", "RSET", "QUIT"))]


class TestAServerThatReadsAhead:
    def test_is_given_the_whole_envelope_in_one_write(self, sink, writes):
        session = Smarthost(settings_for(sink)).open()

        assert isinstance(session.send(MAIL, nothing), Sent)

        (written,) = envelope(writes)
        assert [line[:4] for line in written.splitlines()] == ["MAIL", "RCPT", "DATA"]
        session.close()

    @pytest.mark.parametrize("stage", [Stage.MAIL, Stage.RCPT])
    def test_and_wants_the_content_of_a_refused_mail_gets_an_empty_one(self, sink, stage):
        sink.lax = True
        sink.fail(stage, "550 5.1.1 nobody of that name")
        sink.fail(Stage.DOT, "554 5.5.1 no valid recipients")
        session = Smarthost(settings_for(sink)).open()

        assert session.send(MAIL, nothing) == Never(550, "5.1.1 nobody of that name")
        assert isinstance(session.send(OTHER, nothing), Sent)

        empty, other = sink.wait(2)
        assert (empty.raw, empty.answered) == (b"", False)
        assert other.recipients == (OTHER.recipient,)
        assert sink.sessions == 1
        session.close()

    def test_and_drops_the_connection_over_an_empty_mail_is_asked_anew(self, sink):
        sink.lax = True
        sink.fail(Stage.RCPT, "450 4.2.1 full")
        sink.fail(Stage.DOT, DROP)
        session = Smarthost(settings_for(sink)).open()

        assert session.send(MAIL, nothing) == Later("450 4.2.1 full", connection=False)
        assert isinstance(session.send(OTHER, nothing), Sent)
        assert sink.sessions == 2
        session.close()

    def test_is_believed_what_it_said_before_the_connection_was_lost(self, sink):
        sink.fail(Stage.MAIL, "550 5.7.1 not from you")
        sink.fail(Stage.DATA, DROP)
        sink.lax = True
        session = Smarthost(settings_for(sink)).open()

        assert session.send(MAIL, nothing) == Never(550, "5.7.1 not from you")
        assert isinstance(session.send(OTHER, nothing), Sent)
        session.close()

    def test_is_told_of_no_beginning_while_the_envelope_is_not_taken(self, sink):
        sink.lax = True
        sink.fail(Stage.RCPT, "550 5.1.1 no")
        session = Smarthost(settings_for(sink)).open()
        begun = []

        session.send(MAIL, lambda: begun.append(1))

        assert begun == []
        session.close()


class TestAServerThatDoesNot:
    def test_is_given_one_command_at_a_time(self, sink, writes):
        sink.fail(Stage.EHLO, OFFERED + "SIZE")
        session = Smarthost(settings_for(sink)).open()

        assert isinstance(session.send(MAIL, nothing), Sent)

        assert [text[:4] for text in envelope(writes)] == ["MAIL", "RCPT", "DATA"]
        session.close()

    def test_is_not_asked_for_what_cannot_follow_a_refusal(self, sink, writes):
        sink.fail(Stage.EHLO, OFFERED + "SIZE")
        sink.fail(Stage.RCPT, "550 5.1.1 nobody of that name")
        session = Smarthost(settings_for(sink)).open()

        assert isinstance(session.send(MAIL, nothing), Never)

        assert [text[:4] for text in envelope(writes)] == ["MAIL", "RCPT"]
        session.close()


def test_a_connection_carries_so_many_mails_and_is_then_left_in_order(sink, monkeypatch):
    monkeypatch.setattr(smtp, "MOST_MAILS", 2)
    session = Smarthost(settings_for(sink)).open()

    for _ in range(5):
        assert isinstance(session.send(MAIL, nothing), Sent)

    assert [mail.session for mail in sink.received] == [1, 1, 2, 2, 3]
    assert sink.log().count("quit") == 2
    session.close()
