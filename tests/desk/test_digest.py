"""The daily digest on a database of either kind: once a day, to who has something to do."""

import threading
from dataclasses import replace
from datetime import time, timedelta

import pytest
from sqlalchemy import update

from mailgate.desk.digest import Digests
from mailgate.desk.door import Desk
from mailgate.domain.events import Assign, AssignTeam, Close, Snooze
from mailgate.domain.hours import Calendar
from mailgate.domain.model import Actor, ActorKind
from mailgate.domain.numbers import NumberFormat, NumberReader
from mailgate.domain.people import Staff
from mailgate.store import inbox, schema
from tests.desk.conftest import ADMIN, ALICE, BOB, CUSTOMER, beside_who_opens

NUMBERS = NumberReader([NumberFormat("TKT-{year}-{seq:05d}")])
WHO = Actor(ActorKind.AGENT, "bob")
HOUR = timedelta(hours=1)


def at(world, **changes):
    """A world with other settings."""
    found = replace(world.desk.settings, **changes)
    world.desk = Desk(world.database, found, world.signer)
    return world


def look(world, when=time(8)):
    return Digests(world.desk, when, NUMBERS).look(world.now)


def give(world, ticket, agent="alice"):
    return world.apply(ticket, Assign(at=world.now, actor=WHO, assignee=agent))


def sent(world):
    """Recipient -> what the last digest says to each."""
    rows = [row for row in world.rows("outbox") if row["notice"] == "digest"]
    return {row["recipient"]: row["context"] for row in rows}


def shown(world, part="held", agent=ALICE):
    return [each["number"] for each in sent(world)[agent.address]["digest"][part]]


@pytest.fixture
def held(world):
    """A world in which alice holds a ticket."""
    give(world, world.open())
    return world


def test_who_holds_a_ticket_on_the_desks_turn_is_told_once_a_day(held):
    assert look(held) == 1
    assert look(held) == 0
    held.pass_time(hours=14)
    assert look(held) == 0
    held.pass_time(hours=9)  # the next day, eight o'clock
    assert look(held) == 1
    events = [row for row in held.rows("event") if row["subject_kind"] == "digest"]
    assert [(row["subject_id"], row["data"]) for row in events] == [
        (20260302, {"count": 1}),
        (20260303, {"count": 1}),
    ]


def test_before_its_time_and_with_nothing_to_say_nobody_is_told(world):
    assert look(world, time(9, 1)) == 0
    assert world.rows("event") == []
    assert look(world, time(9)) == 0
    assert [row["name"] for row in world.rows("event")] == ["digest.written"]
    give(world, world.open())
    assert look(world, time(9)) == 0, "who gets a ticket later is told of that, and tomorrow"


def test_of_nodes_that_look_at_the_same_time_one_writes_it(held):
    nodes = [threading.Thread(target=look, args=(held,)) for _ in range(4)]
    for node in nodes:
        node.start()
    for node in nodes:
        node.join()
    assert [pair for pair in held.notices() if pair[0] == "digest"] == [("digest", ALICE.address)]


@pytest.mark.peers
def test_who_opens_tickets_meanwhile_waits_for_nobody(postgresql_world):
    give(postgresql_world, postgresql_world.open())
    beside_who_opens(postgresql_world, look)
    assert list(sent(postgresql_world)) == [ALICE.address]


def test_a_clock_that_was_ahead_for_a_while_keeps_nobody_from_being_told(held):
    held.pass_time(days=400)
    look(held)
    held.pass_time(days=-400)
    assert look(held) == 1


def test_it_comes_on_days_that_are_worked(held):
    sundays = Calendar("UTC", (*((),) * 6, ((540, 1020),)))
    policy = replace(held.desk.settings.policy, calendars={"sundays": sundays})
    at(held, policy=policy)
    assert look(held) == 0
    held.pass_time(days=6)  # to Sunday
    assert look(held) == 1


def test_the_most_urgent_come_first_with_how_long_they_have(world):
    late, soon = world.open(), world.open()
    world.pass_time(hours=24, minutes=10)
    later = world.open("Re: TKT-2026-00001 /close")
    world.pass_time(hours=1)
    for ticket in (later, soon, late):
        give(world, ticket)
    with world.database.write() as connection:
        connection.execute(
            update(schema.ticket)
            .where(schema.ticket.c.id == late.id)
            .values(waiting_since=late.created_at - HOUR * 80)
        )
    look(world)
    told = sent(world)[ALICE.address]["digest"]["held"]
    assert [(each["subject"], each["late"], each["left"]) for each in told] == [
        ("Printer", 81 * 3600 // 86400 * 86400, None),
        ("Printer", 3600, None),
        ("Re: TKT-••••-••••• ╱close", None, 23 * 3600),
    ]


def test_tickets_that_sleep_wait_for_the_customer_or_are_closed_are_left_out(world):
    slept, answered, closed, due = (give(world, world.open()) for _ in range(4))
    world.apply(slept, Snooze(at=world.now, actor=WHO, until=world.now + HOUR))
    world.agent_replies(answered)
    world.apply(closed, Close(at=world.now, actor=WHO))
    look(world)
    assert shown(world) == [due.number]


def test_one_whose_sleep_is_over_is_there_again(world):
    slept = world.open()
    world.apply(slept, Snooze(at=world.now, actor=WHO, until=world.now + HOUR))
    look(world, time(8))
    assert sent(world) == {}
    world.pass_time(days=1)
    look(world, time(8))
    assert shown(world, "free") == [slept.number]


def test_what_nobody_holds_is_told_to_its_team_and_without_one_to_administrators(world):
    staff = Staff((ALICE, BOB), {"billing": ("alice",)}, (ADMIN,))
    at(world, staff=staff)
    teams, nobodys = world.open(), world.open()
    world.apply(teams, AssignTeam(at=world.now, actor=WHO, team="billing"))
    assert look(world) == 2
    assert shown(world, "free") == [teams.number]
    assert [each["number"] for each in sent(world)[ADMIN]["digest"]["free"]] == [nobodys.number]


def test_who_is_away_is_not_told(held):
    with held.desk.writing(held.now) as ledger:
        ledger.leave("alice", held.now + HOUR * 30, held.now)
    assert look(held) == 0
    held.pass_time(days=2)
    assert look(held) == 1


def test_where_there_is_too_much_the_rest_is_said_to_be_there(world, monkeypatch):
    monkeypatch.setattr("mailgate.desk.digest._MOST", 2)
    for _ in range(3):
        give(world, world.open())
    look(world)
    assert (len(shown(world)), sent(world)[ALICE.address]["more"]) == (2, True)


def test_the_address_for_answers_is_signed_for_the_agent_and_no_ticket(held):
    look(held)
    address = sent(held)[ALICE.address]["reply_to"]
    found = held.signer.read_digest_address(address, ALICE.address, held.now)
    assert found.holder_matches
    assert not held.signer.read_digest_address(address, BOB.address, held.now).holder_matches
    assert held.signer.read_ticket_address(address, ALICE.address, held.now) is None


def quarantine(world, sender):
    arrival = inbox.Arrival(
        b"From: %s\n\nwords" % sender.encode(), 1, "q", (), sender, "p", "smtp", world.now
    )
    with world.desk.writing(world.now) as ledger:
        (id_,) = inbox.put(ledger.connection, iter(ledger.next_id, None), [arrival])
        row = {"id": id_, "fence": 0, "state": "quarantined", "done_at": world.now}
        assert inbox.settle(ledger.connection, 1, [row]) == 1
    return id_


def test_administrators_are_told_once_of_mails_in_quarantine_of_people_we_know(world):
    world.apply(world.open(), Close(at=world.now, actor=WHO))
    at(world, staff=Staff((ALICE,), {"billing": ("alice",)}, (ADMIN,)))
    id_ = quarantine(world, CUSTOMER)
    quarantine(world, "stranger@elsewhere.example")
    world.pass_time(minutes=1)
    assert look(world) == 1
    digest = sent(world)[ADMIN]["digest"]
    assert digest == {"held": [], "free": [], "quarantined": [{"id": id_, "author": CUSTOMER}]}
    world.pass_time(days=1)
    assert look(world) == 0
