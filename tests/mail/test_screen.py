"""What kind of mail it is, whether a machine wrote it, and whether we may answer by one."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.mail import report
from mailgate.mail.evidence import NO_DESK
from mailgate.mail.report import Outcome, Source
from mailgate.mail.robots import is_robot
from mailgate.mail.screen import Kind, Verdict, screen
from mailgate.mail.signals import LOOP_HEADER
from tests.mail.screening import (
    BOB,
    DESK,
    DSN,
    VERP,
    a_mail,
    a_report,
    names,
    own,
    verdict,
)


def test_a_persons_mail_to_us_may_be_answered_and_needs_no_reasons():
    assert verdict(a_mail()) == Verdict(Kind.PERSON, False, True, (), None)


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


@pytest.mark.parametrize(
    ("mail", "mail_from", "kind"),
    [
        (a_mail("Delivery failed: parcel"), BOB, Kind.PERSON),
        (a_mail("Delivery failed: parcel"), "", Kind.BOUNCE),
        (a_mail("Delivery failed: parcel"), "MAILER-DAEMON@example.com", Kind.BOUNCE),
        (a_mail(sender="MDaemon@example.com"), BOB, Kind.BOUNCE),
        (a_mail(**{"from": '"Mail Delivery System" <bob@example.com>'}), BOB, Kind.BOUNCE),
        (a_mail("Delivery failed", sender=None), BOB, Kind.BOUNCE),
        (a_mail("Undelivered Mail Returned to Sender"), BOB, Kind.BOUNCE),
        (a_mail("Undelivered Mail Returned to Sender: why?"), BOB, Kind.PERSON),
    ],
)
def test_a_report_in_words_counts_only_from_a_mail_system(mail, mail_from, kind):
    words = report.of((Outcome("failed", "5.1.1", "eve@x.example", ""),), None, Source.TEXT)
    assert verdict(replace(mail, report=words), mail_from).kind is kind


def test_the_subject_of_a_program_proves_nothing_without_a_report():
    assert verdict(a_mail("Undelivered Mail Returned to Sender")).kind is Kind.PERSON


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


@pytest.mark.parametrize(
    ("address", "name", "detail"),
    [
        ("Support+MyTickets@desk.example", "support", "mytickets"),
        (DESK, "support", ""),
        ("bob+mytickets@example.com", "", ""),
        ("no address", "", ""),
    ],
)
def test_what_stands_around_the_delimiter_is_read_in_an_address_of_ours_alone(
    address, name, detail
):
    assert own().split(address) == (name, detail)


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


@pytest.mark.parametrize(
    ("address", "robot"),
    [
        ("no-reply@shop.example", True),
        ("news-request@lists.example", True),
        ("MAILER-DAEMON@mx.example", True),
        ("postmaster@mx.example", True),
        ("post_master@mx.example", True),
        ("carol@customer.example", False),
    ],
)
def test_an_address_that_nobody_reads_is_told_by_its_name(address, robot):
    assert is_robot(address) is robot


BASES = {
    "Support+vip@desk.example": DESK,
    DESK: DESK,
    "nobody": "nobody",
}


@pytest.mark.parametrize(("address", "base"), BASES.items())
def test_what_stands_behind_the_delimiter_is_no_part_of_the_base(address, base):
    assert own().base(address) == base
