"""What a mail calls its matter, without marks of an answer and numbers of tickets."""

import pytest

from mailgate.domain.numbers import NumberFormat, NumberReader
from mailgate.mail.subjects import matter

NUMBERS = NumberReader([NumberFormat("TKT-{year}-{seq:05d}"), NumberFormat("REQ-{date}-{seq:04d}")])


@pytest.mark.parametrize(
    ("subject", "called"),
    [
        ("Invoice", "Invoice"),
        ("Re: [TKT-2026-00042] Invoice", "Invoice"),
        ("AW: Re: Invoice [ tkt-2026-00042 ]", "Invoice"),
        ("Re: Invoice #TKT-2026-00042 and REQ-20260302-0007", "Invoice and"),
        ("=?utf-8?q?Re=3A_Stra=C3=9Fe?=", "Straße"),
        ("Invoice \u202e [x]", "Invoice [x]"),
        ("Re: [TKT-2026-00042]", ""),
        ("", ""),
        ("x" * 600, "x" * 499 + "…"),
    ],
)
def test_what_programs_and_tickets_put_around_it_is_left_out(subject, called):
    raw = f"From: a@b.example\r\nSubject: {subject}\r\n\r\nSubject: no\r\n".encode()
    assert matter(raw, NUMBERS) == called


def test_a_number_in_signs_that_look_like_others_is_not_left_standing():
    raw = "Subject: Invoice ＴＫＴ-2026-00042\r\n\r\n".encode()
    assert matter(raw, NUMBERS) == ""


@pytest.mark.parametrize("raw", [b"", b"\r\n", b"Subject\r\n\r\n", b"From: x\r\n\r\nbody"])
def test_a_mail_without_a_subject_calls_it_nothing(raw):
    assert matter(raw, NUMBERS) == ""
