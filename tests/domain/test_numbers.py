"""Ticket numbers are written as configured and found again in whatever mail makes of them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.domain.numbers import NumberFormat, NumberReader
from mailgate.errors import Refused

DAY = date(2026, 3, 7)
YEARLY = NumberFormat("TKT-{year}-{seq:05d}")
DAILY = NumberFormat("TKT-{date}-{seq:04d}")

literals = st.from_regex(r"[A-Za-z][A-Za-z0-9_./-]{0,8}[-_./]", fullmatch=True)
periods = st.sampled_from(["", "{year}-", "{date}-", "{date}.{year}/"])
widths = st.sampled_from(["", ":1d", ":5d", ":05d", ":018d"])
formats = st.builds(
    lambda literal, period, width, end: NumberFormat(f"{literal}{period}{{seq{width}}}{end}"),
    literals,
    periods,
    widths,
    st.sampled_from(["", "-X"]),
)
days = st.dates(date(2000, 1, 1), date(2099, 12, 31))


@pytest.mark.parametrize(
    ("template", "seq", "number"),
    [
        ("TKT-{year}-{seq:05d}", 42, "TKT-2026-00042"),
        ("TKT-{date}-{seq:04d}", 42, "TKT-20260307-0042"),
        ("TKT-{year}-{seq:05d}", 123456, "TKT-2026-123456"),
        ("REQ{seq}", 7, "REQ7"),
        ("A_{seq:3d}", 7, "A_007"),
        ("A-{seq:03d}/DE", 7, "A-007/DE"),
        ("tkt-{year}-{seq:05d}", 42, "TKT-2026-00042"),
    ],
)
def test_a_number_is_written_as_its_format_says_and_grows_past_its_width(template, seq, number):
    assert NumberFormat(template).write(DAY, seq) == number


@given(formats, days, st.integers(0, 10**18 - 1))
def test_every_number_is_found_as_it_was_written(form, day, seq):
    number = form.write(day, seq)
    assert NumberReader([form])(f"Re: AW: [{number}] Drucker") == (number,)


@given(days, st.integers(1, 10**9))
def test_every_format_ever_used_is_still_recognised(day, seq):
    reader = NumberReader([YEARLY, DAILY])
    both = YEARLY.write(day, seq), DAILY.write(day, seq)
    assert reader(f"{both[0]} and {both[1]}") == both


@given(days, days, st.integers(1, 10**6), st.integers(1, 10**6))
def test_no_two_tickets_of_a_format_get_the_same_number(day, other, seq, later):
    for form in (YEARLY, DAILY):
        same = form.write(day, seq) == form.write(other, later)
        assert same == ((form.period(day), seq) == (form.period(other), later))


@pytest.mark.parametrize(
    ("form", "period"),
    [
        (YEARLY, "2026"),
        (DAILY, "20260307"),
        (NumberFormat("T-{seq}"), ""),
        (NumberFormat("T-{date}-{year}-{seq}"), "20260307-2026"),
    ],
)
def test_the_sequence_restarts_with_the_period(form, period):
    assert form.period(DAY) == period


@pytest.mark.parametrize(
    "subject",
    [
        "TKT-2026-00042",
        "Re: Printer [TKT-2026-00042]",
        "AW: WG: tkt-2026-00042: noch eine Frage",
        "Ticket #TKT-2026-00042!",
        "(Tkt-2026-00042)",
        "TKT\u20112026\u201100042",  # hyphens that do not break
        "TKT\u20132026\u201300042",  # dashes of a helpful program
        "ＴＫＴ-２０２６-０００４２",
        "x_TKT-2026-00042_y",
    ],
)
def test_a_number_is_found_whatever_surrounds_it(subject):
    assert NumberReader([YEARLY])(subject) == ("TKT-2026-00042",)


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "TKT-2026-0042",  # too short to be one of ours
        "XTKT-2026-00042",
        "TKT-2026-00042B",
        "TKT-26-00042",
        "TKT-2026-00042" + "1" * 18,
        "x" * 4000 + " TKT-2026-00042",
    ],
)
def test_what_only_looks_like_a_number_is_none(subject):
    assert NumberReader([YEARLY])(subject) == ()


def test_numbers_come_in_their_order_each_once():
    text = "TKT-2026-00007 TKT-2026-00003 tkt-2026-00007"
    assert NumberReader([YEARLY])(text) == ("TKT-2026-00007", "TKT-2026-00003")


def test_a_number_of_one_format_is_not_read_as_a_shorter_one_of_another():
    old, new = NumberFormat("REQ-{seq}"), NumberFormat("REQ-{year}-{seq:05d}")
    for formats in ([old, new], [new, old]):
        found = NumberReader(formats)("REQ-2026-00042, REQ-17")
        assert found == ("REQ-2026-00042", "REQ-17")


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("TKT", "needs {seq} exactly once"),
        ("TKT-{year}", "needs {seq} exactly once"),
        ("T-{seq}{seq}", "needs {seq} exactly once"),
        ("T-{seq}-{year}", "{seq} comes last"),
        ("T-{year}{year}{seq}", "each field once"),
        ("{seq:05d}", "needs letters"),
        ("{year}{seq}", "needs letters"),
        ("T-{month}-{seq}", "use letters"),
        ("T-{year:04d}-{seq}", "use letters"),
        ("T-{seq!r}", "use letters"),
        ("T-{seq:x}", "use letters"),
        ("T-{seq:0d}", "use letters"),
        ("T-{seq:00d}", "use letters"),
        ("T-{seq:19d}", "use letters"),
        ("T {seq}", "use letters"),
        ("Ä-{seq}", "use letters"),
        ("T-{}-{seq}", "use letters"),
        ("T-{seq", "expected '}'"),
    ],
)
def test_a_format_that_cannot_number_tickets_is_refused_with_the_reason(template, reason):
    with pytest.raises(Refused, match="number format") as refused:
        NumberFormat(template)
    assert reason in str(refused.value)
