"""Forms that write as the desk: whom Reply-To names is the writer, and gains nothing by it."""

import pytest

from mailgate.mail.trust import Trust
from tests.desk.conftest import ALICE, CUSTOMER
from tests.intake.desk import EVE, SUPPORT

DAVE = "dave@customer.example"
NUMBER = "TKT-2026-00001"


@pytest.mark.parametrize("level", [Trust.STRONG, Trust.UNKNOWN])
def test_what_a_form_sends_as_the_desk_is_of_who_filled_it_in_and_of_no_proved_sender(
    gateway, trusted, level
):
    trusted(level)
    row = gateway.mail("My lamp is broken.", sender=SUPPORT, Reply_To=f"Dave <{DAVE}>")
    ticket = gateway.ticket(row["ticket_id"])
    assert (ticket.requester, ticket.requester_name) == (DAVE, "Dave")
    told = gateway.outbox("new_message")[-1]["context"]["remarks"]
    assert told == [{"kind": "form", "about": DAVE}]
    assert gateway.rows("contact") == [], "nobody becomes known by it"
    (received,) = gateway.outbox("received")
    assert (received["recipient"], received["stranger"]) == (DAVE, True)


def test_a_form_never_joins_a_ticket_as_its_customer(gateway, opened, trusted):
    trusted(Trust.STRONG)
    before = gateway.ticket(opened["ticket_id"])
    gateway.mail("Close it.", sender=SUPPORT, Reply_To=CUSTOMER, Subject=f"Re: [{NUMBER}]")
    assert gateway.ticket(opened["ticket_id"]) == before
    known = {"In_Reply_To": gateway.outbox("received")[0]["rfc_id"]}
    gateway.mail("Close it.", sender=SUPPORT, Reply_To=CUSTOMER, **known)
    assert gateway.ticket(opened["ticket_id"]).status is before.status


def test_a_form_in_an_agents_name_reads_no_attached_mail_in_their_place(gateway):
    row = gateway.mail("Words.", sender=SUPPORT, Reply_To=ALICE.address, Subject="Fwd: Ink")
    assert row["state"] == "opened"
    assert gateway.ticket(row["ticket_id"]).requester == ALICE.address


@pytest.mark.parametrize("answer", [SUPPORT, f"{DAVE}, {EVE}", "no address"])
def test_a_form_that_names_nobody_or_us_or_many_makes_nobody_the_sender(gateway, answer):
    row = gateway.mail("Words.", sender=SUPPORT, Reply_To=answer)
    assert gateway.ticket(row["ticket_id"]).requester == SUPPORT


def test_what_is_forged_in_the_desks_name_is_not_answered_to_who_is_in_reply_to(gateway, trusted):
    trusted(Trust.FAILED)
    gateway.mail("Words.", sender=SUPPORT, Reply_To=DAVE)
    assert [row for row in gateway.rows("outbox") if row["recipient"] == DAVE] == []
