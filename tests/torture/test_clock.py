"""The clock of the machine is wrong for a while, or the calendar is odd: each deadline acts once.

Never early and never twice, and what a wrong clock has put off waits for no longer than it must.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from mailgate.delivery.ending import Rules
from mailgate.domain.events import TimerKind
from mailgate.intake.worker import LEASE
from mailgate.store import inbox, schema
from tests.acceptance import inside
from tests.delivery.sending import Scripted, worker_of
from tests.desk.conftest import CUSTOMER, World, settings
from tests.desk.conftest import database as database  # noqa: PLC0414 - a fixture that is used
from tests.intake.desk import Gateway

_TICKET = schema.ticket.c
DAY, TICK = timedelta(days=1), timedelta(minutes=12)


@pytest.fixture
def world(database) -> World:
    return World(database, settings())


def run(world: World, until: datetime) -> list[tuple[str, TimerKind, datetime]]:
    """Let time pass with ticks; return which deadline of which ticket was acted on, and when."""
    acted = []
    while world.now < until:
        world.now = min(world.now + TICK, until)
        acted += [(step.number, step.timer, world.now) for step in world.tick().steps]
    return acted


# --- odd days -------------------------------------------------------------------------------------

ODD = {
    "summer time begins": datetime(2026, 3, 29, 0, 30, tzinfo=UTC),
    "summer time ends": datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
    "a leap day": datetime(2028, 2, 28, 23, 59, 59, 999_999, tzinfo=UTC),
    "after a leap day": datetime(2028, 2, 29, 23, 59, 59, 999_999, tzinfo=UTC),
    "the end of a year": datetime(2026, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
}


ODD_IN_BERLIN = (
    "2040-02-29T23:59:59",
    "2040-03-25T02:30",  # never comes
    "2040-10-28T02:30",  # comes twice
)


@pytest.mark.parametrize("start", ODD.values(), ids=ODD)
def test_on_odd_days_a_deadline_comes_after_its_hours_and_once(world, start):
    world.now = start - 2 * TICK
    world.tick()
    world.now = start
    ticket = world.open()
    due = start + timedelta(hours=24)

    acted = run(world, due - timedelta(microseconds=1))
    assert acted == [], "never early"
    acted = run(world, due + 3 * DAY)
    assert [(number, timer) for number, timer, _ in acted] == [
        (ticket.number, TimerKind.SYSTEM_RESPONSE)
    ]
    assert acted[0][2] - due < TICK, "nor late"


@pytest.mark.parametrize(
    ("now", "number"),
    [
        (datetime(2026, 12, 31, 22, 59, 59, 999_999, tzinfo=UTC), "TKT-2026-00001"),
        (datetime(2026, 12, 31, 23, 0, tzinfo=UTC), "TKT-2027-00001"),
    ],
)
def test_a_year_of_numbers_ends_at_midnight_of_the_desk(database, now, number):
    world = World(database, replace(settings(), zone="Europe/Berlin"))
    world.now = now
    assert world.open().number == number


# --- a clock that was wrong -----------------------------------------------------------------------


@pytest.mark.parametrize("step", [DAY, -DAY], ids=["ahead", "behind"])
def test_a_clock_that_is_a_day_off_for_a_while_makes_no_deadline_act_twice(world, step):
    world.tick()
    ticket = world.open()
    right = world.now
    acted = []
    for off in (timedelta(0), step, timedelta(0), step, timedelta(0)):
        for _ in range(3):
            right += TICK
            world.now = right + off
            acted += [done.timer for done in world.tick().steps]
    acted += [timer for _, timer, _ in run(world, right + 2 * DAY)]
    assert acted == [TimerKind.SYSTEM_RESPONSE]
    told = [to for notice, to in world.notices() if notice == "overdue"]
    assert len(told) == len(set(told)) == 3
    assert world.ticket(ticket).told


def test_a_deadline_that_a_clock_ahead_has_set_is_not_lost(world):
    world.now += DAY
    world.tick()
    ticket = world.open()
    due = world.now + DAY
    world.now -= DAY
    assert run(world, due - TICK) == []
    assert [(number, timer) for number, timer, _ in run(world, due)] == [
        (ticket.number, TimerKind.SYSTEM_RESPONSE)
    ]


def test_what_a_clock_ahead_has_claimed_or_put_off_is_done_when_it_is_right_again(database):
    gateway = Gateway(database, settings())
    gateway.now += DAY
    id_ = gateway.keep("My printer is on fire.")
    with database.write() as connection:
        assert inbox.claim(connection, 1, "dead", gateway.now, LEASE, 50, 1 << 20)
    gateway.now -= DAY

    gateway.worker.drain()
    assert gateway.delivery(id_)["state"] == "opened"


def test_a_notice_written_by_a_clock_ahead_leaves_when_it_is_right_again(world):
    world.now += DAY
    world.open()
    world.now -= DAY
    way = Scripted()
    assert worker_of(world, way).drain() == 4
    assert CUSTOMER in {mail.recipient for mail in way.arrived}


def test_a_notice_that_is_put_off_for_long_as_configured_waits_for_its_time():
    assert Rules(retry_after=(timedelta(hours=9),)).furthest > timedelta(hours=9 * 1.1)


def test_the_answer_to_a_reply_of_a_clock_ahead_is_an_answer(world):
    ticket = world.open()
    world.now += DAY
    world.agent_replies(ticket)
    world.now -= DAY - TICK
    assert world.customer_writes(ticket).side.value == "system"


# --- through the program --------------------------------------------------------------------------


@pytest.mark.peers
def test_the_program_tells_of_odd_moments_what_is_due_then(start_gateway):
    gateway = start_gateway(values={"desk.timezone": "Europe/Berlin", "sla.watch_targets": False})
    mail = f"From: {CUSTOMER}\nTo: support@desk.example\nSubject: Printer\n\nHelp.\n"
    with inside.opened(gateway.config) as app:
        app.keep(mail.encode(), CUSTOMER, ["support@desk.example"], "pipe")
        app.process()
        with app.database.read() as connection:
            number, due = connection.execute(select(_TICKET.number, _TICKET.next_due_at)).one()

    def steps(at: str) -> list[tuple[str, str]]:
        told = gateway.json("tick", "--at", at)["steps"]
        return [(step["number"], step["timer"]) for step in told]

    assert steps((due - timedelta(seconds=1)).isoformat()) == []
    for moment in ODD_IN_BERLIN:
        assert steps(moment) == [(number, "system_response")]
