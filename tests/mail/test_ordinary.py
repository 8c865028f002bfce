"""The plain form of header fields, held against what mail-parser makes of the same fields."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.mail import ordinary, origin
from mailgate.mail.parsed import Hop
from mailgate.mail.prescan import DEFAULTS, prescan

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.eml"))
ONE = "bob@x.example"
HOP = "from a.example (b [192.0.2.1]) by mx.example with ESMTPS id 1; 5 Jan 2026 08:00:04 +0000"


def by_mail_parser(name, value):
    return origin._read({name: [value]})


def pieces(*choices):
    """Texts that are nearly always close to the plain form, and often in it."""
    return st.lists(st.sampled_from(choices), min_size=1, max_size=12).map("".join)


ADDRESSES = pieces(
    *("Bob", "Lee", " ", "  ", '"', "'", ".", ",", ", ", "<", ">", "(", ")", "\\", ":", ";", "@"),
    *(ONE, f"<{ONE}>", f'"Bob Lee" <{ONE}>', f"Bob Lee <{ONE}>", "Eve+1@Y.example", "a@b", "a@[1]"),
    *("a..b@x.example", ".a@x.example", "a@-x.example", "a@x-.example", "a@x_y.example", "a@x."),
    *(f"{ordinary.MASK}utf-8?q?J=C3=B6rg?=", "ö", "\t", "=", "x" * 64, "x." * 130, "with", "-"),
)
DATES = pieces(
    *(
        "Mon, ",
        "Tue, ",
        "mon ",
        " ",
        "  ",
        "5",
        "31",
        "30",
        "29",
        " Feb ",
        " Jan ",
        " JAN ",
        " 2026",
    ),
    *("2024", "1899", "08:00:04", "24:00:00", "23:59:60", "08:00", " +0000", " -0000", "+0130"),
    *(" -0700", " +0160", " +9959", " GMT", " (CET)", " (a b)", "(", "5 Jan 2026 08:00:04 +0000"),
)
HOPS = pieces(
    *("from ", "by ", "with ", "id ", "for ", "via ", " ", ";", "a.example", "mx.example", "ESMTP"),
    *(
        " (b [192.0.2.1])",
        "(helo=x)",
        " (HELO x)",
        " (a (b))",
        " (from c)",
        "[192.0.2.1]",
        '"',
        "\\",
    ),
    *(f"<{ONE}>", "unknown", HOP, HOP.partition(";")[0], HOP.partition(";")[2], "; 5 Jan 2026"),
    *(" (using TLSv1.3 with cipher A (256/256 bits))", "envelope-from <a@b>", "\t", "cipher"),
)


@given(ADDRESSES)
def test_addresses_in_the_plain_form_are_what_mail_parser_reads(value):
    found = ordinary.mailboxes(value)
    if found is not None:
        read = by_mail_parser("from", value)
        assert origin._mailboxes(found) == read.from_
        assert read.defects == ()
        assert (read.strict_from is not None) == (len(found) == 1)


@given(DATES)
def test_a_date_in_the_plain_form_is_what_mail_parser_reads(value):
    found = ordinary.date(value)
    if found is not None:
        read = by_mail_parser("date", value)
        assert (read.date, read.defects) == (found, ())
        hop = by_mail_parser("received", f"from a by b; {value}")
        assert (hop.arrival, hop.defects) == (Hop("a", "b", found), ())


@given(HOPS)
def test_a_hop_in_the_plain_form_is_what_mail_parser_reads(value):
    found = ordinary.hop(value)
    if found is not None:
        read = by_mail_parser("received", value)
        assert (read.arrival, read.defects) == (found, ())


def test_golden_mails_are_read_alike_by_both(monkeypatch):
    raws = [path.read_bytes() for path in GOLDEN]
    ours = [origin.read(prescan(raw, DEFAULTS), []) for raw in raws]
    monkeypatch.setattr(origin, "_ordinary", lambda _: None)
    assert ours == [origin.read(prescan(raw, DEFAULTS), []) for raw in raws]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (ONE, [("", ONE)]),
        (f"<{ONE}>", [("", ONE)]),
        (f'"Lee, Bob" <{ONE}>', [("Lee, Bob", ONE)]),
        (f" Bob  Lee <{ONE}> , {ONE}", [("Bob  Lee", ONE), ("", ONE)]),
        (f"{ONE} (Bob)", None),
        (f"{ONE},", None),
        (f"bob@x.example <{ONE}>", None),
        ("undisclosed-recipients:;", None),
        ("", None),
    ],
)
def test_what_is_a_plain_list_of_addresses(value, found):
    assert ordinary.mailboxes(value) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("5 Jan 2026 08:00:04 +0000", datetime(2026, 1, 5, 8, 0, 4, tzinfo=UTC)),
        ("Mon, 5 Jan 2026 08:00:04 +0130 (CET)", datetime(2026, 1, 5, 6, 30, 4, tzinfo=UTC)),
        ("5 Jan 2026 08:00:04 -0700", datetime(2026, 1, 5, 15, 0, 4, tzinfo=UTC)),
        ("Tue, 5 Jan 2026 08:00:04 +0000", None),
        ("31 Feb 2026 08:00:04 +0000", None),
        ("5 Abc 2026 08:00:04 +0000", None),
        ("5 Jan 2026 08:00:04 GMT", None),
    ],
)
def test_what_is_a_plain_date(value, found):
    assert ordinary.date(value) == found


def test_what_is_a_plain_hop():
    at = datetime(2026, 1, 5, 8, 0, 4, tzinfo=UTC)
    assert ordinary.hop(HOP) == Hop("a.example (b [192.0.2.1])", "mx.example", at)
    assert ordinary.hop(HOP.replace("2026", "once")) is None
    assert ordinary.hop(HOP.replace("from", "of")) is None


def test_mail_parser_is_asked_only_for_what_is_not_plain(monkeypatch):
    asked = []
    monkeypatch.setattr(origin, "_read", lambda values: asked.append(values) or origin.Origin())
    plain = f"From: Bob <{ONE}>\r\nDate: 5 Jan 2026 08:00:04 +0000\r\nReceived: {HOP}\r\n\r\n"
    for bent in (plain, plain.replace("Bob", '"B"b'), plain.replace("2026 ", "26 ")):
        origin.read(prescan(bent.encode(), DEFAULTS), [])
    assert len(asked) == 2
