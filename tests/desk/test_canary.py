"""Canaries on a database of either kind: sent by one node, missed once, and counted once."""

import threading
from datetime import timedelta

import pytest
import structlog

from mailgate.desk.canary import Keeper
from mailgate.desk.telling import LATENCY
from mailgate.domain.canary import Pace
from mailgate.errors import Conflict
from mailgate.store import canaries, outbox
from tests.desk.conftest import ADMIN, START

PACE = Pace(every=timedelta(minutes=15), within=timedelta(minutes=5))


@pytest.fixture
def keeper(world):
    return Keeper(world.desk, PACE, START)


def leave(world):
    """Let everything that waits have left."""
    with world.database.write() as connection:
        dues = outbox.claim(connection, 1, "test", world.now, timedelta(minutes=1), 100)
        for due in dues:
            outbox.note(connection, [(due, {"state": outbox.SENT, "done_at": world.now})])


def come_back(world, id_):
    with world.desk.writing(world.now) as ledger:
        (canary,) = canaries.out(ledger.connection, 1, [id_]).values()
        ledger.came_home(canary)


def names(world):
    return [(row["name"], row["subject_kind"]) for row in world.rows("event")]


def test_one_is_written_to_a_signed_address_of_the_desk(world, keeper):
    keeper.look(world.now)
    ((notice, address),) = world.notices()
    (canary,) = world.rows("canary")
    assert notice == "canary"
    assert world.signer.read_canary_address(address, world.now) == canary["id"]
    assert names(world) == [("canary.sent", "canary")]
    keeper.look(world.pass_time(minutes=1))
    assert len(world.rows("canary")) == 1


def test_of_two_nodes_that_look_at_the_same_time_one_sends_it(world):
    keepers = [Keeper(world.desk, PACE, START) for _ in range(4)]
    nodes = [threading.Thread(target=each.look, args=(world.now,)) for each in keepers]
    for node in nodes:
        node.start()
    for node in nodes:
        node.join()
    assert len(world.rows("canary")) == 1


def test_while_one_waits_for_the_way_out_no_further_one_joins_it(world, keeper):
    keeper.look(world.now)
    keeper.look(world.pass_time(minutes=15))
    assert len(world.rows("canary")) == 1
    leave(world)
    keeper.look(world.now)
    assert len(world.rows("canary")) == 2


def test_after_the_clock_was_set_back_the_interval_holds_and_an_alarm_finds_its_end(world, keeper):
    keeper.look(world.now)
    leave(world)
    keeper.look(world.pass_time(minutes=6))
    leave(world)
    world.pass_time(days=-1)
    for _ in range(3):
        keeper.look(world.pass_time(minutes=1))
        leave(world)
    _, second = (row["id"] for row in world.rows("canary"))
    come_back(world, second)
    keeper.look(world.now)
    assert [pair for pair in world.notices() if pair[0] != "canary"] == [
        ("canary_missing", ADMIN),
        ("canary_over", ADMIN),
    ]


def test_one_that_is_missing_is_told_once_and_so_is_the_end_of_it(world, keeper):
    keeper.look(world.now)
    leave(world)
    with structlog.testing.capture_logs() as lines:
        for minutes in (6, 1, 9, 6):  # the second is sent after 15, and missing after 20
            keeper.look(world.pass_time(minutes=minutes))
            leave(world)
        first, second = (row["id"] for row in world.rows("canary"))
        come_back(world, second)
        keeper.look(world.now)
        keeper.look(world.pass_time(minutes=1))
        come_back(world, first)
        keeper.look(world.now)
    told = [(line["event"], line["log_level"], line["canary"]) for line in lines]
    assert told == [
        ("canary.missing", "error", first),
        ("canary.sent", "info", second),
        ("canary.returned", "info", second),
        ("canary.over", "info", first),
        ("canary.returned", "info", first),
    ]
    assert [pair for pair in world.notices() if pair[0] != "canary"] == [
        ("canary_missing", ADMIN),
        ("canary_over", ADMIN),
    ]
    (missing,) = (row for row in world.rows("outbox") if row["notice"] == "canary_missing")
    assert missing["context"]["threshold"] == 300
    assert missing["context"]["waiting_since"] == START.isoformat()


def test_one_that_comes_back_is_measured_and_no_second_time(world, keeper):
    keeper.look(world.now)
    (canary,) = (row["id"] for row in world.rows("canary"))
    world.pass_time(seconds=3)
    before = LATENCY.read()[1]
    with world.desk.writing(world.now) as ledger:
        (seen,) = canaries.out(ledger.connection, 1, [canary]).values()
    come_back(world, canary)
    assert LATENCY.read()[1] == pytest.approx(before + 3)
    with world.database.read() as connection:
        assert canaries.out(connection, 1, [canary]) == {}
    with pytest.raises(Conflict), world.desk.writing(world.now) as ledger:
        ledger.came_home(seen)
    assert LATENCY.read()[1] == pytest.approx(before + 3)


def test_one_that_comes_back_as_it_is_found_missing_is_not(world, keeper):
    keeper.look(world.now)
    (canary,) = (row["id"] for row in world.rows("canary"))
    come_back(world, canary)
    with world.database.write() as connection:
        assert not canaries.missed(connection, 1, canary, world.now)
