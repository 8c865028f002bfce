"""Limits of the header, each at one less, exactly, and one more."""

import pytest

from mailgate.mail.prescan import DEFAULTS, Limits, is_odd, prescan


def test_an_ordinary_mail_passes_whole():
    raw = b"From: a@b.example\r\nTo: c@d.example, e@f.example\r\n\r\nbody"
    scan = prescan(raw, DEFAULTS)
    assert [field.name for field in scan.fields] == ["from", "to"]
    assert raw[scan.body : scan.end] == b"body"
    assert (scan.over, scan.too_big, scan.charset) == ((), False, None)


def test_blank_lines_before_the_header_are_passed_over():
    raw = b"\r\n\r\nFrom: a@b.example\r\n\r\nbody"
    scan = prescan(raw, DEFAULTS)
    assert (len(scan.fields), raw[scan.body :]) == (1, b"body")


def test_blank_lines_before_no_header_belong_to_the_body():
    raw = b"\r\nno header at all"
    scan = prescan(raw, DEFAULTS)
    assert (scan.fields, raw[scan.body :]) == ((), b"no header at all")


@pytest.mark.parametrize(("size", "big"), [(26, True), (27, False), (28, False)])
def test_the_size_of_a_mail_is_limited(size, big):
    raw = b"From: a@b.example\r\n\r\nlonger"[:27]
    scan = prescan(raw, Limits(size=size))
    assert scan.too_big == big
    assert scan.over == ((f"mail over {size} octets",) if big else ())
    assert scan.end == min(size, len(raw))


@pytest.mark.parametrize(
    ("limit", "kept"), [(8, b" 1234567"), (9, b" 12345678"), (10, b" 12345678")]
)
def test_a_field_is_cut_at_its_size(limit, kept):
    scan = prescan(b"X: 12345678\r\n\r\n", Limits(header=limit))
    assert scan.fields[0].value == kept
    assert scan.over == ((f"header field over {limit} octets",) if limit < 9 else ())


@pytest.mark.parametrize(("limit", "left"), [(1, 1), (2, 2), (3, 2)])
def test_encoded_words_of_a_field_are_limited(limit, left):
    scan = prescan(b"Subject: =?utf-8?q?a?= =?utf-8?q?b?=\r\n\r\n", Limits(encoded_words=limit))
    assert scan.fields[0].value.count(b"=?") == left
    assert bool(scan.over) == (limit < 2)


@pytest.mark.parametrize(
    ("limit", "to", "cc"),
    [
        (4, b" a@x.example, b@x.example", b" c@x.example, d@x.example"),
        (3, b" a@x.example, b@x.example", b" c@x.example,"),
        (2, b" a@x.example, b@x.example", b""),
        (1, b" a@x.example,", b""),
    ],
)
def test_addresses_are_counted_over_all_fields(limit, to, cc):
    raw = b"To: a@x.example, b@x.example\r\nCc: c@x.example, d@x.example\r\n\r\n"
    scan = prescan(raw, Limits(addresses=limit))
    assert [field.value for field in scan.fields] == [to, cc]
    assert scan.over == ((f"more than {limit} addresses",) if limit < 4 else ())


@pytest.mark.parametrize(
    ("header", "charset"),
    [
        (b"Content-Type: text/plain; charset=KOI8-R\r\nSubject: \xe4\r\n\r\n", "KOI8-R"),
        (b"X: \xe4\r\nContent-Type: text/plain\r\n\r\n", None),
        (b"X: \xe4\r\n\r\n", None),
        (b"Content-Type: text/plain; charset=KOI8-R\r\nSubject: a\r\n\r\n", None),
    ],
)
def test_the_charset_is_that_of_the_top_content_type_where_the_header_needs_one(header, charset):
    assert prescan(header, DEFAULTS).charset == charset


@pytest.mark.parametrize(
    ("token", "most"),
    [(b"\n--", 200), (b"\r--", 200), (b"=?", 1000), (b"<", 50_000), (b"\nbegin ", 20)],
)
@pytest.mark.parametrize(("more", "odd"), [(-1, False), (0, False), (1, True)])
def test_a_mail_with_many_of_a_kind_is_odd(token, most, more, odd):
    assert is_odd(b"Subject: x\r\n\r\n" + token * (most + more)) is odd


@pytest.mark.parametrize(("length", "odd"), [(65_536, False), (65_537, True)])
def test_a_mail_with_a_long_header_is_odd(length, odd):
    assert is_odd(b"Subject: ".ljust(length, b"x")) is odd
    assert not is_odd(b"Subject: x\r\n\r\n".ljust(length, b"x"))


@pytest.mark.parametrize("name", [b"name=Winmail.dat", b"application/MS-TNEF"])
def test_a_large_mail_with_winmail_is_odd(name):
    small = b"Content-Type: x; " + name + b"\r\n\r\n"
    assert not is_odd(small.ljust(1024 * 1024, b"x"))
    assert is_odd(small.ljust(1024 * 1024 + 1, b"x"))
    assert not is_odd(b"\n\n".ljust(1024 * 1024 + 1, b"x"))
