"""A reply does not overtake the mail that it answers, whoever has that; and it waits not long.

Two workers stand for two processes or nodes: each has its own claims, and they take turns by hand.
"""

from datetime import timedelta

import pytest
from sqlalchemy import event

from mailgate.intake import worker
from mailgate.intake.lookup import PATIENCE
from mailgate.intake.sorting import sort
from mailgate.intake.worker import LEASE, Worker
from mailgate.store import aside, inbox, tickets
from tests.intake.desk import EVE
from tests.store.databases import POSTGRESQL

FIRST = "<m1@customer.example>"
COLLEAGUE = "colleague@customer.example"


@pytest.fixture
def other(gateway):
    """A second worker on the same database."""
    parts = (gateway.desk, gateway.worker._reader, gateway.signer, lambda: gateway.now)
    return Worker(*parts, "other", lambda: None)


def taken(gateway, most=1):
    """Claim the oldest mails for somebody who does not get on with them."""
    with gateway.database.write() as connection:
        return inbox.claim(connection, 1, "slow", gateway.now, LEASE, most, 1 << 20)


def ended(gateway, *ids):
    rows = [gateway.delivery(id_) for id_ in ids]
    return [(row["state"], row["ticket_id"]) for row in rows]


def test_a_reply_waits_for_the_mail_that_another_worker_has(gateway, other):
    first, reply = gateway.keep(Cc=COLLEAGUE), gateway.keep("So?", In_Reply_To=FIRST)
    (slow,) = taken(gateway)
    assert (other.run_once(), other.run_once()) == (1, 0), "it is let go of, for a while"
    assert ended(gateway, first, reply) == [("pending", None)] * 2
    with gateway.database.write() as connection:
        inbox.give_back(connection, 1, [slow])
    gateway.worker.run_once()
    gateway.now += timedelta(seconds=1)
    assert other.run_once() == 1
    (opened, ticket), threaded = ended(gateway, first, reply)
    assert (opened, threaded) == ("opened", ("threaded", ticket))
    row = gateway.delivery(reply)
    assert (row["lost"], row["attempts"]) == (0, 0), "to wait is no failure"


@pytest.mark.peers
@pytest.mark.parametrize("database", [POSTGRESQL], indirect=True)  # elsewhere one writes at a time
def test_a_reply_waits_for_the_mail_that_another_worker_ends_while_it_is_looked_up(
    gateway, other, monkeypatch
):
    first = gateway.keep()
    (has_it,) = taken(gateway)
    reply = gateway.keep("So?", In_Reply_To=FIRST)
    by_reference = tickets.by_reference

    def meanwhile(*asked):
        found = by_reference(*asked)
        monkeypatch.setattr(tickets, "by_reference", by_reference)
        gateway.worker._settle(gateway.worker._begin([has_it], gateway.now))
        return found

    monkeypatch.setattr(tickets, "by_reference", meanwhile)
    other.run_once()
    gateway.now += timedelta(seconds=1)
    other.run_once()
    (opened, ticket), threaded = ended(gateway, first, reply)
    assert (opened, threaded) == ("opened", ("threaded", ticket))


@pytest.mark.parametrize("header", ["In_Reply_To", "References"])
def test_a_colleagues_answer_waits_as_well(gateway, other, header):
    first = gateway.keep(Cc=COLLEAGUE)
    answer = gateway.keep("Me too.", sender=COLLEAGUE, **{header: f"<x@elsewhere.example> {FIRST}"})
    taken(gateway)
    other.run_once()
    assert ended(gateway, first, answer) == [("pending", None)] * 2


def test_a_reply_waits_for_a_mail_that_failed_and_is_tried_again(gateway, monkeypatch):
    first, reply = gateway.keep(), gateway.keep("So?", In_Reply_To=FIRST)
    (failed,) = taken(gateway)
    gateway.worker._fail(failed, "it failed", 1)
    gateway.worker.run_once()
    assert ended(gateway, reply) == [("pending", None)]
    gateway.now += timedelta(seconds=2)
    gateway.worker.run_once()
    (_, ticket), threaded = ended(gateway, first, reply)
    assert threaded == ("threaded", ticket)


def test_mails_of_one_batch_are_handled_in_their_order(gateway):
    first, reply = gateway.keep(), gateway.keep("So?", In_Reply_To=FIRST)
    assert gateway.worker.run_once() == 2
    assert [state for state, _ in ended(gateway, first, reply)] == ["opened", "threaded"]


def test_one_that_fails_in_the_batch_is_waited_for(gateway, monkeypatch):
    first, reply = gateway.keep(), gateway.keep("So?", In_Reply_To=FIRST)
    with monkeypatch.context() as patch:
        patch.setattr(worker, "sort", failing(first))
        gateway.worker.run_once()
    assert ended(gateway, first, reply) == [("pending", None)] * 2
    gateway.now += timedelta(seconds=2)
    gateway.worker.run_once()
    assert [state for state, _ in ended(gateway, first, reply)] == ["opened", "threaded"]


def failing(bad):
    """Decide as ever, except on one mail."""

    def decide(ledger, lookup, reading):
        assert reading.claimed.id != bad
        return sort(ledger, lookup, reading)

    return decide


def test_nobody_waits_for_long_however_often_they_look(gateway, other):
    gateway.keep(sender=EVE)
    reply = gateway.keep("So?", In_Reply_To=FIRST)
    (slow,) = taken(gateway)
    looks, since = 0, gateway.now
    while ended(gateway, reply) == [("pending", None)]:
        looks += other.run_once()
        with gateway.database.write() as connection:  # whoever has the first one keeps it
            inbox.renew(connection, 1, [slow], gateway.now + LEASE)
        gateway.now += timedelta(seconds=1)
    assert PATIENCE <= gateway.now - since <= 2 * PATIENCE
    assert looks < 8, "each look reads the mail again"
    assert ended(gateway, reply)[0][0] == "opened"


def test_mails_that_answer_each_other_or_themselves_wait_for_nobody(gateway):
    one = gateway.keep("One", In_Reply_To="<m2@customer.example>")
    two = gateway.keep("Two", In_Reply_To=FIRST)
    itself = gateway.keep("Three", In_Reply_To="<m3@customer.example>")
    while gateway.worker.run_once():
        pass
    (_, ticket), *rest = ended(gateway, one, two, itself)
    assert rest[0] == ("threaded", ticket)
    assert rest[1][0] == "opened"


def test_a_mail_does_not_wait_for_one_that_came_after_it(gateway, other):
    early = gateway.keep("Early", In_Reply_To="<m2@customer.example>")
    gateway.keep("Late")
    mine, _ = taken(gateway, 2)
    with gateway.database.write() as connection:
        inbox.give_back(connection, 1, [mine])
    other.run_once()
    assert ended(gateway, early)[0][0] == "opened"


def test_what_finds_its_ticket_anyway_waits_for_nobody(gateway, opened, other):
    gateway.keep("Planted", sender=EVE, Message_ID="<planted@elsewhere.example>")
    taken(gateway)
    named = gateway.keep("So?", In_Reply_To=f"<planted@elsewhere.example> {FIRST}")
    other.run_once()
    assert ended(gateway, named) == [("threaded", opened["ticket_id"])]


@pytest.mark.parametrize("state", ["parked", "quarantined"])
def test_a_mail_that_was_set_aside_is_not_waited_for(gateway, other, state):
    gateway.keep()
    reply = gateway.keep("So?", In_Reply_To=FIRST)
    (bad,) = taken(gateway)
    with gateway.database.write() as connection:
        inbox.settle(connection, 1, [{"id": bad.id, "fence": bad.fence, "state": state}])
    other.run_once()
    assert ended(gateway, reply)[0][0] == "opened"


def test_a_mail_put_back_by_hand_has_all_its_patience_again(gateway, other):
    gateway.keep()
    reply = gateway.keep("So?", In_Reply_To=FIRST)
    taken(gateway)
    other.run_once()
    row = gateway.delivery(reply)
    assert row["waiting_since"] == gateway.now
    with gateway.database.write() as connection:
        parked = {"id": reply, "fence": row["fence"], "state": inbox.PARKED}
        inbox.settle(connection, 1, [parked])
        aside.put_back(connection, 1, inbox.PARKED, [reply])
    assert gateway.delivery(reply)["waiting_since"] is None


def test_a_clock_set_back_makes_nobody_wait_longer(gateway, other):
    gateway.keep()
    reply = gateway.keep("So?", In_Reply_To=FIRST)
    taken(gateway)
    other.run_once()
    gateway.now -= timedelta(hours=1)
    other.run_once()
    assert ended(gateway, reply)[0][0] == "opened"


def test_who_is_asked_for_costs_one_statement_however_many_wait(gateway, other):
    for n in range(8):
        gateway.keep(sender=f"p{n}@customer.example", Message_ID=f"<{n}@customer.example>")
    taken(gateway, 8)
    replies = [
        gateway.keep(sender=f"p{n}@customer.example", In_Reply_To=f"<{n}@customer.example>")
        for n in range(8)
    ]
    asked = []
    event.listen(
        gateway.database.engine, "before_cursor_execute", lambda *call: asked.append(call[2])
    )
    other.run_once()
    assert ended(gateway, *replies) == [("pending", None)] * 8
    assert sum("min(mail_delivery.received_at)" in statement for statement in asked) == 1
