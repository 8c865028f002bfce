"""Several workers of one node, on mails of the same tickets: each once, and told in their order."""

import pytest
from sqlalchemy import select

from mailgate.store import schema
from tests.acceptance import inside
from tests.nodes.cluster import Answers, Cluster, Matters
from tests.store.databases import BOTH, SQLITE
from tests.torture.load import Letter, compose

MATTERS, CONNECTIONS, MAILS = 2, 4, 40


class Hasty(Matters):
    """New matters, each with an answer to it that is sent at once: any worker may get that."""

    def write(self, seed: int, connection: int, count: int) -> list[Letter]:
        firsts = super().write(seed, connection, count)
        pairs = ((f, compose(f"<again.{f.message_id[1:]}", f.sender, f)) for f in firsts)
        return [letter for pair in pairs for letter in pair]


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest) -> str | None:
    """Where a gateway keeps its database; None for SQLite, as `mailgate init` has it."""
    return None if request.param == SQLITE else request.getfixturevalue("postgresql_url")


def in_their_order(cluster: Cluster) -> list[tuple[int, str]]:
    """Return (ticket, Message-ID) of all messages as their tickets show them."""
    message = schema.message.c
    query = select(message.ticket_id, message.rfc_id).order_by(message.at, message.id)
    with inside.opened(cluster.nodes[0].config) as app, app.database.read() as connection:
        return [tuple(row) for row in connection.execute(query)]


def test_two_workers_on_the_same_tickets_take_each_mail_once_and_keep_their_order(
    url, start_gateway, smarthost, seed
):
    cluster = Cluster(start_gateway, url, smarthost, 1, {"node.workers": 2})
    with Hasty(cluster.ports, seed, MATTERS, MATTERS) as opening:
        pass
    cluster.rest()
    with Answers(cluster.ports, seed, CONNECTIONS, MAILS, MATTERS) as load:
        pass
    cluster.rest()

    assert cluster.faults(opening, load) == []
    shown = in_their_order(cluster)
    assert len({ticket for ticket, _ in shown}) == MATTERS
    for mine in (*opening.sent, *load.sent):
        places = [[rfc for _, rfc in shown].index(letter.message_id) for letter in mine]
        assert places == sorted(places)  # each was sent when the one before had been taken
