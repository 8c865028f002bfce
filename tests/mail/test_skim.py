"""What an old mail's header alone tells: when it was written, and what it belongs to."""

from datetime import UTC, datetime

import pytest

from mailgate.mail.prescan import Limits
from mailgate.mail.skim import skim

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
WRITTEN = datetime(2015, 1, 5, 11, tzinfo=UTC)
DATE = "Date: Mon, 5 Jan 2015 12:00:00 +0100"
CAME = "Received: from a.example by b.example; Tue, 6 Jan 2015 10:00:00 +0000"
MOVED = "Received: from a.example by b.example; Fri, 1 Mar 2024 10:00:00 +0000"


def seen(*lines: str, **limits: int):
    return skim("\n".join([*lines, "", ""]).encode(), NOW, Limits(**limits))


@pytest.mark.parametrize(
    ("lines", "at"),
    [
        ((DATE,), WRITTEN),
        ((CAME, DATE), WRITTEN),
        ((MOVED, DATE), WRITTEN),
        ((CAME,), datetime(2015, 1, 6, 10, tzinfo=UTC)),
        ((CAME, "Date: Thu, 5 Jan 2023 12:00:00 +0000"), datetime(2015, 1, 6, 10, tzinfo=UTC)),
        ((CAME, "Date: Thu, 1 Jan 1970 00:00:00 +0000"), datetime(2015, 1, 6, 10, tzinfo=UTC)),
        (("Date: Mon, 2 Mar 2026 15:00:00 +0000",), NOW),
        (("Date: Mon, 2 Mar 2099 15:00:00 +0000",), None),
        (("Received: by x.example; Mon, 2 Mar 2099 15:00:00 +0000",), None),
        (("Date: some day",), None),
        (("Subject: x",), None),
    ],
    ids=[
        *("its date", "a date before it came", "a mailbox that was moved", "only when it came"),
        *("a date after it came", "a date before there was mail", "a clock that is ahead"),
        *("far in the future", "came in the future", "no date at all", "nothing"),
    ],
)
def test_a_mail_is_of_its_date_unless_that_cannot_be(lines, at):
    assert seen(*lines).at == at


def test_its_own_message_id_comes_first_and_then_those_that_it_refers_to():
    found = seen("Message-ID: <c@x>", "In-Reply-To: <b@x>", "References: <a@x> <b@x>")
    assert found.message_ids == ("<c@x>", "<b@x>", "<a@x>")


def test_only_the_last_references_count():
    found = seen("References: <a@x> <b@x> <c@x>", references=2)
    assert found.message_ids == ("<b@x>", "<c@x>")


def test_the_subject_is_decoded_and_cut():
    assert seen("Subject: =?utf-8?q?H=C3=A4user?=", subject=3).subject == "Hä…"


@pytest.mark.parametrize(
    ("lines", "path"),
    [
        (("From: Carol <carol@customer.example>",), "carol@customer.example"),
        (("Return-Path: <bounce@x.example>", "From: carol@customer.example"), "bounce@x.example"),
        (("Return-Path: <>", "From: carol@customer.example"), ""),
        (("From: a@x.example, b@x.example",), ""),
    ],
)
def test_where_it_would_come_back_to_is_what_its_server_noted_or_its_author(lines, path):
    assert seen(*lines).path == path


def test_what_has_no_header_is_empty():
    assert skim(b"\nwords\n", NOW, Limits()).empty
    assert not seen("Subject: x").empty
