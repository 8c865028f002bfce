"""What agents send from the shared mailbox is the desk's answer."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mailgate.desk.clock import Clock
from mailgate.domain.model import Delay, Status
from mailgate.intake.inbox import Incoming
from mailgate.mail.subjects import base_subject
from tests.intake.desk import SUPPORT
from tests.intake.shared import watching

CUSTOMER = "carol@customer.example"


@pytest.fixture
def send(gateway):
    """Return a function that puts a mail among what was sent, and returns its delivery."""
    watching(gateway)

    def put(text="Try water.", to=CUSTOMER, at=None, **headers):
        gateway.count += 1
        gateway.now += timedelta(minutes=1)
        given = {
            "From": SUPPORT,
            "To": to,
            "Subject": "Re: Printer",
            "Message-ID": f"<s{gateway.count}@desk.example>",
        } | {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [f"{name}: {value}" for name, value in given.items()]
        raw = ("\r\n".join([*lines, "", text]) + "\r\n").encode()
        mail = Incoming(raw, SUPPORT, (SUPPORT,), at or gateway.now, "support", "sent")
        id_ = gateway.inbox.put(mail)
        gateway.worker.drain()
        return gateway.delivery(id_)

    return put


@pytest.fixture
def first(gateway, opened):
    """The Message-ID of the customer's first mail."""
    return next(row["rfc_id"] for row in gateway.rows("message"))


def test_it_is_the_answer_at_its_own_time_and_is_not_sent_again(gateway, opened, first, send):
    before = len(gateway.rows("outbox"))
    sent = send(In_Reply_To=first)
    ticket = gateway.ticket(opened["ticket_id"])
    assert (sent["state"], sent["ticket_id"]) == ("threaded", ticket.id)
    assert (ticket.status, ticket.waiting_since) == (Status.WAITING, sent["received_at"])
    assert ticket.first_response_at == sent["received_at"]
    assert (ticket.replied, ticket.reply_pending) == (True, False)
    assert len(gateway.rows("outbox")) == before
    assert gateway.rows("message")[-1]["text"] == "Try water."


def test_the_customers_answer_to_it_finds_the_ticket(gateway, opened, first, send):
    send(In_Reply_To=first, Message_ID="<answer@desk.example>")
    back = gateway.mail("It burns.", Subject="what?", In_Reply_To="<answer@desk.example>")
    assert back["ticket_id"] == opened["ticket_id"]
    assert gateway.ticket(opened["ticket_id"]).status is Status.OPEN


def test_without_references_it_is_known_by_the_number_or_by_to_whom_it_went(gateway, opened, send):
    number = gateway.ticket(opened["ticket_id"]).number
    assert send(Subject=f"your matter [{number}]")["ticket_id"] == opened["ticket_id"]
    assert send(Subject="AW: printer")["ticket_id"] == opened["ticket_id"]
    assert send(Subject="Another thing")["state"] == "suppressed"


@pytest.mark.parametrize("to", [SUPPORT, "alice@agents.example"])
def test_to_ourselves_only_it_is_a_note(gateway, opened, first, send, to):
    sent = send("Ask Bob.", to=to, In_Reply_To=first)
    assert sent["state"] == "threaded"
    assert gateway.rows("message")[-1]["kind"] == "note"
    assert gateway.ticket(opened["ticket_id"]).status is Status.OPEN


@pytest.mark.parametrize(
    "headers",
    [{"to": f"{CUSTOMER}, dave@elsewhere.example"}, {"Cc": "Dave <dave@elsewhere.example>"}],
)
def test_who_else_is_addressed_takes_part_from_then_on(gateway, opened, first, send, headers):
    hidden = "eve@elsewhere.example"
    send(In_Reply_To=first, Message_ID="<s@desk.example>", Bcc=hidden, **headers)
    ticket = gateway.ticket(opened["ticket_id"])
    assert ticket.people == {CUSTOMER, "dave@elsewhere.example"}
    assert ticket.joined_at("dave@elsewhere.example") == ticket.last_response_at
    answer = {"In_Reply_To": "<s@desk.example>", "Subject": "what?"}
    back = gateway.mail("It burns.", sender="dave@elsewhere.example", **answer)
    assert (back["state"], back["ticket_id"]) == ("threaded", ticket.id)
    assert gateway.ticket(ticket.id).status is Status.OPEN
    assert gateway.mail("And I?", sender=hidden, **answer)["state"] == "opened"


def test_to_a_third_party_it_is_a_note_since_the_customer_does_not_see_it(
    gateway, opened, first, send
):
    send("Can you repair it?", to="vendor@elsewhere.example", In_Reply_To=first)
    assert gateway.rows("message")[-1]["kind"] == "note"


def test_one_older_than_the_last_change_of_turn_moves_nothing(gateway, opened, first, send):
    early = gateway.now + timedelta(seconds=5)
    send(In_Reply_To=first)
    gateway.now += timedelta(hours=1)
    gateway.mail("It burns still.", In_Reply_To=first)
    before = gateway.ticket(opened["ticket_id"])
    assert before.status is Status.OPEN
    sent = send("Seen late.", In_Reply_To=first, at=early)
    after = gateway.ticket(opened["ticket_id"])
    assert (after.status, after.turn) == (before.status, before.turn)
    assert after.first_response_at == sent["received_at"] == early


def test_one_seen_late_that_was_in_time_takes_back_what_the_clock_did_meanwhile(
    gateway, opened, first, send
):
    began = gateway.ticket(opened["ticket_id"]).created_at
    clock = Clock(gateway.desk)
    for hours in (0, 30):
        gateway.now = began + timedelta(hours=hours)
        clock.tick(gateway.now)
    late = gateway.ticket(opened["ticket_id"])
    assert (late.delay, late.overdue_count) == (Delay.SYSTEM, 1)
    sent = send(In_Reply_To=first, at=began + timedelta(hours=20))
    after = gateway.ticket(opened["ticket_id"])
    assert (after.status, after.delay, after.overdue_count) == (Status.WAITING, Delay.NONE, 0)
    assert after.first_response_at == sent["received_at"] == began + timedelta(hours=20)
    assert [row["overdue_at"] for row in gateway.rows("turn")] == [None, None]
    names = [row["name"] for row in gateway.rows("event")][-2:]
    assert names == ["agent.replied", "deadline.retracted"]
    assert gateway.rows("event")[-1]["correlation"] == sent["id"]


def test_a_mail_to_nobodys_customer_opens_a_ticket_only_where_that_is_wanted(gateway, send):
    new = {"to": "Dave <dave@customer.example>", "Cc": "erin@customer.example"}
    new |= {"Subject": "Your order"}
    assert send(**new)["state"] == "suppressed"
    desk = gateway.desk
    desk.settings = replace(desk.settings, outbound=frozenset({"support"}))
    sent = send(**new, Message_ID="<order@desk.example>")
    ticket = gateway.ticket(sent["ticket_id"])
    assert (sent["state"], ticket.status) == ("opened", Status.WAITING)
    assert (ticket.requester, ticket.requester_name) == ("dave@customer.example", "Dave")
    assert ticket.people == {"dave@customer.example", "erin@customer.example"}
    assert gateway.rows("outbox") == []
    sender = "dave@customer.example"
    back = gateway.mail("Yes.", sender=sender, In_Reply_To="<order@desk.example>", Subject="hm")
    assert back["ticket_id"] == ticket.id


@pytest.mark.parametrize(
    ("headers", "text", "actor"),
    [
        ({"From": f"Alice <{SUPPORT}>"}, "Hello.", ("agent", "alice")),
        ({"From": "alice@agents.example"}, "Hello.", ("agent", "alice")),
        ({}, "Hello.\r\n\r\n-- \r\nAlice\r\nSupport", ("agent", "alice")),
        ({"From": f"Support <{SUPPORT}>"}, "Hello.", ("mailbox", "support")),
        ({"From": f"Alice <{SUPPORT}>"}, "Hello.\r\n\r\n-- \r\nBob", ("mailbox", "support")),
        ({}, "Alice is ill today.", ("mailbox", "support")),
    ],
)
def test_who_answered_is_who_is_named_and_never_a_guess(
    gateway, opened, first, send, headers, text, actor
):
    send(text, In_Reply_To=first, **headers)
    event = gateway.rows("event")[-1]
    assert (event["name"], event["actor_kind"], event["actor_id"]) == ("agent.replied", *actor)


@pytest.mark.parametrize(
    "headers",
    [{"From": CUSTOMER}, {"Auto_Submitted": "auto-replied"}],
    ids=["dragged there", "an auto-reply"],
)
def test_what_no_agent_wrote_is_no_answer(gateway, opened, first, send, headers):
    assert send(In_Reply_To=first, **headers)["state"] == "suppressed"
    assert gateway.ticket(opened["ticket_id"]).status is not Status.WAITING


def test_the_copy_that_came_to_the_inbox_too_is_the_same_mail(gateway, opened, first, send):
    sent = send(In_Reply_To=first, Cc=SUPPORT, Message_ID="<cc@desk.example>")
    (raw,) = [row["raw"] for row in gateway.rows("mail") if row["id"] == sent["mail_id"]]
    mail = Incoming(b"Received: x\r\n" + raw, SUPPORT, (SUPPORT,), gateway.now, "support", "imap")
    id_ = gateway.inbox.put(mail)
    gateway.worker.drain()
    assert gateway.delivery(id_)["state"] == "suppressed"


def received(gateway, raw, minutes=0, road="smtp"):
    """Take a copy of what was sent as it comes to the desk's own address."""
    copy = b"Received: x\r\n" + raw
    id_ = gateway.inbox.put(Incoming(copy, SUPPORT, (SUPPORT,), gateway.now, "192.0.2.1", road))
    gateway.worker.drain()
    gateway.now += timedelta(minutes=minutes)
    gateway.worker.drain()
    return gateway.delivery(id_)


def answer_to_all(first):
    return (
        f"From: {SUPPORT}\r\nTo: {CUSTOMER}\r\nCc: {SUPPORT}\r\nSubject: Re: Printer\r\n"
        f"Message-ID: <all@desk.example>\r\nIn-Reply-To: {first}\r\n\r\nTry water.\r\n"
    ).encode()


def file(gateway, raw):
    id_ = gateway.inbox.put(Incoming(raw, SUPPORT, (SUPPORT,), gateway.now, "support", "sent"))
    gateway.worker.drain()
    return gateway.delivery(id_)


def test_an_answer_to_all_waits_for_its_copy_and_opens_no_ticket(gateway, opened, first, send):
    raw = answer_to_all(first)
    came = received(gateway, raw)
    assert came["state"] == "pending"
    file(gateway, raw)
    gateway.now += timedelta(minutes=1)
    gateway.worker.drain()
    assert gateway.delivery(came["id"])["state"] == "suppressed"
    assert gateway.ticket(opened["ticket_id"]).status is Status.WAITING


def test_a_copy_that_is_filed_late_is_the_answer_all_the_same(gateway, opened, first, send):
    raw = answer_to_all(first)
    came = received(gateway, raw, minutes=1)
    assert came["state"] == "opened", "nothing shows that it is ours"
    filed = file(gateway, raw)
    assert (filed["state"], filed["ticket_id"]) == ("suppressed", opened["ticket_id"])
    assert gateway.ticket(opened["ticket_id"]).status is Status.WAITING
    said = len(gateway.rows("message"))
    file(gateway, raw + b"\r\n")
    assert len(gateway.rows("message")) == said, "once is enough"
    back = gateway.mail("It burns.", Subject="what?", In_Reply_To="<all@desk.example>")
    assert back["ticket_id"] == opened["ticket_id"]


def test_a_copy_that_is_read_together_with_what_came_first_is_the_answer(
    gateway, opened, first, send
):
    """As after an outage: both wait, and what came by the other way has waited long enough."""
    raw = answer_to_all(first)
    assert received(gateway, raw)["state"] == "pending"
    gateway.now += timedelta(minutes=1)
    filed = file(gateway, raw)
    gateway.now += timedelta(minutes=1)
    gateway.worker.drain()
    filed = gateway.delivery(filed["id"])
    assert (filed["state"], filed["ticket_id"]) == ("suppressed", opened["ticket_id"])
    assert gateway.ticket(opened["ticket_id"]).status is Status.WAITING


@pytest.mark.parametrize(
    ("subject", "base"),
    [
        ("Re: AW[2]: Printer", "printer"),
        ("Printer", "printer"),
        ("回复:Printer  on  fire", "printer on fire"),
        ("Re:", "re:"),
        ("re: " * 50 + "x", "re: " * 40 + "x"),
    ],
)
def test_what_mail_programs_put_before_a_subject_does_not_count(subject, base):
    assert base_subject(subject) == base


def test_every_answer_to_what_was_sent_about_no_ticket_joins_the_ticket_of_the_first(gateway, send):
    assert send(Message_ID="<s@desk.example>")["state"] == "suppressed"
    thread = {"Subject": "Re: Printer", "In_Reply_To": "<s@desk.example>"}
    first, second = gateway.mail("It burns.", **thread), gateway.mail("Still.", **thread)
    assert (first["state"], second["state"]) == ("opened", "threaded")
    assert second["ticket_id"] == first["ticket_id"]


def test_who_got_nothing_of_what_was_sent_opens_a_ticket_that_nobody_else_joins(gateway, send):
    send(Message_ID="<s@desk.example>")
    thread = {"Subject": "Re: Printer", "In_Reply_To": "<s@desk.example>"}
    stranger = gateway.mail("Me too.", From="mallory@x.example", **thread)
    carol = gateway.mail("It burns.", **thread)
    assert (stranger["state"], carol["state"]) == ("opened", "opened")


def test_what_is_sent_about_no_ticket_and_has_no_message_id_is_kept_nowhere(gateway, send):
    send(Message_ID="")
    assert gateway.rows("imap_history") == []
