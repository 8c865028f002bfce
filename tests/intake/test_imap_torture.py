"""A mailbox of many mails, whose UIDs are all given anew."""

import pytest

from tests.intake.shared import Shared, mails
from tests.intake.test_imap_catchup import renumber


@pytest.mark.torture
@pytest.mark.timeout(1800)
def test_new_uids_for_ten_thousand_mails_lose_and_double_nothing(gateway, dovecot, long_form):
    count = 10_000 if long_form else 300
    shared = Shared(gateway, dovecot.imap_port)
    shared.look()
    fill(dovecot, shared, count)
    assert shared.look() == count
    renumber(shared, dovecot)
    shared.put(*mails(2, count))
    assert shared.look() == 2
    assert len(shared.gateway.rows("mail")) == count + 2
    assert len(shared.gateway.rows("imap_copy")) == count + 2


def fill(dovecot, shared, count):
    """Put mails into the folder's files, as a server that delivers would."""
    folder = dovecot.maildir(shared.user).path
    for i, raw in enumerate(mails(count)):
        (folder / "new" / f"{i}.made.here").write_bytes(raw)
