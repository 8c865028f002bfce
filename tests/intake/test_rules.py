"""Rules at work: a new ticket goes to the team that its mail is for, and says why."""

from dataclasses import replace

import pytest

from mailgate.domain.model import Priority, Status
from mailgate.domain.people import Staff
from mailgate.domain.rules import Rule, ranked
from mailgate.mail.trust import Trust
from tests.attacks.test_identity import DAVE, PASSED_ON
from tests.desk.conftest import ADMIN, ALICE, BOB, CUSTOMER, settings
from tests.intake.desk import Believing, Gateway

RULES = ranked(
    (
        Rule("invoices", words=("invoice",), team="billing", category="billing"),
        Rule(
            "sales", recipients=("support@desk.example",), tags=("front",), priority=Priority.HIGH
        ),
    )
)


@pytest.fixture
def desk(database):
    """A desk with a team and two rules."""
    staff = Staff((ALICE, BOB), {"billing": ("bob",)}, (ADMIN,))
    known = ("billing", "general_inquiry")
    return Gateway(database, replace(settings(), staff=staff, categories=known, routes=RULES))


def test_a_ticket_goes_to_the_team_its_words_are_for(desk):
    row = desk.mail("Where is my invoice?")
    ticket = desk.ticket(row["ticket_id"])
    assert (ticket.team, ticket.category, ticket.status) == ("billing", "billing", Status.OPEN)
    told = {row["recipient"] for row in desk.rows("outbox") if row["notice"] == "new_message"}
    assert told == {BOB.address}
    says = desk.rows("mail_delivery")[-1]["verdict"]["says"]
    assert says == "a new matter; team billing, category billing by rule invoices"


def test_the_next_rule_is_tried_and_sub_addresses_are_the_desks(desk):
    row = desk.mail("words", to="support+urgent@desk.example")
    ticket = desk.ticket(row["ticket_id"])
    assert (ticket.team, ticket.tags, ticket.priority) == (None, ("front",), Priority.HIGH)
    says = desk.rows("mail_delivery")[-1]["verdict"]["says"]
    assert "rule invoices does not fit: it holds none of the whole words" in says


def test_what_an_agent_forwards_is_judged_by_what_the_customer_wrote(desk, monkeypatch):
    reader = replace(desk.worker._reader, authenticator=Believing(Trust.STRONG))
    monkeypatch.setattr(desk.worker, "_reader", reader)
    asked = PASSED_ON.replace("The ink is gone.", "The invoice is wrong.")
    row = desk.mail(asked, sender=ALICE.address, Subject="Fwd: Ink")
    assert desk.ticket(row["ticket_id"]).team == "billing"
    remarked = PASSED_ON.replace("Please look.", "No invoice, I think.")
    row = desk.mail(remarked, sender=ALICE.address, Subject="Fwd: Ink")
    assert desk.ticket(row["ticket_id"]).team is None
    says = desk.rows("mail_delivery")[-1]["verdict"]["says"]
    assert says == (
        "alice forwarded it; rule invoices does not fit: it holds none of the whole words; "
        "priority high, tags front by rule sales"
    )


def test_who_is_said_to_have_written_is_told_for_what_it_is_worth(desk, monkeypatch):
    rules = ranked((Rule("vip", sender_domains=("customer.example",), tags=("vip",)),))
    desk.desk.settings = replace(desk.desk.settings, routes=rules)
    doubt = ", though nothing proves that {} wrote it".format
    for level, says in ((Trust.WEAK, doubt(CUSTOMER)), (Trust.STRONG, "")):
        reader = replace(desk.worker._reader, authenticator=Believing(level))
        monkeypatch.setattr(desk.worker, "_reader", reader)
        row = desk.mail("words", Subject=f"{level}")
        assert row["verdict"]["says"] == f"a new matter; tags vip by rule vip{says}"
    row = desk.mail(PASSED_ON, sender=ALICE.address, Subject="Fwd: Ink")
    assert row["verdict"]["says"] == f"alice forwarded it; tags vip by rule vip{doubt(DAVE)}"


def test_a_later_mail_changes_nothing_of_it(desk):
    first = desk.mail("words")
    number = desk.ticket(first["ticket_id"]).number
    desk.mail("And the invoice?", Subject=f"Re: [{number}] Printer")
    assert desk.ticket(first["ticket_id"]).team is None
