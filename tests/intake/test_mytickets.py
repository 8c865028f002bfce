"""Who asks for the list of their tickets gets it: theirs, open, newest first, and no other's."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from mailgate.domain.events import AgentReplied, Close, Resolve
from mailgate.domain.model import Actor, ActorKind, Side
from mailgate.intake import mytickets
from mailgate.intake.inbox import Incoming
from mailgate.mail.trust import Trust
from mailgate.store import schema
from tests.delivery.sending import Scripted, only, read, worker_of
from tests.desk.conftest import ALICE, CUSTOMER
from tests.intake.desk import EVE, SUPPORT

LIST = "support+mytickets@desk.example"
AGENT = Actor(ActorKind.AGENT, ALICE.name)


@pytest.fixture
def proved(gateway, trusted):
    trusted(Trust.STRONG)
    return gateway


def do(gateway, ticket_id, kind):
    with gateway.desk.writing(gateway.now) as ledger:
        ledger.apply(ticket_id, kind(at=gateway.now, actor=AGENT))


def listed(gateway):
    """What the last list says of each ticket."""
    return gateway.outbox("my_tickets")[-1]["context"]["tickets"]


def test_a_customer_is_sent_their_open_tickets_the_newest_first(proved):
    first = proved.mail("one", Subject="Printer")["ticket_id"]
    second = proved.mail("two", Subject="Scanner")["ticket_id"]
    closed = proved.mail("three", Subject="Screen")["ticket_id"]
    proved.mail("not hers", sender=EVE, Subject="Secret")
    do(proved, first, AgentReplied)
    do(proved, second, Resolve)
    do(proved, closed, Close)
    row = proved.mail("", to=LIST, Subject="list")
    assert (row["state"], row["ticket_id"]) == ("commands_only", None)
    assert row["verdict"]["says"] == f"{CUSTOMER} asked for their tickets: 2"
    assert [(each["subject"], each["status"]) for each in listed(proved)] == [
        ("Scanner", "resolved"),
        ("Printer", "waiting_on_customer"),
    ]
    (notice,) = proved.outbox("my_tickets")
    assert (notice["recipient"], notice["role"], notice["automatic"]) == (
        CUSTOMER,
        "customer",
        True,
    )


def test_the_list_is_a_mail_of_no_ticket_under_the_one_that_asked(proved):
    proved.mail("one", Subject="Printer <b>")
    row = proved.mail("", to=LIST, Subject="list", Message_ID="<ask@customer.example>")
    way = Scripted()
    only(proved, CUSTOMER)
    worker_of(proved, way).drain()
    sent = way.arrived[-1]
    mail = read(sent.raw)
    assert (sent.envelope_from, mail["To"].addresses[0].addr_spec) == ("", CUSTOMER)
    assert mail["Subject"] == "Your open tickets at Support"
    assert (mail["In-Reply-To"], mail["References"]) == ("<ask@customer.example>",) * 2
    assert mail["Auto-Submitted"] == "auto-generated"
    text = mail.get_body(("plain",)).get_content()
    assert "TKT-2026-00001  Printer <b>" in text
    assert "We are working on it." in text
    assert "Printer &lt;b&gt;" in mail.get_body(("html",)).get_content()
    assert proved.signer.read_message_id(mail["Message-ID"]) is not None
    (event,) = [e for e in proved.rows("event") if e["name"] == "tickets.listed"]
    assert (event["subject_kind"], event["subject_id"]) == ("mail", row["id"])
    assert event["data"] == {"count": 1}


def test_an_answer_to_the_list_is_a_mail_like_any_other(proved):
    proved.mail("", to=LIST)
    sent = proved.outbox("my_tickets")[0]["rfc_id"]
    row = proved.mail("And who are you?", In_Reply_To=sent, Subject="Re: Your open tickets")
    assert row["state"] == "opened"


def test_a_list_that_comes_back_is_known_for_ours(proved):
    proved.mail("", to=LIST)
    sent = proved.outbox("my_tickets")[0]["rfc_id"]
    assert proved.mail("copy", Message_ID=sent)["state"] == "suppressed"


def test_whoever_has_no_ticket_is_told_so(proved):
    proved.mail("", to=LIST)
    assert listed(proved) == []


def test_a_ticket_that_opens_in_the_same_batch_is_listed(proved):
    proved.keep("one", Subject="Printer")
    proved.keep("", to=LIST)
    proved.worker.run_once()
    assert [each["subject"] for each in listed(proved)] == ["Printer"]


def test_a_ticket_of_the_house_is_nobodys(proved):
    proved.mail("one")
    with proved.database.write() as connection:
        connection.execute(update(schema.ticket).values(visibility="internal"))
    proved.mail("", to=LIST)
    assert listed(proved) == []


def test_a_long_list_ends_and_says_so(proved, monkeypatch):
    monkeypatch.setattr(mytickets, "_MOST", 2)
    for n in range(3):
        proved.mail(f"text {n}", Subject=f"Matter {n}")
    proved.mail("", to=LIST)
    assert [each["subject"] for each in listed(proved)] == ["Matter 2", "Matter 1"]
    assert proved.outbox("my_tickets")[0]["context"]["more"]


def test_who_asks_twice_within_an_hour_is_answered_once(proved):
    proved.mail("", to=LIST)
    row = proved.mail("again", to=LIST)
    assert (row["state"], len(proved.outbox("my_tickets"))) == ("commands_only", 1)
    assert "within the hour before" in row["verdict"]["says"]
    proved.now += timedelta(hours=1)
    proved.mail("later", to=LIST)
    assert len(proved.outbox("my_tickets")) == 2


def test_a_mail_to_the_desk_that_also_asks_for_the_list_is_a_message(proved):
    raw = f"From: {CUSTOMER}\r\nTo: {SUPPORT}\r\nCc: {LIST}\r\n\r\nMy printer.\r\n".encode()
    to = (LIST, SUPPORT)
    id_ = proved.inbox.put(Incoming(raw, CUSTOMER, to, proved.now, "127.0.0.1", "smtp"))
    proved.worker.run_once()
    assert proved.delivery(id_)["state"] == "opened"
    assert proved.outbox("my_tickets") == []


def test_the_list_never_holds_what_only_a_message_of_ours_would(proved):
    ticket = proved.mail("one")["ticket_id"]
    proved.mail("", to=LIST)
    assert set(listed(proved)[0]) == {"number", "subject", "status", "last_message_at"}
    assert proved.ticket(ticket).last_responder is Side.CLIENT
