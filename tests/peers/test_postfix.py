"""Postfix, swaks and a Maildir work together before anything of ours is tested with them."""

import pytest

from tests.peers.customer import Customer, swaks
from tests.peers.maildir import text_of
from tests.peers.postfix import Postfix, Setup
from tests.peers.sink import Sink

ANN, BOB = "ann@customer.example", "bob@agent.example"


@pytest.fixture
def postfix(start_postfix, sink: Sink) -> Postfix:
    """An instance with two mailboxes that hands the desk's domain to the sink."""
    return start_postfix(Setup(relays={"desk.example": sink.port}, mailboxes=[ANN, BOB]))


def test_a_mail_to_a_mailbox_arrives_as_it_was_written(postfix: Postfix) -> None:
    swaks(postfix.port, BOB, ANN, "Grüße aus Łódź", "Ein Wort\nund .ein Punkt\n.\nEnde: 100 %\n")
    mail = postfix.maildir(BOB).wait()
    assert mail["Subject"] == "Grüße aus Łódź"
    assert mail["From"] == ANN
    assert mail["Return-Path"] == f"<{ANN}>"
    assert text_of(mail).rstrip() == "Ein Wort\nund .ein Punkt\n.\nEnde: 100 %"


def test_a_mail_to_a_detail_address_arrives_in_the_plain_mailbox(postfix: Postfix) -> None:
    swaks(postfix.port, "bob+anything.x7f3@agent.example", ANN)
    assert postfix.maildir(BOB).wait()["X-Original-To"] == "bob+anything.x7f3@agent.example"


def test_a_mail_to_the_desk_is_relayed_with_its_detail(postfix: Postfix, sink: Sink) -> None:
    swaks(postfix.port, "support+tkt-1.abc@desk.example", ANN, "Hello")
    (mail,) = sink.wait()
    assert mail.recipients == ("support+tkt-1.abc@desk.example",)
    assert mail.mail_from == ANN
    assert b"Subject: Hello\r\n" in mail.raw


def test_a_deferred_mail_is_tried_again_within_seconds(postfix: Postfix, sink: Sink) -> None:
    sink.fail("rcpt", "451 4.3.0 later")
    swaks(postfix.port, "support@desk.example", ANN)
    sink.wait()
    postfix.wait_until_empty()
    assert sink.sessions == 2


def test_a_refusal_behind_it_comes_back_to_the_sender_as_a_bounce(
    postfix: Postfix, sink: Sink
) -> None:
    sink.fail("rcpt", "550 5.1.1 nobody here")
    swaks(postfix.port, "support@desk.example", ANN)
    bounce = postfix.maildir(ANN).wait()
    assert bounce.get_content_type() == "multipart/report"
    assert bounce["Return-Path"] == "<>"


def test_an_unknown_user_and_a_foreign_domain_are_refused_at_rcpt(postfix: Postfix) -> None:
    unknown = swaks(postfix.port, "eve@agent.example", ANN, check=False)
    foreign = swaks(postfix.port, "eve@elsewhere.example", ANN, check=False)
    assert "550 5.1.1" in unknown.stdout
    assert "554 5.7.1" in foreign.stdout


def test_a_null_sender_is_passed_on(postfix: Postfix, sink: Sink) -> None:
    swaks(postfix.port, "support@desk.example", ANN, mail_from="<>")
    assert sink.wait()[0].mail_from == ""


def test_starttls_is_offered_with_a_certificate(start_postfix, loopback_certificate) -> None:
    postfix = start_postfix(Setup(mailboxes=[ANN], certificate=loopback_certificate))
    said = swaks(postfix.port, ANN, BOB, options=["--tls"]).stdout
    assert "TLS started with cipher" in said
    postfix.maildir(ANN).wait()


def test_an_attachment_arrives_byte_for_byte(postfix: Postfix, tmp_path) -> None:
    picture = tmp_path / "shot.png"
    picture.write_bytes(bytes(range(256)) * 40)
    swaks(postfix.port, BOB, ANN, "See", "The picture.", attach=[picture])
    (part,) = postfix.maildir(BOB).wait().iter_attachments()
    assert part.get_filename() == "shot.png"
    assert part.get_content() == picture.read_bytes()


def test_a_customers_reply_is_threaded_and_quotes_what_it_answers(
    postfix: Postfix, sink: Sink
) -> None:
    ann = Customer(ANN, postfix.maildir(ANN), postfix.port, name="Ann Archer")
    headers = {"Reply-To": "support+x@desk.example", "Message-Id": "<one@desk.example>"}
    swaks(postfix.port, ANN, "support@desk.example", "Your ticket", "We look.\n", headers)
    mid = ann.reply(ann.inbox.wait(), "Thank you.")
    (mail,) = sink.wait()
    assert mail.recipients == ("support+x@desk.example",)
    for line in (
        b"In-Reply-To: <one@desk.example>",
        b"References: <one@desk.example>",
        b"Subject: Re: Your ticket",
        b"From: Ann Archer <ann@customer.example>",
        mid.encode(),
        b"\r\n\r\nThank you.\r\n\r\nOn ",
        b"\r\n> We look.\r\n",
    ):
        assert line in mail.raw
    assert mail.raw.lower().count(b"\r\nmessage-id:") == 1


def test_a_raw_mail_goes_out_as_it_is(postfix: Postfix, sink: Sink) -> None:
    raw = b"From: ann@customer.example\r\nX-Odd: %DATE%\r\n\r\n.no date, no id \xff\r\n.\r\n"
    swaks(postfix.port, "support@desk.example", ANN, raw=raw)
    (mail,) = sink.wait()
    assert mail.raw.endswith(raw)
