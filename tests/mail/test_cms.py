"""What an opaque signature wraps."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.errors import Refused
from mailgate.mail import cms, parts
from tests.mail.golden_twin import GOLDEN

SIGNED = bytes.fromhex("06092a864886f70d010702")
ENVELOPED = bytes.fromhex("06092a864886f70d010703")
DATA = bytes.fromhex("06092a864886f70d010701")
SHA = bytes.fromhex("0609608648016503040201")


def value(tag, *contents):
    data = b"".join(contents)
    size = bytes([len(data)]) if len(data) < 128 else b"\x82" + struct.pack(">H", len(data))
    return bytes([tag]) + size + data


def open_(tag, *contents):
    """Return a value whose length is not said."""
    return bytes([tag]) + b"\x80" + b"".join(contents) + b"\0\0"


def wrapped(*pieces, kind=SIGNED, of=value):
    algorithms = value(0x31, value(0x30, SHA))
    inside = of(0x30, DATA, of(0xA0, *pieces))
    certificates = of(0xA0, value(0x30, value(0x04, b"no content")))
    return of(0x30, kind, of(0xA0, of(0x30, b"\2\1\1", algorithms, inside, certificates)))


@pytest.mark.parametrize(
    ("data", "content"),
    [
        (wrapped(value(0x04, b"words")), b"words"),
        (wrapped(value(0x04, b"w" * 300)), b"w" * 300),
        (wrapped(open_(0x24, value(0x04, b"wo"), value(0x04, b"rds")), of=open_), b"words"),
        (wrapped(), None),
        (wrapped(value(0x04, b"words"), kind=ENVELOPED), None),
        (wrapped(value(0x04, b"words"))[:-60], None),
        (b"\x30\x89" + b"\0" * 20, None),
        (b"", None),
    ],
)
def test_the_content_is_taken_out_of_its_wrapping(data, content):
    assert cms.content(data) == content


def test_what_is_wrapped_can_be_had_from_the_mail():
    raw = (GOLDEN / "signed-smime-opaque.eml").read_bytes()
    assert parts.content(raw, "1/p7m:2") == b"%PDF"
    other = (GOLDEN / "smime-without-content.eml").read_bytes()
    for mail, path in ((raw, "1/p7m:3"), (raw, "1/p7m:"), (raw, "1/x-p7m:2"), (other, "1/p7m:1")):
        with pytest.raises(Refused, match="no part"):
            parts.content(mail, path)


@given(st.binary(max_size=300))
def test_no_bytes_break_the_walk(data):
    found = cms.content(b"\x30\x80" + SIGNED + DATA + data)
    assert found is None or len(found) <= len(data)
