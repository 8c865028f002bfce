"""winmail.dat."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.mail import tnef
from tests.mail import outlook
from tests.mail.outlook import attribute, file, number, properties, stream, value


def only(*attributes):
    found = tnef.read(stream(*attributes))
    assert found.whole
    return found


def test_files_come_with_their_long_names_types_and_bytes():
    more = (
        number(0x3705, 1),
        value(0x1F, 0x3707, "Größe.pdf"),
        value(0x1F, 0x370E, "Application/PDF"),
        value(0x1F, 0x3712, "<a@b>"),
    )
    found = only(file(b"GROE~1.PDF", b"one", *more), file(b"b.txt", b"two"))
    assert found.files == (
        tnef.Entry("Größe.pdf", "application/pdf", "a@b", b"one"),
        tnef.Entry("b.txt", "", None, b"two"),
    )


def test_a_file_may_stand_in_its_properties_alone():
    inside = properties(value(0x102, 0x3701, b"data"), value(0x1E, 0x3704, b"short.bin\0"))
    found = only(attribute(outlook.RENDERING, b""), attribute(outlook.FILE, inside))
    assert found.files == (tnef.Entry("short.bin", "", None, b"data"),)


def test_data_before_any_file_and_unknown_attributes_are_passed_over():
    found = only(
        attribute(outlook.DATA, b"lost"),
        attribute(outlook.CODEPAGE, b"\0"),
        file(b"a", b"x"),
        attribute(0x00012345, b"?"),
    )
    assert [entry.data for entry in found.files] == [b"x"]


def test_the_text_is_read_in_the_code_page_of_the_stream():
    codepage = attribute(outlook.CODEPAGE, struct.pack("<II", 1251, 0))
    assert only(codepage, attribute(outlook.BODY, "Привет".encode("cp1251"))).text == "Привет"


@pytest.mark.parametrize(
    ("id_", "kind", "given", "expected"),
    [
        (0x1000, 0x1F, "Grüße", ("Grüße", "")),
        (0x1013, 0x102, b"<p>x</p>", ("", "<p>x</p>")),
        (0x1009, 0x102, outlook.packed(b"{\\rtf1 Hello}"), ("Hello", "")),
        (0x0FFF, 0x102, b"other", ("", "")),
    ],
)
def test_the_message_itself_may_be_text_html_or_rich_text(id_, kind, given, expected):
    found = only(attribute(outlook.MESSAGE, properties(value(kind, id_, given))))
    assert (found.text, found.html) == expected


def test_rich_text_without_words_becomes_a_file():
    rtf = b"{\\rtf1{\\pict 00}}"
    found = only(attribute(outlook.MESSAGE, properties(value(0x102, 0x1009, outlook.packed(rtf)))))
    assert found.files == (tnef.Entry("body.rtf", "application/rtf", None, rtf),)


def test_named_and_multiple_properties_are_passed_over():
    guid = b"\0" * 16
    several = struct.pack("<HHI", 0x101F, 0x3A00, 2) + struct.pack("<I2s2xI4s", 2, b"a", 4, b"bcde")
    named = struct.pack("<HH", 3, 0x8001) + guid + struct.pack("<III", 0, 7, 1)
    by_name = struct.pack("<HH", 3, 0x8002) + guid + struct.pack("<II2s2xI", 1, 2, b"a\0", 1)
    many = struct.pack("<HHIII", 0x1003, 0x3A01, 2, 1, 2)
    given = properties(several, named, by_name, many, value(0x1F, 0x1000, "here"))
    assert only(attribute(outlook.MESSAGE, given)).text == "here"


def embedded(inner):
    value_ = value(0x0D, 0x3701, outlook.IS_MESSAGE + inner)
    return (
        attribute(outlook.RENDERING, b"")
        + attribute(outlook.TITLE, b"Old mail\0")
        + attribute(outlook.FILE, properties(value_))
    )


def test_a_message_inside_gives_its_text_and_its_files():
    words = only(embedded(stream(attribute(outlook.BODY, b"words"), file(b"deep", b"x"))))
    assert [(entry.name, entry.data) for entry in words.files] == [
        ("Old mail.txt", b"words"),
        ("deep", b"x"),
    ]
    html = attribute(outlook.MESSAGE, properties(value(0x102, 0x1013, b"<p>x")))
    assert only(embedded(stream(html))).files[0].name == "Old mail.html"


@pytest.mark.parametrize(("depth", "name"), [(4, "a"), (5, "a"), (6, "Old mail")])
def test_messages_inside_each_other_are_read_to_a_depth(depth, name):
    inner = stream(file(b"a", b"x"))
    for _ in range(depth):
        inner = stream(embedded(inner))
    assert tnef.read(inner).files[0].name == name


@pytest.mark.parametrize(("count", "found"), [(999, 999), (1000, 1000), (1001, 1000)])
def test_no_more_than_a_thousand_files_come_out_of_one_stream(count, found):
    assert len(tnef.read(stream(file(b"a", b"") * count)).files) == found


def test_what_breaks_off_gives_what_came_before():
    whole = stream(file(b"a", b"x" * 50), file(b"b", b"y" * 50))
    for end in range(len(whole)):
        found = tnef.read(whole[:end])
        assert [entry.data for entry in found.files if entry.data] in (
            [],
            [b"x" * 50],
            [b"x" * 50, b"y" * 50],
        )
    assert tnef.read(b"no stream") == tnef.Contents()
    assert not tnef.read(stream(attribute(outlook.MESSAGE, b"\xff" * 20))).whole
    short = properties(struct.pack("<HHI", 0x1003, 0x3A01, 2))
    assert not tnef.read(stream(attribute(outlook.MESSAGE, short))).whole


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader(data):
    assert tnef.read(data).files == ()
    assert isinstance(tnef.read(stream(data)).whole, bool)
    assert tnef.read(stream(attribute(outlook.MESSAGE, data))).files == ()
