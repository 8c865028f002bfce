"""LMTP: the same session, with an answer for each recipient that RCPT accepted (RFC 2033)."""

import smtplib

import pytest

from mailgate.errors import Temporary
from mailgate.port import open_port
from tests.intake.wire import DESK, MAIL, NOW, Wire, listening
from tests.peers.customer import swaks
from tests.peers.places import LOOPBACK
from tests.peers.postfix import Setup
from tests.peers.waiting import wait_until

STAFF = "staff@desk.example"
LATER = "451 4.3.0 Cannot take the mail now, please try again"


class LocalWire(Wire):
    """A client that speaks LMTP."""

    def hello(self):
        assert self.say("LHLO mx.desk.example").startswith("250")
        return self

    def replies(self, count):
        return [self.reply() for _ in range(count)]


@pytest.fixture
def local(inbox, logged):
    """Return a function that connects to the LMTP port of a listener."""
    with listening(
        inbox,
        lambda address: address in (DESK, STAFF),
        lmtp=open_port(LOOPBACK, 0, "[inbound] lmtp_listen"),
        max_size=10_000,
    ) as listener:
        wires = []

        def connect():
            wires.append(LocalWire(listener.lmtp_port))
            return wires[-1]

        connect.listener = listener
        yield connect
        for wire in wires:
            wire.close()


def test_each_accepted_recipient_has_an_answer_also_one_given_twice(local, inbox):
    wire = local().hello()
    wire.say("MAIL FROM:<ann@customer.example>")
    answers = [wire.say(f"RCPT TO:<{to}>")[:9] for to in (DESK, "no@desk.example", STAFF, DESK)]
    assert answers == ["250 2.1.5", "550 5.1.1", "250 2.1.5", "250 2.1.5"]
    assert wire.say("DATA").startswith("354 ")
    wire.send(MAIL + b".\r\nNOOP\r\n")
    assert wire.replies(4) == ["250 2.0.0 Stored as 1"] * 3 + ["250 2.0.0 OK"]
    (mail,) = inbox.mails
    assert (mail.raw, mail.recipients, mail.road) == (MAIL, (DESK, STAFF), "lmtp")
    assert mail.received_at == NOW


def test_smtplib_is_content(local, inbox):
    """It reads one answer to a mail, so it can send to one recipient only."""
    with smtplib.LMTP(LOOPBACK, local.listener.lmtp_port, local_hostname="mx") as client:
        for recipient in (DESK, STAFF):
            assert client.sendmail("ann@customer.example", [recipient], MAIL) == {}
    assert [mail.recipients for mail in inbox.mails] == [(DESK,), (STAFF,)]


@pytest.mark.parametrize(
    ("fault", "data", "answer"),
    [
        (Temporary("the disk is full"), MAIL, LATER),
        (RuntimeError("surprise"), MAIL, LATER),
        (None, b"a\nb\r\n", "550 5.6.11 A line of the mail does not end with CR LF"),
        (None, b"x" * 10_000 + b"\r\n", "552 5.3.4 The mail is larger than the limit"),
    ],
)
def test_a_mail_that_is_not_kept_is_refused_for_each_recipient(local, inbox, fault, data, answer):
    wire = local().hello()
    inbox.refuse_at_once = fault
    wire.begin(DESK, STAFF, DESK).send(data + b".\r\n")
    assert wire.replies(3) == [answer] * 3
    inbox.refuse_at_once = None
    wire.begin(STAFF).send(MAIL + b".\r\n")
    assert wire.reply() == "250 2.0.0 Stored as 1"
    assert inbox.mails[0].recipients == (STAFF,)


def test_a_fault_before_the_data_has_one_answer(local):
    wire = local().hello()
    wire.begin(DESK, STAFF).send(MAIL + b".\r\n")
    assert wire.replies(2) == ["250 2.0.0 Stored as 1"] * 2
    wire.say("MAIL FROM:<ann@customer.example>")
    wire.send(f"RCPT TO:<{DESK}>\r\nRSET\r\nDATA\r\nNOOP\r\n".encode())
    assert [reply[:3] for reply in wire.replies(4)] == ["250", "250", "503", "250"]


def test_data_without_a_recipient_is_refused_in_its_place(local):
    wire = local().hello()
    wire.send(b"MAIL FROM:<>\r\nRCPT TO:<no@desk.example>\r\nDATA\r\nNOOP\r\n")
    assert [reply[:3] for reply in wire.replies(4)] == ["250", "550", "503", "250"]


@pytest.mark.parametrize("hello", ["HELO mx.desk.example", "EHLO mx.desk.example"])
def test_who_means_smtp_is_told_so(local, hello):
    wire = local()
    assert wire.greeting == "220 mx.desk.example LMTP"
    assert wire.say(hello) == "500 5.5.1 This is LMTP: say LHLO"
    assert wire.say("MAIL FROM:<>") == "503 5.5.1 Say LHLO first"
    assert wire.say("LHLO") == "501 5.5.4 Say who you are"
    assert wire.hello().say("MAIL FROM:<>") == "250 2.1.0 OK"


def test_the_extensions_that_lmtp_demands_are_there(local):
    said = local().say("LHLO mx.desk.example").splitlines()
    assert {"250-PIPELINING", "250 ENHANCEDSTATUSCODES", "250-8BITMIME"} <= set(said)


def test_lhlo_means_nothing_at_the_port_for_smtp(local):
    wire = Wire(local.listener.port)
    assert wire.say("LHLO mx.desk.example").startswith("500 ")
    wire.close()


def test_both_ports_share_what_may_be_in_flight(local, inbox):
    first = local().hello().begin()
    first.send(MAIL)
    wait_until(lambda: local.listener._house.gate.in_flight > 0, "a mail in flight")
    wire = Wire(local.listener.port).hello()
    assert wire.mail() == "250 2.0.0 Stored as 1"
    first.send(b".\r\n")
    assert first.reply() == "250 2.0.0 Stored as 2"
    assert [mail.road for mail in inbox.mails] == ["smtp", "lmtp"]
    wire.close()


def test_a_listener_without_lmtp_has_no_such_port(connect):
    connect()
    assert connect.listener.lmtp_port is None


def test_postfix_delivers_to_several_recipients_and_tries_again_what_was_put_off(
    local, inbox, start_postfix
):
    inbox.fault = Temporary("the database is away")
    postfix = start_postfix(Setup(lmtp={"desk.example": local.listener.lmtp_port}))
    swaks(postfix.port, f"{DESK},{STAFF}", "ann@customer.example", body="\n.dot\n..\n.\n")
    wait_until(lambda: len(inbox.mails) == 1 and len(postfix.queue()) == 1, postfix.log)
    inbox.fault = None
    postfix.flush()
    postfix.wait_until_empty()
    mail = inbox.mails[-1]
    assert (set(mail.recipients), mail.road) == ({DESK, STAFF}, "lmtp")
    assert b"\r\n.dot\r\n..\r\n.\r\n" in mail.raw
    assert postfix.log().count("status=sent (250 2.0.0 Stored as ") == 2
