"""What the clock did before a mail was seen that disproves it is taken back, everywhere."""

from collections import Counter
from datetime import timedelta

import pytest

from mailgate.desk.figures import days_between
from mailgate.desk.simulation import simulate
from mailgate.domain.events import (
    AgentReplied,
    Close,
    CustomerWrote,
    Delivered,
    Resolve,
    Retracted,
)
from mailgate.domain.model import GATEWAY, Actor, ActorKind, Delay, Side, Status

from .auditing import AGENT, faults
from .conftest import CUSTOMER, START, World, settings

MAILBOX = Actor(ActorKind.MAILBOX, "support")
HOURS_20 = timedelta(hours=20)


@pytest.fixture
def world(database) -> World:
    world = World(database, settings(watch_targets=True))
    world.tick()
    return world


def passed(world, hours):
    """Let the clock act at each hour up to so many after the start."""
    while world.now < START + timedelta(hours=hours):
        world.pass_time(hours=1)
        world.tick()


def sent(world, ticket, hours):
    """See an answer in the folder of what was sent, which is of so many hours after the start."""
    event = AgentReplied(at=START + timedelta(hours=hours), actor=MAILBOX, sent=True)
    return world.apply(ticket, event, world.message(Side.SYSTEM, "support"))


def taken_back(world):
    return [
        (row["at"] - START, row["data"]["turn"], row["data"]["what"], row["data"]["still"])
        for row in world.rows("event")
        if row["name"] == Retracted.name
    ]


def overdue(world):
    """When each turn ran out, in hours."""
    ran_out = (row["overdue_at"] for row in world.rows("turn"))
    return [at and (at - START) / timedelta(hours=1) for at in ran_out]


def test_an_answer_seen_late_takes_back_the_delay_and_the_missed_target(world):
    ticket = world.open()
    passed(world, 30)
    late = world.ticket(ticket)
    assert (late.delay, late.breached, late.overdue_count) == (
        Delay.SYSTEM,
        ("first_response",),
        1,
    )
    assert overdue(world) == [24]
    notices = len(world.rows("outbox"))
    ticket = sent(world, ticket, 20)
    assert (ticket.status, ticket.delay) == (Status.WAITING, Delay.NONE)
    assert (ticket.breached, ticket.overdue_count) == ((), 0)
    assert ticket.targets_told == ("near first_response",)
    assert overdue(world) == [None, None]
    assert taken_back(world) == [(HOURS_20, 1, ["delayed_by_system", "first_response"], [])]
    assert len(world.rows("outbox")) == notices
    event = world.rows("event")[-1]
    assert (event["actor_kind"], event["recorded_at"]) == ("gateway", world.now)
    assert event["reasons"] == [
        "a mail seen late shows that it is not so: taken back",
        "delayed by system, first response",
    ]
    assert faults(world, deep=True) == []


def test_the_figures_count_it_no_more(world):
    ticket = world.open()
    passed(world, 30)
    measures = ("opened", "delayed_by_system", "missed", "answered")

    def counted():
        with world.database.read() as connection:
            days = days_between(connection, 1, START, START + timedelta(days=3), "UTC")
        total = sum((of for (_, about, _), of in days.items() if about == "desk"), Counter())
        return [total[measure] for measure in measures]

    assert counted() == [1, 1, 1, 0]
    sent(world, ticket, 20)
    assert counted() == [1, 0, 0, 1]


def test_an_answer_in_time_or_after_the_deadline_takes_nothing_back(world):
    ticket = world.open()
    passed(world, 30)
    ticket = sent(world, ticket, 24)
    assert (ticket.breached, ticket.overdue_count) == (("first_response",), 1)
    assert (taken_back(world), overdue(world)) == ([], [24, None])


def test_older_than_the_last_change_of_turn_it_takes_back_what_that_turn_was_held_for(world):
    ticket = world.open()
    passed(world, 26)
    world.agent_replies(ticket)
    passed(world, 27)
    before = world.customer_writes(ticket)
    passed(world, 30)
    ticket = sent(world, ticket, 20)
    assert (ticket.status, ticket.turn, ticket.turn_since) == (
        Status.OPEN,
        before.turn,
        before.turn_since,
    )
    assert ticket.first_response_at == START + HOURS_20
    assert (ticket.breached, ticket.overdue_count) == ((), 0)
    assert overdue(world) == [None, None, None]
    assert taken_back(world) == [(HOURS_20, 1, ["delayed_by_system", "first_response"], [])]
    assert faults(world, deep=True) == []


def test_where_the_customer_wrote_after_the_answer_the_desks_time_counts_from_there(world):
    ticket = world.open()
    passed(world, 21)
    world.customer_writes(ticket)
    passed(world, 30)
    ticket = sent(world, ticket, 20)
    assert (ticket.status, ticket.turn, ticket.delay) == (Status.NEW, 1, Delay.NONE)
    assert ticket.waiting_since == START + timedelta(hours=21)
    assert (overdue(world), ticket.overdue_count, ticket.told) == ([None], 0, False)
    assert faults(world, deep=True) == []
    passed(world, 44)
    assert world.ticket(ticket).delay is Delay.NONE
    passed(world, 46)
    ticket = world.ticket(ticket)
    assert (overdue(world), ticket.overdue_count, ticket.delay) == ([45], 1, Delay.SYSTEM)
    assert faults(world, deep=True) == []


def test_of_a_closed_ticket_too(world):
    ticket = world.open()
    passed(world, 25)
    world.apply(ticket, Close(at=world.now, actor=AGENT))
    passed(world, 30)
    ticket = sent(world, ticket, 20)
    assert (ticket.status, ticket.breached, ticket.overdue_count) == (Status.CLOSED, (), 0)
    assert overdue(world) == [None]
    assert faults(world, deep=True) == []


def test_two_seen_at_once_take_it_back_once(world):
    ticket = world.open()
    passed(world, 30)
    with world.desk.writing(world.now) as ledger:
        for hours in (20, 19, 21):
            event = AgentReplied(at=START + timedelta(hours=hours), actor=MAILBOX, sent=True)
            ledger.apply(ticket.id, event, world.message(Side.SYSTEM, "support"))
    assert taken_back(world) == [(HOURS_20, 1, ["delayed_by_system", "first_response"], [])]
    assert (overdue(world)[0], world.ticket(ticket).overdue_count) == (None, 0)
    assert faults(world, deep=True) == []


def test_an_answer_seen_late_pauses_the_resolution_from_its_own_time_on(database):
    world = World(database, settings(watch_targets=True, pause_targets=True))
    world.tick()
    ticket = world.open()
    passed(world, 80)
    assert world.ticket(ticket).breached == ("first_response", "resolution")
    ticket = sent(world, ticket, 20)
    assert (ticket.breached, ticket.targets_used[1]) == ((), 20 * 3600)
    world.pass_time(hours=10)
    event = CustomerWrote(at=world.now, actor=Actor(ActorKind.CUSTOMER, CUSTOMER))
    world.apply(ticket, event, world.message(Side.CLIENT, CUSTOMER))
    passed(world, 143)
    assert world.ticket(ticket).breached == ("resolution",)  # 90 h and the 52 h that were left
    assert faults(world, deep=True) == []


def test_a_resolution_seen_late_takes_back_that_it_was_missed(database):
    world = World(database, settings(watch_targets=True, pause_targets=False))
    world.tick()
    ticket = world.open()
    world.agent_replies(ticket)
    passed(world, 80)
    assert world.ticket(ticket).breached == ("resolution",)
    resolved = Resolve(at=START + timedelta(hours=70), actor=AGENT)
    ticket = world.apply(ticket, resolved)
    assert (ticket.status, ticket.breached) == (Status.RESOLVED, ())
    assert [row[2] for row in taken_back(world)] == [["resolution"]]
    assert faults(world, deep=True) == []


def test_a_customers_mail_seen_late_takes_back_the_customers_delay(world):
    ticket = world.open()
    world.pass_time(hours=1)
    answered = world.agent_replies(ticket)
    delivered = Delivered(
        at=world.now, actor=GATEWAY, notice="agent_reply", turn=2, recipient=CUSTOMER
    )
    world.apply(ticket, delivered)
    passed(world, 55)
    assert (world.ticket(ticket).delay, overdue(world)) == (Delay.CLIENT, [None, 49])
    event = CustomerWrote(at=START + timedelta(hours=40), actor=Actor(ActorKind.CUSTOMER, CUSTOMER))
    ticket = world.apply(answered, event, world.message(Side.CLIENT, CUSTOMER))
    assert (ticket.status, ticket.overdue_count) == (Status.OPEN, 0)
    assert overdue(world) == [None, None, None]
    assert taken_back(world) == [(timedelta(hours=40), 2, ["delayed_by_client"], [])]
    assert faults(world, deep=True) == []


def test_the_recorded_time_lived_again_comes_to_the_same(world):
    ticket = world.open()
    passed(world, 30)
    sent(world, ticket, 20)
    with world.database.read() as connection:
        desk = world.desk.settings
        before = START - timedelta(hours=1)
        (found,) = simulate(connection, desk, desk.policy, before, world.now)
    assert found.agrees
    assert not found.differs
