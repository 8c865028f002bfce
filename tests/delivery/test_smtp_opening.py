"""Connecting to a smarthost: who is trusted, what is said in clear text, who logs in."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from mailgate.delivery import smtp
from mailgate.delivery.smtp import Patience, Smarthost, SmarthostSettings, Tls
from mailgate.delivery.transport import Sent
from mailgate.errors import Refused, Temporary
from tests.delivery.smarthost import MAIL, OFFERED, nothing, settings_for
from tests.peers.certificate import Certificate, make
from tests.peers.places import LOOPBACK, free_port
from tests.peers.sink import DROP, HANG, Sink, Stage


@contextmanager
def reciting(replies: list[bytes]) -> Iterator[int]:
    """A server that says its lines, one after each of the client's, and hangs up; yields a port."""

    def recite() -> None:
        link, _ = listener.accept()
        with link, link.makefile("rb") as lines:
            for reply in replies:
                link.sendall(reply + b"\r\n")
                lines.readline()

    with socket.create_server((LOOPBACK, 0)) as listener:
        reciter = threading.Thread(target=recite)
        reciter.start()
        yield listener.getsockname()[1]
        reciter.join()


class TestOpening:
    @pytest.mark.parametrize(
        ("stage", "reply"),
        [
            (Stage.GREETING, "554 5.7.1 not you"),
            (Stage.GREETING, DROP),
            (Stage.EHLO, "450 4.7.0 busy"),
            (Stage.EHLO, DROP),
        ],
    )
    def test_fails_for_now_whatever_the_server_says(self, sink, stage, reply):
        sink.fail(stage, reply)

        with pytest.raises(Temporary, match=f"^{LOOPBACK}:{sink.port}: "):
            Smarthost(settings_for(sink)).open()

    def test_fails_for_now_where_nobody_listens(self):
        settings = SmarthostSettings(LOOPBACK, free_port(), "gate.desk.example", Tls.OFF)

        with pytest.raises(Temporary, match=r": connection refused: nothing listens there$"):
            Smarthost(settings).open()

    def test_fails_for_now_where_the_host_has_no_address(self, monkeypatch):
        def look_up(*_args: object) -> None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        settings = SmarthostSettings("smtp.nowhere.example", 25, "gate.desk.example", Tls.OFF)
        with pytest.raises(Temporary, match="there is no such host, or the DNS does not answer"):
            Smarthost(settings).open()

    def test_fails_for_now_at_a_server_that_never_greets(self, sink):
        sink.fail(Stage.GREETING, HANG)
        settings = settings_for(sink, patience=Patience(connect=0.2))

        with pytest.raises(Temporary, match="timed out"):
            Smarthost(settings).open()

    def test_fails_for_now_with_a_host_name_that_cannot_be_one(self, sink, monkeypatch):
        def look_up(*_args: object) -> None:
            raise UnicodeError("label too long")

        monkeypatch.setattr(socket, "getaddrinfo", look_up)

        with pytest.raises(Temporary, match="label too long"):
            Smarthost(settings_for(sink)).open()

    def test_names_both_code_and_words_of_the_refusal(self, sink):
        sink.fail(Stage.GREETING, "554 5.7.1 \x07not you")

        with pytest.raises(Temporary, match=r": 554 5\.7\.1 not you$"):
            Smarthost(settings_for(sink)).open()


@pytest.fixture
def private_sink(loopback_certificate: Certificate) -> Iterator[Sink]:
    with Sink(certificate=loopback_certificate, login=("gate", "gehe^im ü")) as server:
        yield server


class ImplicitSink(Sink):
    """A sink that is private from the first byte."""

    def _serve(self, link: socket.socket, number: int) -> None:
        assert self.certificate is not None
        try:
            private = self.certificate.server_context().wrap_socket(link, server_side=True)
        except OSError:
            link.close()
            return
        super()._serve(private, number)


class TestPrivacy:
    def test_by_starttls_and_a_login_in_utf_8_holds_for_the_whole_mail(
        self, private_sink, loopback_certificate
    ):
        settings = settings_for(
            private_sink,
            tls=Tls.STARTTLS,
            ca_file=loopback_certificate.chain,
            user="gate",
            password="gehe^im ü",
        )
        session = Smarthost(settings).open()

        assert isinstance(session.send(MAIL, nothing), Sent)

        session.close()
        (arrived,) = private_sink.wait()
        assert arrived.encrypted
        assert arrived.login == "gate"
        verbs = [line.split()[0].upper() for line in private_sink.commands[:5]]
        assert verbs == ["EHLO", "STARTTLS", "EHLO", "AUTH", "MAIL"]

    def test_from_the_first_byte_works_as_well(self, loopback_certificate):
        with ImplicitSink(certificate=loopback_certificate) as sink:
            settings = settings_for(sink, tls=Tls.IMPLICIT, ca_file=loopback_certificate.chain)
            session = Smarthost(settings).open()

            assert isinstance(session.send(MAIL, nothing), Sent)

            session.close()
            assert "STARTTLS" not in sink.log()

    def test_that_is_not_offered_sends_nothing_in_clear_text(self, sink):
        with pytest.raises(Temporary, match="STARTTLS is required and not offered"):
            Smarthost(settings_for(sink, tls=Tls.STARTTLS)).open()

        assert sink.commands == ["ehlo gate.desk.example"]

    @pytest.mark.parametrize("reply", ["454 4.7.0 not now", "501 5.5.4 no", DROP])
    def test_that_fails_sends_nothing_in_clear_text(self, private_sink, reply):
        private_sink.fail(Stage.STARTTLS, reply)
        settings = settings_for(private_sink, tls=Tls.STARTTLS, user="gate", password="geheim")

        with pytest.raises(Temporary):
            Smarthost(settings).open()

        assert private_sink.commands == ["ehlo gate.desk.example", "STARTTLS"]

    @pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.IMPLICIT])
    def test_with_a_stranger_is_none(self, loopback_certificate, tmp_path, tls):
        other = make(tmp_path)
        kind = Sink if tls is Tls.STARTTLS else ImplicitSink
        with kind(certificate=loopback_certificate) as sink:
            with pytest.raises(Temporary, match="CERTIFICATE_VERIFY_FAILED"):
                Smarthost(settings_for(sink, tls=tls, ca_file=other.chain)).open()

            assert "MAIL" not in sink.log()

    def test_by_the_systems_authorities_does_not_trust_a_certificate_of_its_own(self, private_sink):
        with pytest.raises(Temporary, match="CERTIFICATE_VERIFY_FAILED"):
            Smarthost(settings_for(private_sink, tls=Tls.STARTTLS)).open()

    def test_needs_the_authorities_it_was_told_of(self, private_sink, tmp_path):
        settings = settings_for(private_sink, tls=Tls.STARTTLS, ca_file=tmp_path / "none.pem")

        with pytest.raises(Temporary, match=r"none\.pem"):
            Smarthost(settings).open()


class TestLoggingIn:
    def test_in_clear_text_is_refused_before_anything_connects(self):
        settings = SmarthostSettings(
            "mail.example", 25, "gate.desk.example", Tls.OFF, user="gate", password="geheim"
        )

        with pytest.raises(Refused, match='set tls to "starttls"') as refusal:
            Smarthost(settings)

        assert "geheim" not in str(refusal.value)

    def test_without_a_user_needs_no_privacy(self):
        assert Smarthost(SmarthostSettings("mail.example", 25, "gate.desk.example", Tls.OFF))

    @pytest.mark.parametrize(
        ("host", "loopback"),
        [
            ("localhost", True),
            ("LOCALHOST.", True),
            ("127.0.0.1", True),
            ("127.8.9.10", True),
            ("::1", True),
            ("[::1]", True),
            ("10.0.0.1", False),
            ("localhost.example", False),
            ("mail.example", False),
        ],
    )
    def test_in_clear_text_is_for_this_machine_only(self, host, loopback):
        assert smtp.is_loopback(host) is loopback

    @pytest.mark.parametrize("offer", ["AUTH PLAIN", "AUTH LOGIN", "AUTH CRAM-MD5 LOGIN"])
    def test_uses_what_the_server_offers(self, offer):
        with Sink(login=("gate", "geheim")) as sink:
            sink.fail(Stage.EHLO, OFFERED + offer)
            session = Smarthost(settings_for(sink, user="gate", password="geheim")).open()

            assert isinstance(session.send(MAIL, nothing), Sent)

            session.close()
            assert sink.wait()[0].login == "gate"

    @pytest.mark.parametrize("offer", ["AUTH PLAIN", "AUTH LOGIN"])
    def test_with_a_wrong_password_fails_for_now(self, offer):
        with Sink(login=("gate", "geheim")) as sink:
            sink.fail(Stage.EHLO, OFFERED + offer)

            with pytest.raises(Temporary, match=r"535 5\.7\.8 wrong user or password"):
                Smarthost(settings_for(sink, user="gate", password="oops")).open()

    def test_that_is_put_off_fails_for_now(self):
        with Sink(login=("gate", "geheim")) as sink:
            sink.fail(Stage.AUTH, "454 4.7.0 later")

            with pytest.raises(Temporary, match=r"454 4\.7\.0 later"):
                Smarthost(settings_for(sink, user="gate", password="geheim")).open()

    def test_of_a_user_without_a_password_is_still_tried(self):
        with Sink(login=("gate", "")) as sink:
            session = Smarthost(settings_for(sink, user="gate")).open()

            assert isinstance(session.send(MAIL, nothing), Sent)
            session.close()

    def test_fails_for_now_when_it_is_refused_before_a_name_is_given(self):
        replies = [b"220 hello", b"250-x\r\n250 AUTH LOGIN", b"504 5.5.4 not that way"]
        with reciting(replies) as port:
            settings = SmarthostSettings(LOOPBACK, port, "g.example", Tls.OFF, "gate", "geheim")

            with pytest.raises(Temporary, match=r"504 5\.5\.4 not that way"):
                Smarthost(settings).open()

    def test_fails_for_now_when_no_known_way_is_offered(self, sink):
        with pytest.raises(Temporary, match="neither AUTH PLAIN nor AUTH LOGIN"):
            Smarthost(settings_for(sink, user="gate", password="geheim")).open()

    def test_keeps_the_password_out_of_what_is_printed(self):
        settings = SmarthostSettings("h.example", 25, "g.example", user="u", password="geheim")

        assert "geheim" not in repr(settings)
