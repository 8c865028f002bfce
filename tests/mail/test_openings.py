"""Openings of subjects by which programs announce themselves."""

import pytest

from mailgate.mail import openings

FORMS = ("{}", "{}: Re: my order", "{} : x", "[{}] my order", "{}：x")


@pytest.mark.parametrize("language", openings.AUTO_REPLIES)
def test_every_opening_of_an_auto_reply_is_known_in_capitals_too(language):
    for phrase in openings.AUTO_REPLIES[language]:
        for form in FORMS:
            assert openings.auto_reply(form.format(phrase)) is not None, (phrase, form)
            assert openings.auto_reply(form.format(phrase.upper())) is not None, (phrase, form)


@pytest.mark.parametrize(
    ("subject", "phrase"),
    [
        ("AUTO: Ann is out of the office (returning 09/11/2026)", "out of the office"),
        ("AUTO : Ann ist außer Haus. (Rückkehr am 09.11.2026)", "außer haus"),
        ("Auto: Ann est absent(e) du bureau", "absent(e) du bureau"),
        ("Auto: a scratch in the door", None),
        ("Auto: out of office", None),
        ("My auto: Ann is out of the office", None),
        (f"AUTO: {'A' * 101} is out of the office", None),
    ],
)
def test_who_is_away_may_be_named_first_behind_a_mark(subject, phrase):
    assert openings.auto_reply(subject) == phrase


@pytest.mark.parametrize(
    ("opening", "table"),
    [
        (openings.challenge, openings.CHALLENGES),
        (openings.bounce, openings.BOUNCES),
        (openings.undelivered, openings.RETURNED),
        (openings.undelivered, openings.BOUNCES),
        (openings.undelivered, openings.UNDELIVERED),
        (openings.delay, openings.DELAYS),
    ],
)
def test_every_opening_of_a_returned_or_delayed_mail_is_known(opening, table):
    for phrases in table.values():
        for phrase in phrases:
            assert opening(f"{phrase.title()} (my order)") is not None, phrase


def test_a_report_of_dmarc_is_known_by_its_subject():
    subject = "Report domain: desk.example Submitter: mx.example Report-ID: 1"
    assert openings.report(subject) == "report domain"
    assert openings.report("Report domain: desk.example cannot be reached") is None
    assert openings.report("Report domain names that you do not like") is None


@pytest.mark.parametrize("server", ["192.0.2.7", "[192.0.2.7]", "2001:db8::7"])
def test_a_complaint_is_known_by_the_address_of_a_server_in_its_subject(server):
    subject = f"Complaint about message from {server}"
    assert openings.report(subject) == "complaint about message from"
    assert openings.report("Complaint about message from your driver") is None


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "Re: Automatic reply: my order",
        "Automatic replying machine",
        "Automatic reply does not work",
        "Out of office setup in Outlook",
        "My out of office: how do I set it?",
        "Vacation: two weeks in June",
        "Absence: Mrs Miller",
        "Abwesend",
        "不在",
    ],
)
def test_a_persons_subject_is_no_auto_reply(subject):
    assert openings.auto_reply(subject) is None


@pytest.mark.parametrize(
    "subject", ["Fwd: Undelivered mail", "Returned mailbox keys", "Undeliverable parcel", ""]
)
def test_a_persons_subject_is_no_returned_mail(subject):
    assert openings.bounce(subject) is None


def test_the_whole_subject_of_a_program_is_known_and_nothing_more():
    for phrase in openings.RETURNED["en"]:
        assert openings.returned(phrase.title()) == phrase
        assert openings.returned(f"{phrase}?") is None
        assert openings.returned(f"Fwd: {phrase}") is None


def test_a_parcel_may_be_undelivered_too():
    assert openings.undelivered("Undeliverable: parcel 4711") == "undeliverable"
    assert openings.undelivered("Undelivered Mail Returned to Sender") == "undelivered mail"
    assert openings.undelivered("My parcel is undeliverable") is None


def test_other_apostrophes_widths_and_compositions_make_no_difference():
    assert openings.auto_reply("Re\u0301ponse automatique : x") is not None
    assert openings.auto_reply("Message d\u2019absence: x") is not None
    assert openings.auto_reply("ＡＵＴＯＲＥＰＬＹ: x") is not None
    assert openings.auto_reply("Automatic   reply: x") is not None
    assert openings.auto_reply("OTOMAT\u0130K YANIT: x") is not None


def test_who_had_no_accents_to_write_with_is_understood():
    assert openings.auto_reply("Reponse automatique: x") == "réponse automatique"
    assert openings.auto_reply("Odpowiedz automatyczna: x") == "odpowiedź automatyczna"
    assert openings.undelivered("Nao e possivel entregar: x") == "não é possível entregar"


def test_only_the_beginning_of_a_subject_is_read():
    assert openings.auto_reply("Automatic reply" + " " * 10_000 + ": x") is not None
    assert openings.auto_reply(" " * 250 + "Automatic reply: x") is None
