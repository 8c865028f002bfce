"""The monthly report on a database of either kind: once a month, to the administrators."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import event

from mailgate.desk.door import Desk
from mailgate.desk.figures import Figures
from mailgate.desk.monthly import Reports
from mailgate.domain.events import Close, Resolve, SetPriority
from mailgate.domain.model import Actor, ActorKind, Priority
from mailgate.domain.people import Staff
from tests.desk.conftest import ADMIN, ALICE, beside_who_opens

WHO = Actor(ActorKind.AGENT, "bob")
APRIL = datetime(2026, 4, 1, 8, tzinfo=UTC)


def look(world):
    return Reports(world.desk, time(8)).look(world.now)


def report(world):
    (row,) = (row for row in world.rows("outbox") if row["notice"] == "monthly_report")
    return row


def busy(world):
    """A March with three tickets: one answered and closed, one resolved, one open and high."""
    closed, resolved, high = (world.open() for _ in range(3))
    world.pass_time(hours=2)
    world.agent_replies(closed)
    world.apply(closed, Close(at=world.now, actor=WHO))
    world.apply(resolved, Resolve(at=world.now, actor=WHO))
    world.apply(high, SetPriority(at=world.now, actor=WHO, priority=Priority.HIGH))
    world.now = APRIL
    world.open()  # of April
    return world


def test_it_tells_what_happened_in_the_last_month_and_how_it_stands(world):
    assert look(busy(world)) == 1
    row = report(world)
    assert (row["recipient"], row["automatic"], row["ticket_id"]) == (ADMIN, True, None)
    told = row["context"]["report"]
    assert {name: told[name] for name in ("month", "opened", "answered", "first_response")} == {
        "month": "2026-03",
        "opened": 3,
        "answered": 1,
        "first_response": 7200,
    }
    assert (told["resolved"], told["closed"], told["auto_closed"], told["missed"]) == (1, 1, 0, 0)
    assert [(bar["which"], bar["count"], bar["share"]) for bar in told["priorities"]] == [
        ("critical", 0, 0),
        ("urgent", 0, 0),
        ("high", 1, 35),
        ("normal", 2, 70),
        ("low", 0, 0),
    ]
    kinds = [(bar["which"], bar["count"]) for bar in told["kinds"]]
    assert kinds == [("request", 3), ("dispute", 0), ("order", 0), ("recovery", 0)]
    assert told["categories"] == [{"which": "general inquiry", "count": 3, "share": 70}]
    now = {bar["which"]: bar["count"] for bar in told["now"]}
    assert (now["total_active_tickets"], now["resolved_pending_confirmation"]) == (3, 1)


def counts(world):
    """How many tickets were counted one by one, portion after portion."""
    heard = []
    event.listen(
        world.database.engine,
        "before_cursor_execute",
        lambda _c, _cursor, statement, *_: heard.append(" AS bucket" in statement),
    )
    assert look(world) == 1
    return sum(heard)


def test_days_that_were_worked_out_since_its_end_are_not_counted_again(world):
    busy(world)
    Figures(world.desk).performance(world.now)
    assert counts(world) == 0
    told = report(world)["context"]["report"]
    assert (told["opened"], told["first_response"], told["closed"]) == (3, 7200, 1)
    assert [bar["count"] for bar in told["priorities"]] == [0, 0, 1, 2, 0]


@pytest.mark.parametrize("since", ["before its end", "by other days"])
def test_days_that_were_worked_out_otherwise_are_counted_anew(world, since):
    busy(world)
    other = replace(world.desk.settings, zone="Asia/Tokyo" if since == "by other days" else "UTC")
    at = world.now - timedelta(hours=9) * (since == "before its end")
    Figures(Desk(world.database, other, world.signer)).performance(at)
    assert counts(world) > 0
    told = report(world)["context"]["report"]
    assert (told["opened"], told["first_response"], told["closed"]) == (3, 7200, 1)


def test_it_is_written_once_whichever_node_is_first(world):
    busy(world)
    nodes = [threading.Thread(target=look, args=(world,)) for _ in range(4)]
    for node in nodes:
        node.start()
    for node in nodes:
        node.join()
    assert look(world) == 0
    assert report(world)["recipient"] == ADMIN
    (told,) = (row for row in world.rows("event") if row["subject_kind"] == "month")
    assert (told["name"], told["subject_id"], told["data"]) == (
        "month.reported",
        202603,
        {"count": 1},
    )


@pytest.mark.peers
def test_who_opens_tickets_meanwhile_waits_for_nobody(postgresql_world):
    busy(postgresql_world)
    beside_who_opens(postgresql_world, look)
    assert report(postgresql_world)["recipient"] == ADMIN


def test_a_quiet_month_is_told_of_too(world):
    busy(world)
    look(world)
    world.now = APRIL + timedelta(days=61)
    assert look(world) == 1
    rows = [row for row in world.rows("outbox") if row["notice"] == "monthly_report"]
    told = rows[-1]["context"]["report"]
    assert (told["month"], told["opened"], told["first_response"]) == ("2026-05", 0, None)
    assert told["categories"] == []


def test_before_its_time_and_of_a_time_before_the_desk_began_there_is_none(world):
    world.open()
    assert look(world) == 0, "of February there is nothing to tell"
    world.now = APRIL - timedelta(minutes=1)
    assert look(world) == 0
    world.now = APRIL
    assert look(world) == 1


def test_without_administrators_nobody_is_told(world):
    staff = Staff((ALICE,), {}, ())
    world.desk = Desk(world.database, replace(world.desk.settings, staff=staff), world.signer)
    assert look(busy(world)) == 0
    assert [row for row in world.rows("outbox") if row["notice"] == "monthly_report"] == []
