"""Transfer encodings."""

import base64
import binascii
import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.mail.transfer import decode, name


@pytest.mark.parametrize(
    ("value", "encoding"),
    [
        (b" Base64 ", "base64"),
        (b'"quoted-printable";', "quoted-printable"),
        (b"7bit (comment)", "7bit"),
        (b"", "7bit"),
        (b"@@", "7bit"),
    ],
)
def test_the_name_of_an_encoding_is_its_first_word(value, encoding):
    assert name(value) == encoding


@pytest.mark.parametrize(
    ("data", "encoding", "octets", "well_formed"),
    [
        (b"SGVsbG8=\r\n", "base64", b"Hello", True),
        (b"SGVs*bG8=", "base64", b"Hello", False),
        (b"SGVsbG8", "base64", b"Hello", False),
        (b"SGVsbG8hI", "base64", b"Hello!", False),
        (b"", "base64", b"", True),
        (b"a=20b=\r\nc=3", "quoted-printable", b"a bc=3", True),
        (b"soft= \t\r\nbreak= ", "quoted-printable", b"softbreak", True),
        (b"as it is\xff", "8bit", b"as it is\xff", True),
        (b"as it is", "x-nonsense", b"as it is", True),
        (b"no beginning", "x-uuencode", b"no beginning", False),
        (b"begin 644 a\n%:&5L;&\\\n`\nend\n", "uuencode", b"hello", True),
        (b"begin 644 a\n%:&5L;&\\", "uue", b"hello", True),
        (b"begin 644 a\n%:&5L;&\\junk after\nend", "uue", b"hello", True),
        (b"begin 644 a\n\xff\xff\xff\n", "uue", b"", False),
    ],
)
def test_an_encoding_is_undone_as_far_as_it_goes(data, encoding, octets, well_formed):
    assert decode(data, encoding) == (octets, well_formed)


@given(st.binary(max_size=300))
def test_what_was_encoded_comes_back(data):
    assert decode(base64.encodebytes(data), "base64") == (data, True)
    assert decode(quopri.encodestring(data), "quoted-printable") == (data, True)
    lines = (data[at : at + 45] for at in range(0, len(data), 45))
    coded = b"begin 644 x\n" + b"".join(map(binascii.b2a_uu, lines)) + b"`\nend\n"
    assert decode(coded, "x-uuencode") == (data, True)


@given(st.binary(max_size=300), st.sampled_from(["base64", "quoted-printable", "x-uuencode", "x"]))
def test_no_bytes_break_any_encoding(data, encoding):
    octets, _ = decode(data, encoding)
    assert len(octets) <= len(data)
