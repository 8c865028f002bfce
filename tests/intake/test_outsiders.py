"""Whom agents let take part on the customer's side, and whose matter a ticket becomes."""

import pytest

from mailgate.desk import outsiders
from mailgate.domain.events import Opened
from mailgate.domain.model import Actor, ActorKind
from mailgate.mail.trust import Trust
from tests.desk.auditing import faults
from tests.desk.conftest import ALICE, BOB, CUSTOMER
from tests.intake.test_merging import world_of

DAVE, ERIN = "dave@customer.example", "erin@customer.example"


def replies(gateway):
    return [row["recipient"] for row in gateway.outbox("agent_reply")]


def explained(gateway):
    return gateway.outbox("command_refused")[-1]["context"]["commands"][0]["reason"]


def test_who_is_let_in_gets_what_is_said_from_then_on(gateway, opened):
    gateway.agent("Before.")
    gateway.mail("I see.", In_Reply_To=gateway.outbox("agent_reply")[0]["rfc_id"])
    row = gateway.agent(f"/cc {DAVE.upper()}, <{ERIN}>: they pay\nFor all of you.")
    assert row["state"] == "threaded"
    assert replies(gateway) == [CUSTOMER, CUSTOMER, DAVE, ERIN]
    ticket = gateway.ticket(opened["ticket_id"])
    assert (ticket.requester, ticket.participants) == (CUSTOMER, (DAVE, ERIN))
    assert ticket.joined == (row["received_at"],) * 2
    (event,) = [e for e in gateway.rows("event") if e["name"] == "people.joined"]
    assert (event["actor_id"], event["note"]) == ("alice", "they pay")
    answer = gateway.mail("Thanks.", sender=DAVE, Subject=f"Re: [{ticket.number}]")
    assert answer["ticket_id"] == opened["ticket_id"]
    assert not gateway.rows("message")[-1]["other_address"]
    assert faults(world_of(gateway)) == []


def test_a_ticket_becomes_anothers_who_sees_nothing_that_is_older(gateway, opened):
    gateway.agent("The secret of Carol.")
    before = gateway.rows("outbox")
    assert gateway.agent(f"/requester {DAVE}: he asked")["state"] == "commands_only"
    assert [r for r in gateway.rows("outbox") if r not in before] == [], "nobody is told"
    gateway.agent("For Dave.")
    assert replies(gateway) == [CUSTOMER, DAVE]
    ticket = gateway.ticket(opened["ticket_id"])
    assert (ticket.requester, ticket.people) == (DAVE, {DAVE})
    gateway.mail("I am here too.", Subject=f"Re: [{ticket.number}]")
    assert gateway.rows("mail_delivery")[-1]["ticket_id"] != ticket.id
    assert faults(world_of(gateway)) == []


def test_the_former_requester_may_stay_as_one_who_takes_part(gateway, opened):
    gateway.agent(f"/cc {CUSTOMER}\n/requester {DAVE}\nFor both.")
    assert replies(gateway) == [DAVE, CUSTOMER]
    assert gateway.ticket(opened["ticket_id"]).requester == DAVE


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (f"/cc {BOB.address}", "is one of ours"),
        ("/cc support@desk.example", "an address of the desk itself"),
        (f"/cc {DAVE} support+mytickets@desk.example", "an address of the desk itself"),
        ("/requester support+x@desk.example", "an address of the desk itself"),
        (f"/requester {ALICE.address.upper()}", "is one of ours"),
        ("/cc a@-", "is not a mail address"),
        ("/requester a..@", "is not a mail address"),
    ],
)
def test_who_must_not_be_let_in_is_not_and_nothing_is_sent(gateway, opened, line, says):
    before = gateway.ticket(opened["ticket_id"])
    assert gateway.agent(f"{line}\nHello.")["state"] == "commands_only"
    assert says in explained(gateway)
    assert gateway.ticket(opened["ticket_id"]) == before
    assert replies(gateway) == []


def test_a_hundred_people_may_take_part(gateway, opened, monkeypatch):
    monkeypatch.setattr(outsiders, "_MOST", 3)
    gateway.agent(f"/cc {DAVE} {ERIN}")
    gateway.agent("/cc one@more.example")
    assert "more than 3 people" in explained(gateway)
    assert gateway.ticket(opened["ticket_id"]).participants == (DAVE, ERIN)


def test_nobody_outside_is_let_into_what_is_internal(gateway, opened):
    nagios = "nagios@hosts.example"
    alert = Opened(
        at=gateway.now,
        actor=Actor(ActorKind.MACHINE, nagios),
        number="",
        subject="Disk",
        requester=nagios,
        visibility="internal",
    )
    with gateway.desk.writing(gateway.now) as ledger:
        ticket = ledger.open(alert)
    address = gateway.signer.ticket_address(
        "support@desk.example", ticket.number, ALICE.address, "reply", gateway.now
    )
    for word in ("cc", "requester"):
        gateway.mail(f"/{word} {DAVE}", sender=ALICE.address, to=address)
        assert "is internal" in explained(gateway)
    assert gateway.ticket(ticket.id).people == {nagios}


def test_a_customer_lets_nobody_in_by_such_a_line(gateway, opened, trusted):
    trusted(Trust.STRONG)
    sent = gateway.outbox("received")[0]["rfc_id"]
    gateway.mail(f"/cc {DAVE}", In_Reply_To=sent)
    assert gateway.ticket(opened["ticket_id"]).participants == ()
