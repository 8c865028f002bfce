"""A quote that only the HTML of a mail shows, found in its plain form."""

from datetime import UTC, datetime

import pytest

from mailgate.mail.parse import parse

NOW = datetime(2026, 11, 9, 12, 0, tzinfo=UTC)
PLAIN = "It shows E-17.\n\nMara\n\nGood morning,\nwhat does it show?"
PAGE = "<p>It shows <b>E-17</b>.</p><p>Mara</p>"
QUOTE = "<blockquote>Good morning,<br>what does it show?</blockquote>"


def read(plain, page, *, subject="Re: Printer"):
    raw = f"""Subject: {subject}
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain; charset=utf-8

{plain}
--b
Content-Type: text/html; charset=utf-8

{page}
--b--
"""
    return parse(raw.encode(), NOW)


@pytest.mark.parametrize("quote", [QUOTE, "<div id=divRplyFwdMsg></div>Good morning, what …"])
def test_a_quote_that_only_the_html_marks_is_cut_from_the_plain_text(quote):
    mail = read(PLAIN, PAGE + quote)
    assert mail.reply_text == "It shows E-17.\n\nMara"
    assert mail.text == PLAIN


@pytest.mark.parametrize(
    ("plain", "page"),
    [
        (PLAIN, PAGE + "<p>Good morning,<br>what does it show?</p>"),
        (PLAIN, "<p>It shows E-18.</p>" + QUOTE),
        (PLAIN, QUOTE + "<p>It shows E-17.</p>"),
        (PLAIN, QUOTE),
        (PLAIN, "<p>It shows</p>" + QUOTE),
        ("It shows E-17.\n\nMara\n", PAGE + QUOTE),
    ],
    ids=[
        "nothing marked",
        "another text",
        "answer below",
        "quote alone",
        "within a line",
        "no more",
    ],
)
def test_where_the_two_forms_do_not_agree_the_plain_text_stays(plain, page):
    assert read(plain, page).reply_text == plain.strip()


def test_a_quote_found_in_the_plain_text_is_final():
    assert read("Yes.\n\n> Mara", "<p>Yes.</p><p>Mara</p>" + QUOTE).reply_text == "Yes."


@pytest.mark.parametrize("subject", ["Printer", "Fwd: Printer"])
def test_no_more_than_a_reply_is_looked_at(subject):
    assert read(PLAIN, PAGE + QUOTE, subject=subject).reply_text == PLAIN
