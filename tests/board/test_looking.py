"""Only what may have changed is read: the same is found as if all was."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from mailgate.board import looking
from mailgate.domain.board import difference
from mailgate.imap.link import Link
from mailgate.imap.uids import Uids
from mailgate.store.board import Board, Lying
from tests.board.played import INBOX, RESOLVED


@pytest.mark.parametrize("seed", range(6))
def test_blocks_that_are_as_they_were_are_not_read_and_nothing_is_missed(
    database, monkeypatch, seed
):
    monkeypatch.setattr(looking, "_BLOCK", 8)
    lot = random.Random(seed)  # noqa: S311 - a seed, so that a failure comes again
    lay = {uid: lot.random() < 0.1 for uid in lot.sample(range(1, 400), 300)}
    gone = set(lot.sample(sorted(lay), lot.choice([0, 1, 5])))
    there = lay.keys() - gone | set(range(400, 400 + lot.choice([0, 1, 5])))
    turned = set(lot.sample(sorted(there), 4))
    struck = frozenset({uid for uid in there if lay.get(uid)} ^ turned)
    rows = [Lying(INBOX, uid, f"{uid}", None, None, was, None) for uid, was in lay.items()]
    with database.write() as connection:
        board = Board(connection, 1, "support")
        board.lie([*rows, Lying(RESOLVED, 7, "other", None, None, True, datetime.now(UTC))])
        found = looking._difference(board, INBOX, Uids.of(there), struck, is_new=False)
        assert board.lay(INBOX) == lay
        assert board.lay(INBOX, [(10, 20), (30, 40)]).keys() == {
            uid for uid in lay if 10 <= uid <= 20 or 30 <= uid <= 40
        }
    assert found == difference(lay, there, struck)


def test_a_folder_at_rest_is_not_opened_and_the_inbox_once(played, monkeypatch):
    played.open(2)
    opened = []
    examine = Link.examine

    def noted(link, folder):
        opened.append(folder)
        return examine(link, folder)

    monkeypatch.setattr(Link, "examine", noted)
    with played.session() as look:
        look()
        opened.clear()
        assert not look()
        assert opened == [INBOX]
        played.drag("m0", INBOX, RESOLVED)
        opened.clear()
        assert look()
        # Resolved: its new mail is noted, then it is compared; the INBOX is open still in between.
        assert opened == [RESOLVED, INBOX, RESOLVED]
        while look():
            pass
        opened.clear()
        assert not look()
        assert opened == [INBOX]
        played.ahead += timedelta(minutes=2)
        look()
        assert set(opened) >= {*played.folders}
