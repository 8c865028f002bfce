"""Ratings by mail: an address of a survey keeps a score, and never opens a ticket again."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mailgate.desk.clock import Clock
from mailgate.domain.events import Close, Discard, MergeInto, Reopen, SetRequester
from mailgate.domain.model import Actor, ActorKind, Status
from mailgate.mail.trust import Trust
from tests.delivery.sending import Scripted, only, read, worker_of
from tests.desk.conftest import ALICE, CUSTOMER, settings
from tests.intake.desk import EVE, Believing, Gateway

AGENT = Actor(ActorKind.AGENT, ALICE.name)
URL = "https://desk.example"


class Survey:
    """A ticket that was answered and closed, and the survey about it."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.id = gateway.mail("My printer is on fire.")["ticket_id"]
        gateway.agent("Pull the plug.")
        self.do(Close)
        gateway.now += timedelta(days=1)
        Clock(gateway.desk).tick(gateway.now)
        (self.row,) = gateway.outbox("survey")
        self.addresses = self.row["context"]["rate_addresses"]

    def do(self, kind, **facts):
        with self.gateway.desk.writing(self.gateway.now) as ledger:
            ledger.apply(self.id, kind(at=self.gateway.now, actor=AGENT, **facts))

    def rate(self, score, text="", **headers):
        return self.gateway.mail(text, to=self.addresses[score - 1], **headers)

    @property
    def ticket(self):
        return self.gateway.ticket(self.id)

    def sent(self, words, recipient):
        """Return the last mail to somebody whose subject begins so."""
        way = Scripted()
        only(self.gateway, recipient)
        worker_of(self.gateway, way).drain()
        mails = [read(each.raw) for each in way.arrived]
        return [mail for mail in mails if str(mail["Subject"]).startswith(words)][-1]

    def told(self):
        """Return (recipient, rating) of the words that staff were shown."""
        rows = self.gateway.outbox("new_message")[3:]  # those of the first mail
        return [(row["recipient"], row["context"]["rated"]) for row in rows]


@pytest.fixture
def survey(database):
    desk = replace(settings(survey_after=timedelta(days=1)), public_url=URL)
    return Survey(Gateway(database, desk))


def test_each_address_gives_its_score_and_an_empty_mail_will_do(survey):
    assert (survey.row["recipient"], survey.row["automatic"]) == (CUSTOMER, True)
    assert len(set(survey.addresses)) == 5
    for score in range(1, 6):
        row = survey.rate(score)
        assert (row["state"], row["ticket_id"]) == ("commands_only", survey.id)
        assert row["verdict"]["says"] == f"rated {score} by mail"
        assert (survey.ticket.satisfaction, survey.ticket.status) == (score, Status.CLOSED)
    rated = [row["data"] for row in survey.gateway.rows("event") if row["name"] == "ticket.rated"]
    assert [data["score"] for data in rated] == [1, 2, 3, 4, 5]
    assert survey.told() == []


def test_what_is_written_in_it_is_kept_and_shown_to_staff_with_the_score(survey):
    row = survey.rate(2, "Too slow, thanks.")
    assert row["state"] == "threaded"
    assert survey.ticket.status is Status.CLOSED
    assert survey.gateway.rows("message")[-1]["text"] == "Too slow, thanks."
    rated = survey.gateway.rows("event")[-1]
    assert (rated["name"], rated["data"]["comment"]) == ("ticket.rated", "Too slow, thanks.")
    assert {rating for _, rating in survey.told()} == {2}
    told = survey.sent("Printer [TKT", survey.told()[-1][0])
    text = told.get_body(("plain",)).get_content()
    assert "The customer's rating: 2 of 5" in text


def test_the_survey_has_the_addresses_as_links_and_the_page(survey):
    mail = survey.sent("How did we do?", CUSTOMER)
    assert mail["Subject"] == "How did we do? - Ticket #TKT-2026-00001"
    assert mail["Auto-Submitted"] == "auto-generated"
    text = mail.get_body(("plain",)).get_content().replace("\r\n", "\n")
    html = mail.get_body(("html",)).get_content()
    for score, address in enumerate(survey.addresses, 1):
        assert f"  {score}: {address}\n" in text
        assert f'href="mailto:{address}?subject={score}%20%5BTKT-2026-00001%5D"' in html
    assert f"  {URL}/t/tkt-2026-00001." in text
    assert f'href="{URL}/t/tkt-2026-00001.' in html


def test_a_machine_never_rates(survey):
    row = survey.rate(1, "I am away.", Auto_Submitted="auto-replied")
    assert (row["state"], survey.ticket.satisfaction) == ("threaded", None)
    assert survey.ticket.status is Status.CLOSED


def test_somebody_else_never_rates_and_their_words_are_shown(survey):
    assert survey.rate(1, sender=EVE)["verdict"]["says"] == "a rating that does not count"
    row = survey.rate(1, "Nonsense!", sender=EVE)
    assert (row["state"], row["ticket_id"]) == ("threaded", survey.id)
    assert (survey.ticket.satisfaction, survey.ticket.status) == (None, Status.CLOSED)
    assert survey.gateway.rows("message")[-1]["other_address"]
    assert survey.told()


def test_a_forged_sender_never_rates(survey, monkeypatch):
    worker = survey.gateway.worker
    believing = replace(worker._reader, authenticator=Believing(Trust.FAILED))
    monkeypatch.setattr(worker, "_reader", believing)
    survey.rate(1, "Bad.")
    assert (survey.ticket.satisfaction, survey.ticket.status) == (None, Status.CLOSED)


def test_by_an_address_that_has_expired_a_forger_does_not_write_as_the_customer(
    survey, monkeypatch
):
    survey.gateway.now += timedelta(days=95)
    survey.do(Reopen)
    worker = survey.gateway.worker
    believing = replace(worker._reader, authenticator=Believing(Trust.FAILED))
    monkeypatch.setattr(worker, "_reader", believing)
    assert survey.rate(1, "Send it to another house.")["ticket_id"] == survey.id
    assert survey.gateway.rows("message")[-1]["other_address"]


def test_whose_ticket_it_is_no_more_does_not_rate_it(survey):
    survey.do(SetRequester, requester=EVE)
    assert survey.rate(1)["verdict"]["says"] == "a rating that does not count"
    assert survey.rate(1, "Bad.")["ticket_id"] == survey.id
    assert (survey.ticket.satisfaction, survey.ticket.status) == (None, Status.CLOSED)


def test_an_altered_address_never_rates(survey):
    address = survey.addresses[0]
    at = address.index("@") - 1
    altered = address[:at] + ("f" if address[at] != "f" else "e") + address[at + 1 :]
    survey.gateway.mail("", to=altered, Subject="5 [TKT-2026-00001]")
    assert survey.ticket.satisfaction is None


@pytest.mark.parametrize("days", [31, 95])
def test_after_thirty_days_nothing_is_rated_or_opened(survey, days):
    survey.gateway.now += timedelta(days=days)
    assert survey.rate(1)["state"] == "commands_only"
    row = survey.rate(1, "It broke again.", Subject="1")
    assert (row["state"], row["ticket_id"]) == ("threaded", survey.id)
    assert (survey.ticket.satisfaction, survey.ticket.status) == (None, Status.CLOSED)
    assert survey.told()
    assert len(survey.gateway.rows("ticket")) == 1


def test_a_ticket_that_was_taken_up_again_is_not_rated_until_it_ends(survey):
    survey.rate(1)
    survey.do(Reopen)
    assert survey.ticket.satisfaction is None
    survey.rate(5)
    survey.rate(5, "It is fine now.")
    assert (survey.ticket.satisfaction, survey.ticket.status) == (None, Status.REOPENED)
    survey.do(Close)
    survey.rate(4)
    assert survey.ticket.satisfaction == 4


def test_a_merged_ticket_is_not_rated_and_neither_is_that_in_which_it_goes_on(survey):
    other = survey.gateway.mail("Another", Subject="Scanner")["ticket_id"]
    survey.do(MergeInto, target=other)
    row = survey.rate(1, "Bad.")
    assert row["ticket_id"] == other
    for each in (survey.id, other):
        assert survey.gateway.ticket(each).satisfaction is None


def test_spam_is_not_rated(survey):
    survey.do(Discard, spam=True)
    survey.rate(1, "Bad.")
    assert survey.ticket.satisfaction is None


def test_an_answer_to_the_survey_itself_opens_the_ticket_again(survey):
    survey.gateway.mail("It is broken again.", In_Reply_To=survey.row["rfc_id"])
    assert survey.ticket.status is Status.REOPENED


def test_nobody_is_asked_twice(survey):
    survey.do(Reopen)
    survey.do(Close)
    survey.gateway.now += timedelta(days=9)
    Clock(survey.gateway.desk).tick(survey.gateway.now)
    assert len(survey.gateway.outbox("survey")) == 1
