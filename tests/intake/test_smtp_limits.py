"""The listener says no: too much, too many, too slow, or not clean."""

import socket
from ipaddress import ip_network

import pytest

from tests.intake.test_smtp_data import ALMOST_ENDS
from tests.intake.wire import DESK, MAIL, Wire
from tests.peers.waiting import wait_until

ELSEWHERE = (ip_network("192.0.2.0/24"),)


def sized(octets):
    return b"x" * (octets - 2) + b"\r\n"


@pytest.mark.parametrize(("size", "code"), [(9_999, "250"), (10_000, "250"), (10_001, "552")])
def test_the_size_limit_is_exact(connect, inbox, size, code):
    wire = connect(max_size=10_000).hello()
    assert wire.mail(sized(size) + b".\r\n").startswith(code)
    assert len(inbox.mails) == (code == "250")


@pytest.mark.parametrize(("size", "code"), [("10000", "250 2.1.0"), ("10001", "552 5.3.4")])
def test_a_size_told_at_mail_is_judged_there(connect, size, code):
    wire = connect(max_size=10_000).hello()
    assert wire.say(f"MAIL FROM:<> SIZE={size}").startswith(code)


def test_after_a_mail_too_big_the_session_goes_on(connect, inbox, logged):
    wire = connect(max_size=100_000).hello()
    assert wire.mail(sized(300_000) + b".\r\n") == "552 5.3.4 The mail is larger than the limit"
    assert logged[-1][0] == "mail.refused"
    assert logged[-1][1]["flaw"] == "larger than the size limit"
    assert wire.say("DATA") == "503 5.5.1 Say RCPT first"
    assert wire.mail().startswith("250 ")
    assert [mail.raw for mail in inbox.mails] == [MAIL]


def test_a_mail_that_never_ends_is_cut_off(connect, inbox):
    wire = connect(max_size=1_000).hello().begin()
    wire.send(b"x" * 5_000)
    assert wire.reply().startswith("552 5.3.4 ")
    assert wire.ended()


@pytest.mark.parametrize("almost", ALMOST_ENDS, ids=repr)
def test_no_second_mail_can_be_smuggled(connect, inbox, almost):
    wire = connect().hello()
    smuggled = b"MAIL FROM:<evil@x.example>\r\nRCPT TO:<support@desk.example>\r\nDATA\r\nhi"
    reply = wire.mail(b"first" + almost + smuggled + b"\r\n.\r\n")
    clean = almost.count(b"\r") == almost.count(b"\n") == almost.count(b"\r\n")
    assert reply.startswith("250 " if clean else "550 5.6.11 ")
    assert len(inbox.mails) == clean
    assert wire.say("NOOP") == "250 2.0.0 OK"


@pytest.mark.parametrize("lines", [b"NOOP\n", b"NOOP\r\nNOOP\n", b"NOOP\n\r\n", b"\n"])
def test_a_command_that_ends_with_a_bare_lf_ends_the_session(connect, logged, lines):
    wire = connect().hello()
    wire.send(lines + b"NOOP\r\n")
    assert wire.reply() == "521 5.5.2 A line does not end with CR LF, goodbye"
    assert wire.ended()
    assert logged[-1][0] == "peer.refused"


def test_a_command_may_come_cut_between_its_cr_and_its_lf(connect, inbox):
    wire = connect().hello()
    for octet in b"NOOP\r\nRSET\r\n":
        wire.send(bytes([octet]))
    assert [wire.reply()[:9] for _ in range(2)] == ["250 2.0.0"] * 2


def test_a_command_with_a_bare_lf_behind_a_mail_is_not_carried_out(connect, inbox):
    wire = connect().hello().begin()
    wire.send(MAIL + b".\r\nMAIL FROM:<evil@x.example>\nRCPT TO:<" + DESK.encode() + b">\n")
    assert wire.reply().startswith(("521 5.5.2 ", "250 2.0.0 "))
    wait_until(wire.ended, "the session to end")
    assert [mail.mail_from for mail in inbox.mails] in ([], ["ann@customer.example"])


def test_mails_in_flight_share_a_budget(connect, inbox):
    first = connect(max_in_flight=50_000, max_size=40_000).hello().begin()
    first.send(sized(30_000))
    wait_until(lambda: connect.listener._house.gate.in_flight > 29_000, "30 KB in flight")
    second = connect().hello()
    second.say("MAIL FROM:<> SIZE=30000")
    second.say(f"RCPT TO:<{DESK}>")
    assert second.say("DATA") == "452 4.3.1 Too much mail at once, please try again"
    second.say("RSET")
    assert second.mail(sized(30_000) + b".\r\n").startswith("452 4.3.1 ")
    assert second.mail().startswith("250 ")
    first.send(b".\r\n")
    assert first.reply().startswith("250 ")
    assert second.mail(sized(30_000) + b".\r\n").startswith("250 ")
    gate = connect.listener._house.gate
    wait_until(lambda: gate.in_flight == 0, "all room to be given back")


def test_who_declares_much_and_sends_nothing_keeps_nobody_out(connect, inbox):
    connect(max_in_flight=50_000, max_size=40_000)
    silent = [connect().hello() for _ in range(3)]
    for wire in silent:
        wire.say("MAIL FROM:<> SIZE=40000")
        wire.say(f"RCPT TO:<{DESK}>")
        assert wire.say("DATA").startswith("354 ")
    assert connect().hello().mail(sized(30_000) + b".\r\n").startswith("250 ")


def test_a_disk_without_room_puts_mail_off_before_it_is_sent(connect, inbox, logged):
    inbox.free = 1000
    wire = connect().hello()
    answers = [wire.say(f"MAIL FROM:<> SIZE={size}")[:9] for size in (1001, 1000)]
    assert answers == ["452 4.3.1", "250 2.1.0"]
    assert logged[-1][1]["reply"] == "452 4.3.1 No room for mail now, please try again"


def test_a_client_that_drops_gives_its_room_back(connect, inbox):
    wire = connect().hello().begin()
    wire.send(sized(30_000))
    gate = connect.listener._house.gate
    wait_until(lambda: gate.in_flight > 29_000, "30 KB in flight")
    wire.close()
    wait_until(lambda: gate.in_flight == 0, "the room to be given back")
    assert inbox.mails == []


def test_one_address_has_so_many_connections(connect, logged):
    assert connect(max_connections_per_peer=1, trusted_peers=()).hello()
    refused = connect()
    assert refused.greeting.startswith("421 4.7.0 ")
    assert refused.ended()
    assert ("peer.refused", {"peer": "127.0.0.1", "reply": refused.greeting}) in logged


def test_one_address_sends_so_many_mails_a_minute(connect, inbox):
    wire = connect(mails_per_minute=0, trusted_peers=()).hello()
    assert wire.say("MAIL FROM:<>") == "450 4.7.1 Too many mails a minute, please try again"
    assert wire.say("NOOP").startswith("250 ")


def test_the_listener_has_so_many_connections_and_a_place_is_given_back(connect):
    first = connect(max_connections=1).hello()
    refused = connect()
    assert refused.greeting.startswith("421 4.7.0 ")
    refused.send(b"EHLO client.example\r\n")
    first.say("QUIT")
    assert first.ended()
    wait_until(lambda: connect().greeting.startswith("220 "), "the place to be free again")


def test_a_peer_that_is_not_allowed_is_told_at_once(connect):
    refused = connect(allowed_peers=ELSEWHERE)
    assert refused.greeting.startswith("554 5.7.1 ")
    assert refused.ended()


def test_an_idle_session_is_closed_with_a_word(connect):
    wire = connect(idle_timeout=0.2).hello()
    assert wire.reply().startswith("421 4.4.2 ")
    assert wire.ended()


def test_a_client_silent_within_its_data_is_closed(connect, inbox):
    wire = connect(idle_timeout=0.2).hello().begin()
    wire.send(b"Subject: half")
    assert wire.reply().startswith("421 4.4.2 ")
    assert wire.ended()
    assert inbox.mails == []


def test_a_client_that_trickles_data_is_borne_for_a_while_and_not_for_ever(connect, inbox):
    wire = connect(idle_timeout=0.1).hello().begin()
    sent = 0
    wire.socket.settimeout(0.03)
    while True:
        wire.send(b"x")
        sent += 1
        try:
            last = wire.socket.recv(100)
            break
        except TimeoutError:
            continue
    assert last.startswith(b"421 4.4.2 ")
    assert sent > 10  # several idle times long


def test_a_session_that_waits_for_the_store_is_not_idle(connect, inbox):
    inbox.hold = True
    wire = connect(idle_timeout=0.1, put_timeout=30).hello().begin()
    wire.send(MAIL + b".\r\n")
    assert inbox.arrived.acquire(timeout=10)
    (session,) = connect.listener._house.sessions
    began = session._data_began
    wait_until(lambda: session._timeout_handle.when() > began + 0.25, "two idle times to pass")
    inbox.release()
    assert wire.reply().startswith("250 ")


def test_who_guesses_addresses_is_sent_away_after_so_many(connect, logged):
    wire = connect(max_errors=3, trusted_peers=()).hello()
    wire.say("MAIL FROM:<>")
    guesses = [wire.say(f"RCPT TO:<{name}@desk.example>")[:9] for name in "abc"]
    assert guesses == ["550 5.1.1"] * 3
    assert wire.reply() == "421 4.7.0 Too many errors, goodbye"
    assert wire.ended()
    assert [fact for fact in logged if fact[0] == "peer.refused"] == [
        ("peer.refused", {"peer": "127.0.0.1", "reply": "421 4.7.0 Too many errors, goodbye"})
    ]


def test_errors_below_the_limit_and_those_of_a_relay_are_borne(connect, inbox):
    wire = connect(max_errors=3, trusted_peers=()).hello()
    assert {wire.say("MAIL FROM:nobody")[:9] for _ in range(2)} == {"501 5.5.4"}
    assert wire.mail().startswith("250 ")


def test_a_relay_may_hand_over_any_number_of_mails_that_are_refused(connect, inbox):
    wire = connect(max_errors=3).hello()
    assert {wire.say("MAIL FROM:nobody")[:9] for _ in range(20)} == {"501 5.5.4"}
    assert wire.mail().startswith("250 ")


def test_five_unknown_commands_end_the_session(connect):
    wire = connect().hello()
    assert [wire.say("XYZZY")[:3] for _ in range(5)] == ["500"] * 4 + ["502"]
    assert wire.ended()


def test_idle_games_end_the_session(connect):
    wire = connect().hello()
    wire.send(b"NOOP\r\n" * 501)
    replies = [wire.reply()[:9] for _ in range(501)]
    assert replies == ["250 2.0.0"] * 500 + ["421 4.7.0"]
    assert wire.ended()


def test_a_client_that_resets_the_connection_harms_nobody(connect, inbox, logged):
    wire = connect().hello().begin()
    wire.send(b"Subject: cut")
    linger = (1).to_bytes(4, "little") + (0).to_bytes(4, "little")
    wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    wire.close()
    listener = connect.listener
    wait_until(lambda: not listener._house.sessions, "the session to end")
    other = Wire(listener.port).hello()
    assert other.mail().startswith("250 ")
    other.close()
    assert "smtp.failed" not in [name for name, _ in logged]
