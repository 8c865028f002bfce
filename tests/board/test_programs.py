"""Real mail programs whose moves are not one command."""

import pytest

from tests.board.played import INBOX, RESOLVED
from tests.peers.mbsync import Mbsync


@pytest.fixture
def database(sqlite_database):
    return sqlite_database


def test_an_agent_drags_offline_there_and_back_and_mbsync_tells_the_server_later(played, tmp_path):
    played.open(2)
    agent = Mbsync(tmp_path, played.port, played.user, [INBOX, RESOLVED])
    agent.sync()
    agent.drag("<m0@customer.example>", INBOX, RESOLVED)
    played.rest()
    assert played.did() == []
    agent.sync()
    played.rest()
    assert played.tickets() == [("resolved", None), ("new", None)]
    assert played.lie() == {RESOLVED: ["m0"], INBOX: ["m1"]}
    agent.sync()
    agent.drag("<m0@customer.example>", RESOLVED, INBOX)
    agent.sync()
    played.rest()
    assert played.tickets() == [("reopened", None), ("new", None)]
    assert played.lie() == {INBOX: ["m0", "m1"]}
    assert len(played.gateway.rows("message")) == 2
