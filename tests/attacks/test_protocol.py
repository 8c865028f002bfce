"""Protocol: what the wire, the store and the log must not be talked into."""

import json
import smtplib
from base64 import b64encode

import pytest

from mailgate import log
from mailgate.intake.inbox import Incoming
from tests.desk.conftest import CUSTOMER
from tests.intake.desk import SUPPORT
from tests.intake.test_smtp_data import ALMOST_ENDS
from tests.intake.wire import DESK
from tests.peers.sink import Sink

EVIL = b"MAIL FROM:<evil@x.example>\r\nRCPT TO:<support@desk.example>\r\nDATA\r\nhi"
BREAKS = {
    "CR": "\r",
    "LF": "\n",
    "CRLF": "\r\n",
    "NUL": "\0",
    "LINE SEPARATOR": "\u2028",
    "PARAGRAPH SEPARATOR": "\u2029",
    "NEXT LINE": "\x85",
    "VERTICAL TAB": "\v",
    "FORM FEED": "\f",
    "ESCAPE": "\x1b[2J",
}


# --- the wire -------------------------------------------------------------------------------------


@pytest.mark.parametrize("almost", ALMOST_ENDS, ids=repr)
def test_no_second_mail_is_smuggled_in(connect, inbox, almost):
    wire = connect().hello()
    reply = wire.mail(b"first" + almost + EVIL + b"\r\n.\r\n")
    clean = almost.count(b"\r") == almost.count(b"\n") == almost.count(b"\r\n")
    assert reply.startswith("250 " if clean else "550 5.6.11 ")
    assert [mail.mail_from for mail in inbox.mails] == ["ann@customer.example"] * clean
    assert wire.say("NOOP") == "250 2.0.0 OK"


@pytest.mark.parametrize("almost", ALMOST_ENDS, ids=repr)
def test_no_second_mail_is_smuggled_out(gateway, opened, leave, almost):
    to = gateway.reply_address()
    raw = (
        f"From: alice@agents.example\r\nTo: {to}\r\nSubject: Re\r\nMessage-ID: <s@a.example>\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n\r\nfirst"
    ).encode()
    body = raw + almost.replace(b"\x85", b" ") + EVIL + b"\r\n"
    gateway.inbox.put(Incoming(body, "alice@agents.example", (to,), gateway.now, "::1", "pipe"))
    gateway.worker.drain()
    leave()
    with Sink() as sink, smtplib.SMTP("127.0.0.1", sink.port) as client:
        for mail in leave():
            sent = mail.as_bytes(policy=mail.policy.clone(linesep="\r\n"))
            client.sendmail("a@x.example", [CUSTOMER], sent)
            assert b"\n.\r" not in sent.replace(b"\r\n", b"")
        count = len(leave())
    assert len(sink.received) == count
    assert "evil@x.example" not in {each.mail_from for each in sink.received}


def test_nothing_said_before_tls_counts_behind_it(connect, inbox, loopback_certificate):
    wire = connect(tls=loopback_certificate.server_context()).hello()
    wire.send(b"STARTTLS\r\nMAIL FROM:<evil@x.example>\r\n")
    assert wire.reply().startswith("220 ")
    wire.start_tls(loopback_certificate.client_context())
    assert wire.say(f"RCPT TO:<{DESK}>") == "503 5.5.1 Say MAIL first"
    assert inbox.mails == []


# --- every field into every sink ------------------------------------------------------------------


def hostile(broken):
    """Return a mail with `broken` in every field, encoded so that it gets that far."""
    word = f"=?utf-8?b?{b64encode(f'a{broken}Bcc: v@x'.encode()).decode()}?="
    return (
        f"From: {word} <{CUSTOMER}>\r\nTo: {word} <{SUPPORT}>\r\nSubject: {word}\r\n"
        f"Message-ID: <h@x.example>\r\nIn-Reply-To: <{word}@x.example>\r\nX-Note: {word}\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
        f"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nWords{broken}.\r\n"
        f'--b\r\nContent-Type: text/csv; name="{word}"\r\n'
        f'Content-Disposition: attachment; filename="{word}"\r\n\r\n1\r\n--b--\r\n'
    ).encode()


@pytest.mark.parametrize("name", BREAKS)
def test_no_control_character_gets_into_a_header_a_row_or_a_log_line(gateway, leave, name, capsys):
    log.configure("debug", "json")
    broken = BREAKS[name]
    mail = Incoming(hostile(broken), CUSTOMER, (SUPPORT,), gateway.now, "::1", "pipe")
    gateway.inbox.put(mail)
    gateway.worker.drain()
    letters = leave()
    log.configure()
    assert gateway.rows("mail_delivery")[0]["state"] == "opened"
    assert len(letters) == 4
    for letter in letters:
        assert "Bcc" not in letter
        for value in letter.values():
            assert broken[0] not in str(value), value
    ticket = gateway.rows("ticket")[0]
    for shown in (ticket["subject"], ticket["requester_name"]):
        assert shown.isprintable(), ascii(shown)
    assert all(row["name"].isprintable() for row in gateway.rows("attachment"))
    text = gateway.rows("message")[0]["text"]
    assert not {"\0", "\x1b", "\x85", "\v"} & set(text)
    for line in capsys.readouterr().err.splitlines():
        assert json.loads(line)["event"]


def test_a_log_line_cannot_be_forged_by_what_a_mail_says(gateway, capsys):
    log.configure("debug", "console")
    forged = "<x\u2028mail.opened\u2029mail=1@x.example>"
    gateway.mail(Subject="=?utf-8?q?x=0Amail.opened_mail=3D1?=", Message_ID=forged)
    log.configure()
    lines = capsys.readouterr().err.splitlines()
    assert sum(" mail.opened " in line for line in lines) == 1


def test_a_nul_parks_no_mail_on_either_store(gateway):
    raw = (
        f"From: Ca\0rol <{CUSTOMER}>\r\nTo: {SUPPORT}\r\nSubject: a\0b\r\n"
        "Message-ID: <a\0b@x.example>\r\nReferences: <c\0d@x.example>\r\n\r\nNo\0thing.\r\n"
    ).encode()
    gateway.inbox.put(Incoming(raw, CUSTOMER, (SUPPORT,), gateway.now, "::1", "pipe"))
    gateway.worker.drain()
    (row,) = gateway.rows("mail_delivery")
    assert (row["state"], row["attempts"]) == ("opened", 0)
    assert "\0" not in gateway.rows("message")[0]["text"]


def test_a_nul_in_a_postmark_keeps_no_mail_from_being_stored(cli):
    cli.ok("deliver", stdin=b"From a\0b\x1b@x.example Mon Mar  2\n" + hostile(""))
    cli.ok("tick")
    (number,) = [ticket["number"] for ticket in cli.json("tickets")]
    (behind,) = cli.json("explain", number)["mails"]
    assert behind["mail_from"].isprintable()
