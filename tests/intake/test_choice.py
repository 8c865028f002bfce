"""What a customer chose by address or mark is what their ticket begins with."""

from dataclasses import replace

import pytest

from mailgate.domain.model import Priority
from mailgate.mail.alert import MachineSender
from mailgate.mail.trust import Trust
from tests.attacks.test_identity import PASSED_ON
from tests.desk.conftest import ALICE, settings
from tests.intake.desk import EVE, Believing, Gateway


@pytest.fixture
def desk(database):
    """A desk with two categories."""
    return Gateway(database, replace(settings(), categories=("billing", "general_inquiry")))


def began(gateway, **headers):
    """Category and priority of the ticket that a mail opened."""
    ticket = gateway.ticket(gateway.mail("words", **headers)["ticket_id"])
    return ticket.category, ticket.priority.value


def test_the_address_sets_category_and_priority_up_to_the_bound(desk):
    assert began(desk) == ("general_inquiry", "normal")
    assert began(desk, to="support+billing@desk.example") == ("billing", "normal")
    assert began(desk, to="support+urgent@desk.example") == ("general_inquiry", "high")
    says = desk.rows("mail_delivery")[-1]["verdict"]["says"]
    assert says.startswith("a new matter; priority high by the address (urgent), ")


def test_a_mark_of_importance_counts_and_a_higher_priority_hurries(desk):
    assert began(desk, Importance="high") == ("general_inquiry", "high")
    assert began(desk, X_Priority="5") == ("general_inquiry", "low")
    high, low = desk.rows("ticket")
    assert high["first_response_due_at"] < low["first_response_due_at"]


def test_the_importance_of_a_machines_or_a_lists_mail_does_not(desk):
    assert began(desk, Importance="high", Auto_Submitted="auto-generated")[1] == "normal"
    assert began(desk, Importance="high", List_Id="<news.example>")[1] == "normal"


def test_a_later_mail_chooses_nothing(desk):
    desk.mail("words")
    row = desk.mail("more", Subject="Re: TKT-2026-00001", Importance="high")
    assert row["state"] == "threaded"
    assert desk.ticket(row["ticket_id"]).priority is Priority.NORMAL


def test_a_proved_machine_and_an_agent_who_forwards_choose_freely(desk, monkeypatch):
    machine = {EVE: MachineSender(("Host",))}
    reader = replace(
        desk.worker._reader, authenticator=Believing(Trust.STRONG), machine_senders=machine
    )
    monkeypatch.setattr(desk.worker, "_reader", reader)
    to = "support+critical@desk.example"
    desk.mail("Host: web1", sender=EVE, to=to)
    desk.mail(PASSED_ON, sender=ALICE.address, to=to, Subject="Fwd: Printer")
    assert [row["priority"] for row in desk.rows("ticket")] == ["critical", "critical"]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Guten Tag, mein Drucker druckt seit gestern nicht.", "de"),
        ("Buongiorno, la mia stampante non stampa da ieri.", ""),
        ("您好，我的打印机从昨天开始不能打印。", ""),
        ("42", ""),
    ],
)
def test_customers_are_written_to_in_the_language_of_their_first_mail_if_it_is_one_of_ours(
    gateway, text, language
):
    desk = gateway.desk
    desk.settings = replace(desk.settings, languages=frozenset({"de", "fr", "en"}))
    opened = gateway.mail(text)
    assert gateway.ticket(opened["ticket_id"]).language == language
    (received,) = gateway.outbox("received")
    assert received["context"]["recipient"]["language"] == (language or "en")
