"""Rich text: unpacking, and words without looks."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.mail import rtf
from tests.mail.outlook import packed


def compressed(size, body, kind=b"LZFu"):
    return struct.pack("<II4sI", len(body) + 12, size, kind, 0) + body


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (packed(b"{\\rtf1 hello}"), b"{\\rtf1 hello}"),
        (compressed(6, b"\x04ab\x0c\xf2"), b"ababab"),  # a run that copies itself
        (compressed(4, b"\x01\x00\x02"), b"{\\rt"),  # out of the window as it begins
        (compressed(20, b"\x02a\x0d\x00"), b"a"),  # the mark of the end
        (compressed(20, b"\x01\xff\x00"), b""),  # what the window has never held
        (compressed(20, b"\x01\xff"), b""),
        (compressed(3, b"abcd", b"MELA"), b"abc"),
        (compressed(3, b"abcd", b"????"), b""),
        (b"short", b""),
    ],
)
def test_packed_rich_text_is_unpacked_as_far_as_it_goes(value, expected):
    assert rtf.decompress(value) == expected


@pytest.mark.parametrize("more", [-1, 0, 1])
def test_no_more_is_unpacked_than_the_limit(more, monkeypatch):
    monkeypatch.setattr(rtf, "LARGEST", 100)
    data = b"x" * (100 + more)
    assert len(rtf.decompress(packed(data))) == min(100, 100 + more)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (rb"{\rtf1\ansi\ansicpg1251 \'cf\'f0\'e8\par second\tab x}", "При\nsecond\tx"),
        (rb"{\rtf1 a\u8364?b\u-10179?\u-8704?c}", "a€b😀c"),
        (rb"{\rtf1{\fonttbl{\f0 Arial;}}{\*\htmltag <p>}words\{\}\\\~end}", "words{}\\ end"),
        (b"{\\rtf1 one\\\ntwo\r\n\\-three}", "one\ntwothree"),
        (rb"{\rtf1 a\b0 b\zz}", "ab"),
        (b"no document", ""),
    ],
)
def test_the_words_of_a_document_are_read(document, words):
    assert rtf.text(document) == words


@given(st.binary(max_size=200))
def test_no_bytes_break_either(data):
    assert len(rtf.decompress(compressed(100, data))) <= 100
    rtf.text(b"{\\rtf1" + data).encode()
