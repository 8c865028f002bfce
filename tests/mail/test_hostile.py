"""A body twice as long costs at most twice as much, whatever it is made of.

Counted are the calls of functions, Python's and C's, of the whole of parsing; and of the one test
that looks at many characters of many lines, the characters.
"""

import sys
from datetime import UTC, datetime

import pytest

from mailgate.mail import body
from mailgate.mail.parse import parse
from tests.mail.hostile import SHAPES, TEXTS, mail

NOW = datetime(2026, 11, 9, 12, 0, tzinfo=UTC)
SIZE = 20_000  # characters


def calls(raw):
    """Return how many functions parsing `raw` calls."""
    count = 0

    def counted(_frame, event, _argument):
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        parse(raw, NOW)
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize(("kind", "name"), SHAPES, ids=lambda value: value.replace(" ", "-"))
def test_a_hostile_body_calls_no_more_than_its_length_allows(kind, name):
    slack = 1000
    assert calls(mail(kind, name, 2 * SIZE)) <= 2 * calls(mail(kind, name, SIZE)) + slack


@pytest.mark.parametrize("name", TEXTS)
def test_a_hostile_text_is_looked_at_no_longer_than_its_length_allows(name, monkeypatch):
    seen = []
    real = body.attribution
    monkeypatch.setattr(
        body, "attribution", lambda line: seen.append(min(len(line), 501)) or real(line)
    )

    def characters(size):
        seen.clear()
        parse(mail("plain", name, size), NOW)
        return sum(seen)

    assert characters(2 * SIZE) <= 2 * characters(SIZE) + 5000
    assert characters(50 * SIZE) <= 4 * 50 * SIZE
