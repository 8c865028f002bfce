"""The power fails: what lies on the disk at any moment holds every mail that was acknowledged."""

import os
import random
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from mailgate.app import App
from tests.acceptance import inside
from tests.peers.gateway import Gateway
from tests.peers.places import free_port
from tests.peers.waiting import wait_until
from tests.torture import reckoning
from tests.torture.killer import children
from tests.torture.load import Load

MAILS, CONNECTIONS, SNAPSHOTS = 60, 4, 4


@contextmanager
def frozen(gateway: Gateway) -> Iterator[None]:
    """Have every process of a gateway stand still, wherever it is."""
    group = os.getpgid(gateway.pid)
    os.killpg(group, signal.SIGSTOP)
    try:
        members = (gateway.pid, *children(gateway.pid))
        wait_until(lambda: all(_state(pid) == "T" for pid in members), "all to stand still")
        yield
    finally:
        os.killpg(group, signal.SIGCONT)


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(") ")[2][0]


def snapshot(gateway: Gateway, folder: Path, *, index: bool) -> Gateway:
    """Copy the files of a frozen gateway, with the shared index of the log or without."""
    left_out = None if index else shutil.ignore_patterns("*-shm")
    shutil.copytree(gateway.folder, folder, ignore=left_out)
    copy = Gateway(folder / "config.toml", free_port(), free_port())
    copy.set(
        {
            "inbound.listen": f"127.0.0.1:{copy.smtp_port}",
            "web.listen": f"127.0.0.1:{copy.http_port}",
        }
    )
    return copy


def _rests(app: App, config: Path) -> bool:
    """Do what there is to do; False while an answer waits for what it answers."""
    app.process()
    app.send()
    return not inside.under_way(config)


def test_every_snapshot_holds_what_was_acknowledged_and_a_gateway_works_on_with_it(
    start_gateway, tmp_path, seed
):
    gateway = start_gateway().start(patience=60)
    chance = random.Random(f"snapshots/{seed}")
    moments = sorted(chance.sample(range(1, MAILS), SNAPSHOTS))
    taken: list[tuple[Gateway, list[str]]] = []
    with Load([gateway.smtp_port], seed, CONNECTIONS, MAILS) as load:
        for n, moment in enumerate(moments):
            load.wait_for(moment)
            with frozen(gateway):
                acknowledged = load.acknowledged  # before the copy: what was told is on the disk
                taken.append((snapshot(gateway, tmp_path / f"s{n}", index=n % 2 > 0), acknowledged))

    for copy, acknowledged in taken:
        inside.let_claims_lapse(copy.config)
        with inside.opened(copy.config) as app:
            wait_until(partial(_rests, app, copy.config), "rest")
        assert len(acknowledged) > 0
        assert reckoning.faults_inside(copy.config, acknowledged, load.message_ids) == []

    last, acknowledged = taken[-1]
    last.start(patience=60)
    with Load([last.smtp_port], seed, CONNECTIONS, MAILS) as again:
        pass  # whoever was never told sends again, and whoever was told may, too
    wait_until(lambda: not inside.under_way(last.config), "rest", patience=60)
    assert last.stop() == 0
    assert set(again.acknowledged) == load.message_ids
    assert reckoning.faults_inside(last.config, again.acknowledged, load.message_ids) == []
