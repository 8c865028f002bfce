"""What other rules would have done to the recorded time, and that the same ones do nothing."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from mailgate.desk.door import Desk
from mailgate.desk.simulation import Summary, _Told, simulate
from mailgate.domain.events import Delivered, NoteAdded, Opened, Resolve, SetPriority, TimerKind
from mailgate.domain.hours import Calendar
from mailgate.domain.model import GATEWAY, Actor, ActorKind, Priority
from mailgate.domain.outcomes import What
from mailgate.domain.replay import Given
from mailgate.store import schema
from tests.desk.conftest import ALICE, START, World

HOUR = timedelta(hours=1)
AGENT = Actor(ActorKind.AGENT, ALICE.name)


def lived(world) -> None:
    """Three tickets: one is answered late, one is resolved and closes, one waits for an answer."""
    world.tick()
    slow = world.open("slow")
    resolved = world.open("resolved", "erin@customer.example")
    waiting = world.open("waiting", "dave@customer.example")
    _pass(world, 3)
    world.apply(resolved, Resolve(at=world.now, actor=AGENT))
    answered(world, waiting)
    _pass(world, 30)
    answered(world, slow)
    _pass(world, 200)


def answered(world, ticket) -> None:
    reply = world.agent_replies(ticket)
    facts = {"notice": "agent_reply", "turn": reply.turn, "recipient": reply.requester}
    world.apply(reply, Delivered(at=world.now, actor=GATEWAY, **facts))


def _pass(world, hours) -> None:
    for _ in range(hours):
        world.pass_time(hours=1)
        known = len(world.rows("outbox"))
        world.tick()
        for row in world.rows("outbox")[known:]:
            if row["notice"] == "waiting":
                facts = {name: row[name] for name in ("notice", "turn", "recipient")}
                arrived = Delivered(at=world.now, actor=GATEWAY, **facts)
                with world.desk.writing(world.now) as ledger:
                    ledger.apply(row["ticket_id"], arrived)


def simulated(world, policy, since=START, most=None) -> Summary:
    summary = Summary(most)
    with world.database.read() as connection:
        settings = world.desk.settings
        for each in simulate(connection, settings, policy, since, world.now):
            summary.add(each)
    return summary


def times(policy, **given):
    rows = {p: replace(row, **given) for p, row in policy.thresholds.items()}
    return replace(policy, thresholds=rows)


def test_the_same_rules_change_nothing_and_come_out_as_recorded(world):
    lived(world)
    before = world.rows("event")
    for since in (START, START + 2 * HOUR, START + 40 * HOUR, world.now):
        summary = simulated(world, world.desk.settings.policy, since)
        assert (summary.differing, summary.present) == (0, summary.new)
        assert summary.agreeing == summary.matters
    assert world.rows("event") == before


NIGHTS_OFF = Calendar("UTC", ((),) * 7, {})

CASES = {
    "less time is more delays": (lambda p: times(p, system=HOUR), ("late", "desk"), 1, 3),
    "more time is fewer": (lambda p: times(p, system=99 * HOUR), ("late", "desk"), 1, 0),
    "closing later": (lambda p: times(p, auto_close=999 * HOUR), ("auto_closed", ""), 1, 0),
    "no more reminders": (lambda p: replace(p, client_reminders=0), ("reminded", "2"), 2, 0),
    "resolved for silence": (
        lambda p: replace(p, client_reminders=0, resolve_silent=True),
        ("resolved_silent", ""),
        0,
        2,
    ),
    "targets": (lambda p: replace(p, watch_targets=True), ("target_near", "first_response"), 0, 1),
    "a calendar that is never open": (
        lambda p: times(
            replace(p, calendars={"never": NIGHTS_OFF}), calendar="never", working=("system",)
        ),
        ("late", "desk"),
        1,
        0,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_other_rules_come_out_differently(sqlite_world, case):
    change, sort, present, new = CASES[case]
    world = sqlite_world
    lived(world)
    summary = simulated(world, change(world.desk.settings.policy))
    assert (summary.present[sort], summary.new[sort]) == (present, new)
    assert summary.differing >= 1
    assert summary.agreeing == summary.matters == 3


def test_what_comes_at_another_time_is_counted_so(sqlite_world):
    lived(sqlite_world)
    policy = times(sqlite_world.desk.settings.policy, auto_close=60 * HOUR)
    summary = simulated(sqlite_world, policy)
    assert summary.moved["auto_closed", ""] == 1
    ((numbers, (difference,)),) = summary.shown
    assert len(numbers) == 1
    assert difference.second - difference.first == 12 * HOUR


def test_a_shorter_window_makes_a_new_ticket_and_a_longer_one_reopens(sqlite_world, monkeypatch):
    monkeypatch.setattr("mailgate.desk.simulation.BATCH", 1)
    world = sqlite_world
    world.tick()
    old = world.open()
    world.apply(old, Resolve(at=world.now, actor=AGENT))
    _pass(world, 100)
    world.customer_writes(old)
    shorter = replace(world.desk.settings.policy, reopen_window=HOUR)
    summary = simulated(world, shorter)
    assert summary.present["reopened", "customer"] == summary.new["follow_up", ""] == 1
    assert simulated(world, shorter, world.now).matters == 1


def test_the_newest_of_many_are_shown_in_batches(sqlite_world, monkeypatch):
    monkeypatch.setattr("mailgate.desk.simulation.BATCH", 2)
    world, told = sqlite_world, []
    world.tick()
    for n in range(5):
        world.open(str(n))
    _pass(world, 3)
    policy = times(world.desk.settings.policy, system=HOUR)
    summary = simulated(world, policy, most=2)
    assert (summary.matters, summary.differing) == (5, 5)
    assert [numbers[0][-1] for numbers, _ in summary.shown] == ["4", "5"]
    with world.database.read() as connection:
        args = (connection, world.desk.settings, policy, START, world.now)
        assert len(list(simulate(*args, lambda *done: told.append(done)))) == 5
    assert told == [(2, 5), (4, 5), (5, 5)]


def test_a_history_that_cannot_be_read_is_told_as_not_agreeing(sqlite_world):
    world = sqlite_world
    world.open()
    world.customer_writes(world.open("two"))
    table = schema.event
    with world.database.write() as connection:
        wrote = table.c.name == "customer.wrote"
        connection.execute(update(table).where(wrote).values(name="of.another.version"))
    summary = simulated(world, world.desk.settings.policy)
    assert (summary.matters, summary.agreeing, summary.differing) == (2, 1, 0)


def test_rules_of_before_are_told_from_those_in_force(sqlite_world):
    world = sqlite_world
    lived(world)
    policy = times(world.desk.settings.policy, system=HOUR)
    world = World(world.database, replace(world.desk.settings, policy=policy))
    world.now = START + 233 * HOUR
    assert isinstance(world.desk, Desk)
    summary = simulated(world, policy)
    assert summary.differing == 0
    assert summary.agreeing < summary.matters


def test_deadlines_of_one_instant_come_in_the_order_of_the_clock(world):
    """What presses more has less time: its target is near and missed in the same moment."""
    policy = times(world.desk.settings.policy, system=99 * HOUR)
    rows = {
        priority: replace(row, first_response=(1 if priority is Priority.CRITICAL else 50) * HOUR)
        for priority, row in policy.thresholds.items()
    }
    policy = replace(policy, thresholds=rows, watch_targets=True)
    world = World(world.database, replace(world.desk.settings, policy=policy))
    world.tick()
    ticket = world.open()
    world.pass_time(hours=3)
    event = SetPriority(at=world.now, actor=AGENT, priority=Priority.CRITICAL)
    world.apply(ticket, event)
    assert [step.timer for step in world.tick().steps] == [TimerKind.TARGET_MISSED]
    summary = simulated(world, policy)
    assert dict(summary.present) == {(What.MISSED, "first_response"): 1}
    assert summary.agreeing == summary.matters == 1


def test_a_node_whose_clock_is_behind_puts_no_event_before_the_opening_of_its_ticket():

    opened = Opened(at=START, actor=GATEWAY, number="T-1", subject="", requester="")
    noted = NoteAdded(at=START, actor=GATEWAY)
    told = _Told(
        given=[(None, Given(7, opened, START, 1, 0)), (3, Given(7, noted, START - HOUR, 1, 0))]
    )
    assert [each.recorded_at for _, each in told.in_order()] == [START, START]
    assert told.readable
    headless = _Told(given=[(None, Given(7, noted, START, 1, 0))])
    assert (list(headless.in_order()), headless.readable) == ([], False)
