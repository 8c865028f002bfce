"""Files written into text."""

import binascii

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.mail import uu


def coded(data, name=b"a.bin"):
    lines = (binascii.b2a_uu(data[at : at + 45]) for at in range(0, len(data), 45))
    return b"begin 644 " + name + b"\n" + b"".join(lines) + b"`\nend\n"


def test_files_are_cut_out_of_the_text_in_their_order():
    text = b"above\n" + coded(b"one", b"first name.txt") + b"between\n" + coded(b"two") + b"below"
    assert uu.split(text) == (
        b"above\nbetween\nbelow",
        (uu.Entry(b"first name.txt", b"one", True), uu.Entry(b"a.bin", b"two", True)),
    )


@pytest.mark.parametrize(
    "text",
    [
        b"nothing",
        b"to begin with\n",
        b"begin 644 of a sentence\nthat goes on\n",
        b"begin 644 a.bin\nend\n",
        b"begin 644 a.bin",
    ],
)
def test_a_text_that_only_looks_like_one_stays_as_it_is(text):
    assert uu.split(text) == (text, ())


def test_a_file_that_breaks_off_ends_where_its_lines_do():
    whole = coded(bytes(90))
    assert uu.split(whole.partition(b"`")[0][: len(b"begin 644 a.bin\n") + 62])[1] == (
        uu.Entry(b"a.bin", bytes(45), False),
    )
    text, (entry,) = uu.split(b"begin 644 a\n#86)C\nWords that follow.\n")
    assert (text, entry.data, entry.whole) == (b"Words that follow.\n", b"abc", False)


@pytest.mark.parametrize(
    ("line", "octets"),
    [
        (b"#86)C", b"abc"),
        (b"%:&5L;&\\", b"hello"),
        (b"#86)C**", b"abc"),
        (b"#86)C*****", None),
        (b"!   ", b"\0"),
        (b"!", b"\0"),
        (b"`", b""),
        (b"", None),
        (b"end", None),
        (b"#\xff\xff\xff\xff", None),
    ],
)
def test_a_line_stands_for_its_octets_with_or_without_its_padding(line, octets):
    assert uu.line_octets(line) == octets


@pytest.mark.parametrize(("count", "found"), [(199, 199), (200, 200), (201, 200)])
def test_no_more_than_two_hundred_files_are_cut_out_of_one_text(count, found):
    assert len(uu.split(coded(b"x") * count)[1]) == found


@given(st.binary(max_size=300), st.booleans())
def test_what_was_written_comes_back(data, crlf):
    text = coded(b"x" + data)
    text = text.replace(b"\n", b"\r\n") if crlf else text
    rest, entries = uu.split(b"a\n" + text + b"z")
    assert (rest, entries[0].data, entries[0].whole) == (b"a\nz", b"x" + data, True)
    assert uu.split(data)[1] == () or b"begin" in data
