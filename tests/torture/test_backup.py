"""A backup that is taken while mail comes in holds whatever was acknowledged before it began."""

import pytest

from tests.acceptance import inside
from tests.torture import reckoning
from tests.torture.load import Load

pytestmark = [pytest.mark.peers, pytest.mark.torture, pytest.mark.timeout(600)]


def test_a_backup_of_a_gateway_at_work_has_all_that_was_acknowledged_and_agrees(
    start_gateway, seed, tmp_path, long_form
):
    gateway, elsewhere = start_gateway(), start_gateway()
    gateway.start(patience=60)
    gateway.verify_at_end = False  # its copy is looked at
    backups, mails = (5, 20_000) if long_form else (1, 100)
    with Load([gateway.smtp_port], seed, 4, mails) as load:
        for backup in range(backups):
            load.wait_for(len(load.acknowledged) + 20)
            before = load.acknowledged
            folder = tmp_path / f"backup{backup}"
            gateway.cli("backup", str(folder))
            during = load.acknowledged
        load.give_up()
    assert len(before) < len(during), "nobody's mail had to wait for it"

    elsewhere.cli("restore", str(folder))

    inside.let_claims_lapse(elsewhere.config)  # those of a gateway that is not there
    with inside.opened(elsewhere.config) as app:
        app.process()  # what was accepted and not yet read
    assert reckoning.faults_inside(elsewhere.config, before, load.message_ids) == []
