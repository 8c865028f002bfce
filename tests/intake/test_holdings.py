"""`/list` brings an agent the tickets that they hold, and nothing else happens by it."""

from datetime import timedelta

import pytest

from mailgate.domain.events import Assign, Close, SetPriority, Wait
from mailgate.domain.model import Actor, ActorKind, Priority, Status
from mailgate.intake import holdings
from tests.desk.auditing import faults
from tests.desk.conftest import ALICE, BOB
from tests.intake.test_merging import world_of

AGENT = Actor(ActorKind.AGENT, "bob")


@pytest.fixture
def hold(gateway):
    """Return a function that opens a ticket and gives it to somebody."""

    def opened(subject, holder, *then):
        id_ = gateway.mail("Help.", Subject=subject)["ticket_id"]
        with gateway.desk.writing(gateway.now) as ledger:
            ledger.apply(id_, Assign(at=gateway.now, actor=AGENT, assignee=holder))
            for kind, facts in then:
                ledger.apply(id_, kind(at=gateway.now, actor=AGENT, **facts))
        return id_

    return opened


def listed(gateway):
    (notice,) = gateway.outbox("held_tickets")
    return notice["context"]["tickets"]


def test_an_agent_is_sent_what_they_hold_the_most_pressing_first(gateway, opened, hold):
    address = gateway.reply_address()
    hold("Waits", "alice", (Wait, {}))
    hold("Later", "alice")
    hold("Presses", "alice", (SetPriority, {"priority": Priority.CRITICAL}))
    hold("Over", "alice", (Close, {}))
    hold("Not hers", "bob")
    before, rest = gateway.rows("ticket"), len(gateway.rows("outbox"))
    row = gateway.mail("/list", sender=ALICE.address, to=address)
    assert row["state"] == "commands_only"
    assert [each["subject"] for each in listed(gateway)] == ["Presses", "Later", "Waits"]
    assert [each["due_at"] is None for each in listed(gateway)] == [False, False, True]
    assert gateway.rows("ticket") == before
    (notice,) = gateway.rows("outbox")[rest:]
    assert (notice["recipient"], notice["ticket_id"]) == (ALICE.address, None)
    assert notice["context"]["reply_to"] is None
    assert notice["context"]["answers"] == f"<m{gateway.count}@customer.example>"
    event = gateway.rows("event")[-1]
    assert (event["name"], event["subject_kind"]) == ("tickets.listed", "mail")
    assert faults(world_of(gateway)) == []


def test_each_of_the_list_can_be_answered_at_its_own_address(gateway, opened, hold):
    address = gateway.reply_address()
    one, two = hold("One", "alice"), hold("Two", "alice")
    gateway.mail("/list", sender=ALICE.address, to=address)
    first, second = listed(gateway)
    gateway.mail("Yes.", sender=ALICE.address, to=second["reply_address"])
    gateway.mail("Hm.", sender=ALICE.address, to=first["note_address"])
    assert gateway.ticket(two).status is Status.WAITING
    assert gateway.ticket(one).status is Status.IN_PROGRESS
    stranger = gateway.mail("/close", sender=BOB.address, to=second["reply_address"])
    assert stranger["state"] != "commands_only"
    assert gateway.ticket(two).status is not Status.CLOSED


def test_it_shows_what_other_commands_of_the_same_mail_have_done(gateway, opened):
    row = gateway.agent("/list\n/take\n/priority high\nI see to it.")
    assert row["state"] == "threaded"
    (mine,) = listed(gateway)
    assert (mine["priority"], mine["status"]) == ("high", "waiting_on_customer")
    assert [each["recipient"] for each in gateway.outbox("agent_reply")] == [
        "carol@customer.example"
    ]


def test_who_holds_nothing_is_told_so(gateway, opened):
    gateway.agent("/list\n/list")
    assert listed(gateway) == []


def test_nothing_is_listed_by_a_mail_that_is_refused(gateway, opened):
    gateway.agent("/list\n/priority hgih")
    assert gateway.outbox("held_tickets") == []
    assert len(gateway.outbox("command_refused")) == 1


def test_a_list_is_of_fifty_at_most_and_says_so(gateway, opened, hold, monkeypatch):
    monkeypatch.setattr(holdings, "_MOST", 2)
    address = gateway.reply_address()
    for n in range(3):
        hold(str(n), "alice")
        gateway.now += timedelta(hours=1)
    gateway.mail("/list", sender=ALICE.address, to=address)
    (notice,) = gateway.outbox("held_tickets")
    assert len(notice["context"]["tickets"]) == 2
    assert notice["context"]["more"]


def test_a_number_that_leaves_no_room_for_an_address_is_listed_without(
    gateway, opened, monkeypatch
):
    from mailgate.errors import Refused

    address, taken = gateway.reply_address(), gateway.signer

    class Full:
        def __getattr__(self, name):
            return getattr(taken, name)

        def ticket_address(self, *_args):
            raise Refused("no room")

    monkeypatch.setattr(gateway.desk, "signer", Full())
    gateway.mail("/take\n/list", sender=ALICE.address, to=address)
    (mine,) = listed(gateway)
    assert (mine["reply_address"], mine["note_address"]) == (None, None)
