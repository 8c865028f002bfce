"""Delivery status notifications."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.mail import parts, report
from mailgate.mail.prescan import DEFAULTS, prescan
from mailgate.mail.report import Outcome, Source


def mail(*bodies):
    inner = "".join(f"--b\r\nContent-Type: {kind}\r\n\r\n{text}\r\n" for kind, text in bodies)
    head = "Content-Type: multipart/report; boundary=b\r\n\r\n"
    return f"{head}{inner}--b--\r\n".encode()


def read(raw):
    return report.read(raw, parts.read(raw, prescan(raw, DEFAULTS), DEFAULTS).root.leaves())


STATUS = "message/delivery-status"
GONE = "Final-Recipient: rfc822; gone@x.example\r\nAction: failed\r\nStatus: 5.1.1"


def test_a_mail_without_delivery_status_is_no_report():
    assert read(mail(("text/plain", "Action: failed"))) is None


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        (GONE, Outcome("failed", "5.1.1", "gone@x.example", "")),
        (GONE.replace("\r\n", "\n"), Outcome("failed", "5.1.1", "gone@x.example", "")),
        (
            GONE + "\r\nDiagnostic-Code: smtp; 550\r\n no such user",
            Outcome("failed", "5.1.1", "gone@x.example", "smtp; 550 no such user"),
        ),
        (
            "Original-Recipient: rfc822;<a@x.example>\r\nAction: Delayed (x)\r\nStatus: 4.4.1",
            Outcome("delayed", "4.4.1", "a@x.example", ""),
        ),
        (
            "Final-Recipient: rfc822; a@x.example\r\nAction: failure\r\nStatus: 553 too large",
            Outcome("failed", "5.0.0", "a@x.example", ""),
        ),
        (
            "Original-Recipient: rfc822;a@x.example\r\nFinal-Recipient: x400; /S=a/C=GB/",
            Outcome("", "", "a@x.example", ""),
        ),
        (
            "Final-Recipient: rfc822;a@x.example\r\nOriginal-Recipient: rfc822;b@x.example",
            Outcome("", "", "a@x.example", ""),
        ),
        ("Final-Recipient: rfc822; a@local", Outcome("", "", "a@local", "")),
        ("Action: exploded\r\nStatus: none", Outcome("", "", "", "")),
        (
            "Final-Recipient: a@x.example\r\nAction: failed\r\nDiagnostic-Code: smtp; 550 no",
            Outcome("failed", "5.0.0", "a@x.example", "smtp; 550 no"),
        ),
        (
            "Final-Recipient: a@x.example\r\nStatus: 550\r\nDiagnostic-Code: 5.2.1 no",
            Outcome("", "5.2.1", "a@x.example", "5.2.1 no"),
        ),
        (
            "Final-Recipient: a@x.example\r\nStatus: 5.0.0\r\nDiagnostic-Code: 5.2.1 no",
            Outcome("", "5.0.0", "a@x.example", "5.2.1 no"),
        ),
        (
            "Final-Recipient: a@x.example\r\nStatus: 5.7.1 x",
            Outcome("", "5.7.1", "a@x.example", ""),
        ),
    ],
)
def test_the_fields_of_a_recipient_are_read(text, outcome):
    found = read(mail((STATUS, "Reporting-MTA: dns; mx\r\n\r\n" + text)))
    assert found.outcomes == (outcome,)
    assert found.action == outcome.action
    assert (found.status, found.final_recipient) == (outcome.status, outcome.final_recipient)


def test_the_gravest_outcome_stands_for_all():
    groups = ["Final-Recipient: rfc822; ok@x.example\r\nAction: delivered", GONE, "Action: delayed"]
    found = read(mail((STATUS, "\r\n\r\n".join(groups))))
    assert [outcome.action for outcome in found.outcomes] == ["delivered", "failed", "delayed"]
    assert (found.action, found.final_recipient) == ("failed", "gone@x.example")


def test_a_report_about_nobody_has_no_outcome():
    found = read(mail((STATUS, "Reporting-MTA: dns; mx")))
    assert (found.outcomes, found.action, found.original_message_id) == ((), "", None)


@pytest.mark.parametrize(
    ("kind", "text", "found"),
    [
        ("message/rfc822", "Subject: x\r\nMessage-ID:\r\n <a@b>\r\n\r\nbody", "<a@b>"),
        ("text/rfc822-headers", "\r\nMessage-Id: <a@b>", "<a@b>"),
        ("text/rfc822-header", "Message-Id: <a@b>", "<a@b>"),
        ("text/rfc822", "\r\n Subject: x\r\n\ty\r\n Message-ID:<a@b>\r\n", "<a@b>"),
        ("message/rfc822", "Subject: x\r\n\r\nMessage-ID: <a@b>", None),
        ("message/rfc822", "Message-ID: nonsense\r\n\r\n", None),
    ],
)
def test_the_returned_header_names_the_mail_it_is_about(kind, text, found):
    assert read(mail((STATUS, GONE), (kind, text))).original_message_id == found


def test_without_a_returned_mail_the_status_may_name_it():
    named = f"Reporting-MTA: dns; mx\r\nX-Original-Message-ID: <a@b>\r\n\r\n{GONE}"
    assert read(mail((STATUS, named))).original_message_id == "<a@b>"
    returned = ("message/rfc822", "Message-ID: <c@d>\r\n\r\n")
    assert read(mail((STATUS, named), returned)).original_message_id == "<c@d>"


@pytest.mark.parametrize(
    ("outcomes", "temporary", "whom"),
    [
        ([("failed", "5.1.1", "a")], False, ["a"]),
        ([("failed", "4.2.2", "a")], True, ["a"]),
        ([("delayed", "5.0.0", "a")], True, ["a"]),
        ([("failed", "", "a")], False, ["a"]),
        ([("", "5.1.1", "a"), ("delayed", "4.4.1", "b")], False, ["a"]),
        ([("failed", "4.2.2", "a"), ("failed", "5.1.1", "b")], False, ["a", "b"]),
        ([("delivered", "2.0.0", "a"), ("delayed", "4.4.1", "b")], True, ["b"]),
        ([("relayed", "2.0.0", "a")], False, []),
        ([], False, []),
    ],
)
def test_a_report_is_temporary_if_nobody_failed_for_good(outcomes, temporary, whom):
    found = report.of(tuple(Outcome(*each, "") for each in outcomes), None, Source.TEXT)
    assert found.temporary is temporary
    assert [outcome.final_recipient for outcome in found.undelivered] == whom


@pytest.mark.parametrize(
    ("status", "diagnostic", "reason"),
    [
        ("5.2.2", "550 5.1.1 x", "5.2.2"),
        ("5.0.0", "550 5.1.1 x", "550 5.1.1 x"),
        ("", "550 5.1.1 x", "550 5.1.1 x"),
        ("5.0.0", "", "5.0.0"),
    ],
)
def test_the_server_is_heard_where_a_status_tells_but_its_class(status, diagnostic, reason):
    assert Outcome("failed", status, "a@x.example", diagnostic).reason == reason


@pytest.mark.parametrize("kind", ["message/disposition-notification", "message/feedback-report"])
def test_receipts_and_complaints_say_only_what_they_are_about(kind):
    found = read(mail((kind, "Disposition: x\r\nOriginal-Message-ID: <a@b>")))
    assert (found.outcomes, found.action) == ((), "")
    assert (found.original_message_id == "<a@b>") is (kind != "message/feedback-report")
    returned = ("message/rfc822", "Message-ID: <c@d>\r\n\r\n")
    assert read(mail((kind, "x: y"), returned)).original_message_id == "<c@d>"


def test_a_status_that_names_nobody_gives_way_to_the_next():
    raw = mail(*[(STATUS, "This mail could not be delivered.")] * 9, (STATUS, GONE), (STATUS, GONE))
    assert read(raw).status == "5.1.1"
    too_many = mail(*[(STATUS, "This mail could not be delivered.")] * 10, (STATUS, GONE))
    assert read(too_many).outcomes == ()


def test_the_first_of_several_counts():
    raw = mail(
        (STATUS, GONE),
        (STATUS, "Action: delivered"),
        ("message/rfc822", "Message-ID: <first@x>\r\n\r\n"),
        ("message/rfc822", "Message-ID: <second@x>\r\n\r\n"),
    )
    assert (read(raw).action, read(raw).original_message_id) == ("failed", "<first@x>")


def test_a_status_of_a_thousand_recipients_is_read_up_to_a_bound():
    found = read(mail((STATUS, "\r\n\r\n".join([GONE] * 1000))))
    assert len(found.outcomes) == 101


@given(st.text(alphabet="Action:Status;5.1 \r\nFinal-Recipient@", max_size=300))
def test_no_status_breaks_the_reading(text):
    assert read(mail((STATUS, text))) is not None
