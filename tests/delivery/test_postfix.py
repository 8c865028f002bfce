"""Every notice through a real MTA, privately, over one connection, as it was composed."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailgate.delivery.smtp import Smarthost, SmarthostSettings
from mailgate.delivery.transport import Never, Outgoing, Sent
from mailgate.mail.compose import File, Frame, compose
from mailgate.mail.render import Renderer
from mailgate.mail.sample import full
from tests.delivery.smarthost import nothing
from tests.peers.certificate import Certificate
from tests.peers.maildir import html_of, text_of
from tests.peers.places import LOOPBACK
from tests.peers.postfix import Postfix, Setup

RENDERER = Renderer([Path(__file__).parents[2] / "templates" / "mail"])
CAROL = "carol@client.example"
FRAME = Frame(
    from_name="Müller, Jörg ⚠️ (Support)",
    from_address="support@desk.example",
    to_name="Carol",
    to_address=CAROL,
    reply_to=None,
    message_id="<to-be-set@desk.example>",
    in_reply_to=None,
    references=(),
    date=datetime(2026, 11, 20, 8, 15, tzinfo=UTC),
    auto_submitted="auto-generated",
    loop_mark="mark7",
    language="en",
    attachments=(File("Rechnung für März.bin", "application/pdf", bytes(range(256)) * 40),),
)


@pytest.fixture
def postfix(start_postfix, loopback_certificate: Certificate) -> Postfix:
    return start_postfix(Setup(mailboxes=[CAROL], certificate=loopback_certificate))


@pytest.fixture
def session(postfix, loopback_certificate):
    settings = SmarthostSettings(
        LOOPBACK, postfix.port, "gate.desk.example", ca_file=loopback_certificate.chain
    )
    opened = Smarthost(settings).open()
    yield opened
    opened.close()


@pytest.mark.parametrize("language", RENDERER.locales)
def test_every_notice_arrives_in_every_language_over_one_connection(postfix, session, language):
    sent = {}
    for notice in RENDERER.notices:
        message_id = f"<{notice}.{language}@desk.example>"
        rendered = sent[message_id] = RENDERER.render(notice, language, full("customer"))
        raw = compose(rendered, replace(FRAME, message_id=message_id, language=language))
        result = session.send(Outgoing("", CAROL, raw), nothing)
        assert isinstance(result, Sent), result

    box = postfix.maildir(CAROL)
    box.wait(count=len(sent))
    for mail in box.mails():
        rendered = sent.pop(mail["Message-ID"])
        assert "with ESMTPS" in mail["Received"]
        assert mail["Subject"] == rendered.subject
        # In base64, as for Cyrillic letters, a line ends as it does on the wire.
        assert text_of(mail).splitlines() == rendered.text.splitlines()
        assert html_of(mail).splitlines() == (rendered.html or "").splitlines()
        (file,) = mail.iter_attachments()
        assert file.get_filename() == "Rechnung für März.bin"
        assert file.get_content() == bytes(range(256)) * 40
    assert sent == {}
    looks = postfix.log().count("commands=0/0")  # by which the test found out that it listens
    assert postfix.log().count(": connect from") - looks == 1


def test_an_unknown_user_is_refused_for_good_and_the_next_mail_goes_through(postfix, session):
    raw = compose(RENDERER.render("received", "en", full("customer")), FRAME)

    refused = session.send(Outgoing("", "eve@client.example", raw), nothing)

    assert isinstance(refused, Never)
    assert refused.code == 550
    assert "5.1.1" in refused.reason
    assert isinstance(session.send(Outgoing("", CAROL, raw), nothing), Sent)
    postfix.maildir(CAROL).wait()


def test_what_looks_like_the_end_of_data_arrives_as_text(postfix, session):
    body = b"one\r\n.\r\ntwo\n.\nthree\r.\rMAIL FROM:<eve@x.example>\r\n..\r\nfour"

    result = session.send(Outgoing("", CAROL, b"Subject: s\r\n\r\n" + body), nothing)

    assert isinstance(result, Sent)
    mail = postfix.maildir(CAROL).wait()
    assert mail.get_payload().splitlines() == [
        *("one", ".", "two", ".", "three", ".", "MAIL FROM:<eve@x.example>", "..", "four")
    ]
    assert len(postfix.maildir(CAROL).mails()) == 1
