"""The dialogue: what is said on the wire, and what reaches the inbox."""

import smtplib

import pytest

from mailgate.errors import Temporary
from mailgate.intake import smtp
from mailgate.intake.inbox import Incoming
from mailgate.port import open_port
from tests.intake.wire import DESK, MAIL, NOW, Wire, listening


def test_a_mail_reaches_the_inbox_octet_for_octet_before_it_is_answered(connect, inbox, logged):
    wire = connect().hello()
    assert wire.mail() == "250 2.0.0 Stored as 1"
    assert inbox.mails == [
        Incoming(MAIL, "ann@customer.example", (DESK,), NOW, "127.0.0.1", "smtp"),
    ]
    assert logged[-1] == (
        "mail.accepted",
        {
            "mail": 1,
            "peer": "127.0.0.1",
            "mail_from": "ann@customer.example",
            "size": len(MAIL),
            "recipients": (DESK,),
        },
    )


def test_the_greeting_and_the_extensions_are_those_that_hold(connect):
    wire = connect(max_size=1234567)
    assert wire.greeting == "220 mx.desk.example ESMTP"
    assert wire.say("EHLO client.example").splitlines() == [
        "250-mx.desk.example",
        "250-PIPELINING",
        "250-SIZE 1234567",
        "250-8BITMIME",
        "250-SMTPUTF8",
        "250 ENHANCEDSTATUSCODES",
    ]
    assert wire.say("HELO client.example") == "250 mx.desk.example"


def test_smtplib_sends_as_it_would_to_any_server(connect, inbox):
    connect()
    with smtplib.SMTP("127.0.0.1", connect.listener.port, local_hostname="client") as client:
        client.sendmail("ann@customer.example", [DESK], "Subject: x\n\n.dots\n..\n.\nend")
        client.sendmail("ann@customer.example", [DESK], b"Subject: y\r\n\r\nsecond\r\n")
    assert [mail.raw for mail in inbox.mails] == [
        b"Subject: x\r\n\r\n.dots\r\n..\r\n.\r\nend\r\n",
        b"Subject: y\r\n\r\nsecond\r\n",
    ]


def test_an_empty_mail_is_a_mail(connect, inbox):
    assert connect().hello().mail(b".\r\n").startswith("250 ")
    assert inbox.mails[0].raw == b""


def test_the_end_of_data_may_be_cut_at_any_place(connect, inbox):
    wire = connect().hello()
    for text in (b"", b"\r\n", b"a\r\n", b"..\r\n"):
        whole = text + b".\r\n"
        for cut in range(1, len(whole)):
            wire.begin().send(whole[:cut])
            wire.send(whole[cut:])
            assert wire.reply().startswith("250 ")
            assert inbox.mails[-1].raw == text.replace(b"..", b".")


def test_commands_may_be_pipelined_around_a_mail(connect, inbox):
    wire = connect().hello()
    wire.send(b"MAIL FROM:<>\r\nRCPT TO:<support@desk.example>\r\nDATA\r\n")
    assert [wire.reply()[:3] for _ in range(3)] == ["250", "250", "354"]
    wire.send(MAIL + b".\r\nMAIL FROM:<ann@customer.example>\r\nNOOP\r\nQUIT\r\n")
    assert [wire.reply()[:3] for _ in range(4)] == ["250", "250", "250", "221"]
    assert wire.ended()
    assert inbox.mails[0].mail_from == ""


def test_a_client_that_does_not_wait_for_354_is_understood(connect, inbox):
    wire = connect().hello()
    mail = b"MAIL FROM:<>\r\nRCPT TO:<support@desk.example>\r\nDATA\r\n%b.\r\n" % MAIL
    wire.send(mail + mail + b"QUIT\r\n")
    assert [wire.reply()[:3] for _ in range(9)] == ["250", "250", "354", "250"] * 2 + ["221"]
    assert [kept.raw for kept in inbox.mails] == [MAIL, MAIL]


def test_one_connection_carries_hundreds_of_mails(connect, inbox):
    wire = connect().hello()
    for _ in range(300):
        assert wire.mail().startswith("250 ")
    assert len(inbox.mails) == 300


def test_a_large_mail_arrives_whole(connect, inbox):
    mail = b"".join(b"%08d %b\r\n" % (line, b"." * (line % 5)) for line in range(200_000))
    wire = connect().hello()
    assert wire.mail(mail + b".\r\n").startswith("250 ")
    assert inbox.mails[0].raw == mail


def test_a_line_of_any_length_is_taken(connect, inbox):
    mail = b"x" * 300_000 + b"\r\n"
    assert connect().hello().mail(mail + b".\r\n").startswith("250 ")
    assert inbox.mails[0].raw == mail


def test_only_known_recipients_are_taken(connect, inbox, logged):
    wire = connect().hello()
    assert wire.say("MAIL FROM:<ann@customer.example>").startswith("250 ")
    assert wire.say("RCPT TO:<sales@desk.example>") == "550 5.1.1 No such address here"
    assert logged[-1][0] == "mail.refused"
    assert logged[-1][1]["recipient"] == "sales@desk.example"
    assert wire.say("DATA") == "503 5.5.1 Say RCPT first"
    assert wire.say(f"RCPT TO:<{DESK}>") == "250 2.1.5 OK"
    assert wire.say("DATA").startswith("354 ")


def test_a_mail_has_so_many_recipients_and_each_is_kept_once(connect, inbox):
    wire = connect(accepts=lambda _address: True, max_recipients=3).hello()
    wire.say("MAIL FROM:<ann@customer.example>")
    answers = [wire.say(f"RCPT TO:<{name}@desk.example>")[:9] for name in "aabca"]
    assert answers == ["250 2.1.5", "250 2.1.5", "250 2.1.5", "452 4.5.3", "452 4.5.3"]
    wire.say("DATA")
    wire.send(b".\r\n")
    assert wire.reply().startswith("250 ")
    assert inbox.mails[0].recipients == ("a@desk.example", "b@desk.example")


@pytest.mark.parametrize(
    ("before", "line", "reply"),
    [
        ([], "MAIL FROM:<ann@customer.example>", "503 5.5.1"),
        ([], "EHLO", "501 5.5.4"),
        ([], "HELO", "501 5.5.4"),
        ([], b"EHLO a\x07b", "501 5.5.4"),
        (["EHLO c"], f"RCPT TO:<{DESK}>", "503 5.5.1"),
        (["EHLO c"], "DATA", "503 5.5.1"),
        (["EHLO c"], "MAIL FROM:ann", "501 5.5.4"),
        (["EHLO c"], "MAIL FROM:<ann>", "553 5.1.7"),
        (["EHLO c"], b"MAIL FROM:<a\0@x.example>", "501 5.5.4"),
        (["EHLO c"], b"MAIL FROM:<a\xff@x.example> SMTPUTF8", "501 5.5.4"),
        (["EHLO c"], b"MAIL FROM:<\xc3\xbc@x.example> SMTPUTF8", "250 2.1.0"),
        (["EHLO c"], b"MAIL FROM:<\xc3\xbc@x.example>", "553 5.6.7"),
        (["HELO c"], "MAIL FROM:<a@x.example> SIZE=5", "555 5.5.4"),
        (["EHLO c", "MAIL FROM:<>"], "MAIL FROM:<>", "503 5.5.1"),
        (["EHLO c", "MAIL FROM:<>"], "EHLO c", "250-mx.desk.example"),
        (["EHLO c", "MAIL FROM:<>", "EHLO c"], "MAIL FROM:<>", "250 2.1.0"),
        (["EHLO c", "MAIL FROM:<>", "RSET"], "MAIL FROM:<>", "250 2.1.0"),
        (["EHLO c", "MAIL FROM:<>"], "RCPT TO:<support>", "553 5.1.3"),
        (["EHLO c", "MAIL FROM:<>"], f"RCPT TO:<{DESK}> NOTIFY=NEVER", "555 5.5.4"),
        (["EHLO c", "MAIL FROM:<>", f"RCPT TO:<{DESK}>"], "DATA now", "501 5.5.4"),
        (["EHLO c"], "VRFY support@desk.example", "252 2.0.0"),
        (["EHLO c"], "EXPN staff", "252 2.0.0"),
        (["EHLO c"], "HELP", "214 2.0.0"),
        (["EHLO c"], "AUTH PLAIN AGEAYg==", "502 5.5.1"),
        (["EHLO c"], "NOOP", "250 2.0.0"),
        (["EHLO c"], "RSET", "250 2.0.0"),
        (["EHLO c"], "RSET x", "501 5.5.4"),
        (["EHLO c"], "STARTTLS", "454 4.7.0"),
        (["EHLO c"], "BDAT 5 LAST", "500 5.5.2"),
        (["EHLO c"], "", "500 5.5.2"),
        (["EHLO c"], b"\xff\xfe", "500 5.5.2"),
        (["EHLO c"], "NOOP " + "x" * 1100, "500 5.5.2"),
        (["EHLO c"], "MAIL FROM:<" + "x" * 20_000 + ">", "500 5.5.2"),
        (["EHLO c"], "QUIT now", "501 5.5.4"),
        (["EHLO c"], "QUIT", "221 2.0.0"),
    ],
)
def test_each_command_has_its_answer_with_an_enhanced_code(connect, before, line, reply):
    wire = connect()
    for first in before:
        assert wire.say(first)[:3] in {"220", "250"}
    assert wire.say(line).startswith(reply)


def test_the_postmaster_may_be_named_without_a_domain(connect, inbox):
    asked = []
    wire = connect(accepts=lambda address: asked.append(address) is None).hello()
    wire.say("MAIL FROM:<>")
    assert wire.say("RCPT TO:<Postmaster>").startswith("250 ")
    assert asked == ["Postmaster"]


def test_two_sessions_do_not_share_what_was_said(connect, inbox):
    one, two = connect().hello(), connect().hello()
    one.say("MAIL FROM:<one@customer.example>")
    assert two.say(f"RCPT TO:<{DESK}>").startswith("503 ")
    assert two.mail().startswith("250 ")
    assert inbox.mails[0].mail_from == "ann@customer.example"


def test_a_port_that_is_taken_is_a_temporary_fault_with_its_name(inbox, connect):
    connect()
    taken = connect.listener.port
    with pytest.raises(Temporary, match=f"port {taken} on 127.0.0.1 is taken"):
        listening(inbox, port=taken).__enter__()


def test_a_port_that_is_lost_is_told_to_who_starts_the_listener(inbox, logged):
    lost = open_port("127.0.0.1", 0, "[inbound] listen")
    lost.close()
    with pytest.raises((OSError, ValueError)):
        listening(inbox, opened=lost).__enter__()


def test_five_hundred_senders_may_come_at_once(inbox, logged):
    with listening(inbox, max_connections=500) as listener:
        wires = [Wire(listener.port, greeting=False) for _ in range(500)]
        assert {wire.reply()[:3] for wire in wires} == {"220"}
        for wire in wires:
            wire.close()


def test_what_nobody_caught_is_logged(logged):
    fault = RuntimeError("lost")
    smtp._report(None, {"message": "a task ended", "exception": fault})
    assert logged == [("smtp.failed", {"error": "a task ended", "exc_info": fault})]
