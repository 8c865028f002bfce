"""The same mail by two roads has one fingerprint."""

import hashlib

import pytest

from mailgate.mail.fingerprint import _BLOCK, fingerprint
from mailgate.mail.prescan import DEFAULTS, prescan

MAIL = (
    b"From: a@x.example\r\nDate: today\r\nSubject: A\r\n folded one\r\nMessage-ID: <1@x>\r\n"
    b"\r\nHello\r\n"
)


def of(raw):
    scan = prescan(raw, DEFAULTS)
    return fingerprint(raw, scan.body, scan.fields)


@pytest.mark.parametrize(
    "other",
    [
        b"Received: from a by b; today\r\nDelivered-To: x@y\r\nX-Spam: no\r\n" + MAIL,
        MAIL.replace(b"\r\n", b"\n"),
        MAIL.replace(b"\r\n", b"\r"),
        MAIL + b"\r\n\r\n",
        MAIL.replace(b"A\r\n folded one", b"A folded\r\n\tone"),
        b"From a Mon Nov 9\r\n" + MAIL,
    ],
)
def test_what_relays_change_does_not_matter(other):
    assert of(other) == of(MAIL)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Hello", b"hello"),
        (b"a@x", b"b@x"),
        (b"<1@x>", b"<2@x>"),
        (b"today", b"now"),
        (b"A\r", b"B\r"),
    ],
)
def test_what_makes_another_mail_does(old, new):
    assert of(MAIL.replace(old, new)) != of(MAIL)


def test_it_is_a_sha_256():
    assert of(b"") == hashlib.sha256(b"\n").hexdigest()


@pytest.mark.parametrize("shift", [-2, -1, 0, 1])
def test_a_line_end_at_the_edge_of_a_block_is_one_line_end(shift):
    text = b"x" * (_BLOCK + shift) + b"\r\n" * (_BLOCK + 3) + b"end\r\n"
    assert of(b"\r\n" + text) == of(b"\n" + text.replace(b"\r\n", b"\n"))
    assert of(b"\r\n" + text) != of(b"\r\n" + text.replace(b"\r\nend", b"end"))


def test_line_ends_at_the_end_do_not_matter_however_many():
    assert of(MAIL + b"\n" * 3 * _BLOCK) == of(MAIL)
