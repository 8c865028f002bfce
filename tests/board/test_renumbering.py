"""A server that gives all mails new UIDs, as after it was restored: no ticket is moved by that."""

from datetime import timedelta

import pytest

from tests.board.played import CLOSED, INBOX, RESOLVED
from tests.intake.shared import mails
from tests.intake.test_imap_catchup import renumber


@pytest.fixture
def database(sqlite_database):
    return sqlite_database


def customers(count):
    """Return as many mails of as many customers: each may open few tickets in an hour."""
    for n, raw in enumerate(mails(count)):
        yield raw.replace(b"carol@", f"carol{n}@".encode())


def until_still(played):
    """Look until nothing is other any more, by one connection: each begins with a walk anew."""
    still = 0
    with played.session() as look:
        while still < 2:
            played.ahead += timedelta(seconds=4)
            still = 0 if look() else still + 1
            played.process()


def held(played):
    """Return folder -> how many mails are in it."""
    with played.client() as link:
        return {name: int(link.select(f'"{name}"', readonly=True)[1][0]) for name in played.folders}


@pytest.mark.torture
@pytest.mark.timeout(3600)
def test_new_uids_for_ten_thousand_mails_of_a_board_lose_and_double_nothing(
    played, dovecot, long_form
):
    count = 10_000 if long_form else 90
    folder = dovecot.maildir(played.user).path  # as a server that delivers would
    for n, raw in enumerate(customers(count)):
        (folder / "new" / f"{n}.made.here").write_bytes(raw)
    until_still(played)
    with played.client() as link:
        link.select(INBOX)
        assert link.uid("MOVE", f"1:{count // 3}", RESOLVED)[0] == "OK"
    until_still(played)
    before, did = sorted(played.tickets()), played.did()
    lay = held(played)
    assert lay[RESOLVED] == count // 3 == len(did)

    for folder in ("", ".Tickets.Resolved"):
        renumber(played, dovecot, folder)
    played.put(*mails(2, count))
    played.drag("m0", RESOLVED, CLOSED)  # and this, on the same day, is meant
    until_still(played)

    changed = {INBOX: 2, RESOLVED: -1, CLOSED: 1}
    assert held(played) == {name: n + changed.get(name, 0) for name, n in lay.items()}
    assert played.did() == [*did, ("ticket.closed", "support")]
    before.remove(("resolved", None))
    assert sorted(played.tickets()) == sorted([*before, ("closed", None), *[("new", None)] * 2])
    assert len(played.gateway.rows("mail")) == len(played.gateway.rows("message")) == count + 2
