"""The disk runs full under load: mail is put off, and when there is room again all goes on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers import disk
from tests.peers.gateway import Gateway
from tests.peers.reports import report_of
from tests.peers.waiting import wait_until
from tests.torture import reckoning
from tests.torture.load import Load
from tests.torture.resting import rest

MEBIBYTES, FILLED = 32, 28
MAILS, CONNECTIONS, PUT_OFF = 80, 4, 12
ANSWERS = {
    (451, "4.3.0 Cannot take the mail now, please try again"),
    (452, "4.3.1 No room for mail now, please try again"),
}


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A folder on a disk of 32 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    with disk.small_disk(folder, MEBIBYTES):
        yield folder


@pytest.mark.peers
def test_a_full_disk_puts_mail_off_and_loses_nothing_that_was_taken(
    request, small_disk, smarthost, seed
):
    values = {**smarthost.settings(), "inbound.free_disk": "1B"}  # to the very last octet
    gateway = Gateway.init(small_disk / "desk", values=values).start(patience=60)
    report_of(request.node).add("mailgate", gateway.log)
    filler = small_disk / "filler"
    filler.write_bytes(bytes(FILLED << 20))

    with Load([gateway.smtp_port], seed, CONNECTIONS, MAILS) as load:
        wait_until(lambda: len(load.refusals) >= PUT_OFF or load.done, "a full disk", patience=60)
        taken = len(load.acknowledged)
        filler.unlink()

    assert 0 < taken < MAILS
    assert set(load.refusals) <= ANSWERS
    assert gateway.log_lines("process.ended") == []
    rest(gateway)
    faults = reckoning.faults_inside(gateway.config, load.acknowledged, load.message_ids)
    faults += reckoning.faults_outside(gateway.config, smarthost.arrived, kills=0)
    assert faults == []
    gateway.finish()
