"""Quiet hours: what need not wake one of the staff waits until they end, and is sent once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mailgate.desk import quiet
from mailgate.desk.forecast import forecast
from mailgate.domain.events import Assign, Escalate, SetPriority, Snooze
from mailgate.domain.hours import outside
from mailgate.domain.model import Actor, ActorKind, Priority, Ticket
from mailgate.domain.notices import NOTICES
from mailgate.domain.people import Recipient, Role, Staff
from mailgate.store import backlog
from tests.delivery.sending import Scripted, worker_of
from tests.desk.auditing import faults
from tests.desk.conftest import ADMIN, ALICE, BOB, CUSTOMER, START, World, settings

NIGHT = outside("UTC", 22 * 60, 31 * 60)
SEVEN = START.replace(day=3, hour=7)
BOSS = Actor(ActorKind.ADMIN, "boss")
TO_ALICE = Recipient(ALICE.address, "Alice", Role.AGENT)


@pytest.fixture
def world(database) -> World:
    """A desk at 23:00 whose alice sleeps until seven; her ticket is older."""
    found = World(database, replace(settings(watch_targets=False), awake={ALICE.address: NIGHT}))
    found.ticket_ = found.open()
    assign(found, found.ticket_)
    worker_of(found, Scripted()).drain()
    found.pass_time(hours=14)
    return found


def assign(world, ticket, agent="alice"):
    world.apply(ticket, Assign(at=world.now, actor=BOSS, assignee=agent))


def waiting(world) -> dict[tuple[str, str], datetime | None]:
    """Return (notice, recipient) -> the end of quiet hours, of what has not been sent."""
    rows = [row for row in world.rows("outbox") if row["state"] == "ready"]
    return {(row["notice"], row["recipient"]): row["quiet_until"] for row in rows}


def sent(world) -> list[str]:
    """Return to whom mails leave now."""
    way = Scripted()
    worker_of(world, way).drain()
    return sorted(each.recipient for each in way.arrived)


def test_a_notice_waits_until_they_end_and_is_sent_once(world):
    world.customer_writes(world.ticket_)
    assert waiting(world) == {("new_message", ALICE.address): SEVEN}
    assert sent(world) == []
    world.now = SEVEN - timedelta(seconds=1)
    assert sent(world) == []
    world.now = SEVEN
    assert sent(world) == [ALICE.address]
    assert sent(world) == []
    assert faults(world) == []


def test_nobody_else_and_no_customer_waits(world):
    other = world.open("Scanner")
    assign(world, other, "bob")
    world.agent_replies(other, BOB)
    world.agent_replies(world.ticket_, BOB)
    waits = {key for key, until in waiting(world).items() if until}
    assert waits == {("answered", ALICE.address), ("new_message", ALICE.address)}
    assert {ADMIN, BOB.address, CUSTOMER} <= set(sent(world))


def test_by_day_nothing_waits(world):
    world.now = SEVEN
    world.customer_writes(world.ticket_)
    assert waiting(world) == {("new_message", ALICE.address): None}


@pytest.mark.parametrize("priority", list(Priority))
def test_what_presses_does_not_wait(world, priority):
    world.apply(world.ticket_, SetPriority(at=world.now, actor=BOSS, priority=priority))
    world.customer_writes(world.ticket_)
    presses = priority in (Priority.CRITICAL, Priority.URGENT)
    assert waiting(world)["new_message", ALICE.address] == (None if presses else SEVEN)


def test_an_escalation_does_not_wait(world):
    world.apply(world.ticket_, Escalate(at=world.now, actor=BOSS, to="alice"))
    assert waiting(world)["escalated", ALICE.address] is None


def test_what_answers_them_and_alarms_do_not_wait():
    at_once = {name for name, notice in NOTICES.items() if not notice.waits}
    to_customers = {"received", "agent_reply", "waiting", "resolved", "auto_closed", "survey"}
    to_customers |= {"changed"}
    answers = {"command_refused", "was_this_you", "my_tickets", "held_tickets", "transcript"}
    alarms = {"escalated", "canary", "canary_missing", "canary_over", "board_stopped"}
    alarms |= {"approval_wanted", "approved", "rejected", "approval_expired"}
    assert at_once == to_customers | answers | alarms


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-03-28 22:30+01:00", "2026-03-29 07:00+02:00"),  # an hour less of sleep
        ("2026-03-29 03:00+02:00", "2026-03-29 07:00+02:00"),
        ("2026-10-24 22:30+02:00", "2026-10-25 07:00+01:00"),  # an hour more
        ("2026-10-25 02:30+02:00", "2026-10-25 07:00+01:00"),
        ("2026-10-25 02:30+01:00", "2026-10-25 07:00+01:00"),
        ("2026-03-29 07:00+02:00", None),
        ("2026-10-25 21:59+01:00", None),
        ("2026-10-25 22:00+01:00", "2026-10-26 07:00+01:00"),
    ],
)
def test_a_change_of_the_clocks_is_none_of_the_sleepers_business(now, until):
    berlin = replace(settings(), awake={ALICE.address: outside("Europe/Berlin", 1320, 1860)})
    at = datetime.fromisoformat(now).astimezone(UTC)
    found = quiet.until(berlin, "assigned", Ticket(id=1), TO_ALICE, at)
    assert found == (until and datetime.fromisoformat(until).astimezone(UTC))


@pytest.mark.parametrize(
    ("span", "quiet_at", "not_at"),
    [
        ((0, 360), (0, 5), (6, 23)),
        ((720, 780), (12,), (11, 13)),
        ((1320, 1440), (22, 23), (0, 21)),
        ((1320, 1860), (22, 0, 6), (7, 21)),
    ],
)
def test_quiet_hours_lie_anywhere_in_the_day(span, quiet_at, not_at):
    calendar = outside("UTC", *span)
    for hour in range(24):
        at = START.replace(hour=hour)
        if hour in quiet_at:
            assert calendar.opening(at) > at
        if hour in not_at:
            assert calendar.opening(at) == at


def test_a_night_of_many_is_joined_and_what_presses_does_not_wait_with_it(world):
    world.desk.settings = replace(world.desk.settings, burst=2)
    for n in range(4):
        world.pass_time(minutes=61)
        assign(world, world.open(f"Matter {n}"))
    states = [r["state"] for r in world.rows("outbox") if r["notice"] == "assigned"][1:]
    assert states == ["ready", "ready", "suppressed", "suppressed"]
    (night,) = [row for row in world.rows("outbox") if row["notice"] == "joined"]
    assert (night["next_try_at"], night["quiet_until"]) == (SEVEN, SEVEN)
    assert len(night["context"]["tickets"]) == 2

    for n in range(3):
        hot = world.open(f"Fire {n}")
        world.apply(hot, SetPriority(at=world.now, actor=BOSS, priority=Priority.URGENT))
        assign(world, hot)
    joined = [row for row in world.rows("outbox") if row["notice"] == "joined"]
    assert [row["quiet_until"] for row in joined] == [SEVEN, None]
    assert [len(row["context"]["tickets"]) for row in joined] == [2, 1]
    assert joined[1]["next_try_at"] == world.now + timedelta(minutes=10)
    assert faults(world) == []


def test_the_wait_is_no_lateness_and_no_age(world):
    world.customer_writes(world.ticket_)
    world.now = SEVEN
    with world.database.read() as connection:
        assert backlog.read(connection, 1).oldest_unsent == SEVEN
    world.pass_time(hours=4, seconds=-1)
    worker = worker_of(world, Scripted(OSError("down")))
    worker._lateness.look(world.now)
    assert "notice.delayed" not in {row["name"] for row in world.rows("event")}
    world.pass_time(minutes=2)
    worker._lateness.look(world.now)
    assert "notice.delayed" in {row["name"] for row in world.rows("event")}


def test_a_forecast_tells_when_it_is_sent(world):
    at = world.now + timedelta(hours=3)
    world.apply(world.ticket_, Snooze(at=world.now, actor=BOSS, until=at))
    (woken,) = forecast(world.desk, world.now, world.now + timedelta(hours=4))
    assert [(n.notice, n.recipient, n.quiet_until) for n in woken.notices] == [
        ("woken", ALICE.address, SEVEN)
    ]


def test_who_works_here_no_more_in_the_morning_is_not_told(world):
    world.customer_writes(world.ticket_)
    world.apply(world.ticket_, Assign(at=world.now, actor=BOSS, assignee="bob"))
    world.desk.settings = replace(world.desk.settings, staff=Staff((BOB,), {}, (ADMIN,)))
    world.now = SEVEN
    assert sent(world) == [BOB.address]
    states = {row["state"] for row in world.rows("outbox") if row["recipient"] == ALICE.address}
    assert states == {"sent", "never"}
    assert "notice.undelivered" not in {row["name"] for row in world.rows("event")}
    assert faults(world) == []
