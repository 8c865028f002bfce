"""Each signal by which machine mail gives itself away, and what is none."""

from dataclasses import replace

import pytest

from mailgate.mail.screen import Kind, Verdict
from mailgate.mail.signals import SIGNALS, Effect
from tests.mail.screening import (
    ALERTS,
    BOB,
    DESK,
    DSN,
    VERP,
    a_file,
    a_mail,
    a_report,
    names,
    verdict,
)

HOST = "example.com"
AGGREGATE = "isp.example!desk.example!1762560000!1762646399.xml.gz"


def test_every_row_has_a_name_of_its_own_and_a_source():
    listed = [signal.name for signal in SIGNALS]
    assert len(set(listed)) == len(listed)
    assert all(signal.source for signal in SIGNALS)
    assert {signal.effect for signal in SIGNALS} == set(Effect)


def through(servers):
    """Return a mail that has been through so many servers."""
    mail = a_mail()
    return replace(mail, headers={"received": ("from a by b",) * servers})


def answer(subject, **about):
    """Return a mail that answers another."""
    return replace(a_mail(subject), **about)


# --- one mail for each row ----------------------------------------------------------------------

ROWS = [
    # row, kind, machine, mail, envelope
    ("own-loop-mark", "own", True, a_mail(x_mailgate_loop="our mark"), BOB),
    ("own-return-path", "own", True, a_mail(), VERP),
    ("delivery-report", "bounce", True, a_mail(content_type=DSN), BOB),
    ("delivery-report", "bounce", True, a_mail(content_type="Multipart/Report; x=y"), BOB),
    ("delivery-report", "bounce", True, a_mail(content_type="message/delivery-status"), BOB),
    ("delivery-report", "bounce", True, a_mail(content_type="message/global-delivery-status"), BOB),
    ("delivery-report", "bounce", True, a_mail(report=a_report("failed")), ""),
    ("failed-recipients", "bounce", True, a_mail(x_failed_recipients="eve@example.com"), BOB),
    ("daemon", "bounce", True, a_mail(sender="mailer-daemon@example.com"), BOB),
    ("daemon", "bounce", True, a_mail(sender=None, **{"from": "MAILER-DAEMON (Mail)"}), BOB),
    ("daemon", "bounce", True, a_mail(reply_to=("mailer-daemon@example.com",)), BOB),
    ("postmaster-null", "bounce", True, a_mail(sender="postmaster@example.com"), ""),
    ("postmaster-null", "bounce", True, a_mail(sender="post_master@example.com"), "MAILER-DAEMON"),
    ("undelivered-subject", "bounce", True, a_mail("Undeliverable: parcel"), ""),
    ("undelivered-subject", "bounce", True, a_mail("Returned mail", to=(VERP,)), BOB),
    (
        "undelivered-subject",
        "bounce",
        True,
        a_mail("Undeliverable: My order", sender="Postmaster@example.com"),
        BOB,
    ),
    (
        "undelivered-subject",
        "bounce",
        True,
        a_mail("Failure notice", sender="no-reply@example.com", report=a_report("failed")),
        BOB,
    ),
    ("null-to-us", "bounce", True, a_mail(to=(VERP,)), ""),
    ("delivery-notice", "report", True, a_mail(content_type=DSN, report=a_report("Delayed")), ""),
    ("delivery-notice", "report", True, a_mail(content_type=DSN, report=a_report("relayed")), ""),
    ("delivery-notice", "report", True, a_mail("Delayed Mail (still being tried)"), ""),
    (
        "read-receipt",
        "report",
        True,
        a_mail(content_type="multipart/report;\treport-type=disposition-notification"),
        BOB,
    ),
    ("read-receipt", "report", True, a_mail(content_type="message/disposition-notification"), BOB),
    (
        "feedback-report",
        "report",
        True,
        a_mail(content_type="multipart/report; report-type=feedback-report"),
        BOB,
    ),
    (
        "feedback-report",
        "report",
        True,
        a_mail(
            sender="mailer-daemon@example.com",
            content_type="multipart/report; report-type=feedback-report",
        ),
        BOB,
    ),
    ("report-subject", "report", True, a_mail("complaint about message from 192.0.2.7"), BOB),
    ("feedback-type", "report", True, a_mail(feedback_type="abuse"), BOB),
    (
        "other-report",
        "report",
        True,
        a_mail(content_type="multipart/report; report-type=tlsrpt"),
        BOB,
    ),
    ("report-subject", "report", True, a_mail("Report Domain: desk.example Submitter: x"), BOB),
    ("aggregate-report", "report", True, a_mail(attachments=(a_file(AGGREGATE),)), BOB),
    ("tls-report", "report", True, a_mail(tls_report_domain="desk.example"), BOB),
    ("null-path", "auto_reply", True, a_mail(), ""),
    ("null-path", "auto_reply", True, a_mail(), "<>"),
    ("null-path", "auto_reply", True, a_mail(return_path="<>"), None),
    ("auto-submitted", "auto_reply", True, a_mail(auto_submitted="auto-replied"), BOB),
    ("auto-submitted", "auto_reply", True, a_mail(auto_submitted="auto-generated; x=y"), BOB),
    ("auto-submitted", "auto_reply", True, a_mail(auto_submitted="Auto-Notified"), BOB),
    ("auto-submitted", "auto_reply", True, a_mail(auto_submitted="nonsense"), BOB),
    ("auto-reply-header", "auto_reply", True, a_mail(x_autoreply="yes"), BOB),
    ("auto-reply-header", "auto_reply", True, a_mail(x_autorespond="My order"), BOB),
    ("auto-reply-header", "auto_reply", True, a_mail(x_autoresponse="1"), BOB),
    ("auto-reply-header", "auto_reply", True, a_mail(x_auto_reply_from="bob"), BOB),
    ("auto-reply-header", "auto_reply", True, a_mail(x_mail_autoreply="x"), BOB),
    ("auto-reply-header", "auto_reply", True, a_mail(x_autogenerated="Reply"), BOB),
    ("auto-reply-header", "auto_reply", True, a_mail(x_autoreply_from="x"), BOB),
    ("auto-reply-header", "auto_reply", True, a_mail(x_auto_generated="yes"), BOB),
    ("auto-reply-header", "auto_reply", True, a_mail(x_forum_auto_generated="marked"), BOB),
    ("auto-reply-subject", "auto_reply", True, a_mail("Abwesenheitsnotiz: bin weg"), BOB),
    ("auto-reply-subject", "auto_reply", True, a_mail("[AUTO GENERATED] My order"), BOB),
    ("auto-prefix", "auto_reply", True, answer("Auto: My order", in_reply_to=("<1@x>",)), BOB),
    ("auto-prefix", "auto_reply", True, answer("AUTO: I am away", references=("<1@x>",)), BOB),
    ("auto-reply-precedence", "auto_reply", True, a_mail(precedence="auto_reply"), BOB),
    ("auto-reply-precedence", "auto_reply", True, a_mail(x_precedence="Auto-Reply"), BOB),
    ("machine-generated", "auto_reply", True, a_mail(x_fc_machinegenerated="true"), BOB),
    ("message-class", "auto_reply", True, a_mail(x_post_messageclass="9; Autoresponder"), BOB),
    ("autoresponder", "auto_reply", True, a_mail(delivered_to="Autoresponder"), BOB),
    ("vacation", "auto_reply", True, a_mail(x_mailer="vacation 1.2"), BOB),
    ("vacation", "auto_reply", True, a_mail(x_apple_action="VACATION/1"), BOB),
    (
        "generated-by-server",
        "auto_reply",
        True,
        a_mail(x_ms_exchange_generated_message_source="Mailbox Rules Agent"),
        BOB,
    ),
    ("cron", "auto_reply", True, a_mail(x_cron_env="<SHELL=/bin/sh>"), BOB),
    ("calendar-answer", "auto_reply", True, a_mail(calendar="REPLY"), BOB),
    ("calendar-answer", "auto_reply", True, a_mail(calendar="COUNTER"), BOB),
    ("machine-sender", "auto_reply", True, a_mail(sender=ALERTS), BOB),
    ("challenge", "auto_reply", True, a_mail(sender="x@boxbe.com"), BOB),
    ("challenge", "auto_reply", True, a_mail(), "bob-verify@spamarrest.com"),
    ("challenge", "auto_reply", True, a_mail(sender="x@in.mailinblack.com"), BOB),
    ("challenge", "auto_reply", True, a_mail(), "Spamblocker-Challenge@isp.example"),
    ("challenge", "auto_reply", True, a_mail(reply_to=(f"b-confirm-accept.17.2.ab@{HOST}",)), BOB),
    ("challenge", "auto_reply", True, a_mail("Your email requires verification verify#1a"), BOB),
    ("spam-flag", "spam", False, a_mail(x_spam_flag="YES"), BOB),
    ("spam-flag", "spam", False, a_mail(x_spam_status="Yes, score=9.1 required=5"), BOB),
    ("spamd-result", "spam", False, a_mail(x_spamd_result="default: True [16.0 / 15.0]"), BOB),
    ("spam-confidence", "spam", False, a_mail(x_ms_exchange_organization_scl="6"), BOB),
    ("forefront", "spam", False, a_mail(x_forefront_antispam_report="CIP:1;SFV:SPM;H:x"), BOB),
    ("list-header", "list", False, a_mail(list_id="News <news.example.com>"), BOB),
    ("list-header", "list", False, a_mail(list_unsubscribe="<mailto:u@example.com>"), BOB),
    ("list-header", "list", False, a_mail(mailing_list="contact x@example.com"), BOB),
    ("precedence", "list", False, a_mail(precedence="bulk"), BOB),
    ("precedence", "list", False, a_mail(precedence="Junk"), BOB),
    ("precedence", "list", False, a_mail(x_precedence="list"), BOB),
    ("suppress", "person", False, a_mail(x_auto_response_suppress="All"), BOB),
    ("suppress", "person", False, a_mail(x_auto_response_suppress="RN, AutoReply"), BOB),
    ("suppress", "person", False, a_mail(x_auto_response_suppress="DR, NDR"), BOB),
    ("loop", "person", False, a_mail(x_loop="bob@example.com"), BOB),
    ("loop", "person", False, a_mail(x_no_loop="yes"), BOB),
    ("loop", "person", False, a_mail(x_otrs_loop="yes"), BOB),
    ("rules-loop", "person", False, a_mail(x_ms_exchange_inbox_rules_loop=BOB), BOB),
    ("rules-loop", "person", False, a_mail(x_ms_exchange_inbox_rules_loop="a b"), BOB),
    ("hops", "person", False, through(51), BOB),
    ("owner-email", "person", False, a_mail(auto_submitted='no; owner-email="b@x.example"'), BOB),
    ("bounce-subject", "person", False, a_mail("Mail delivery failed: returning"), BOB),
    ("no-reply-sender", "person", False, a_mail(sender="noreply@example.com"), BOB),
    ("no-reply-sender", "person", False, a_mail(), "Do-Not-Reply@example.com"),
    ("no-reply-sender", "person", False, a_mail(reply_to=("shop-no-reply@example.com",)), BOB),
    ("robot-sender", "person", False, a_mail(), "owner-news@example.com"),
    ("robot-sender", "person", False, a_mail(), "news-request@example.com"),
    ("robot-sender", "person", False, a_mail(sender="majordomo@example.com"), BOB),
    ("robot-sender", "person", False, a_mail(sender="listserv@example.com"), BOB),
    ("postmaster", "person", False, a_mail(sender="postmaster@example.com"), BOB),
    ("own-author", "person", False, a_mail(sender=DESK), BOB),
    ("own-author", "person", False, a_mail(sender="support+x@desk.example"), BOB),
    ("own-author", "person", False, a_mail(reply_to=("sales@desk.example",)), BOB),
    ("unclear-author", "person", False, a_mail(sender=None), BOB),
    ("not-to-us", "person", False, a_mail(to=("team@example.com",)), BOB),
    ("not-to-us", "person", False, a_mail(to=()), BOB),
]


@pytest.mark.parametrize(
    ("row", "kind", "machine", "mail", "mail_from"),
    ROWS,
    ids=[f"{row[0]}-{n}" for n, row in enumerate(ROWS)],
)
def test_each_signal_is_seen_named_and_never_answered(row, kind, machine, mail, mail_from):
    found = verdict(mail, mail_from)
    assert row in names(found)
    assert found.kind == kind
    assert found.machine is machine
    assert not found.may_answer


def test_no_row_of_the_table_is_untested():
    covered = {row[0] for row in ROWS} | {"own-message-id"}
    assert covered == {signal.name for signal in SIGNALS}


@pytest.mark.parametrize(
    "mail",
    [
        a_mail(auto_submitted="no"),
        a_mail(auto_submitted="No (typed by hand)"),
        a_mail(auto_submitted=" no; x=y"),
        a_mail(x_autoreply="no"),
        a_mail(x_autoreply_from=""),
        a_mail(x_automatic_door="broken"),
        a_mail(x_loop=""),
        a_mail("Auto: a scratch in the door"),
        through(50),
        a_mail(precedence="first-class"),
        a_mail(precedence="normal"),
        a_mail(x_auto_response_suppress="None"),
        a_mail(x_auto_response_suppress="NDR, RN, NRN"),
        a_mail(x_spam_flag="NO"),
        a_mail(x_spam_status="No, score=-1.9 required=5"),
        a_mail(x_spamd_result="default: False [1.0 / 15.0]"),
        a_mail(x_ms_exchange_organization_scl="-1"),
        a_mail(x_ms_exchange_organization_scl="1"),
        a_mail(x_forefront_antispam_report="CIP:1;SFV:NSPM;H:x"),
        a_mail(x_ms_exchange_inbox_rules_loop="Support@desk.example"),
        a_mail(x_mailgate_loop="not our mark"),
        a_mail(content_type="multipart/mixed; boundary=x"),
        a_mail(disposition_notification_to="bob@example.com"),
        a_mail(x_mailer="Vacations Unlimited 2.1"),
        a_mail("Undeliverable: my parcel"),
        a_mail("Warning: message box is broken"),
        a_mail("Re: Automatic reply: x"),
        a_mail(calendar="REQUEST"),
        a_mail(attachments=(a_file("sales!2026.xml"),)),
        a_mail(sender="bob@notboxbe.com"),
        a_mail(sender="bob-confirm@example.com"),
        a_mail("Please confirm your message"),
        a_mail("Thank you for contacting me"),
        a_mail(sender="noreen.plyer@example.com"),
        a_mail(sender="norepl@example.com"),
        a_mail(sender="owner@example.com"),
        a_mail(sender="requests@example.com"),
        a_mail(to=("Support+tkt-1.x@desk.example",)),
        a_mail(to=("team@example.com", "broken", "sales@desk.example")),
        a_mail(to=("team@example.com",), cc=(DESK,)),
        a_mail(report=a_report("failed")),  # a report that is only attached
        a_mail("Delivery failed", report=a_report("failed")),
        a_mail(report=a_report("delayed")),
    ],
)
def test_what_a_person_sends_is_answered(mail):
    found = verdict(mail)
    assert found == Verdict(Kind.PERSON, False, True, (), None)


@pytest.mark.parametrize(
    "local",
    [
        "noreply",
        "no-reply",
        "no.reply",
        "no_reply",
        "do-not-reply",
        "donotreply",
        "dontreply",
        "noresponse",
        "noreply2",
        "noreply-billing",
        "shop.noreply",
        "keine-antwort",
        "nicht-antworten",
        "ne-pas-repondre",
        "nepasrepondre",
        "no-responder",
        "non-rispondere",
        "nao-responda",
        "nie-odpowiadaj",
        "niet-beantwoorden",
        "geen-antwoord",
        "svara-inte",
    ],
)
def test_senders_that_ask_for_no_reply_get_none(local):
    assert names(verdict(a_mail(sender=f"{local}@example.com"))) == ["no-reply-sender"]
