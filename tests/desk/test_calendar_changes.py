"""A desk that is started with another calendar: deadlines of open tickets are worked out anew."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from mailgate.desk.clock import Clock
from mailgate.desk.door import Desk
from mailgate.domain.events import Close
from mailgate.domain.hours import Calendar
from mailgate.domain.model import Actor, ActorKind
from mailgate.domain.policy import resolve
from tests.desk.auditing import faults
from tests.desk.conftest import World, settings

WEEK = ((),) * 2
OFFICE = Calendar("UTC", (((540, 1020),),) * 5 + WEEK)  # Monday to Friday, 09:00 to 17:00
MORNINGS = Calendar("UTC", (((540, 780),),) * 5 + WEEK, {date(2026, 3, 4): ()})  # and no Wednesday
TIMES = {
    "calendar": "office",
    "system": timedelta(hours=12),
    "first_response": timedelta(hours=6),
    "resolution": timedelta(hours=10),
}


def at(day: int, hour: int) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def policy_with(calendar: Calendar):
    thresholds, origins = resolve("standard", TIMES)
    changes = {"calendars": {"office": calendar}, "watch_targets": True, "pause_targets": True}
    return replace(settings().policy, thresholds=thresholds, origins=origins, **changes)


def restart(world: World, calendar: Calendar) -> None:
    """Begin anew on the same database, with a calendar of the same name."""
    changed = replace(world.desk.settings, policy=policy_with(calendar))
    world.desk = Desk(world.database, changed, world.signer)
    world.clock = Clock(world.desk)


@pytest.fixture
def world(database):
    """A desk of Monday 09:00, by the office hours."""
    return World(database, replace(settings(), policy=policy_with(OFFICE)))


def resolution_due(world, ticket):
    return world.ticket(ticket).resolution_due_at


def system_due(world, ticket):
    (row,) = (
        row
        for row in world.rows("timer")
        if (row["subject_id"], row["kind"]) == (ticket.id, "system_response")
        and row["fired_at"] is None
    )
    return row["due_at"]


def test_deadlines_go_by_another_calendar_after_a_restart_and_what_was_paused_stays_so(
    world, monkeypatch
):
    monkeypatch.setattr("mailgate.desk.clock.BATCH", 2)
    talked, *silent = (world.open(str(n)) for n in range(3))
    closed = world.open("closed")
    world.apply(closed, Close(at=world.now, actor=Actor(ActorKind.AGENT, "alice")))
    world.now = at(2, 11)
    world.agent_replies(talked)  # 2 h of its 10 are used
    world.now = at(3, 10)
    world.customer_writes(talked)  # and 7 more hours of the office did not count
    assert resolution_due(world, talked) == at(4, 10)
    assert system_due(world, talked) == at(4, 14)
    assert [resolution_due(world, each) for each in silent] == [at(3, 11)] * 2
    assert [system_due(world, each) for each in silent] == [at(3, 13)] * 2

    world.now = at(3, 10)
    restart(world, MORNINGS)
    assert world.clock.refresh(world.now, batches=1) == 2, "those that are open, in batches"
    restart(world, MORNINGS)  # it was ended in the middle
    assert world.clock.refresh(world.now) == 1
    assert world.clock.refresh(world.now) == 0, "once"

    assert world.ticket(talked).targets_used[1] == 2 * 3600
    assert resolution_due(world, talked) == at(6, 10)  # 3 h on Tuesday, 4 on Thursday, 1
    assert system_due(world, talked) == at(9, 10)  # 3 h, 4, 4 on Friday, 1 on Monday
    assert [resolution_due(world, each) for each in silent] == [at(5, 11)] * 2
    assert [system_due(world, each) for each in silent] == [at(5, 13)] * 2
    assert faults(world) == []


def test_what_the_old_calendar_made_due_does_not_act_by_the_new_one(world):
    ticket = world.open()
    world.now = at(3, 10)
    world.tick()
    restart(world, MORNINGS)
    world.now = at(3, 13)  # when its time was up by the office hours
    assert [step.timer for step in world.tick().steps if step.timer == "system_response"] == []
    assert world.ticket(ticket).delay == "none"
    assert system_due(world, ticket) == at(5, 13)


def test_a_longer_day_makes_nothing_due_before_it_was_changed(world):
    ticket = world.open()
    world.now = at(2, 22)
    restart(world, Calendar("UTC", (((0, 1440),),) * 7))
    world.clock.refresh(world.now)
    assert system_due(world, ticket) == at(2, 22), "13 h have passed; 12 were allowed"
    assert resolution_due(world, ticket) >= at(2, 19)
    assert faults(world) == []


def test_the_same_calendar_changes_nothing(world):
    world.open()
    restart(world, replace(OFFICE))
    assert world.clock.refresh(world.now) == 0
