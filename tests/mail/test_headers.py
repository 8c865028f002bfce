"""Header fields: split, decoded, cleaned."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.mail import headers
from mailgate.mail.headers import Field, message_ids, split, text, words


def block(raw, size=1000, count=100, start=0):
    return split(raw, start, len(raw), size=size, count=count)


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"])
def test_fields_are_split_at_any_line_end(end):
    raw = end.join(
        [b"From: a", b"Subject: long", b"\tfolded ", b"X-Empty:", b"", b"Body: no field"]
    )
    found = block(raw)
    assert found.fields == (
        Field("from", b" a"),
        Field("subject", b" long" + end + b"\tfolded "),
        Field("x-empty", b""),
    )
    assert raw[found.body :] == b"Body: no field"
    assert found.over == ()


@pytest.mark.parametrize(
    ("raw", "names", "body"),
    [
        (b"", [], b""),
        (b"A: 1", ["a"], b""),
        (b"A: 1\r\n", ["a"], b""),
        (b"\r\nbody", [], b"body"),
        (b"just text\r\nA: 1", [], b"just text\r\nA: 1"),
        (b"A: 1\r\nno field\r\nB: 2\r\n\r\nx", ["a"], b"no field\r\nB: 2\r\n\r\nx"),
        (b"From me Mon Nov 9\r\nA: 1\r\n\r\nx", ["a"], b"x"),
        (b">From me Mon Nov 9\nA: 1\n\nx", ["a"], b"x"),
        (b" stray\r\nA : 1\r\n\r\nx", ["a"], b"x"),
        (b"A: 1\r\n \r\nB: 2\r\n\r\nx", ["a", "b"], b"x"),
    ],
)
def test_the_block_ends_at_the_first_line_that_is_no_field(raw, names, body):
    found = block(raw)
    assert [field.name for field in found.fields] == names
    assert raw[found.body :] == body


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"])
def test_a_parameter_on_a_line_of_its_own_goes_on_with_its_field(end):
    lines = [b"Content-Type: a/b;", b'name="x: y.pdf";', b"size=3", b"B: 1", b"", b"body"]
    raw = end.join(lines)
    block = split(raw, 0, len(raw), size=1000, count=10)
    assert [field.name for field in block.fields] == ["content-type", "b"]
    assert b'name="x: y.pdf"' in block.fields[0].value
    assert block.fields[0].value.endswith(b"size=3")
    assert raw[block.body :] == b"body"


@pytest.mark.parametrize(
    "raw", [b"A: 1\nname=x", b"A: 1;\n; name=x", b"A: 1;\ntwo words=x", b"A: 1;\n=x"]
)
def test_a_line_that_continues_nothing_ends_the_block(raw):
    assert split(raw, 0, len(raw), size=1000, count=10).body == raw.index(b"\n") + 1


def test_a_region_is_read_and_not_what_stands_around_it():
    raw = b"X: 0\r\nA: 1\r\n\r\nbody"
    found = split(raw, 6, 12, size=100, count=10)
    assert (found.fields, found.body) == ((Field("a", b" 1"),), 12)


@pytest.mark.parametrize(("count", "over"), [(1, True), (2, False), (3, False)])
def test_fields_are_counted_and_the_body_found_all_the_same(count, over):
    raw = b"A: 1\r\nB: 2\r\n\r\nbody"
    found = block(raw, count=count)
    assert len(found.fields) == min(count, 2)
    assert bool(found.over) == over
    assert raw[found.body :] == b"body"


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
@pytest.mark.parametrize(("spare", "over"), [(-1, True), (0, False), (1, False)])
def test_octets_of_the_block_are_counted(spare, over, end):
    header = b"A: 12345" + end + b"B: 2" + end
    raw = header + end + b"body"
    found = block(raw, size=len(header) + spare)
    assert bool(found.over) == over
    assert raw[found.body :] == b"body"


def test_a_block_that_is_too_long_and_never_ends_has_no_body():
    raw = b"A: " + b"x" * 100
    found = block(raw, size=10)
    assert found.over == ("header block over 10 octets",)
    assert found.body == len(raw)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (b" plain", "plain"),
        (b" folded\r\n\tvalue ", "folded value"),
        (
            b"=?utf-8?q?Gr=C3=BC=C3=9Fe_aus?=\r\n =?utf-8?q?_K=C3=B6ln?= heute",
            "Grüße aus Köln heute",
        ),
        (b"=?UTF-8?B?w4Q=?= and =?iso-8859-1*de?Q?=D6?=", "Ä and Ö"),
        (b"=?utf-8?b?4oI=?= =?utf-8?b?rA==?=", "€"),
        (b"=?x-unknown?q?Caf=E9?=", "Café"),
        (b"=?utf-8?q?two?= =?iso-8859-1?q?charsets?=", "twocharsets"),
        (b"=?utf-8?b?SGVsbG8?=", "Hello"),
        (b"=?utf-8?b?SGVsbG8hI?=", "Hello!"),
        (b"=?utf-8?q?broken", "=?utf-8?q?broken"),
        (b"=?utf-8?x?unknown?=", "=?utf-8?x?unknown?="),
        ("Störung".encode(), "Störung"),
        ("Störung".encode("latin-1"), "Störung"),
        (b"a\x00b\x07c\x1b", "a b c"),
        (b"=?utf-8?q?a=0D=0AB=3A_c=E2=80=A8d?=", "a B: c d"),
        (b"=?utf-8?q?=E2=80=AEevil?=", "evil"),
    ],
)
def test_a_value_becomes_one_clean_line(value, shown):
    assert text(value) == shown


def test_undeclared_octets_are_of_the_charset_of_the_body():
    assert text("Принтер".encode("koi8-r"), label="koi8-r") == "Принтер"
    assert text("Принтер".encode(), label="koi8-r") == "Принтер"


def test_a_value_is_cut_at_its_limit():
    assert text(b"abcdef", 6) == "abcdef"
    assert len(text(b"abcdefg", 6)) == 6


def test_words_without_any_encoded_word_are_left_alone():
    assert words("1 = 2 ?") == "1 = 2 ?"


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        ("<a@b>", ["<a@b>"]),
        ("<a@b> <c@d>, <e>", ["<a@b>", "<c@d>", "<e>"]),
        ("<fol ded@b>", ["<folded@b>"]),
        ("a@b c", ["<a@b>"]),
        ("Your mail of Monday <a@b>", ["<a@b>"]),
        ("nothing", []),
        ("< >", []),
        ("", []),
    ],
)
def test_message_ids_are_found_with_their_brackets(value, ids):
    assert list(message_ids([value])) == ids


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reading_of_a_header(data):
    found = block(data)
    assert 0 <= found.body <= len(data)
    for field in found.fields:
        shown = text(field.value)
        assert "\n" not in shown
        list(headers.message_ids([shown]))
