"""What kind of mail it is, whether a machine wrote it, and whether we may answer by one."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.mail.evidence import NO_DESK, Own
from mailgate.mail.parse import parse
from mailgate.mail.parsed import Attachment, Mailbox
from mailgate.mail.report import Report, Source
from mailgate.mail.screen import Kind, Verdict, screen
from mailgate.mail.signals import LOOP_HEADER, SIGNALS, Effect

DESK = "support@desk.example"
BOB = "bob@example.com"
HOST = "example.com"
VERP = "support+bounce-7.token@desk.example"
AGGREGATE = "isp.example!desk.example!1762560000!1762646399.xml.gz"
EMPTY = parse(b"", datetime(2026, 11, 21, tzinfo=UTC))


def own(recipients=(DESK,), own_lists=()):
    return Own(
        addresses=frozenset({DESK, "sales@desk.example"}),
        is_own_mark=lambda value: value == "our mark",
        is_own_message_id=lambda mid: mid.endswith("@desk.example>"),
        read_bounce=lambda address: 7 if address == VERP else None,
        own_lists=frozenset(own_lists),
        recipients=tuple(recipients),
    )


def boxes(*addresses):
    return tuple(Mailbox("", address) for address in addresses)


def a_file(name):
    return Attachment("2", name, "application/gzip", 1, "", inline=False, content_id=None)


def a_mail(
    subject="My order",
    sender=BOB,
    to=(DESK,),
    cc=(),
    reply_to=(),
    report=None,
    calendar=None,
    attachments=(),
    **headers,
):
    """Return a mail of `bob`; a keyword such as list_id is a header."""
    top = {name.replace("_", "-"): (value,) for name, value in headers.items()}
    return replace(
        EMPTY,
        message_id="<1@example.com>",
        subject=subject,
        from_=boxes(sender) if sender else (),
        strict_from=sender,
        to=boxes(*to),
        cc=boxes(*cc),
        reply_to=boxes(*reply_to),
        headers=top,
        report=report,
        calendar=calendar,
        attachments=attachments,
    )


def a_report(action, status="5.1.1"):
    return Report(action, status, "eve@example.com", "unknown user", (), None)


def verdict(mail, mail_from=BOB, **known):
    return screen(mail, mail_from, own(**known))


def names(found: Verdict) -> list[str]:
    return [reason.partition(":")[0] for reason in found.reasons]


def test_a_persons_mail_to_us_may_be_answered_and_needs_no_reasons():
    assert verdict(a_mail()) == Verdict(Kind.PERSON, False, True, (), None)


def test_every_row_has_a_name_of_its_own_and_a_source():
    listed = [signal.name for signal in SIGNALS]
    assert len(set(listed)) == len(listed)
    assert all(signal.source for signal in SIGNALS)
    assert {signal.effect for signal in SIGNALS} == set(Effect)


# --- one mail for each row ----------------------------------------------------------------------

DSN = 'multipart/report; report-type="delivery-status"; boundary=x'
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
    ("undelivered-subject", "bounce", True, a_mail("Undeliverable: parcel"), ""),
    ("undelivered-subject", "bounce", True, a_mail("Returned mail", to=(VERP,)), BOB),
    (
        "undelivered-subject",
        "bounce",
        True,
        a_mail("Undeliverable: My order", sender="Postmaster@example.com"),
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
    ("auto-reply-subject", "auto_reply", True, a_mail("Abwesenheitsnotiz: bin weg"), BOB),
    ("auto-reply-precedence", "auto_reply", True, a_mail(precedence="auto_reply"), BOB),
    ("auto-reply-precedence", "auto_reply", True, a_mail(x_precedence="Auto-Reply"), BOB),
    ("machine-generated", "auto_reply", True, a_mail(x_fc_machinegenerated="true"), BOB),
    ("message-class", "auto_reply", True, a_mail(x_post_messageclass="9; Autoresponder"), BOB),
    ("autoresponder", "auto_reply", True, a_mail(delivered_to="Autoresponder"), BOB),
    ("vacation", "auto_reply", True, a_mail(x_mailer="vacation 1.2"), BOB),
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
        a_mail(x_loop=""),
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


# --- our own ------------------------------------------------------------------------------------


def test_a_mail_with_a_message_id_of_ours_is_our_own():
    found = verdict(replace(a_mail(), message_id="<x@desk.example>"))
    assert (found.kind, names(found)) == (Kind.OWN, ["own-message-id"])
    assert verdict(replace(a_mail(), message_id=None)).kind is Kind.PERSON


def test_the_loop_header_is_the_one_that_is_looked_for():
    found = verdict(a_mail(**{LOOP_HEADER.lower().replace("-", "_"): "our mark"}))
    assert found.reasons == ("own-loop-mark: x-mailgate-loop: our mark",)


# --- bounces and reports ------------------------------------------------------------------------


def test_a_bounce_says_which_mail_of_ours_it_is_about():
    mail = a_mail(content_type=DSN, report=a_report("failed"), to=())
    found = verdict(mail, "", recipients=[VERP])
    assert (found.kind, found.bounced_outbox) == (Kind.BOUNCE, 7)
    assert verdict(a_mail(content_type=DSN), "").bounced_outbox is None


def test_a_report_that_nothing_is_lost_yet_is_no_bounce():
    mail = a_mail(
        "Undelivered mail",
        sender="mailer-daemon@example.com",
        content_type=DSN,
        report=a_report("delayed"),
        x_failed_recipients="eve@example.com",
    )
    found = verdict(mail, "", recipients=[VERP])
    assert (found.kind, found.bounced_outbox) == (Kind.REPORT, 7)


def test_a_warning_in_words_only_counts_from_a_mail_system():
    assert verdict(a_mail("Warning: could not send message"), "").kind is Kind.REPORT
    assert verdict(a_mail("Warning: could not send message")).kind is Kind.PERSON
    failed = a_mail("Delivery delayed", content_type=DSN, report=a_report("failed"))
    assert verdict(failed, "").kind is Kind.BOUNCE


@pytest.mark.parametrize(
    "mail",
    [
        a_mail(auto_submitted="auto-replied", to=(VERP,)),
        a_mail(x_autoreply="yes", to=(VERP,)),
        a_mail("Out of office: until Monday", to=(VERP,)),
    ],
)
def test_an_out_of_office_reply_to_our_return_path_is_no_bounce(mail):
    found = verdict(mail, "")
    assert (found.kind, found.machine, found.bounced_outbox) == (Kind.AUTO_REPLY, True, None)


def test_a_report_in_words_counts_only_from_a_mail_system():
    words = replace(a_report("failed"), source=Source.TEXT)
    assert verdict(a_mail("Delivery failed: parcel", report=words)).kind is Kind.PERSON
    assert verdict(a_mail("Delivery failed: parcel", report=words), "").kind is Kind.BOUNCE
    assert verdict(a_mail(sender="MAILER-DAEMON@example.com", report=words)).kind is Kind.BOUNCE
    named = {"from": '"Mail Delivery Service" <robot@example.com>'}
    assert verdict(a_mail(report=words, **named)).kind is Kind.BOUNCE


# --- without a desk -----------------------------------------------------------------------------


def test_without_a_desk_only_the_mail_itself_forbids_an_answer():
    assert screen(a_mail(to=("anybody@example.com",)), None, NO_DESK).may_answer
    forbidden = a_mail(to=("anybody@example.com",), precedence="bulk")
    assert names(screen(forbidden, None, NO_DESK)) == ["precedence"]
    signed = a_mail(x_mailgate_loop="our mark", to=(VERP,))
    assert screen(signed, "", NO_DESK).reasons == ("null-path: the return path is empty",)
    assert screen(replace(signed, message_id="<x@y>"), None, NO_DESK).may_answer


# --- the envelope -------------------------------------------------------------------------------


def test_without_an_envelope_a_single_return_path_header_stands_for_it():
    assert verdict(a_mail(return_path="<owner-x@example.com>"), None).reasons == (
        "robot-sender: owner-x@example.com",
    )
    assert verdict(a_mail(), None).may_answer
    twice = replace(a_mail(), headers={"return-path": ("<>", "<bob@example.com>")})
    assert verdict(twice, None).may_answer


def test_with_an_envelope_the_return_path_header_is_hearsay():
    assert verdict(a_mail(return_path="<>"), BOB).may_answer


# --- lists --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"list_id": "Help <help.example.com>", "list_unsubscribe": "<mailto:x@example.com>"},
        {"mailing_list": "list help@example.com; contact help+owners@example.com"},
        {"list_post": "<mailto:help@example.com>", "precedence": "list"},
        {"list_id": "<help.example.com>", "precedence": "bulk", "x_loop": "help@example.com"},
    ],
)
@pytest.mark.parametrize("listed", ["help@example.com", "help.example.com"])
def test_the_marks_of_a_list_of_ours_are_ignored(headers, listed):
    mail = a_mail(to=("help@example.com", DESK), **headers)
    found = verdict(mail, "help-request@example.com", own_lists=[listed])
    assert (found.kind, found.may_answer) == (Kind.PERSON, True)
    assert names(found) == ["own-list"]
    assert verdict(mail).kind is Kind.LIST


def test_a_list_at_the_desks_own_address_is_ours_too():
    assert verdict(a_mail(list_id="<support.desk.example>")).may_answer


def test_the_address_of_a_list_of_ours_counts_as_one_of_ours():
    mail = a_mail(to=("help@example.com",))
    assert verdict(mail, own_lists=["help@example.com"]).may_answer


def test_on_a_list_of_ours_a_machine_is_still_a_machine():
    mail = a_mail(list_id="<help.example.com>", auto_submitted="auto-replied")
    found = verdict(mail, own_lists=["help.example.com"])
    assert (found.kind, found.machine) == (Kind.AUTO_REPLY, True)


def test_spam_that_wears_the_marks_of_a_list_is_spam():
    assert verdict(a_mail(x_spam_flag="YES", list_id="<x.example>")).kind is Kind.SPAM


# --- order and bounds ---------------------------------------------------------------------------


def test_the_weightier_kind_wins():
    marks = [
        {"x_mailgate_loop": "our mark"},
        {"x_failed_recipients": "x@example.com"},
        {"feedback_type": "abuse"},
        {"auto_submitted": "auto-replied"},
        {"x_spam_flag": "YES"},
        {"list_id": "<x.example>"},
        {},
    ]
    for (first, second), kind in zip(pairwise(marks), Kind, strict=False):
        assert verdict(a_mail(**first, **second)).kind is kind


def test_reasons_are_short_whatever_a_header_holds():
    found = verdict(a_mail(list_id="x" * 60_000, x_loop="y" * 60_000))
    assert names(found) == ["list-header", "loop"]
    assert all(len(reason) < 300 for reason in found.reasons)


HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "content_type", "auto_submitted", "precedence", "list_id", "mailing_list", "x_loop",
            "x_auto_response_suppress", "x_spam_status", "return_path", "from", "delivered_to",
            "x_ms_exchange_inbox_rules_loop", "x_mailgate_loop", "x_forefront_antispam_report",
        ]
    ),
    st.text(max_size=60),
)  # fmt: skip


@given(st.text(max_size=80), HEADERS, st.none() | st.text(max_size=20), st.text(max_size=20))
def test_no_mail_makes_the_screen_raise_and_only_a_spotless_one_is_answered(
    subject, headers, mail_from, sender
):
    found = verdict(a_mail(subject, sender, **headers), mail_from)
    assert found.may_answer <= (found.kind is Kind.PERSON and not found.machine)
    assert found.machine == (found.kind in (Kind.OWN, Kind.BOUNCE, Kind.REPORT, Kind.AUTO_REPLY))
