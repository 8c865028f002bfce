"""What is foreseen is what then happens: the same deadlines, the same notices, at the same time."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mailgate.desk.forecast import forecast
from mailgate.domain.caps import Caps
from mailgate.domain.events import Delivered, Resolve
from mailgate.domain.model import GATEWAY, Actor, ActorKind
from tests.desk.conftest import ALICE, World, settings

DAYS = timedelta(days=40)


def answered(world, ticket) -> None:
    """Let an agent answer, and the answer arrive."""
    reply = world.agent_replies(ticket)
    arrived = Delivered(
        at=world.now,
        actor=GATEWAY,
        notice="agent_reply",
        turn=reply.turn,
        recipient=reply.requester,
    )
    world.apply(reply, arrived)


def seen(world) -> list:
    return list(forecast(world.desk, world.now, world.now + DAYS))


def lived(world, foreseen) -> list:
    """Let it come: a tick at each instant that was foreseen, and what is sent arrives at once."""
    steps = []
    for at in sorted({step.at for step in foreseen}):
        while world.now < at:  # a gateway that runs all along
            world.now = min(at, world.now + timedelta(hours=1))
            assert world.now == at or world.tick().steps == ()
            world.clock.refresh(world.now)
        known = len(world.rows("outbox"))
        done = world.tick().steps
        rows = world.rows("outbox")[known:]
        steps += [(at, step.number, step.timer, step.says, step.status) for step in done]
        steps += [(at, row["notice"], row["recipient"], row["reason"]) for row in rows]
        for row in rows:
            if row["awaited"] and row["state"] != "suppressed":
                arrived = Delivered(
                    at=at,
                    actor=GATEWAY,
                    notice=row["notice"],
                    turn=row["turn"],
                    recipient=row["recipient"],
                )
                with world.desk.writing(at) as ledger:
                    ledger.apply(row["ticket_id"], arrived)
    return steps


def told(foreseen) -> list:
    """The same, of what was foreseen."""
    steps = []
    for at in sorted({step.at for step in foreseen}):
        now = [step for step in foreseen if step.at == at]
        steps += [(at, step.number, step.timer, step.says, step.status) for step in now]
        steps += [
            (at, each.notice, each.recipient, each.held_back)
            for step in now
            for each in step.notices
        ]
    return steps


@pytest.mark.parametrize("a_day", [40, 1], ids=["freely", "over the ceiling"])
def test_what_is_foreseen_then_happens_event_for_event(database, a_day):
    world = World(database, replace(settings(), caps=Caps(per_address_day=a_day)))
    world.tick()
    unanswered = world.open("unanswered")
    waiting = world.open("waiting", "dave@customer.example")
    world.pass_time(hours=2)
    answered(world, waiting)
    world.pass_time(hours=1)
    resolved = world.open("resolved", "erin@customer.example")
    world.apply(resolved, Resolve(at=world.now, actor=Actor(ActorKind.AGENT, ALICE.name)))

    foreseen = seen(world)

    assert {step.number for step in foreseen} == {
        world.ticket(each).number for each in (unanswered, waiting, resolved)
    }
    assert [step.status for step in foreseen].count("closed") >= 1
    reminders = [each for step in foreseen for each in step.notices if each.notice == "waiting"]
    assert len(reminders) >= 3
    before = world.rows("event")
    assert seen(world) == foreseen
    assert world.rows("event") == before  # nothing was written
    assert lived(world, foreseen) == told(foreseen)


def test_what_is_overdue_already_comes_at_once(world):
    world.tick()
    world.open()
    world.pass_time(days=3)
    first = seen(world)[0]
    assert first.at == world.now
    assert [each.notice for each in first.notices].count("overdue") >= 1


def test_nothing_is_foreseen_where_nothing_runs(world):
    assert seen(world) == []


def test_the_ceilings_hold_in_what_is_foreseen(database):
    world = World(database, replace(settings(), caps=Caps(per_address_day=1)))
    world.tick()
    for name in ("one", "two"):
        answered(world, world.open(name))
    world.pass_time(days=1)
    foreseen = seen(world)
    reminders = [e for step in foreseen for e in step.notices if e.notice == "waiting"]
    assert [each.held_back is None for each in reminders[:2]] == [True, False]
    assert "automatic mails a day" in reminders[1].held_back


def test_what_will_be_told_with_others_says_when(database):
    world = World(database, replace(settings(), burst=1))
    world.tick()
    for name in ("one", "two", "three"):
        world.open(name)
    world.pass_time(days=1, hours=2)
    steps = [step for step in seen(world) if step.timer.value == "system_response"]
    mine = [each for step in steps for each in step.notices if each.recipient == ALICE.address]
    leaves = world.now + timedelta(minutes=10)
    assert [each.joined_at for each in mine] == [None, leaves, leaves]
    assert {each.held_back for each in mine} == {None}
    assert world.rows("outbox") == [
        row for row in world.rows("outbox") if row["notice"] != "joined"
    ]


def test_an_answer_that_has_not_left_yet_leaves_when_it_is_tried_next(world):
    world.tick()
    world.agent_replies(world.open())
    first = seen(world)[0]
    assert (first.timer.value, first.at) == ("client_response", world.now + timedelta(hours=48))


def test_after_an_outage_customers_are_not_written_to_before_the_hour_is_over(world):
    world.tick()
    answered(world, world.open())
    world.open("unanswered", "dave@customer.example")
    world.pass_time(days=3)
    steps = {(step.number, step.timer.value): step.at for step in reversed(seen(world))}
    assert steps["TKT-2026-00001", "client_response"] == world.now + timedelta(hours=1)
    assert steps["TKT-2026-00002", "system_response"] == world.now
    world.tick()
    world.pass_time(minutes=5)
    assert seen(world)[0].at == world.now + timedelta(minutes=55)
