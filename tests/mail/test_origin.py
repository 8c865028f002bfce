"""Who wrote to whom and when, as mail-parser sees it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.mail import origin
from mailgate.mail.parsed import Hop, Mailbox
from mailgate.mail.prescan import DEFAULTS, prescan


def read(header):
    raw = header if isinstance(header, bytes) else header.encode()
    notes = []
    found = origin.read(prescan(raw + b"\r\n\r\n", DEFAULTS), notes)
    assert notes == []
    return found


@pytest.mark.parametrize(
    ("value", "name", "address", "strict"),
    [
        ("bob@x.example", "", "bob@x.example", True),
        ("Bob <BOB@X.Example>", "Bob", "bob@x.example", True),
        ('"Lee, Bob" <bob@x.example>', "Lee, Bob", "bob@x.example", True),
        ("bob@x.example (Bob Lee)", "Bob Lee", "bob@x.example", True),
        ("=?utf-8?q?J=C3=B6rg?= <j@x.example>", "Jörg", "j@x.example", True),
        ("=?utf-8?q?Lee=2C_Bob?= <bob@x.example>", "Lee, Bob", "bob@x.example", True),
        ("=?utf-8?b?broken!?= <bob@x.example>", "n\ufffd$z", "bob@x.example", True),
        ("=?utf-8?q?a=0D=0Ab?= <bob@x.example>", "a b", "bob@x.example", True),
        ("Jörg <j@bücher.example>", "Jörg", "j@xn--bcher-kva.example", True),
        ("Lee, Bob <bob@x.example>", "Bob", "bob@x.example", True),
        ("agent@desk.example <eve@x.example>", "agent@desk.example", "eve@x.example", False),
        ("agent@desk.example, <eve@x.example>", None, None, False),
        ("<bob@x.example> <eve@x.example>", "", "bob@x.example", False),
        ("=?utf-8?q?Bob_=3Cbob=40x=2Eexample=3E?=", "Bob", "bob@x.example", False),
        ("Bob Lee", "Bob Lee", "", False),
        ("MAILER-DAEMON <>", "MAILER-DAEMON", "", False),
        ("Bob bob@x.example", "Bob", "bob@x.example", False),
        ("bob@x.example eve@x.example", None, None, False),
        ("", None, None, False),
    ],
)
def test_a_sender_is_strict_only_beyond_doubt(value, name, address, strict):
    found = read(f"From: {value}")
    if address is None:
        assert len(found.from_) != 1
    else:
        assert found.from_ == (Mailbox(name, address),)
    assert found.strict_from == (address if strict else None)


def test_of_two_from_fields_none_is_strict():
    found = read("From: a@x.example\r\nFrom: b@x.example")
    assert [mailbox.address for mailbox in found.from_] == ["a@x.example", "b@x.example"]
    assert found.strict_from is None


def test_an_address_that_cannot_be_compared_is_shown_but_not_strict():
    found = read("From: a@-x-.example")
    assert (found.from_, found.strict_from) == ((Mailbox("", "a@-x-.example"),), None)


def test_recipients_of_every_field_are_read():
    found = read(
        "To: team: a@x.example, B <b@x.example>;\r\nTo: c@x.example,\r\n"
        "Cc: d@x.example\r\nReply-To: e@x.example\r\nTo: undisclosed-recipients:;"
    )
    assert [mailbox.address for mailbox in found.to] == [
        "a@x.example",
        "b@x.example",
        "c@x.example",
    ]
    assert found.cc == (Mailbox("", "d@x.example"),)
    assert found.reply_to == (Mailbox("", "e@x.example"),)


@pytest.mark.parametrize(
    ("value", "date"),
    [
        ("Mon, 09 Nov 2026 10:00:00 +0100", datetime(2026, 11, 9, 9, tzinfo=UTC)),
        ("Mo, 09 Nov 2026 10:00:00 +0100", datetime(2026, 11, 9, 9, tzinfo=UTC)),
        ("Sun, 09 Nov 2026 10:00:00 +0100", datetime(2026, 11, 9, 9, tzinfo=UTC)),
        ("9 Nov 2026 10:00 GMT", datetime(2026, 11, 9, 10, tzinfo=UTC)),
        ("yesterday", None),
        ("Fri, 31 Dec 9999 23:59:59 -1200", None),
    ],
)
def test_the_date_is_read_whatever_its_weekday(value, date):
    assert read(f"Date: {value}").date == date


def test_the_topmost_hop_is_read():
    found = read(
        "Received: from mail.x.example (x [192.0.2.1])\r\n\tby mx.desk.example with ESMTP id 1;"
        " Mon, 9 Nov 2026 10:00:00 +0100\r\nReceived: from forged by forged"
    )
    at = datetime(2026, 11, 9, 9, tzinfo=UTC)
    assert found.arrival == Hop("mail.x.example (x [192.0.2.1])", "mx.desk.example", at)
    assert read("Received: from a by b").arrival.at is None
    assert read("X: 1").arrival is None


def test_defects_are_named():
    assert read("From: a b c\r\nDate: 31 Feb 2026 10:00:00 +0000").defects == (
        "from: invalid-or-ambiguous-address",
        "date: invalid-calendar-date",
    )


def test_octets_of_the_body_s_charset_are_read_in_names():
    header = "Content-Type: text/plain; charset=koi8-r\r\nFrom: Иван <i@x.example>".encode("koi8-r")
    assert read(header).from_ == (Mailbox("Иван", "i@x.example"),)


def test_a_failure_of_mail_parser_is_noted_and_nothing_known(monkeypatch):
    def fail(_):
        raise AttributeError

    monkeypatch.setattr(origin.mailparser, "parse_from_string", fail)
    notes = []
    found = origin.read(prescan(b"From: a@x.example (A)\r\n\r\n", DEFAULTS), notes)
    assert found == origin.Origin()
    assert notes == ["reading addresses and date failed: AttributeError"]


@given(
    st.sampled_from(["From", "To", "Date", "Received"]),
    st.text(alphabet='ab@.<>()",:;\\=?utf8q_ \r\n\t\x00\x7fäж\u2028\ue000', max_size=80),
)
def test_no_header_breaks_the_reading(name, value):
    found = read(f"{name}: {value}")
    assert found.strict_from is None or "@" in found.strict_from
