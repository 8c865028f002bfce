"""Answers of agents that wait for a while before they are sent, and can be stopped meanwhile."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mailgate.domain.horizon import LONGEST_HOLD
from mailgate.domain.model import Status
from mailgate.intake import worker
from mailgate.store import inbox
from tests.desk.conftest import ALICE, BOB, CUSTOMER
from tests.intake.desk import EVE, Gateway

HOLD = timedelta(seconds=30)
ANSWER = "Have you tried turning it off?"


@pytest.fixture
def holding(gateway, opened):
    gateway.desk.settings = replace(gateway.desk.settings, hold=HOLD)
    return gateway


def later(gateway: Gateway, by: timedelta = HOLD) -> None:
    gateway.now += by
    gateway.worker.drain()


def replies(gateway: Gateway) -> int:
    return len(gateway.outbox("agent_reply"))


def test_an_answer_waits_in_the_inbox_and_nothing_has_happened(holding, opened):
    before = holding.ticket(opened["ticket_id"])
    row = holding.agent(f"/priority high\n{ANSWER}")
    assert (row["state"], row["lease_owner"], row["lost"]) == ("pending", None, 0)
    assert row["next_try_at"] == row["received_at"] + HOLD
    assert (replies(holding), holding.ticket(opened["ticket_id"])) == (0, before)
    later(holding, HOLD / 2)
    assert replies(holding) == 0


def test_then_it_is_sent_and_counts_from_when_it_was_written(holding, opened):
    row = holding.agent(ANSWER)
    later(holding)
    assert holding.delivery(row["id"])["state"] == "threaded"
    assert replies(holding) == 1
    ticket = holding.ticket(opened["ticket_id"])
    assert (ticket.status, ticket.last_response_at) == (Status.WAITING, row["received_at"])


def test_it_can_be_stopped_until_then_and_be_written_again(holding, opened):
    row = holding.agent(ANSWER)
    assert holding.agent("/cancel")["state"] == "commands_only"
    stopped = holding.delivery(row["id"])
    assert stopped["state"] == "suppressed"
    assert stopped["verdict"]["says"] == "alice stopped it before it was sent"
    later(holding)
    assert (replies(holding), holding.outbox("command_refused")) == (0, [])
    event = holding.rows("event")[-1]
    assert (event["name"], event["data"]["mail"]) == ("ticket.answer_stopped", row["id"])
    note = holding.rows("message")[-1]
    assert (note["kind"], note["author"]) == ("note", "alice")
    assert note["text"] == f"This answer of Alice was stopped before it was sent:\n\n{ANSWER}"
    holding.agent(ANSWER)
    later(holding)
    assert replies(holding) == 1


def test_what_fails_in_a_batch_stops_none_without_a_word(holding, opened, monkeypatch):
    row, failed, sort = holding.agent(ANSWER), [], worker.sort

    def once(ledger, lookup, reading):
        ending = sort(ledger, lookup, reading)
        if reading.claimed.id == cancel and not failed:
            failed.append(cancel)
            raise LookupError
        return ending

    monkeypatch.setattr(worker, "sort", once)
    cancel = holding.keep("/cancel", sender=ALICE.address, to=holding.reply_address())
    holding.keep("Another matter.", sender=EVE, Subject="Lamp")
    holding.worker.drain()
    assert failed == [cancel]
    assert holding.delivery(row["id"])["state"] == "suppressed"
    assert [e["name"] for e in holding.rows("event")].count("ticket.answer_stopped") == 1
    texts = [message["text"] for message in holding.rows("message")]
    assert f"This answer of Alice was stopped before it was sent:\n\n{ANSWER}" in texts
    assert holding.outbox("command_refused") == []


def test_a_colleague_can_stop_it_and_both_may_come_at_once(holding, opened):
    reply, note = holding.reply_address(), holding.reply_address(BOB.address, "note_address")
    first = holding.keep(ANSWER, sender=ALICE.address, to=reply)
    second = holding.keep("/cancel", sender=BOB.address, to=note)
    holding.worker.drain()
    assert holding.delivery(first)["state"] == "suppressed"
    assert holding.delivery(second)["state"] == "commands_only"
    told = {row["recipient"] for row in holding.outbox("note_added")}
    assert ALICE.address in told, "she is not to think that she answered"
    assert BOB.address not in told


def test_what_has_left_cannot_be_stopped_and_that_is_told(holding, opened):
    holding.agent(ANSWER)
    later(holding)
    holding.agent("/cancel")
    (refused,) = holding.outbox("command_refused")
    number = holding.ticket(opened["ticket_id"]).number
    reason = f"no answer on {number} waits any more: each is sent after 30 s"
    assert refused["context"]["commands"][0]["reason"] == reason
    assert replies(holding) == 1


def test_where_answers_do_not_wait_that_is_told(gateway, opened):
    gateway.agent(ANSWER)
    gateway.agent("/cancel")
    (refused,) = gateway.outbox("command_refused")
    assert "answers are sent at once here" in refused["context"]["commands"][0]["reason"]


@pytest.mark.parametrize(
    "text",
    [
        *("/cancel\nHello", "/cancel\n/close", "/note: x\n/cancel", "Oops\n/cancel"),
        *("/cancel\n/tga x", "/cancel please", "/cancel.", "**/cancel**", "Oops\n*/cancel*"),
    ],
)
def test_it_is_stopped_whatever_else_stands_in_the_mail_and_that_is_sent_back(
    holding, opened, text
):
    row = holding.agent(ANSWER)
    before = holding.ticket(opened["ticket_id"])
    assert holding.agent(text)["state"] == "commands_only"
    (refused,) = holding.outbox("command_refused")
    told = refused["context"]["commands"][0]
    assert told["reason"] == (
        "the answer was stopped and not sent; nothing else in this mail was carried out"
    )
    assert holding.delivery(row["id"])["state"] == "suppressed"
    assert holding.ticket(opened["ticket_id"]).status is before.status


def test_a_note_that_speaks_of_it_stops_nothing(holding, opened):
    row = holding.agent(ANSWER)
    said = holding.agent("/note\nThe customer wrote:\n/cancel my subscription")
    assert (said["state"], holding.outbox("command_refused")) == ("threaded", [])
    assert holding.delivery(row["id"])["state"] == "pending"


def test_why_it_was_stopped_is_kept(holding, opened):
    holding.agent(ANSWER)
    holding.agent("/cancel: wrong customer")
    assert holding.rows("event")[-1]["note"] == "wrong customer"


def test_all_that_wait_are_stopped(holding, opened):
    ids = [holding.agent(f"{ANSWER} {n}")["id"] for n in range(2)]
    holding.agent("/cancel\nthanks")
    assert {holding.delivery(id_)["state"] for id_ in ids} == {"suppressed"}
    (refused,) = holding.outbox("command_refused")
    assert "2 answers were stopped" in refused["context"]["commands"][0]["reason"]


@pytest.mark.parametrize("word", ["/spam", "/withdraw"])
def test_nothing_goes_to_whoever_sent_spam_or_took_the_matter_back(holding, opened, word):
    row = holding.agent(ANSWER)
    holding.agent(word)
    later(holding)
    assert holding.delivery(row["id"])["state"] == "suppressed"
    assert replies(holding) == 0


def test_a_mail_that_is_refused_stops_nothing(holding, opened):
    row = holding.agent(ANSWER)
    holding.agent("/spam\n/snooze 3d")
    assert len(holding.outbox("command_refused")) == 1
    assert holding.delivery(row["id"])["state"] == "pending"
    assert holding.ticket(opened["ticket_id"]).status is not Status.CLOSED


def test_it_is_not_claimed_before_its_time_however_long_that_is(holding, opened):
    holding.desk.settings = replace(holding.desk.settings, hold=LONGEST_HOLD)
    ids = [holding.agent(f"{ANSWER} {n}")["id"] for n in range(3)]
    for _ in range(3):
        assert holding.worker.run_once() == 0
    assert [holding.delivery(id_)["fence"] for id_ in ids] == [1, 1, 1]
    assert holding.mail("Another", Subject="Scanner")["state"] == "opened"
    later(holding, LONGEST_HOLD)
    assert replies(holding) == 3


def test_what_does_not_go_to_the_customer_does_not_wait(holding, opened):
    assert holding.agent("/note\nHe shouts.")["state"] == "threaded"
    assert holding.agent("/take")["state"] == "commands_only"
    to = holding.reply_address(kind="note_address")
    assert holding.mail("Among us.", sender=ALICE.address, to=to)["state"] == "threaded"


def test_what_is_wrong_with_an_answer_is_told_at_once(holding, opened):
    assert holding.agent(f"/assign nobody-here\n{ANSWER}")["state"] == "commands_only"
    assert len(holding.outbox("command_refused")) == 1


def test_a_customer_who_writes_meanwhile_stays_unanswered(holding, opened):
    holding.agent(ANSWER)
    holding.mail("It is worse now.", In_Reply_To="<m1@customer.example>")
    later(holding)
    ticket = holding.ticket(opened["ticket_id"])
    assert (replies(holding), ticket.side) == (1, "system")


def test_an_answer_that_somebody_has_in_hand_is_not_stopped(holding, opened):
    row = holding.agent(ANSWER)
    holding.now += HOLD
    with holding.database.write() as connection:
        (claimed,) = inbox.claim(connection, 1, "other", holding.now, HOLD, 50, 1_000_000)
    assert claimed.id == row["id"]
    holding.agent("/cancel")
    assert len(holding.outbox("command_refused")) == 1
    assert holding.delivery(row["id"])["state"] == "pending"


def test_a_clock_that_is_set_back_makes_no_answer_wait_for_longer(holding, opened):
    id_ = holding.keep(ANSWER, sender=ALICE.address, to=holding.reply_address())
    holding.now -= timedelta(days=1)
    holding.worker.drain()
    assert holding.delivery(id_)["state"] == "threaded"
    assert holding.outbox("agent_reply")[0]["recipient"] == CUSTOMER


def test_other_tickets_are_left_alone(holding, opened):
    first = holding.agent(ANSWER)
    holding.mail("Another matter", Subject="Scanner", sender="dave@customer.example")
    holding.agent("/cancel")
    assert len(holding.outbox("command_refused")) == 1
    assert holding.delivery(first["id"])["state"] == "pending"


def test_one_comes_back_when_the_ticket_went_to_somebody_else_meanwhile(holding, opened):
    row = holding.agent(ANSWER)
    later(holding, HOLD / 3)
    assert holding.agent("/requester dave@customer.example")["state"] == "commands_only"
    later(holding)
    assert replies(holding) == 0
    assert holding.delivery(row["id"])["state"] == "commands_only"
    (told,) = holding.outbox("command_refused")
    assert "nobody would get it" in told["context"]["commands"][0]["reason"]
    assert told["context"]["message"]["text"] == ANSWER
    assert holding.ticket(opened["ticket_id"]).status is Status.NEW
