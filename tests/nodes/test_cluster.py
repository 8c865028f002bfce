"""Nodes that share a PostgreSQL are killed and frozen, and it is too: nothing lost or doubled."""

import pytest
from sqlalchemy import func, select

from mailgate.store import schema
from tests.acceptance import inside
from tests.nodes.cluster import Answers, Cluster, Matters
from tests.torture.load import Load

_AN_HOUR = 3600.0

pytestmark = [pytest.mark.peers, pytest.mark.torture, pytest.mark.timeout(4 * _AN_HOUR)]


def tickets(cluster: Cluster) -> int:
    with inside.opened(cluster.nodes[0].config) as app, app.database.read() as connection:
        return connection.execute(select(func.count()).select_from(schema.ticket)).scalar_one()


def test_nodes_that_are_killed_and_frozen_lose_nothing_and_double_nothing(
    postgresql_url, start_gateway, smarthost, seed, long_form
):
    """The long form takes about 20 minutes: 10,000 mails on 100 tickets, a kill every 500 mails."""
    nodes, matters, mails, kills = (4, 100, 10_000, 18) if long_form else (3, 12, 120, 2)
    cluster = Cluster(start_gateway, postgresql_url, smarthost, nodes)
    with Matters(cluster.ports, seed, nodes, matters) as opening:
        pass
    cluster.rest()
    with Answers(cluster.ports, seed, 2 * nodes, mails, matters) as load:
        for kill in range(kills):
            load.wait_for((kill + 1) * mails // (kills + 3))
            cluster.kill(kill % (nodes - 1))
        thaw = cluster.freeze(nodes - 1)
        cluster.wait_for("inbox")  # the others take over what it had
        thaw()
    cluster.rest()

    assert tickets(cluster) == matters
    assert cluster.faults(opening, load) == []


def test_a_database_that_is_stopped_at_once_and_started_again_loses_nothing(
    server, start_gateway, smarthost, seed, long_form
):
    stops, mails = (20, 2_000) if long_form else (1, 40)
    cluster = Cluster(start_gateway, server.url(server.create()), smarthost, 2)
    with Load(cluster.ports, seed, 4, mails) as load:
        for stop in range(stops):
            load.wait_for((stop + 1) * mails // (stops + 2))
            server.stop()
            cluster.hits += 1
            server.start()
    cluster.rest()

    assert cluster.faults(load) == []


def test_a_synchronous_standby_that_takes_over_has_all_that_was_acknowledged(
    server, standby, start_gateway, smarthost, seed, long_form
):
    mails = 2_000 if long_form else 40
    name = server.create()
    both = (
        f"postgresql://mailgate@127.0.0.1:{server.port},127.0.0.1:{standby.port}/{name}"
        "?target_session_attrs=read-write"
    )
    cluster = Cluster(start_gateway, both, smarthost, 2)
    with Load(cluster.ports, seed, 4, mails) as load:
        load.wait_for(mails // 3)
        server.stop()
        cluster.hits += 1
        standby.promote()
    cluster.rest()

    assert len(load.acknowledged) == len(load.message_ids)
    assert cluster.faults(load) == []
