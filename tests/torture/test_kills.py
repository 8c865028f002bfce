"""kill -9 at any moment under load: inside nothing is lost and nothing doubled, outside as told.

One kill is no matter of chance: it comes while the smarthost has a whole mail and has not said so.
"""

import random

import pytest

from mailgate.store import outbox
from tests.peers.gateway import Gateway
from tests.peers.sink import HANG, Stage
from tests.torture import reckoning
from tests.torture.killer import Killer
from tests.torture.load import Load
from tests.torture.resting import rest
from tests.torture.smarthost import Smarthost

CONNECTIONS = 6
_AN_HOUR = 3600.0  # seconds


def torment(gateway: Gateway, smarthost: Smarthost, seed: int, kills: int, mails: int) -> Load:
    """Kill a gateway so often while it is sent so many mails; return when all is acknowledged."""
    chance = random.Random(f"moments/{seed}")
    moments = sorted(chance.randrange(mails * 9 // 10) for _ in range(kills - 1))
    killer = Killer(gateway, seed)
    smarthost.fail(Stage.DOT, HANG)
    with Load([gateway.smtp_port], seed, CONNECTIONS, mails) as load:
        smarthost.wait_for_faults(patience=600)
        killer.strike(whole=True)
        for moment in moments:
            load.wait_for(moment)
            killer.strike()
    assert killer.kills.total() == kills
    assert kills < 10 or len(killer.kills) == 2, f"one kind never happened: {killer.kills}"
    return load


def check(gateway: Gateway, smarthost: Smarthost, load: Load, kills: int, on_unknown: str) -> None:
    faults = reckoning.faults_inside(gateway.config, load.acknowledged, load.message_ids)
    faults += reckoning.faults_outside(
        gateway.config, smarthost.arrived, kills, on_unknown=on_unknown
    )
    assert faults == []
    if on_unknown == "hold":
        assert reckoning.states(gateway.config)[outbox.UNKNOWN] > 0, "no kill came after a dot"
    else:
        assert max(smarthost.arrived.values()) > 1, "no kill came after a dot"


@pytest.mark.torture
@pytest.mark.timeout(4 * _AN_HOUR)
@pytest.mark.parametrize(("on_unknown", "kills"), [("resend", 16), ("hold", 8)])
def test_kill_9_under_load_loses_nothing_and_doubles_nothing(
    start_gateway, smarthost, seed, long_form, on_unknown, kills
):
    kills, mails = (500, 25_000) if long_form else (kills, 10 * kills)
    values = {**smarthost.settings(), "delivery.on_unknown": on_unknown}
    gateway = start_gateway(values=values).start(patience=60)

    load = torment(gateway, smarthost, seed, kills, mails)
    rest(gateway)

    check(gateway, smarthost, load, kills, on_unknown)


@pytest.mark.torture
@pytest.mark.timeout(4 * _AN_HOUR)
def test_the_same_on_postgresql(postgresql_url, start_gateway, smarthost, seed, long_form):
    kills, mails = (1_000, 50_000) if long_form else (6, 60)
    gateway = start_gateway(values=smarthost.settings(), database=postgresql_url).start(patience=60)

    load = torment(gateway, smarthost, seed, kills, mails)
    rest(gateway)

    check(gateway, smarthost, load, kills, "resend")
