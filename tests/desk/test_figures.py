"""Figures that are kept ready, on a database of either kind."""

import threading
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mailgate.desk import figures as desk_figures
from mailgate.desk.door import Desk
from mailgate.desk.figures import Figures, days_between, days_kept
from mailgate.domain.events import Assign, Close, Resolve, SetPriority
from mailgate.domain.model import Actor, ActorKind, Priority
from mailgate.store import figures, reports
from tests.desk.conftest import START, World, settings

WHO = Actor(ActorKind.AGENT, "bob")
LATER = START + timedelta(days=4)


@pytest.fixture
def world(database):
    return World(database, settings(watch_targets=True))


@pytest.fixture(autouse=True)
def _in_small_portions(monkeypatch):
    monkeypatch.setattr(desk_figures, "PORTION", 2)


def busy(world):
    """Four tickets: answered and closed; resolved and reopened; late and alice's; of today."""
    closed, back, late = (world.open() for _ in range(3))
    world.apply(late, Assign(at=world.now, actor=WHO, assignee="alice"))
    world.pass_time(hours=2)
    world.agent_replies(closed)
    world.apply(closed, Close(at=world.now, actor=WHO))
    world.apply(back, Resolve(at=world.now, actor=WHO))
    world.pass_time(hours=1)
    world.customer_writes(back)
    world.apply(back, SetPriority(at=world.now, actor=WHO, priority=Priority.HIGH))
    world.pass_time(days=2)
    world.tick()
    world.now = LATER
    world.open()
    return world


def kept(world, name):
    with world.database.read() as connection:
        return figures.kept(connection, 1, name)


def test_what_each_has_to_do_is_counted_by_kind(world):
    assert Figures(busy(world).desk).workload(world.now) == {"tickets": 3}
    assert kept(world, "workload") == {
        ("agent", "alice", "request", 1, 1, 1),
        ("nobody", "", "request", 2, 2, 1),
    }


def test_how_the_desk_stands_adds_up_and_agrees_with_what_is_counted_at_once(world):
    assert Figures(busy(world).desk).dashboard(world.now) == {"tickets": 4}
    with world.database.read() as connection:
        found = figures.dashboard(connection, 1)
        now = reports.statistics(connection, 1, world.now)
    for about in ("status", "automation", "priority", "category", "kind"):
        assert sum(count for count, _ in found[about].values()) == 4
    for figure, name in reports.ACTIVE.items():
        assert found["automation"].get(name, (0, 0))[0] == now[figure]
    assert found["time"] == {"answered": (1, 7200), "resolved": (0, 0)}
    assert found["day"] == {"auto_closed": (0, 0)}


def test_each_day_that_is_over_is_told_of_for_the_desk_and_its_sorts(world):
    assert Figures(busy(world).desk).performance(world.now) == {"days": 2}
    with world.database.read() as connection:
        desk = figures.daily(connection, 1, 20260301, 20260331, "desk")
        alice = figures.daily(connection, 1, 20260301, 20260331, "agent", "alice")
    told = [{k: v for k, v in row.items() if v and k != "tenant_id"} for row in desk]
    first = {"opened": 3, "answered": 1, "response_seconds": 7200, "closed": 1, "reopened": 1}
    assert told[0] == {"day": 20260302, "about": "desk", "missed": 2, **first}
    assert Counter(
        {name: sum(row[name] for row in desk) for name in ("delayed_by_system", "opened")}
    ) == {"delayed_by_system": 2, "opened": 3}
    assert [(row["day"], row["opened"], row["missed"]) for row in alice] == [
        (20260302, 1, 1),
        (20260303, 0, 0),
    ]


def test_done_twice_nothing_is_written_a_second_time_but_of_when_it_is(world):
    made = Figures(busy(world).desk)
    names = ("workload", "dashboard", "performance")
    before = [getattr(made, name)(world.now) and kept(world, name) for name in names]
    world.pass_time(hours=1)
    assert [getattr(made, name)(world.now) and kept(world, name) for name in names] == before
    built, newest = made.built("workload")
    assert (built.built_at, built.version, built.last_event) == (world.now, 2, newest)


def test_what_is_no_more_is_taken_out(world):
    made, ticket = Figures(world.desk), world.open()
    world.apply(ticket, Assign(at=world.now, actor=WHO, assignee="alice"))
    made.workload(world.now)
    world.apply(ticket, Close(at=world.now, actor=WHO))
    assert made.workload(world.now) == {"tickets": 0}
    assert kept(world, "workload") == set()


def test_of_several_nodes_at_once_one_is_first_and_the_rows_are_whole(world):
    busy(world)
    nodes = [Figures(world.desk) for _ in range(4)]
    threads = [threading.Thread(target=node.performance, args=(world.now,)) for node in nodes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    one = kept(world, "performance")
    nodes[0].performance(world.now)
    assert kept(world, "performance") == one != set()


def test_who_comes_second_leaves_what_the_first_has_put(world, monkeypatch):
    first, second = Figures(busy(world).desk), Figures(world.desk)
    real = figures.kept

    def late(*args):
        monkeypatch.setattr(figures, "kept", real)
        first.dashboard(world.now)
        return real(*args)

    monkeypatch.setattr(figures, "kept", late)
    second.dashboard(world.now + timedelta(minutes=1))
    built, _ = first.built("dashboard")
    assert (built.built_at, built.version) == (world.now, 1)


def test_one_that_fails_midway_leaves_what_there_was(world, monkeypatch):
    made = Figures(busy(world).desk)
    made.dashboard(world.now)
    before = kept(world, "dashboard")
    world.open()
    fail = pytest.raises(ZeroDivisionError)
    monkeypatch.setattr(figures, "put", lambda *_: 1 // 0)
    with fail:
        made.dashboard(world.now)
    assert kept(world, "dashboard") == before


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland", "Asia/Kathmandu", "America/St_Johns"])
def test_the_days_are_those_of_the_zone_and_say_the_same_as_the_tickets(world, zone):
    busy(world)
    world.desk = Desk(world.database, replace(world.desk.settings, zone=zone), world.signer)
    Figures(world.desk).performance(world.now)
    begin, end = (datetime(2026, 3, day, tzinfo=UTC) for day in (1, 5))
    offset = {"UTC": 0, "Pacific/Auckland": 780, "Asia/Kathmandu": 345, "America/St_Johns": -210}
    begin, end = (at - timedelta(minutes=offset[zone]) for at in (begin, end))
    with world.database.read() as connection:
        kept_ = days_kept(connection, 1, begin, end, zone)
        fresh = days_between(connection, 1, begin, end, zone)
    assert {key: +n for key, n in kept_.items()} == {key: +n for key, n in fresh.items()}
    assert len(kept_) > 10
