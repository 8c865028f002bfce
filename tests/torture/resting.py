"""Waiting until a tortured gateway has nothing to do any more."""

from tests.acceptance import inside
from tests.peers.gateway import Gateway
from tests.peers.waiting import wait_until

_PATIENCE = 3600.0  # seconds: after the long form there is much to be sent


def rest(gateway: Gateway) -> None:
    """Have the claims of the dead lapse, and wait until all is processed and sent."""
    assert gateway.stop() == 0
    inside.let_claims_lapse(gateway.config)
    gateway.start(patience=600)
    wait_until(
        lambda: not inside.under_way(gateway.config),
        lambda: f"rest, but {inside.under_way(gateway.config)}",
        _PATIENCE,
    )
