"""Returned mail that says so in words only."""

from datetime import UTC, datetime
from email.errors import MessageError

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailgate.mail import bounce, report
from mailgate.mail.parse import parse
from mailgate.mail.report import Outcome, Source

DAEMON = "MAILER-DAEMON@mx.example"
RETURNED = "--- Below this line is a copy of the message.\n\nMessage-ID: <note.1@desk.example>\n"


def read(text, sender=DAEMON, subject="failure notice", more=""):
    head = f"From: {sender}\nTo: support@desk.example\nSubject: {subject}\n{more}"
    return parse(f"{head}\n{text}".encode(), datetime(2026, 11, 21, tzinfo=UTC)).report


# --- which mails are looked at ------------------------------------------------------------------

WORDS = "<gone@x.example>: 550 5.1.1 no such user"


@pytest.mark.parametrize(
    ("sender", "subject", "more"),
    [
        (DAEMON, "x", ""),
        ("MAILER-DAEMON (Mail)", "x", ""),
        ("maildaemon@mx.example", "x", ""),
        ("MDaemon@mx.example", "x", ""),
        ("Postmaster@mx.example", "Undeliverable", ""),
        ("bob@mx.example", "Undeliverable: my order", ""),
        ("bob@mx.example", "Delivery delayed", ""),
        ("bob@mx.example", "x", "X-Failed-Recipients: gone@x.example\n"),
        ("bob@mx.example", "x", "Content-Type: multipart/report; boundary=none\n"),
        ("Postmaster@mx.example", "x", "Return-Path: <>\n"),
        ("post_master@mx.example", "x", "Return-Path: <MAILER-DAEMON>\n"),
        ("System Administrator <bob@mx.example>", "x", "Return-Path: <>\nReturn-Path: <>\n"),
        (DAEMON, "x", "Content-Type: multipart/report; report-type=disposition-notification\n"),
    ],
)
def test_what_looks_like_a_mail_systems_is_read(sender, subject, more):
    found = read(WORDS, sender, subject, more)
    assert (found.source, found.final_recipient) == (Source.TEXT, "gone@x.example")


@pytest.mark.parametrize(
    ("sender", "subject", "more"),
    [
        ("bob@mx.example", "x", ""),
        ("Postmaster@mx.example", "x", ""),
        ("", "x", ""),
        ("bob@mx.example", "Fwd: Undelivered mail", ""),
        (DAEMON, "Out of office: back on Monday", ""),
        ("bob@mx.example", "x", "Content-Type: multipart/report; report-type=tlsrpt; boundary=n\n"),
        (DAEMON, "x", "Content-Type: multipart/report; report-type=feedback-report; boundary=n\n"),
        ("bob@mx.example", "x", "Return-Path: <>\n"),
        ("Postmaster@mx.example", "x", "Return-Path: <>\nReturn-Path: <bob@mx.example>\n"),
        (
            "bob@mx.example",
            "x",
            "Content-Type: multipart/report; report-type=disposition-notification; boundary=n\n",
        ),
    ],
)
def test_the_words_of_others_are_not_taken_for_a_bounce(sender, subject, more):
    assert read(WORDS, sender, subject, more) is None


# --- what is read -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "outcomes"),
    [
        (
            "<a@x.example>: 550 5.1.1 unknown\n<b@x.example>:\n  452 4.2.2 full",
            [("failed", "5.1.1", "a@x.example"), ("failed", "4.2.2", "b@x.example")],
        ),
        (
            "<a@x.example>:\nRemote host said: 550 no\n550-5.7.1 policy\n554 5.7.2 other",
            [("failed", "5.7.1", "a@x.example")],
        ),
        ("a@x.example\n421 later", [("failed", "4.0.0", "a@x.example")]),
        ("Recipient: a@x.example\nReason: over quota", [("failed", "", "a@x.example")]),
        ("a@x.example (no such user)", [("failed", "", "a@x.example")]),
        ("The following message to <a@x.example> was refused.", [("failed", "", "a@x.example")]),
        ("Your mail wasn't delivered to a@x.example because", [("failed", "", "a@x.example")]),
        ("收件人：a@x.example\n错误 550 拒绝", [("failed", "5.0.0", "a@x.example")]),
        ("Error 550\nTo: a@x.example", [("failed", "5.0.0", "a@x.example")]),
        ("Error 550 for somebody", [("failed", "5.0.0", "")]),
        ("From support@desk.example: 550 no\na@x.example", [("failed", "5.0.0", "a@x.example")]),
        ("Write to help@x.example for help, in 450 words.", []),
        ("The host 5.1.1.7 runs version 4.2.1.3, see 4.9.1", []),
        (
            "We will retry.\n<a@x.example>: 451 4.3.0 later\n<b@x.example>: 550 no",
            [("delayed", "4.3.0", "a@x.example"), ("failed", "5.0.0", "b@x.example")],
        ),
        (RETURNED + "<a@x.example>: 550 in the mail itself", []),
        (
            "Your message\n\n  To: a@x.example\n\ndid not reach the following recipient(s):\n",
            [("failed", "", "a@x.example")],
        ),
    ],
)
def test_recipients_and_codes_are_found_in_the_text(text, outcomes):
    found = read(text, subject="x")
    got = () if found is None else found.outcomes
    assert [(o.action, o.status, o.final_recipient) for o in got] == outcomes


def test_the_line_with_the_code_is_the_diagnostic():
    assert (
        read("<a@x.example>:\n  said: 550 5.1.1 go away  ").diagnostic == "said: 550 5.1.1 go away"
    )


def test_those_named_in_the_header_come_first_and_nobody_twice():
    found = read(
        "  B@x.example\n    550 5.1.1 no\n  c@x.example\n    452 4.2.2 full\n",
        more="X-Failed-Recipients: c@x.example, b@x.example, C@x.example\n",
    )
    assert [(o.final_recipient.lower(), o.status) for o in found.outcomes] == [
        ("c@x.example", "4.2.2"),
        ("b@x.example", "5.1.1"),
    ]


def test_the_library_knows_forms_of_which_the_text_reader_sees_nothing():
    text = "Intended recipient:  alone@x.example and more\n"
    assert read(text, subject="x") is None
    found = read("Unable to deliver message to carol <a@x.example> today\n", subject="x")
    assert found.outcomes == (Outcome("failed", "", "a@x.example", ""),)


def test_what_the_library_takes_for_a_warning_is_a_delay(monkeypatch):
    waiting = ({b"a@x.example", b"b@x.example"}, {b"b@x.example", b"no address"})
    monkeypatch.setattr(bounce, "all_failures", lambda _mail: waiting)
    assert read("Deferred.", subject="x").outcomes == (
        Outcome("failed", "", "b@x.example", ""),
        Outcome("delayed", "", "a@x.example", ""),
    )


@pytest.mark.parametrize("fault", [IndexError, MessageError, RecursionError])
def test_a_failure_of_the_library_is_noted_and_the_text_is_read(monkeypatch, fault):
    def fail(_mail):
        raise fault

    monkeypatch.setattr(bounce, "all_failures", fail)
    head = f"From: {DAEMON}\nTo: support@desk.example\nSubject: failure notice\n\n"
    mail = parse((head + WORDS).encode(), datetime(2026, 11, 21, tzinfo=UTC))
    assert mail.report.status == "5.1.1"
    assert mail.degraded == (f"looking for returned mail failed: {fault.__name__}",)


@pytest.mark.parametrize(
    ("text", "outcomes"),
    [
        (
            "Final-Recipient: rfc822; support@desk.example\nAction: failed\nStatus: 5.1.1",
            [("failed", "5.1.1", "support@desk.example")],
        ),
        (
            (
                "Original-Recipient: rfc822; a@x.example\nAction: failed\nStatus: 5.1.1\n\n"
                "Final-Recipient: rfc822; b@x.example\nAction: delayed\n\nThat is all."
            ),
            [("failed", "5.1.1", "a@x.example"), ("delayed", "", "b@x.example")],
        ),
        (
            "Action: failed\nPlease act.\n\n<a@x.example>: 550 5.7.1 no",
            [("failed", "5.7.1", "a@x.example")],
        ),
    ],
)
def test_a_delivery_status_may_stand_in_the_text(text, outcomes):
    found = read(f"It failed for somebody@x.example.\n\n{text}\n")
    assert [(o.action, o.status, o.final_recipient) for o in found.outcomes] == outcomes
    assert found.source is Source.TEXT


# --- a bounce that names nobody -----------------------------------------------------------------

NAMELESS = "Sorry, we do not know whom you mean.\n\n--- Original message follows ---\n\n"


@pytest.mark.parametrize(
    ("returned", "recipients"),
    [
        ("To: a@x.example\n", ["a@x.example"]),
        ("To: A <a@x.example>\nCc: a@x.example\n", ["a@x.example"]),
        ("Received: by mx\nTo: a@x.example\n", ["a@x.example"]),
        ("Received: by mx for <b@x.example>; now\nTo: all@x.example\n", ["b@x.example"]),
        ("Received: by mx\n\tfor b@x.example; now\nTo: all@x.example\n", ["b@x.example"]),
        ("Received: by mx for two people\nTo: a@x.example\n", ["a@x.example"]),
        ("Received: by mx\nReceived: by mx for <support@desk.example>\n", []),
        ("To: a@x.example, b@x.example\n", []),
        ("To: support@desk.example\n", []),
        ("Subject: x\n\nTo: a@x.example\n", []),
    ],
)
def test_the_returned_header_tells_whom_it_was_for(returned, recipients):
    about = f"{returned.rstrip()}\nMessage-ID: <note.1@desk.example>\n"
    if "\n\n" in returned:
        about = f"Message-ID: <note.1@desk.example>\n{returned}"
    attached = (
        f"--b\nContent-Type: text/plain\n\n{NAMELESS}\n"
        f"--b\nContent-Type: message/rfc822\n\n{about}\n--b--\n"
    )
    more = "Content-Type: multipart/mixed; boundary=b\n"
    for found in (read(NAMELESS + about), read(attached, more=more)):
        assert [outcome.final_recipient for outcome in found.outcomes] == recipients
        assert found.original_message_id == "<note.1@desk.example>"


def test_who_is_named_by_the_mail_system_counts_before_the_returned_header():
    text = f"<gone@x.example>: no such user\n\n{NAMELESS}To: a@x.example\n"
    assert [outcome.final_recipient for outcome in read(text).outcomes] == ["gone@x.example"]


@pytest.mark.parametrize(
    ("disposition", "recipients"),
    [
        ("automatic-action/MDN-sent-automatically; deleted", ["gone@x.example"]),
        ("manual-action/MDN-sent-manually; deleted", []),
        ("automatic-action/MDN-sent-automatically; displayed", []),
    ],
)
def test_a_filter_may_refuse_by_a_receipt(disposition, recipients):
    text = (
        "--b\nContent-Type: text/plain\n\nNo room.\n"
        "--b\nContent-Type: message/disposition-notification\n\n"
        f"Final-Recipient: rfc822; gone@x.example\nDisposition: {disposition}\n--b--\n"
    )
    kind = "multipart/report; report-type=disposition-notification; boundary=b"
    found = read(text, more=f"Content-Type: {kind}\n")
    assert [outcome.final_recipient for outcome in found.outcomes] == recipients


def test_a_complaint_in_no_standard_form_is_about_the_mail_attached():
    text = "--b\nContent-Type: message/rfc822\n\nMessage-ID: <note.1@desk.example>\n\n--b--\n"
    more = "Content-Type: multipart/mixed; boundary=b\n"
    found = read(text, "staff@isp.example", "complaint about message from 192.0.2.7", more)
    assert (found.outcomes, found.original_message_id) == ((), "<note.1@desk.example>")


# --- which mail it is about ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        RETURNED,
        "Message-ID:\n <note.1@desk.example>",
        "> Message-Id: <note.1@desk.example>",
        "Message-ID: nonsense here\nMessage-ID: <note.1@desk.example>",
        "------ This is a copy of the message. ------\nMESSAGE-ID: note.1@desk.example",
    ],
)
def test_the_returned_header_in_the_text_names_the_mail(text):
    assert read(f"It failed.\n\n{text}").original_message_id == "<note.1@desk.example>"


def test_a_bounce_that_says_nothing_at_all_has_no_report():
    assert read("Sorry.") is None
    assert read("") is None


# --- bounds -------------------------------------------------------------------------------------


def test_the_text_is_read_up_to_a_bound(monkeypatch):
    taken = []
    monkeypatch.setattr(bounce._Told, "take", lambda _self, line: taken.append(len(line)))
    for times in (1, 2):
        taken.clear()
        read("word " * 30_000 * times + "\n" + "x\n" * 100_000 * times, subject="x")
        assert sum(taken) == 0  # one line beyond the bound ends it
        taken.clear()
        read("a word\n" * 30_000 * times, subject="x")
        assert 32_000 < sum(taken) + len(taken) <= 32_768


def test_the_library_does_not_fail_over_eight_bit_fields():
    raw = f"From: {DAEMON}\nX-Mailer: <SMTP32 v\u00e9\n\n{WORDS}".encode()
    mail = parse(raw, datetime(2026, 11, 21, tzinfo=UTC))
    assert (mail.degraded, mail.report.final_recipient) == ((), "gone@x.example")


def test_the_library_gets_the_beginning_in_short_lines(monkeypatch):
    got = []
    monkeypatch.setattr(bounce, "all_failures", lambda mail: got.append(mail) or ((), ()))
    read("a" * 5_000 + "\n" + "b\n" * 100_000)
    read("x", sender="", subject="failure notice")
    text = got[0].get_payload()
    assert len(text) < 32_768
    assert max(map(len, text.splitlines())) == 500
    assert [mail["from"] for mail in got] == [DAEMON.lower(), "mailer-daemon@localhost"]


@pytest.mark.parametrize(
    "level",
    [b"Content-Type: Multipart/Mixed; boundary=b\n\n--b\n", b"Content-Type: message/rfc822\n\n"],
)
def test_the_library_gets_nothing_of_a_mail_nested_as_no_bounce_is(monkeypatch, level):
    asked = []
    monkeypatch.setattr(bounce, "all_failures", lambda mail: asked.append(mail) or ((), ()))
    head = f"From: {DAEMON}\nSubject: failure notice\n".encode()
    for depth in (20, 21, 42):
        parse(head + level * depth, datetime(2026, 11, 21, tzinfo=UTC))
    assert len(asked) == 1


def test_a_bounce_for_thousands_is_read_up_to_a_hundred():
    found = read("".join(f"<a{n}@x.example>: 550 no\n" for n in range(1000)), subject="x")
    assert len(found.outcomes) == 100


@settings(max_examples=50)
@given(st.text(alphabet="<a@x.>:550 1\n-Message-ID", max_size=200))
def test_no_text_breaks_the_reading(text):
    mail = parse(f"From: {DAEMON}\n\n{text}".encode(), datetime(2026, 11, 21, tzinfo=UTC))
    assert mail.degraded == ()


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("550 no", "5.0.0"),
        ("550-5.1.1 no", "5.1.1"),
        ("(#4.2.2)", "4.2.2"),
        ('returned "451 later"', "4.0.0"),
        ("smtp; 554 rejected", "5.0.0"),
        ("in 550 days", ""),
        ("565 no such class", ""),
        ("550.5 metres", ""),
    ],
)
def test_codes_are_told_from_other_figures(line, code):
    assert report.code(line) == code
