"""Which lines divide a file of many mails, and what they say."""

from datetime import UTC, datetime

import pytest

from mailgate.mail import postmark
from mailgate.mail.postmark import Postmark

AT = datetime(2015, 1, 5, 12, 34, 56, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "sender"),
    [
        (b"From carol@customer.example Mon Jan  5 12:34:56 2015\n", "carol@customer.example"),
        (b"From carol@customer.example Mon Jan  5 12:34:56 2015\r\n", "carol@customer.example"),
        (b"From - Mon Jan 05 12:34:56 2015", "-"),
        (b"From 1489@xxx Mon Jan 05 12:34:56 +0000 2015\n", "1489@xxx"),
        (
            b"From carol at customer.example  Mon Jan  5 12:34:56 2015\n",
            "carol at customer.example",
        ),
        (b"From MAILER-DAEMON Mon Jan  5 14:04:56 2015 +0130\n", "MAILER-DAEMON"),
        (b"From x Mon Jan  5 11:04:56 -0130 2015\n", "x"),
        (b"From x Mon Jan  5 12:34:56 UTC 2015\n", "x"),
    ],
)
def test_a_postmark_says_who_sent_a_mail_and_when_it_came(line, sender):
    assert postmark.read(line) == Postmark(sender, AT)


def test_a_postmark_without_seconds_is_one():
    assert postmark.read(b"From x Mon Jan  5 12:34 2015\n").at == AT.replace(second=0)


@pytest.mark.parametrize("day", [b"Mon Feb 31 12:34:56 2015", b"Mon Jan  5 12:34:56 0000"])
def test_a_postmark_of_a_day_that_never_was_has_no_time(day):
    assert postmark.read(b"From x " + day + b"\n") == Postmark("x", None)


@pytest.mark.parametrize(
    "line",
    [
        b"From here on it is 10:00 in 2015\n",
        b"From Mon Jan 5 on, we are closed\n",
        b">From x Mon Jan  5 12:34:56 2015\n",
        b"from x Mon Jan  5 12:34:56 2015\n",
        b"From x Mon Jan  5 12:34:56 2015 and so on\n",
        b"From x " + b" " * 600 + b"Mon Jan  5 12:34:56 2015\n",
        b"",
    ],
)
def test_text_that_begins_like_a_postmark_is_none(line):
    assert postmark.read(line) is None


def test_what_was_quoted_for_its_file_is_as_it_was():
    raw = b"Subject: x\n\n>From here\n>>From there\n> From afar\na >From b\n"
    assert (
        postmark.unquoted(raw) == b"Subject: x\n\nFrom here\n>From there\n> From afar\na >From b\n"
    )


def test_what_was_not_quoted_stays():
    assert postmark.unquoted(b"Subject: x\n\nwords\n") == b"Subject: x\n\nwords\n"
