"""The clock over the store: each step once, never early, also after an outage."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from mailgate.desk.clock import Clock
from mailgate.domain.events import Delivered, Resolve, TimerKind
from mailgate.domain.model import GATEWAY, Actor, ActorKind, ClosedBy, Delay, Status
from mailgate.store import heartbeat, tickets

from .conftest import CUSTOMER

OFTEN = timedelta(minutes=12)  # often enough to count as running


def run(world, **duration) -> list:
    """Let time pass with a tick every 12 minutes.

    Hours in which nothing is due are left out but for the last look and its sign of life.
    """
    end = world.now + timedelta(**duration)
    steps = []
    while world.now < end:
        with world.database.write() as connection:
            coming = tickets.next_timer(connection, 1, world.now)
            nothing_before = end if coming is None else min(coming["due_at"], end)
            beat = heartbeat.last(connection)
            if nothing_before - world.now > 2 * OFTEN and beat.hold_until is None:
                world.now = nothing_before - OFTEN
                heartbeat.keep(connection, replace(beat, seen_at=world.now))
        world.now = min(world.now + OFTEN, end)
        steps += world.tick().steps
    return steps


def deliver(world, ticket, notice: str = "agent_reply"):
    event = Delivered(
        at=world.now, actor=GATEWAY, notice=notice, turn=ticket.turn, recipient=CUSTOMER
    )
    return world.apply(ticket, event)


@pytest.fixture
def ticket(world):
    world.tick()
    return world.open()


def test_nothing_is_due_before_its_time(world, ticket):
    assert run(world, hours=23, minutes=48) == []
    assert world.ticket(ticket).delay is Delay.NONE


def test_the_desks_own_deadline_is_told_once_a_turn(world, ticket):
    steps = run(world, hours=60)
    assert [step.timer for step in steps] == [TimerKind.SYSTEM_RESPONSE]
    assert world.ticket(ticket).delay is Delay.SYSTEM
    told = [to for notice, to in world.notices() if notice == "overdue"]
    assert sorted(told) == [
        "admin@agents.example",
        "alice@agents.example",
        "bob@agents.example",
    ]


def test_the_ladder_of_reminders_counts_from_the_sending_of_the_one_before(world, ticket):
    replied = world.agent_replies(ticket)
    deliver(world, replied)
    run(world, hours=48)
    first = world.now
    assert world.ticket(ticket).delay is Delay.CLIENT
    world.pass_time(minutes=5)
    deliver(world, replied, "waiting")
    run(world, hours=96)
    sent = [row["created_at"] for row in world.rows("outbox") if row["notice"] == "waiting"]
    assert sent == [first, first + timedelta(minutes=5, hours=96)]
    deliver(world, replied, "waiting")
    run(world, hours=192)
    deliver(world, replied, "waiting")
    run(world, hours=200)
    sent = [row["created_at"] for row in world.rows("outbox") if row["notice"] == "waiting"]
    assert len(sent) == 3
    assert world.ticket(ticket).status is Status.WAITING


def test_no_reminder_leaves_while_our_own_reply_has_not(world, ticket):
    replied = world.agent_replies(ticket)
    steps = run(world, hours=72)
    assert [step.notices for step in steps] == [()]
    assert world.ticket(ticket).held
    deliver(world, replied)
    started = world.now
    assert run(world, hours=47) == []
    steps = run(world, hours=2)
    assert [step.timer for step in steps] == [TimerKind.CLIENT_RESPONSE]
    assert steps[0].due_at == started + timedelta(hours=48)


def test_a_resolved_ticket_closes_by_itself(world, ticket):
    world.apply(ticket, Resolve(at=world.now, actor=Actor(ActorKind.AGENT, "alice")))
    steps = run(world, hours=50)
    assert [step.timer for step in steps] == [TimerKind.AUTO_CLOSE]
    closed = world.ticket(ticket)
    assert (closed.status, closed.closed_by) == (Status.CLOSED, ClosedBy.AUTO)
    assert run(world, hours=200) == []


def test_after_an_outage_the_team_is_told_at_once_and_the_customer_only_after_an_hour(
    world, ticket
):
    resolved = world.open("Other")
    world.apply(resolved, Resolve(at=world.now, actor=Actor(ActorKind.AGENT, "alice")))
    due = world.now + timedelta(hours=24)
    world.pass_time(days=5)
    tick = world.tick()
    assert [(step.number, step.due_at) for step in tick.steps] == [(ticket.number, due)]
    assert tick.hold_until == world.now + timedelta(hours=1)
    event = next(row for row in world.rows("event") if row["name"] == "deadline.passed")
    assert event["at"] == due
    assert run(world, minutes=48) == []
    steps = run(world, minutes=12)
    assert [(step.number, step.timer) for step in steps] == [
        (resolved.number, TimerKind.AUTO_CLOSE)
    ]


def test_a_tick_far_in_the_future_shows_what_would_happen_and_writes_nothing(world, ticket):
    before = world.rows("event"), world.rows("timer"), world.rows("heartbeat")
    preview = world.clock.preview(world.now, world.now + timedelta(days=2))
    assert [(step.number, step.timer) for step in preview.steps] == [
        (ticket.number, TimerKind.SYSTEM_RESPONSE)
    ]
    assert (world.rows("event"), world.rows("timer"), world.rows("heartbeat")) == before


def test_signs_of_life_are_kept_every_few_minutes_and_not_at_each_tick(world):
    world.tick()
    first = world.rows("heartbeat")
    world.pass_time(minutes=1)
    world.tick()
    assert world.rows("heartbeat") == first
    world.pass_time(minutes=4)
    world.tick()
    with world.database.read() as connection:
        assert heartbeat.last(connection).seen_at == world.now


def test_a_timer_that_no_longer_runs_is_taken_away_without_an_event(world, ticket):
    from sqlalchemy import update

    from mailgate.store.schema import timer

    with world.database.write() as connection:
        early = world.now - timedelta(hours=1)
        connection.execute(update(timer).values(due_at=early))
    events = len(world.rows("event"))
    assert world.tick().steps == ()
    assert len(world.rows("event")) == events
    assert world.rows("timer")[0]["due_at"] == ticket.created_at + timedelta(hours=24)


def test_a_mail_that_came_after_auto_close_was_due_reopens_the_ticket(world, ticket):
    world.apply(ticket, Resolve(at=world.now, actor=Actor(ActorKind.AGENT, "alice")))
    run(world, hours=47, minutes=48)
    due = world.now + timedelta(minutes=12)
    world.now = due + timedelta(seconds=50)
    world.tick()
    assert world.ticket(ticket).closed_at == due
    late, world.now = world.now, due + timedelta(seconds=21)  # received before the tick
    world.customer_writes(ticket)
    world.now = late
    assert world.ticket(ticket).status is Status.REOPENED


def test_one_ticket_that_fails_stops_no_other(world, ticket, monkeypatch):
    other = world.open("Other")
    decide = type(world.desk.writing(world.now).__enter__()).apply  # the ledger's

    def fussy(ledger, ticket_id, *rest):
        if ticket_id == ticket.id:
            raise ValueError("cannot bear this one")
        return decide(ledger, ticket_id, *rest)

    monkeypatch.setattr("mailgate.desk.ledger.Ledger.apply", fussy)
    steps = run(world, hours=25)
    assert [step.number for step in steps] == [other.number]
    monkeypatch.setattr("mailgate.desk.ledger.Ledger.apply", decide)
    assert [step.number for step in world.tick().steps] == [ticket.number]


def test_clocks_of_several_nodes_that_tick_at_once_act_on_each_deadline_once(world):
    tickets = [world.open(f"Printer {n}") for n in range(6)]
    now = world.pass_time(hours=24, seconds=1)
    together = threading.Barrier(3)

    def tick(clock: Clock) -> list[str]:
        together.wait(20)
        return [step.number for step in clock.tick(now).steps]

    with ThreadPoolExecutor(3) as pool:
        ticked = list(pool.map(tick, [Clock(world.desk) for _ in range(3)]))
    assert sorted(number for numbers in ticked for number in numbers) == [
        ticket.number for ticket in tickets
    ]
    assert {world.ticket(ticket).delay for ticket in tickets} == {Delay.SYSTEM}


def test_changed_thresholds_are_worked_into_the_stored_deadlines_at_the_next_start(world, ticket):
    from dataclasses import replace

    from mailgate.desk.clock import Clock
    from mailgate.desk.ledger import Desk
    from mailgate.domain.policy import Policy, resolve

    thresholds, origins = resolve(everywhere={"system": timedelta(hours=1)})
    changed = replace(world.desk.settings, policy=Policy(thresholds, origins))
    clock = Clock(Desk(world.database, changed, world.signer))
    before = world.rows("ticket")[0]["updated_at"]
    assert world.clock.refresh(world.now) == 0
    assert clock.refresh(world.now) == 1
    due = ticket.created_at + timedelta(hours=1)
    assert [row["due_at"] for row in world.rows("timer")] == [due]
    assert world.rows("ticket")[0]["next_due_at"] == due
    assert world.rows("ticket")[0]["updated_at"] == before
