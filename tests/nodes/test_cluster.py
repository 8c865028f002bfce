"""Nodes that share a PostgreSQL are killed and frozen, and it is too: nothing lost or doubled."""

import pytest
from sqlalchemy import Row, func, select

from mailgate.store import schema
from tests.acceptance import inside
from tests.nodes.cluster import Answers, Cluster, Matters
from tests.peers.sink import HANG, Stage
from tests.torture.load import Load

_AN_HOUR = 3600.0

pytestmark = [pytest.mark.peers, pytest.mark.torture, pytest.mark.timeout(4 * _AN_HOUR)]


def tickets(cluster: Cluster) -> int:
    with inside.opened(cluster.nodes[0].config) as app, app.database.read() as connection:
        return connection.execute(select(func.count()).select_from(schema.ticket)).scalar_one()


def test_nodes_that_are_killed_and_frozen_lose_nothing_and_double_nothing(
    postgresql_url, start_gateway, smarthost, seed, long_form
):
    """The long form: 10,000 mails on 100 tickets in minutes, and a kill about every ten seconds."""
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


def notices(cluster: Cluster) -> dict[int, Row]:
    query = select(schema.outbox)
    with inside.opened(cluster.nodes[0].config) as app, app.database.read() as connection:
        return {row.id: row for row in connection.execute(query)}


def test_a_frozen_node_that_holds_claims_is_overtaken_and_fenced_off_when_it_thaws(
    postgresql_url, start_gateway, smarthost, seed
):
    cluster = Cluster(start_gateway, postgresql_url, smarthost, 2)
    smarthost.fail(Stage.MID_DATA, HANG)
    with Matters(cluster.ports, seed, 1, 1) as opening:
        pass
    smarthost.wait_for_faults()
    owner = next(row.lease_owner for row in notices(cluster).values() if row.began_at)
    names = [node.setting("node.name") for node in cluster.nodes]
    number = names.index(owner.partition(":")[0])

    thaw = cluster.freeze(number)
    held = {id_: row for id_, row in notices(cluster).items() if row.lease_owner == owner}
    assert {row.state for row in held.values()} == {"ready"}
    assert any(row.began_at for row in held.values()), "one was half on its way"
    cluster.wait_for("outbox")
    after = notices(cluster)
    assert {after[id_].state for id_ in held} == {"sent"}
    assert all(after[id_].fence > row.fence for id_, row in held.items())
    thaw()
    for id_ in held:
        cluster.nodes[number].wait_for_log(f"lease.expired notice={id_}")
    cluster.rest()

    assert notices(cluster) == after, "what the thawed one would write of them is refused"
    assert set(smarthost.arrived.values()) == {1}
    assert cluster.faults(opening) == []


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
