"""A way out that is out of order: left alone, tried with one mail, told of once."""

from datetime import UTC, datetime, timedelta

from mailgate.delivery.breaker import ALARM, LONGEST, Breaker, State
from mailgate.delivery.transport import Later
from mailgate.store import ways
from tests.delivery.sending import Scripted, make_due, outbox, worker_of

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)
CLOSING = Later("421 4.3.2 closing", connection=True)


def test_it_is_closed_until_the_way_fails_then_open_then_half_open():
    assert Breaker().state(NOW) is State.CLOSED

    failed = Breaker().failed(NOW)

    assert failed.state(NOW) is State.OPEN
    assert failed.state(NOW + 1.5 * SECOND) is State.OPEN
    assert failed.state(NOW + 2.5 * SECOND) is State.HALF_OPEN
    assert failed.state(NOW - SECOND) is State.HALF_OPEN, "a clock that was set back"


def test_each_failure_opens_it_for_longer_up_to_five_minutes():
    breaker, pauses = Breaker(), []
    for _ in range(12):
        breaker = breaker.failed(NOW)
        pauses.append(breaker.pause / SECOND)
    for n, pause in enumerate(pauses, 1):
        meant = min(2**n, LONGEST / SECOND)
        assert 0.8 * meant <= pause <= 1.2 * meant


def test_it_remembers_since_when_and_is_an_alarm_from_the_third_failure():
    breaker, alarming = Breaker(), []
    for n in range(5):
        breaker = breaker.failed(NOW + n * SECOND)
        alarming.append(breaker.alarming)
    assert breaker.since == NOW
    assert alarming == [False, False, True, True, True]


def test_half_open_one_mail_may_try_and_lets_the_others_follow(world):
    world.open()
    way = Scripted(CLOSING, CLOSING)
    worker = worker_of(world, way)
    assert worker.run_once() == 1
    world.pass_time(seconds=3)
    assert worker.run_once() == 1, "the probe, which fails"
    assert worker.run_once() == 0
    world.pass_time(seconds=5)
    assert worker.run_once() == 1, "the probe, which is taken"
    assert worker.run_once() == 1, "whatever is due: two wait behind their own failure"

    assert outbox(world, "state").count("sent") == 2
    assert len(way.tried) == 4


def test_it_is_told_once_that_the_way_is_broken_and_once_that_it_is_mended(world, capsys):
    world.open()
    worker = worker_of(world, Scripted(*[CLOSING] * (ALARM + 3)))
    began = world.now
    for _ in range(ALARM + 4):
        make_due(world)
        worker.run_once()
        world.pass_time(minutes=6)

    told = [line for line in capsys.readouterr().err.splitlines() if "delivery." in line]
    assert [line.split()[2] for line in told] == ["delivery.broken", "delivery.mended"]
    assert f"since={began.isoformat()}" in told[0]
    assert 'why="421 4.3.2 closing"' in told[0]
    assert told[0].split()[1] == "error"
    assert f"seconds={6 * 60 * (ALARM + 3)}" in told[1]


def test_a_hiccup_wakes_nobody(world, capsys):
    world.open()
    worker = worker_of(world, Scripted(CLOSING, CLOSING))
    for _ in range(4):
        make_due(world)
        worker.run_once()
        world.pass_time(minutes=6)

    assert "delivery.broken" not in capsys.readouterr().err


# --- what others are told -------------------------------------------------------------------------


def told(world):
    with world.database.read() as connection:
        return [(way.node, way.since, way.why) for way in ways.broken(connection, 1, world.now)]


def break_it(world, owner="one", times=ALARM):
    """Let the way out of a node fail so often; return its worker, and when it failed first."""
    worker, began = worker_of(world, Scripted(*[CLOSING] * 9), owner=owner), world.now
    for n in range(times):
        world.pass_time(seconds=6 if n else 0)
        make_due(world)
        worker.run_once()
    worker.run_once()
    return worker, began


def test_the_store_tells_since_when_and_why_until_a_mail_has_gone(world):
    world.open()
    worker, began = break_it(world)
    assert told(world) == [("one", began, "421 4.3.2 closing")]

    worker._transport.script.clear()
    world.pass_time(minutes=6)
    make_due(world)
    assert worker.drain() > 1

    assert told(world) == []


def test_a_hiccup_is_told_nobody(world):
    world.open()
    break_it(world, times=ALARM - 1)
    assert told(world) == []


def test_who_takes_over_from_a_killed_process_knows_of_it_and_tries_with_one_mail(world, capsys):
    world.open()
    _, began = break_it(world)
    make_due(world)
    way = Scripted(CLOSING)
    after = worker_of(world, way)

    after.run_once()
    after.run_once()

    assert len(way.tried) == 1
    assert told(world) == [("one", began, "421 4.3.2 closing")]
    world.pass_time(minutes=4)
    make_due(world)
    after.drain()
    assert told(world) == []
    lines = capsys.readouterr().err
    assert lines.count("delivery.broken") == 1, "who was told need not be told again"
    assert f"delivery.mended since={began.isoformat()}" in lines


def test_what_a_node_says_lasts_while_it_lives(world):
    world.open()
    worker, began = break_it(world)
    for _ in range(8):
        world.pass_time(minutes=1)
        worker._way.state(world.now)
    assert told(world) == [("one", began, "421 4.3.2 closing")]
    world.pass_time(minutes=5)
    assert told(world) == [], "the node is gone"
    assert worker_of(world, Scripted())._way.state(world.now) is State.CLOSED


def test_nodes_do_not_speak_for_each_other(world):
    world.open()
    _, began = break_it(world, "one")
    make_due(world)
    assert worker_of(world, Scripted(), owner="two").drain() > 1
    assert told(world) == [("one", began, "421 4.3.2 closing")]


def test_a_server_that_talks_at_length_is_cut_short(world):
    world.open()
    way = worker_of(world, Scripted())._way
    way.state(world.now)
    for _ in range(ALARM):
        way.failed("4" * 4000, world.now)
    way.state(world.now)
    ((_, _, why),) = told(world)
    assert len(why) == 300
