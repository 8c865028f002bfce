"""The clock over the store: each step once, never early, also after an outage."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from mailgate.desk.clock import Clock
from mailgate.domain.events import Close, Delivered, Resolve, TimerKind
from mailgate.domain.model import GATEWAY, Actor, ActorKind, ClosedBy, Delay, Status
from mailgate.errors import Conflict
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
    from mailgate.desk.clock import Clock
    from mailgate.desk.door import Desk
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


# --- rules that change --------------------------------------------------------------------------


def under(world, **everywhere):
    """Let the desk go by other thresholds from now on."""
    from mailgate.desk.clock import Clock
    from mailgate.desk.door import Desk
    from mailgate.domain.policy import resolve

    policy = replace(world.desk.settings.policy, thresholds=resolve("standard", everywhere)[0])
    world.desk = Desk(world.database, replace(world.desk.settings, policy=policy), world.signer)
    world.clock = Clock(world.desk)


def changes_of_rules(world):
    names = [row["name"] for row in world.rows("event")]
    return names.count("ticket.policy_changed")


def test_open_tickets_follow_new_rules_in_batches_and_once(world, monkeypatch):
    monkeypatch.setattr("mailgate.desk.clock.BATCH", 2)
    for n in range(5):
        world.open(str(n))
    under(world, system=timedelta(hours=3))
    assert world.clock.refresh(world.now) == 5
    assert changes_of_rules(world) == 5
    assert {row["due_at"] for row in world.rows("timer")} == {world.now + timedelta(hours=3)}
    assert world.clock.refresh(world.now) == 0


def test_open_tickets_can_follow_new_rules_a_few_at_a_time(world, monkeypatch):
    monkeypatch.setattr("mailgate.desk.clock.BATCH", 2)
    for n in range(5):
        world.open(str(n))
    under(world, system=timedelta(hours=3))
    assert world.clock.refresh(world.now, batches=2) == 4
    assert changes_of_rules(world) == 4
    assert world.clock.refresh(world.now, batches=2) == 1
    assert world.clock.refresh(world.now, batches=2) == 0


def test_what_was_done_before_a_crash_is_not_done_again(world, ticket, monkeypatch):
    others = [world.open(str(n)) for n in range(3)]
    under(world, system=timedelta(hours=3))
    monkeypatch.setattr("mailgate.desk.clock.BATCH", 2)
    world.clock._catch_up(world.now)
    assert world.clock.refresh(world.now) == len(others) + 1 - 2
    assert changes_of_rules(world) == 4


def test_a_closed_ticket_follows_no_rules(world, ticket):
    world.apply(ticket, Close(at=world.now, actor=Actor(ActorKind.AGENT, "alice")))
    under(world, system=timedelta(hours=3))
    assert world.clock.refresh(world.now) == 0


def test_a_ticket_that_is_touched_first_catches_up_before_anything_else(world, ticket):
    world.pass_time(hours=5)
    under(world, system=timedelta(hours=3))
    world.customer_writes(ticket)
    names = [row["name"] for row in world.rows("event")][-2:]
    assert names == ["ticket.policy_changed", "customer.wrote"]
    assert world.ticket(ticket).not_before == world.now
    assert [row["due_at"] for row in world.rows("timer")] == [world.now]


def test_a_deadline_of_the_old_rules_does_not_act_under_the_new(world, ticket):
    under(world, system=timedelta(days=9))
    world.pass_time(hours=25)
    assert world.tick().steps == ()
    assert [row["due_at"] for row in world.rows("timer")] == [ticket.created_at + timedelta(days=9)]


def test_somebody_else_who_is_first_makes_a_batch_be_done_again(world, ticket, monkeypatch):
    under(world, system=timedelta(hours=3))
    catch_up, tries = world.clock._catch_up, []

    def unlucky(now):
        tries.append(now)
        if len(tries) < 3:
            raise Conflict("somebody else was first")
        return catch_up(now)

    monkeypatch.setattr(world.clock, "_catch_up", unlucky)
    assert world.clock.refresh(world.now) == 1

    def hopeless(_now):
        raise Conflict("somebody else was first")

    monkeypatch.setattr(world.clock, "_catch_up", hopeless)
    with pytest.raises(Conflict):
        world.clock.refresh(world.now)


# --- targets ------------------------------------------------------------------------------------


def watch(world, *, pause_targets=True):
    from mailgate.desk.clock import Clock
    from mailgate.desk.door import Desk

    rules = world.desk.settings.policy
    policy = replace(rules, watch_targets=True, pause_targets=pause_targets)
    world.desk = Desk(world.database, replace(world.desk.settings, policy=policy), world.signer)
    world.clock = Clock(world.desk)


def test_a_target_is_near_and_missed_and_each_is_told_once(world):
    watch(world)
    ticket = world.open()
    steps = run(world, hours=23)
    assert [(step.timer, step.due_at - ticket.created_at) for step in steps] == [
        (TimerKind.TARGET_NEAR, timedelta(hours=19, minutes=12))
    ]
    assert [notice for notice, _ in world.notices()].count("target_near") == 3  # two agents, admin
    steps = run(world, hours=2)
    assert {step.timer for step in steps} == {TimerKind.SYSTEM_RESPONSE, TimerKind.TARGET_MISSED}
    assert [notice for notice, _ in world.notices()][-1] == "overdue"
    assert "target_missed" not in [notice for notice, _ in world.notices()]
    for row in (row for row in world.rows("outbox") if row["notice"] == "overdue"):
        (told,) = row["context"]["also"]
        assert (told["notice"], told["target"]["which"]) == ("target_missed", "first_response")
        assert row["context"]["threshold_origin"] == "preset standard"
    assert world.ticket(ticket).breached == ("first_response",)
    assert run(world, hours=24) == []


def test_an_answer_that_does_not_arrive_holds_up_no_target(world):
    watch(world, pause_targets=False)
    ticket = world.open()
    replied = world.agent_replies(ticket)
    steps = run(world, hours=80)
    assert [(step.timer, step.says) for step in steps] == [
        (
            TimerKind.CLIENT_RESPONSE,
            "our last reply has not been delivered: the customer's clock waits",
        ),
        (TimerKind.TARGET_NEAR, "a target is near: resolution"),
        (TimerKind.TARGET_MISSED, "a target was missed: resolution"),
    ]
    assert world.ticket(replied).breached == ("resolution",)


def test_an_answer_in_time_ends_the_first_target_and_pauses_the_other(world):
    watch(world)
    ticket = world.open()
    world.pass_time(hours=1)
    replied = world.agent_replies(ticket)
    deliver(world, replied)
    kinds = {row["kind"] for row in world.rows("timer") if row["fired_at"] is None}
    assert kinds == {"client_response"}
    world.pass_time(hours=40)
    world.customer_writes(ticket)
    assert world.ticket(ticket).resolution_due_at == ticket.created_at + timedelta(hours=112)
