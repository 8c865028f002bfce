"""The port at which agents hand in mail: who gets in, and what is said to what they bring."""

import asyncio
import smtplib
from base64 import b64encode
from functools import partial

import pytest

from mailgate.errors import Temporary
from mailgate.intake import dialogue, logins, smtp, submission
from mailgate.intake.logins import WINDOW, Account, Logins, Said
from mailgate.intake.settings import SmtpSettings
from mailgate.intake.submission import Office, SubmissionDialogue, SubmissionListener
from mailgate.passwords import hashed
from tests.intake.wire import DESK, NOW, FakeInbox, Wire

PASSWORD = "correct horse"
HASH = hashed(PASSWORD)
ANN = "ann@customer.example"
ACCOUNTS = {
    "alice": Account("alice", HASH),
    "alice@agent.example": Account("alice", HASH),
    "bob": Account("bob", hashed("battery staple")),
}
MAIL = b"From: <alice@agent.example>\r\nTo: <ann@customer.example>\r\n\r\nTry water.\r\n.\r\n"


def plain(name="alice", password=PASSWORD, acting=""):
    return "AUTH PLAIN " + b64encode(f"{acting}\0{name}\0{password}".encode()).decode()


class Steady:
    """A clock that the test moves."""

    seconds = 1000.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def lines(monkeypatch):
    """What the port logs, as pairs of name and fields."""
    found = []
    for module in (dialogue, smtp, logins):
        monkeypatch.setattr(module, "log", lambda name, **fields: found.append((name, fields)))
    return found


@pytest.fixture
def objections():
    """What is looked through; it is refused with the last sentence put into `said`."""

    class Objections:
        def __init__(self):
            self.mails, self.said, self.fault = [], None, None

        def __call__(self, mail):
            self.mails.append(mail)
            if self.fault is not None:
                raise self.fault
            return self.said

    return Objections()


@pytest.fixture
def clock():
    return Steady()


@pytest.fixture
def connect(lines, objections, clock):
    """Return a function that connects to one port, with settings given at the first call."""
    running, opened = [], []

    def open_wire(*, trusts=lambda peer: False, greeting=True, **settings):
        if not running:
            place = {"host": "127.0.0.1", "port": 0, "hostname": "mx.desk.example"}
            chosen = SmtpSettings(**place | {"trusted_peers": ()} | settings)
            office = Office(Logins(ACCOUNTS, 3, trusts, clock), objections)
            speaks = partial(SubmissionDialogue, office=office)
            open_wire.inbox = FakeInbox()
            listener = SubmissionListener(
                chosen, open_wire.inbox, lambda address: True, lambda: NOW, speaks
            )
            listener.start()
            running.append(listener)
            open_wire.port = listener.port
        if greeting:
            opened.append(Wire(open_wire.port))
            return opened[-1].hello()
        return None

    yield open_wire
    for wire in opened:
        wire.close()
    for listener in running:
        listener.stop(grace=5)


@pytest.fixture
def from_afar(monkeypatch):
    """Have every peer be somewhere else than on this machine."""
    monkeypatch.setattr(submission, "is_loopback", lambda peer: False)


def send(wire, *recipients):
    assert wire.say("MAIL FROM:<alice@agent.example>") == "250 2.1.0 OK"
    for recipient in recipients or (ANN,):
        assert wire.say(f"RCPT TO:<{recipient}>") == "250 2.1.5 OK"
    assert wire.say("DATA").startswith("354 ")
    wire.send(MAIL)
    return wire.reply()


# --- the login ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["alice", "ALICE", "alice@agent.example"])
def test_an_agent_logs_in_and_hands_in_a_mail_for_anybody(connect, objections, lines, name):
    wire = connect()
    assert "250-AUTH PLAIN LOGIN" in wire.say("EHLO x").replace("250 ", "250-")
    assert wire.say(plain(name)) == "235 2.7.0 Welcome"
    assert send(wire, ANN, DESK) == "250 2.0.0 Stored as 1"
    (mail,) = connect.inbox.mails
    assert (mail.peer, mail.road, mail.recipients) == ("alice", "submission", (ANN, DESK))
    assert objections.mails == [mail]
    assert ("login.accepted", {"peer": "127.0.0.1", "agent": "alice"}) in lines
    assert PASSWORD not in str(lines)


def test_login_asks_for_name_and_password(connect):
    wire = connect()
    assert wire.say("AUTH LOGIN") == "334 " + b64encode(b"Username:").decode()
    assert wire.say(b64encode(b"alice")) == "334 " + b64encode(b"Password:").decode()
    assert wire.say(b64encode(PASSWORD.encode())) == "235 2.7.0 Welcome"


def test_the_name_may_come_with_the_command_and_plain_later(connect):
    wire = connect()
    assert wire.say("AUTH login " + b64encode(b"alice").decode()).startswith("334 ")
    assert wire.say(b64encode(b"wrong")).startswith("535 ")
    assert wire.say("AUTH PLAIN") == "334 "
    assert wire.say(plain().split()[2]) == "235 2.7.0 Welcome"


@pytest.mark.parametrize("line", ["MAIL FROM:<alice@agent.example>", "MAIL FROM:<>"])
def test_without_a_login_no_mail_begins(connect, line):
    wire = connect()
    assert wire.say(line) == "530 5.7.0 Log in first"
    assert wire.say(f"RCPT TO:<{ANN}>") == "503 5.5.1 Say MAIL first"
    assert wire.say("DATA").startswith("503 ")
    assert connect.inbox.mails == []


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        (plain(password="wrong"), "535 5.7.8 Wrong name or password"),
        (plain("nobody"), "535 5.7.8 Wrong name or password"),
        (plain("bob"), "535 5.7.8 Wrong name or password"),
        (plain(acting="bob"), "535 5.7.8 Wrong name or password"),
        (plain(password=""), "535 5.7.8 Wrong name or password"),
        ("AUTH PLAIN =", "501 5.5.2 That is not for PLAIN"),
        ("AUTH PLAIN !!!", "501 5.5.2 That is no base64"),
        ("AUTH PLAIN *", "501 5.7.0 Broken off"),
        ("AUTH PLAIN " + b64encode(b"\0alice\0\xff").decode(), "501 5.5.2 That is no UTF-8"),
        ("AUTH CRAM-MD5", "504 5.5.4 Only PLAIN and LOGIN"),
        ("AUTH", "501 5.5.4 Syntax: AUTH mechanism"),
    ],
)
def test_what_is_no_login_is_refused(connect, said, reply):
    wire = connect()
    assert wire.say(said) == reply
    assert wire.say("MAIL FROM:<>").startswith("530 ")
    assert wire.say(plain()).startswith("235 ")


def test_who_asks_to_act_as_themselves_may(connect):
    assert connect().say(plain(acting="alice")).startswith("235 ")


def test_one_logs_in_once_and_after_ehlo(connect):
    wire = connect()
    assert wire.say("HELO x").startswith("250 ")
    assert wire.say(plain()) == "503 5.5.1 Say EHLO first"
    wire.hello()
    assert wire.say(plain()).startswith("235 ")
    assert wire.say(plain()) == "503 5.5.1 You are logged in already"


def test_a_line_without_end_ends_the_session(connect):
    wire = connect()
    assert wire.say("AUTH PLAIN").startswith("334 ")
    wire.send(b"A" * 10_000 + b"\r\nQUIT\r\n")
    assert wire.reply() == "500 5.5.6 Line too long"
    assert wire.ended()


def test_passwords_do_not_cross_a_network_in_clear_text(connect, from_afar, loopback_certificate):
    wire = connect(tls=loopback_certificate.server_context())
    assert "AUTH" not in wire.say("EHLO x")
    assert wire.say(plain()) == "538 5.7.11 Not without TLS: say STARTTLS first"
    assert wire.say("STARTTLS").startswith("220 ")
    wire.start_tls(loopback_certificate.client_context())
    assert "AUTH PLAIN LOGIN" in wire.say("EHLO x")
    assert wire.say(plain()).startswith("235 ")
    assert send(wire).startswith("250 ")


def test_tls_from_the_first_octet(connect, from_afar, loopback_certificate):
    connect(tls=loopback_certificate.server_context(), implicit_tls=True, greeting=False)
    context = loopback_certificate.client_context()
    with smtplib.SMTP_SSL("localhost", connect.port, "client", context=context) as client:
        client.ehlo()
        assert not client.has_extn("starttls")
        assert client.docmd("STARTTLS")[0] == 503
        client.login("alice", PASSWORD)
        client.sendmail("alice@agent.example", [ANN], MAIL[:-3])
    assert len(connect.inbox.mails) == 1


def test_what_was_said_in_clear_before_or_behind_starttls_is_forgotten(
    connect, loopback_certificate
):
    wire = connect(tls=loopback_certificate.server_context())
    assert wire.say(plain()).startswith("235 ")
    wire.send(b"STARTTLS\r\n" + plain().encode() + b"\r\nMAIL FROM:<a@x.example>\r\n")
    assert wire.reply().startswith("220 ")
    wire.start_tls(loopback_certificate.client_context())
    assert wire.say("MAIL FROM:<>") == "530 5.7.0 Log in first"
    assert connect.inbox.mails == []


def test_who_speaks_no_tls_where_it_begins_at_once_is_nobodys_fault(
    connect, loopback_certificate, lines
):
    connect(tls=loopback_certificate.server_context(), implicit_tls=True, greeting=False)
    wire = Wire(connect.port, greeting=False)
    wire.send(b"EHLO client.example\r\n")
    assert wire.ended()
    wire.close()
    assert "smtp.failed" not in [name for name, _ in lines]


def test_who_does_not_log_in_is_not_waited_for(connect, monkeypatch):
    monkeypatch.setattr(submission, "_LONGEST_LOGIN", 0.3)
    patient = connect()
    assert patient.say(plain()).startswith("235 ")
    wire = connect()
    assert wire.reply() == "421 4.4.2 Too long without a word"
    assert wire.ended()
    assert patient.say("NOOP").startswith("250 ")


# --- guesses --------------------------------------------------------------------------------------


def test_after_some_wrong_guesses_none_is_looked_at_for_a_while(connect, lines, clock):
    wire = connect()
    for _ in range(3):
        assert wire.say(plain(password="guess")).startswith("535 ")
    assert wire.say(plain()).startswith("454 4.7.0 Too many failed logins")
    assert connect().say(plain("bob", "battery staple")).startswith("454 ")
    assert [name for name, _ in lines if name.startswith("login")] == [
        *["login.failed"] * 3,
        *["login.throttled"] * 2,
    ]
    clock.seconds += WINDOW
    assert wire.say(plain()).startswith("235 ")


def test_an_unknown_name_is_throttled_as_a_known_one_and_never_logged(connect, lines):
    wire = connect(trusts=lambda peer: True)
    for name in ("alice", "typed-a-secret-here"):
        for _ in range(3):
            assert wire.say(plain(name, "guess")).startswith("535 ")
        assert wire.say(plain(name, "guess")).startswith("454 ")
    assert "typed-a-secret-here" not in str(lines)
    assert wire.say(plain("bob", "battery staple")).startswith("235 ")


def test_a_wrong_name_costs_what_a_wrong_password_costs(monkeypatch):
    looked = []

    def verified(against, password):
        looked.append(against)
        return True

    monkeypatch.setattr(logins, "verified", verified)

    async def guess(name):
        return await found.who("192.0.2.1", name, "x")

    async def both():
        return [await guess("alice"), await guess("nobody"), await guess("x" * 1000)]

    found = Logins(ACCOUNTS, 5, lambda peer: False, Steady())
    assert asyncio.run(both()) == ["alice", Said.WRONG, Said.WRONG]
    assert looked[0] == HASH
    assert len(looked) == 3
    assert looked[1].split("$")[:4] == HASH.split("$")[:4]


def test_guessers_elsewhere_do_not_keep_out_who_was_in_before():
    async def story():
        assert await found.who("192.0.2.1", "alice", PASSWORD) == "alice"
        for host in range(3):
            said = await found.who(f"198.51.100.{host}", "alice", "guess")
            assert said is Said.WRONG
        assert await found.who("203.0.113.9", "alice", PASSWORD) is Said.TOO_MANY
        return await found.who("192.0.2.1", "alice", PASSWORD)

    found = Logins(ACCOUNTS, 3, lambda peer: False, Steady())
    assert asyncio.run(story()) == "alice"


def test_guesses_from_elsewhere_keep_nobody_out_who_comes_through_a_relay():
    async def story():
        assert await found.who("10.0.0.1", "alice", PASSWORD) == "alice"
        for host in range(3):
            assert await found.who(f"203.0.113.{host}", "alice", "x") is Said.WRONG
        assert await found.who("198.51.100.1", "alice", PASSWORD) is Said.TOO_MANY
        assert await found.who("10.0.0.1", "alice", PASSWORD) == "alice"
        for _ in range(3):
            assert await found.who("10.0.0.1", "alice", "x") is Said.WRONG
        return await found.who("10.0.0.1", "alice", PASSWORD)

    found = Logins(ACCOUNTS, 3, lambda peer: peer.startswith("10."), Steady())
    assert asyncio.run(story()) is Said.TOO_MANY


def test_many_guesses_at_once_are_no_way_round(monkeypatch):
    async def story():
        return await asyncio.gather(*(found.who("192.0.2.1", "alice", "x") for _ in range(50)))

    found = Logins(ACCOUNTS, 3, lambda peer: False, Steady())
    said = asyncio.run(story())
    assert (said.count(Said.WRONG), said.count(Said.TOO_MANY)) == (3, 47)


def test_one_network_of_ipv6_is_one_guesser():
    async def story():
        for host in range(3):
            assert await found.who(f"2001:db8::{host}", f"n{host}", "x") is Said.WRONG
        return await found.who("2001:db8::ffff", "alice", PASSWORD)

    found = Logins(ACCOUNTS, 3, lambda peer: False, Steady())
    assert asyncio.run(story()) is Said.TOO_MANY


def test_when_too_many_wait_the_rest_come_again():
    async def story():
        names = (f"n{number}" for number in range(40))
        return await asyncio.gather(*(found.who("192.0.2.1", name, "x") for name in names))

    found = Logins(ACCOUNTS, 1000, lambda peer: True, Steady())
    said = asyncio.run(story())
    assert said.count(Said.BUSY) == 8


def test_a_hash_that_is_none_lets_nobody_in():
    async def story():
        return await found.who("192.0.2.1", "eve", "x")

    found = Logins({"eve": Account("eve", "x")}, 3, lambda peer: False, Steady())
    assert asyncio.run(story()) is Said.WRONG


# --- mails ----------------------------------------------------------------------------------------


def test_what_would_not_be_carried_out_is_refused_and_not_stored(connect, objections, lines):
    wire = connect()
    wire.say(plain())
    objections.said = "/asign: there is no command\r\n250 ü " + "x" * 600
    reply = send(wire)
    assert reply.startswith("550 5.7.0 /asign: there is no command 250 ? xxx")
    assert len(reply) < 510
    assert connect.inbox.mails == []
    assert lines[-1][0] == "mail.refused"
    assert lines[-1][1]["agent"] == "alice"
    objections.said = None
    assert send(wire).startswith("250 ")


def test_a_look_that_fails_puts_the_mail_off(connect, objections, lines):
    wire = connect()
    wire.say(plain())
    for fault in (Temporary("the database is away"), KeyError("ours")):
        objections.fault = fault
        assert send(wire) == "451 4.3.0 Cannot take the mail now, please try again"
    assert connect.inbox.mails == []
    objections.fault = None
    assert send(wire).startswith("250 ")


def test_a_look_that_takes_too_long_puts_the_mail_off(connect, objections, monkeypatch):
    monkeypatch.setattr(submission, "_LONGEST_LOOK", 0.0)
    wire = connect()
    wire.say(plain())
    assert send(wire).startswith("451 ")


def test_the_author_that_a_relay_names_is_passed_over(connect):
    wire = connect()
    wire.say(plain())
    assert wire.say("MAIL FROM:<a@x.example> SIZE=100 AUTH=<>") == "250 2.1.0 OK"
    assert wire.say("RSET").startswith("250 ")
    assert wire.say("MAIL FROM:<a@x.example> AUTH=bob+40x BODY=8BITMIME") == "250 2.1.0 OK"


def test_a_colleague_who_forgets_a_password_does_not_keep_out_who_was_in_before():
    async def story():
        assert await found.who("192.0.2.1", "alice", PASSWORD) == "alice"
        for _ in range(4):
            await found.who("192.0.2.1", "bob", "forgotten")
        assert await found.who("192.0.2.1", "bob", PASSWORD) is Said.TOO_MANY
        return await found.who("192.0.2.1", "alice", PASSWORD)

    found = Logins(ACCOUNTS, 3, lambda peer: False, Steady())
    assert asyncio.run(story()) == "alice"


def test_who_guesses_from_where_somebody_was_in_before_comes_to_an_end_too():
    async def story():
        assert await found.who("192.0.2.1", "alice", PASSWORD) == "alice"
        said = [await found.who("192.0.2.1", "alice", "guess") for _ in range(11)]
        return said.count(Said.WRONG), said[-1]

    found = Logins(ACCOUNTS, 1, lambda peer: False, Steady())
    assert asyncio.run(story()) == (10, Said.TOO_MANY)
