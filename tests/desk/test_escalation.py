"""Escalations by the clock: through the one door, each once, also over restarts and outages."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mailgate.desk.clock import Clock
from mailgate.desk.forecast import forecast
from mailgate.domain.escalation import Escalation, Since
from mailgate.domain.events import Assign, DeadlinePassed, Escalate, TimerKind
from mailgate.domain.hours import Calendar
from mailgate.domain.model import Actor, ActorKind
from mailgate.domain.people import Staff
from tests.desk.auditing import faults
from tests.desk.conftest import ADMIN, ALICE, BOB, World, settings

HOUR = timedelta(hours=1)
LEADS = Escalation("leads", 4 * HOUR, to="team:leads")
BOARD = Escalation("board", 6 * HOUR, to="alice", tell_admins=True)
LATE = Escalation("late", timedelta(), Since.OVERDUE)
WHO = Actor(ActorKind.AGENT, "alice")


def staffed(*rules: Escalation, **more):
    """A desk with a team of leads, and these rules."""
    staff = Staff((ALICE, BOB), {"leads": ("bob",), "all": ("alice", "bob")}, (ADMIN,))
    return replace(settings(escalations=rules, **more), staff=staff)


@pytest.fixture
def led(database):
    """A world in which two rules look after what is left lying."""
    world = World(database, staffed(LEADS, BOARD))
    world.tick()
    return world


def run(world, **duration):
    """Let time pass in steps of ten minutes, as on a gateway that runs."""
    end = world.now + timedelta(**duration)
    steps = []
    while world.now < end:
        world.now = min(end, world.now + timedelta(minutes=10))
        steps += world.tick().steps
    return steps


def escalated(world):
    return [to for notice, to in world.notices() if notice == "escalated"]


def test_what_lies_too_long_goes_up_level_by_level_and_each_step_is_told_once(led):
    ticket = led.open()
    led.apply(ticket, Assign(at=led.now, actor=WHO, assignee="alice"))
    (step,) = run(led, hours=5)
    assert (step.timer, step.due_at - ticket.created_at) == (TimerKind.ESCALATION, 4 * HOUR)
    assert step.says == "left lying, one level up: rule leads: 4h of the desk's turn"
    assert escalated(led) == [BOB.address, ALICE.address]  # whom it goes to, and who holds it
    again = Clock(led.desk)  # another node, or the same after a restart
    assert again.tick(led.now).steps == ()
    assert len(run(led, hours=3)) == 1
    assert escalated(led)[2:] == [ALICE.address, ADMIN]
    assert run(led, hours=12) == []
    found = led.ticket(ticket)
    assert (found.escalation_level, found.escalated_to) == (2, "alice")
    assert found.escalated_by == ("turn leads", "turn board")
    assert found.escalation_reason == "rule board: 6h of the desk's turn"
    assert faults(led) == []


def test_the_notice_says_which_rule_and_to_whom(led):
    led.open()
    run(led, hours=4)
    (row,) = (row for row in led.rows("outbox") if row["notice"] == "escalated")
    assert row["context"]["escalation"] == {
        "level": 1,
        "to": "leads",
        "rule": {"name": "leads", "since": "turn", "seconds": 14_400, "calendar": None},
    }
    assert row["automatic"]
    received = next(row for row in led.rows("outbox") if row["notice"] == "received")
    assert received["context"]["escalation"] is None


def test_one_who_asks_for_it_is_not_told_and_their_reason_is(led):
    ticket = led.open()
    event = Escalate(at=led.now, actor=WHO, to="bob", reason="he calls every hour")
    led.apply(ticket, event)
    (row,) = (row for row in led.rows("outbox") if row["notice"] == "escalated")
    assert row["recipient"] == BOB.address
    assert row["context"]["escalation"] == {"level": 1, "to": "Bob", "rule": None}
    assert (row["context"]["actor"], row["context"]["note"]) == ("Alice", "he calls every hour")
    led.apply(ticket, Escalate(at=led.now, actor=WHO))
    row = next(row for row in reversed(led.rows("outbox")) if row["recipient"] == ADMIN)
    assert row["context"]["escalation"]["to"] is None


def test_after_an_outage_nothing_is_escalated_in_a_burst(led):
    led.open()
    led.pass_time(hours=9)
    assert led.tick().steps == ()
    assert run(led, minutes=50) == []
    assert [step.timer for step in run(led, minutes=30)] == [TimerKind.ESCALATION] * 2


def test_what_was_answered_meanwhile_is_not_escalated_after_an_outage(led):
    ticket = led.open()
    led.pass_time(hours=9)
    led.tick()
    led.agent_replies(ticket)
    assert [step for step in run(led, hours=3) if step.timer is TimerKind.ESCALATION] == []


def test_new_rules_count_for_what_is_open_but_not_from_before_they_were_there(world):
    world.tick()
    ticket = world.open()
    run(world, hours=9)
    world.desk = type(world.desk)(world.database, staffed(LEADS), world.signer)
    world.clock = Clock(world.desk)
    world.clock.refresh(world.now)
    (step,) = run(world, minutes=10)
    assert step.due_at == world.now - timedelta(minutes=10)
    assert world.ticket(ticket).escalated_by == ("turn leads",)
    assert faults(world) == []


def test_one_that_was_renamed_or_moved_does_not_stumble_over_what_has_acted(led):
    ticket = led.open()
    run(led, hours=5)
    rules = (BOARD, Escalation("chiefs", 5 * HOUR), LEADS)
    led.desk = type(led.desk)(led.database, staffed(*rules), led.signer)
    led.clock = Clock(led.desk)
    led.clock.refresh(led.now)
    assert len(run(led, hours=2)) == 2
    assert led.ticket(ticket).escalated_by == ("turn leads", "turn chiefs", "turn board")
    assert faults(led) == []


def test_working_time_counts_where_a_rule_says_so(database):
    office = Calendar("UTC", (((540, 1020),),) * 5 + ((),) * 2)
    rule = Escalation("leads", 9 * HOUR, calendar="office", to="bob")
    world = World(database, staffed(rule, calendars={"office": office}))
    world.tick()
    ticket = world.open()
    steps = [step for step in run(world, hours=30) if step.timer is TimerKind.ESCALATION]
    assert [step.due_at - ticket.created_at for step in steps] == [25 * HOUR]
    (row,) = (row for row in world.rows("outbox") if row["notice"] == "escalated")
    assert row["context"]["escalation"]["rule"]["calendar"] == "office"


def test_what_is_foreseen_of_escalations_then_happens(database):
    world = World(database, staffed(LEADS, BOARD, LATE))
    world.tick()
    world.open()
    coming = list(forecast(world.desk, world.now, world.now + 30 * HOUR))
    seen = [(step.at, step.says, [each.recipient for each in step.notices]) for step in coming]
    begin, known = world.now, len(world.rows("outbox"))
    steps = run(world, hours=30)
    assert [(at, says) for at, says, _ in seen] == [(step.due_at, step.says) for step in steps]
    assert [at - begin for at, _, _ in seen] == [4 * HOUR, 6 * HOUR, 24 * HOUR, 24 * HOUR]
    told = [row["recipient"] for row in world.rows("outbox")[known:]]
    assert sorted(told) == sorted(to for _, _, people in seen for to in people)
    dry = world.clock.preview(world.now, world.now + HOUR)
    assert dry.steps == ()


def test_the_history_says_which_rule_and_the_deadline_is_named_in_it(led):
    ticket = led.open()
    run(led, hours=4)
    (event,) = (row for row in led.rows("event") if row["name"] == DeadlinePassed.name)
    assert event["reasons"] == ["left lying, one level up", "rule leads: 4h of the desk's turn"]
    assert event["data"] == {"timer": "escalation", "turn": 1, "step": 0}
    timers = [row for row in led.rows("timer") if row["kind"] == "escalation"]
    assert [(row["step"], row["fired_at"] is None) for row in timers] == [(0, False), (1, True)]
    assert timers[1]["origin"] == "rule board: 6h of the desk's turn"
    assert {row["subject_id"] for row in timers} == {ticket.id}
