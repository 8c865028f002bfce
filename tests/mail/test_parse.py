"""The whole of reading a mail: limits, fallbacks, and that nothing raises."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.mail import parse, parts
from mailgate.mail.asjson import as_json
from mailgate.mail.parse import Limits
from tests.mail.golden_twin import GOLDEN

NOW = datetime(2026, 11, 9, 12, 0, tzinfo=UTC)


def read(raw, limits=None):
    raw = raw if isinstance(raw, bytes) else raw.encode()
    return parse.parse(raw, NOW, limits or Limits())


def multipart(*bodies):
    inner = "".join(f"--b\r\n{body}\r\n" for body in bodies)
    return f"Content-Type: multipart/mixed; boundary=b\r\n\r\n{inner}--b--\r\n"


FILE = "Content-Type: application/pdf\r\n\r\nx"


@pytest.mark.parametrize(
    ("distance", "believed"),
    [
        (timedelta(days=-3653), True),
        (timedelta(days=-3653, seconds=-1), False),
        (timedelta(days=1), True),
        (timedelta(days=1, seconds=1), False),
    ],
)
def test_a_date_too_far_from_the_receipt_is_not_believed(distance, believed):
    date = NOW + distance
    mail = read(f"Date: {date:%d %b %Y %H:%M:%S} +0000\r\n\r\n")
    assert mail.date == (date if believed else None)


@pytest.mark.parametrize(("limit", "length"), [(9, 9), (10, 10), (11, 10)])
def test_the_subject_is_cut_at_its_limit(limit, length):
    mail = read("Subject: 0123456789\r\n\r\n", Limits(subject=limit))
    assert len(mail.subject) == length
    assert mail.headers["subject"] == ("0123456789",)


def test_the_first_subject_counts():
    assert read("Subject: one\r\nSubject: two\r\n\r\n").subject == "one"


@pytest.mark.parametrize(("limit", "ids"), [(1, 1), (2, 2), (3, 2)])
def test_the_last_references_are_used(limit, ids):
    raw = "References: <a@x> <b@x> <a@x>\r\nIn-Reply-To: <a@x> <b@x>\r\n\r\n"
    mail = read(raw, Limits(references=limit))
    assert mail.references == ("<a@x>", "<b@x>")[-ids:]
    assert mail.in_reply_to == mail.references


@pytest.mark.parametrize(("limit", "over"), [(10, True), (11, False), (12, False)])
def test_the_text_is_cut_at_its_limit(limit, over):
    mail = read("X: 1\r\n\r\nHello\r\nworld", Limits(text=limit))
    assert mail.text == ("Hello\nworl" if over else "Hello\nworld")
    assert mail.degraded == ((f"text over {limit} characters",) if over else ())


@pytest.mark.parametrize(("limit", "over"), [(1, True), (2, False), (3, False)])
def test_links_beyond_the_limit_keep_their_words_alone(limit, over):
    links = "".join(f"<p><a href=https://{name}.example>to {name}</a>" for name in "ab")
    mail = read(f"Content-Type: text/html\r\n\r\n{links}", Limits(links=limit))
    second = "to b" if over else "to b <https://b.example>"
    assert mail.text == f"to a <https://a.example>\n\n{second}"
    assert mail.degraded == ((f"more than {limit} links",) if over else ())


@pytest.mark.parametrize("limit", [5, 6])
def test_the_text_may_be_cut_at_a_line_end(limit):
    assert read("X: 1\r\n\r\nHello\r\nworld", Limits(text=limit)).text == "Hello"


@pytest.mark.parametrize(("limit", "over"), [(1, True), (2, False), (3, False)])
def test_attachments_are_limited(limit, over):
    mail = read(multipart(FILE, FILE), Limits(attachments=limit))
    assert len(mail.attachments) == min(limit, 2)
    assert mail.degraded == ((f"more than {limit} attachments",) if over else ())


@pytest.mark.parametrize(
    "limits", [Limits(parts=1), Limits(depth=0), Limits(size=90)], ids=["parts", "depth", "size"]
)
def test_a_mail_over_a_limit_shows_its_text_and_no_files(limits):
    mail = read(multipart("Content-Type: text/plain\r\n\r\nhello", FILE), limits)
    assert mail.text.startswith("hel")
    assert mail.attachments == ()
    assert mail.degraded


def test_a_mail_over_a_limit_without_any_text_is_empty():
    mail = read(multipart(FILE, FILE), Limits(depth=0))
    assert (mail.text, mail.new_text, mail.html, mail.attachments) == ("", "", None, ())


def test_html_serves_where_the_plain_text_is_blank():
    html = "Content-Type: text/html\r\n\r\n<p>Hello"
    raw = multipart("Content-Type: text/plain\r\n\r\n \r\n", html).replace("mixed", "alternative")
    mail = read(raw)
    assert (mail.text, mail.html) == ("Hello", "<p>Hello")


def test_pages_and_texts_in_a_row_are_joined():
    mail = read(multipart("\r\none", "Content-Type: text/html\r\n\r\n<p>two</p>", "\r\nthree"))
    assert mail.text == "one\ntwo\nthree"
    assert mail.html == "<p>two</p>"


@pytest.mark.parametrize(
    ("head", "text"),
    [
        ('<meta charset="koi8-r">', "Принтер"),
        ('<meta http-equiv=Content-Type content="text/html; charset=koi8-r">', "Принтер"),
        ("", "Принтер"),
    ],
)
def test_a_page_may_name_its_own_charset(head, text):
    page = f"<html><head>{head}</head><body>Принтер не печатает с утра, помогите".encode("koi8-r")
    mail = read(b"Content-Type: text/html\r\n\r\n" + page)
    assert mail.text.startswith(text)


def test_flowed_text_is_joined():
    head = "Content-Type: text/plain; format=Flowed; DelSp=yes\r\n\r\n"
    assert read(head + "one \r\ntwo").text == "onetwo"


def test_control_characters_go():
    mail = read(b"Subject: a\x00b\r\n\r\none\x00\x1b[31m\r\ntwo\rthree\x0bfour")
    assert (mail.subject, mail.text) == ("a b", "one[31m\ntwo\nthree\nfour")


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ("Content-Type: application/pdf; name=a.pdf", "a.pdf"),
        ("Content-Type: application/pdf", "part-1.pdf"),
        ("Content-Type: message/rfc822", "Offer.eml"),
    ],
)
def test_every_attachment_has_a_name(fields, name):
    mail = read(multipart(f"{fields}\r\n\r\nSubject: Offer\r\n\r\nx"))
    assert mail.attachments[0].name == name


def test_an_attached_message_without_subject_has_a_name():
    assert (
        read(multipart("Content-Type: message/rfc822\r\n\r\nX: 1")).attachments[0].name
        == "message.eml"
    )


def test_a_broken_attachment_is_named_and_given_as_far_as_it_goes():
    broken = "Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\nSGVsbG8"
    mail = read(multipart(broken))
    assert mail.degraded == ("part 1: broken base64",)
    assert mail.attachments[0].size == 5


def test_our_own_fault_still_gives_a_mail(monkeypatch):
    def fail(*_):
        raise RuntimeError

    monkeypatch.setattr(parse.parts, "read", fail)
    mail = read(b"Subject: x\r\n\r\nHello \xff\x00")
    assert mail.degraded == ("reading the mail failed: RuntimeError",)
    assert (mail.subject, mail.text, mail.new_text) == ("x", "Hello \ufffd", "Hello \ufffd")
    assert (mail.from_, mail.message_id, len(mail.fingerprint)) == ((), None, 64)
    assert as_json(mail)["date"] is None


def test_our_own_fault_in_the_header_too_still_leaves_the_bytes(monkeypatch):
    def fail(*_):
        raise RuntimeError

    monkeypatch.setattr(parse.origin, "read", fail)
    mail = read(b"Subject: x\r\n\r\nHello \xff\x00")
    assert mail.degraded == (
        "reading the mail failed: RuntimeError",
        "reading the header failed: RuntimeError",
    )
    assert mail.text == mail.new_text == "Subject: x\n\nHello \ufffd"
    assert (mail.subject, len(mail.fingerprint)) == ("", 64)


SOURCES = [path.read_bytes() for path in sorted(GOLDEN.glob("*.eml"))]
SMALL = [raw for raw in SOURCES if len(raw) < 10_000]
TOKENS = [
    b"\0", b"\r", b"\n", b"\r\n\r\n", b"=?utf-8?b?", b"?=", b'"', b"<", b">", b"@", b"(", b"\\",
    b"--=_sep", b"; boundary=", b"; charset=\0idna", b"*0*=", b"''", b"%", b"\xff\xfe", b"\xed\xa0",
    b"From: ", b"Content-Type: multipart/mixed; boundary=x\r\n", b"message/rfc822", b"base64",
    b"x-uuencode", b"begin 644 x\r\n", b"utf-7", b"utf-16", b"idna", b"\x1b$B", b"<p>", b"&#xd800;",
    b"On 1.1.2026 8:00 a@b wrote:\n", b"##- x -##", b"message/delivery-status",
]  # fmt: skip
CHANGE = st.tuples(
    st.floats(0, 1), st.integers(0, 40), st.one_of(st.sampled_from(TOKENS), st.binary(max_size=8))
)


@given(st.sampled_from(SMALL), st.lists(CHANGE, max_size=8))
def test_no_change_to_a_mail_breaks_the_reading(raw, changes):
    for where, gone, token in changes:
        at = int(where * len(raw))
        raw = raw[:at] + token + raw[at + gone :]
    mail = read(raw)
    assert not [note for note in mail.degraded if "failed" in note]
    shown = (mail.subject, mail.text, mail.new_text, mail.html or "", *mail.in_reply_to)
    for text in (*shown, *(each.name for each in (*mail.from_, *mail.to, *mail.attachments))):
        assert not {"\0", "\r", "\x1b"} & set(text)
        text.encode()
    for attachment in mail.attachments:
        assert len(parts.content(raw, attachment.part)) == attachment.size
