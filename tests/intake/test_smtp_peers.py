"""Real senders hand their mail over: Postfix as it relays, and swaks."""

from functools import partial

from tests.intake.wire import DESK, MAIL
from tests.peers.customer import swaks
from tests.peers.postfix import Setup
from tests.peers.waiting import wait_until


def test_postfix_hands_over_a_burst_and_tries_again_what_was_put_off(connect, inbox, start_postfix):
    inbox.fault = RuntimeError("the database is away")
    connect()
    postfix = start_postfix(Setup(relays={"desk.example": connect.listener.port}))
    for number in range(20):
        swaks(postfix.port, DESK, f"ann{number}@customer.example", body=f"\n.dot {number}\n..\n.\n")
    wait_until(lambda: len(postfix.queue()) == 20, "all mails to be put off")
    inbox.fault = None
    inbox.mails.clear()
    postfix.flush()
    wait_until(lambda: len(inbox.mails) == 20, postfix.log)
    postfix.wait_until_empty()
    for mail in inbox.mails:
        number = mail.mail_from.removeprefix("ann").partition("@")[0]
        assert f"\r\n.dot {number}\r\n..\r\n.\r\n".encode() in mail.raw
        assert mail.raw.count(b"\n") == mail.raw.count(b"\r\n")
    assert {mail.recipients for mail in inbox.mails} == {(DESK,)}


def test_postfix_hands_over_a_mail_with_lines_longer_than_the_standard_allows(
    connect, inbox, start_postfix
):
    connect()
    postfix = start_postfix(Setup(relays={"desk.example": connect.listener.port}))
    swaks(postfix.port, DESK, "ann@customer.example", body="x" * 5_000)
    wait_until(lambda: inbox.mails, postfix.log)
    assert inbox.mails[0].raw.count(b"x") >= 5_000


def test_postfix_bounces_what_is_refused_for_good_and_not_before(connect, inbox, start_postfix):
    connect()
    relays = {"desk.example": connect.listener.port}
    postfix = start_postfix(Setup(relays=relays, mailboxes=["ann@customer.example"]))
    swaks(postfix.port, "nobody@desk.example", "ann@customer.example")
    bounce = postfix.maildir("ann@customer.example").wait()
    assert "550 5.1.1" in bounce.as_string()
    assert inbox.mails == []


def test_swaks_sends_over_tls_with_pipelining(connect, inbox, loopback_certificate):
    connect(tls=loopback_certificate.server_context())
    send = partial(swaks, connect.listener.port, DESK, "ann@customer.example", raw=MAIL)
    said = send(options=["--tls", "--pipeline"]).stdout
    assert " ~> STARTTLS" in said or "=== TLS started" in said
    assert inbox.mails[0].raw == MAIL
    assert inbox.mails[0].mail_from == "ann@customer.example"
